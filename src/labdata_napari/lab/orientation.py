"""Which way a brain lies: asked once, kept beside the lab.

The tables of labdata have no column for it and others' databases get no tables of
ours, so it is one small file per brain in this person's data folder
(`labdata_napari.settings.data_home`), outside the lab's stores. It holds what somebody
said and nothing that was guessed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.orientation import (
    all_orientations,
    check_orientation,
    result_orientation,
)
from labdata_napari.core.transform import plan
from labdata_napari.errors import InvalidValue, UnreadableFile, WriteRefused
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.core.transform import Plan

BRAIN = ("subject_name", "session_name", "dataset_name")
"""The primary key of a brain; more of a key, such as `transform_id`, is ignored."""

LabName = tuple[str, str, str | None]
_ANY_SHAPE = (64, 1, 64, 64)


def known_orientation(lab: LabName, key: Mapping[str, Any]) -> str | None:
    """Return the orientation of a brain's stack (z, y, x), as somebody gave it.

    Parameters
    ----------
    lab
        Address, name and project, as a `Lab` has them.
    key
        Of the brain.

    Returns
    -------
    str or None
        Three letters (`labdata_napari.core.orientation`); None while nobody said, and
        where the file is damaged.

    Raises
    ------
    UnreadableFile
        When there is a file that may not be read.
    """
    path = _path(_target(lab, key))
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return check_orientation(said["orientation"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableFile(
            f"The orientation of this brain in '{path}' cannot be read: "
            f"{error.strerror or error}."
        ) from error
    except (ValueError, KeyError, TypeError, InvalidValue):
        return None


def keep_orientation(lab: LabName, key: Mapping[str, Any], code: str | None) -> None:
    """Keep the orientation of a brain's stack, or forget it.

    Parameters
    ----------
    lab, key
        As for `known_orientation`.
    code
        Three letters; None to be asked again.

    Raises
    ------
    InvalidValue
        When it is no orientation.
    WriteRefused
        When the file cannot be written.
    """
    target = _target(lab, key)
    path = _path(target)
    try:
        if code is None:
            path.unlink(missing_ok=True)
            return
        said = {"orientation": check_orientation(code), "brain": asdict(target)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(said, indent=1) + "\n")
    except OSError as error:
        raise WriteRefused(
            f"The orientation of this brain cannot be kept in '{path.parent}': "
            f"{error.strerror or error}. Free some room there, or set "
            f"{settings.HOME} to another folder."
        ) from error


def transform_orientation(lab: Any, key: Mapping[str, Any]) -> str | None:
    """Return the orientation of a transform's stack, from what was said of its brain.

    Parameters
    ----------
    lab
        A lab.
    key
        Of the transform.

    Returns
    -------
    str or None
        Three letters; None while nobody said how the brain lies, or where the
        parameters cannot be read.
    """
    code = known_orientation((lab.url, lab.name, lab.project), key)
    geometry = None if code is None else _geometry(lab, key)
    if code is None or geometry is None:
        return None
    return result_orientation(geometry, code)


def keep_transform_orientation(lab: Any, key: Mapping[str, Any], code: str) -> bool:
    """Keep the orientation of a brain's stack, of which a transform's is known.

    Parameters
    ----------
    lab
        A lab.
    key
        Of the transform.
    code
        Three letters, of the transform's stack.

    Returns
    -------
    bool
        False where the transform's parameters cannot be read: then nothing is kept.

    Raises
    ------
    InvalidValue
        When it is no orientation.
    WriteRefused
        When the file cannot be written.
    """
    wanted = check_orientation(code)
    geometry = _geometry(lab, key)
    if geometry is None:
        return False
    for source in all_orientations():
        if result_orientation(geometry, source) == wanted:
            keep_orientation((lab.url, lab.name, lab.project), key, source)
            return True
    raise AssertionError("every orientation comes from one")


def _geometry(lab: Any, key: Mapping[str, Any]) -> Plan | None:
    """Return how a transform turns a stack; its size and crop are of no account."""
    brain = {name: key[name] for name in BRAIN}
    for record in lab.brains.transforms(brain):
        if record.transform_id == key["transform_id"] and record.parameters:
            whole = replace(record.parameters, crop=None)
            return plan(_ANY_SHAPE, None, whole)
    return None


def _target(lab: LabName, key: Mapping[str, Any]) -> Target:
    missing = [name for name in BRAIN if key.get(name) is None]
    if missing:
        raise InvalidValue(
            f"A brain has {', '.join(BRAIN)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing."
        )
    return Target(*lab, "FixedBrain", {name: key[name] for name in BRAIN})


def _path(target: Target) -> Path:
    return settings.data_home() / "orientation" / f"{target.stem}.json"
