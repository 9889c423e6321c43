"""What the tables of annotations have no room for: when saved, how fitted, colours.

One small file a transform in this person's data folder
(`labdata_napari.settings.data_home`): it knows of what was saved from this computer.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.tracks import CURVES
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from labdata_napari.lab.orientation import LabName

_TABLE = "FixedBrainTransformAnnotation"
_COLOUR = re.compile("#[0-9A-Fa-f]{6}")
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Notes:
    """What is kept of the annotations of a transform.

    Attributes
    ----------
    curve
        How tracks are fitted: one of `labdata_napari.core.tracks.CURVES`.
    saved
        When an annotation was saved last, with its zone, by name.
    colours
        "#RRGGBB" by name.
    """

    curve: str = CURVES[0]
    saved: Mapping[str, datetime] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)


def known_notes(lab: LabName, key: Mapping[str, Any]) -> Notes:
    """Return what is kept of a transform; nothing where the file cannot be read.

    Parameters
    ----------
    lab
        Address, name and project, as a `Lab` has them.
    key
        Of the transform.
    """
    try:
        said = json.loads(_path(_target(lab, key)).read_text(encoding="utf-8"))
        saved = {
            str(name): datetime.fromisoformat(at) for name, at in said["saved"].items()
        }
        curve = said["curve"] if said["curve"] in CURVES else CURVES[0]
        colours = {str(n): str(c) for n, c in said.get("colours", {}).items()}
    except (OSError, *_BROKEN):
        return Notes()
    return Notes(
        curve,
        {n: at for n, at in saved.items() if at.tzinfo is not None},
        {n: c for n, c in colours.items() if _COLOUR.fullmatch(c)},
    )


def keep_notes(
    lab: LabName,
    key: Mapping[str, Any],
    *,
    curve: str | None = None,
    saved: Mapping[str, datetime] | None = None,
    colours: Mapping[str, str] | None = None,
    names: Collection[str] | None = None,
) -> None:
    """Keep more of a transform, beside what is kept of it already.

    Parameters
    ----------
    lab, key
        As for `known_notes`.
    curve
        How tracks are fitted; None to leave it.
    saved
        When annotations were saved, with their zones, by name.
    colours
        "#RRGGBB" by name.
    names
        All annotations that there are; of others nothing is kept any more.

    Raises
    ------
    WriteRefused
        When the file cannot be written.
    """
    known, target = known_notes(lab, key), _target(lab, key)
    times = {**known.saved, **(saved or {})}
    shades = {**known.colours, **(colours or {})}
    said = {
        "curve": curve or known.curve,
        "saved": _only({n: at.isoformat() for n, at in times.items()}, names),
        "colours": _only(shades, names),
        "of": asdict(target),
    }
    path = _path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(said, indent=1) + "\n")
    except OSError as error:
        raise WriteRefused(
            f"When annotations were saved cannot be kept in '{path.parent}': "
            f"{error.strerror or error}."
        ) from error


def _only(said: dict[str, str], names: Collection[str] | None) -> dict[str, str]:
    return {n: text for n, text in said.items() if names is None or n in names}


def _target(lab: LabName, key: Mapping[str, Any]) -> Target:
    return Target(*lab, _TABLE, key)


def _path(target: Target) -> Path:
    return settings.data_home() / "annotation_notes" / f"{target.stem}.json"
