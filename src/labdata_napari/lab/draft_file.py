"""The last unsaved transform of each brain, so that a crash does not lose it.

One small file per brain in this person's data folder
(`labdata_napari.settings.data_home`): the newest draft is all that matters, so there
is no journal to replay.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.lab.orientation import LabName


@dataclass(frozen=True)
class KeptDraft:
    """A draft that was not saved.

    Attributes
    ----------
    when
        Time of its last change, with its zone.
    parameters
        What it held.
    transform_id
        The set it was made from; None for a new one.
    """

    when: datetime
    parameters: TransformParameters
    transform_id: int | None


def keep_draft(
    lab: LabName,
    key: Mapping[str, Any],
    parameters: TransformParameters,
    transform_id: int | None,
) -> None:
    """Keep a brain's draft in place of the one kept before.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    path = _path(lab, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "transform_id": transform_id,
        "parameters": parameters.to_row(),
    }
    write_private(path, json.dumps(said) + "\n")


def kept_draft(lab: LabName, key: Mapping[str, Any]) -> KeptDraft | None:
    """Return what was kept of a brain; None where nothing readable was."""
    try:
        said = json.loads(_path(lab, key).read_text(encoding="utf-8"))
        number = said["transform_id"]
        return KeptDraft(
            datetime.fromisoformat(said["when"]),
            TransformParameters.from_row(said["parameters"]),
            None if number is None else int(number),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidValue):
        return None


def forget_draft(lab: LabName, key: Mapping[str, Any]) -> None:
    """Let what was kept of a brain go."""
    with contextlib.suppress(OSError):
        _path(lab, key).unlink(missing_ok=True)


def _path(lab: LabName, key: Mapping[str, Any]) -> Path:
    stem = Target(*lab, "FixedBrainTransformParameters", dict(key)).stem
    return settings.data_home() / "drafts" / f"{stem}.json"
