"""A brain file on disk becomes rows: all of them and a whole file, or nothing.

The file comes first, complete and verified under a temporary name; then one
transaction inserts the rows, and its last act before the commit is to give the file
its name. Whatever happens earlier leaves neither rows nor files nor folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.lab.availability import IMPORTING, require
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.import_plan import BrainImport, ImportPlan, plan_import
from labdata_napari.lab.keys import words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.placing import Placed, fingerprint, placed
from labdata_napari.lab.publishing import NewFile, published
from labdata_napari.lab.scales import um_of_brain
from labdata_napari.lab.session_rows import (
    Row,
    parent_rows,
    refuse_reader,
    same_file_row,
)

if TYPE_CHECKING:
    import datetime

    from labdata_napari.core.progress import Progress

__all__ = ["BrainImport", "ImportPlan", "import_brain", "plan_import"]


_DATASET_TYPE = "fixed-brain"


def import_brain(
    lab: Any, request: BrainImport | ImportPlan, progress: Progress = silent
) -> dict[str, Any]:
    """Import a brain file into a lab.

    Parameters
    ----------
    lab
        The `Lab`.
    request
        What to import, or what `plan_import` made of it.
    progress
        Called with bytes done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    dict
        Key of the `FixedBrain`. The same file under the same key a second time gives
        the same key and changes nothing.

    Raises
    ------
    NotFound, UnreadableFile
        When the file is missing or broken.
    InvalidValue
        When something is missing or does not fit; one sentence names all that is.
    WriteRefused
        When another file is there under this key, this user may not write, or the
        disk is full.
    ConnectionLost
        When the server went away. Import again: should it have gone after it had
        stored the rows, that finds them.
    """
    plan = request if isinstance(request, ImportPlan) else plan_import(request)
    if _is_there(lab, plan, progress):
        return dict(plan.key)
    refuse_reader(lab, plan.source)
    require(lab, IMPORTING)
    doing = f"Importing '{plan.source.name}'"
    with translate_errors(doing):
        _check(lab, plan)
    try:
        with (
            placed(lab.files, plan, progress) as file,
            published(lab.files, _new(lab, plan, file), progress),
            translate_errors(doing),
            lab.connection.transaction,
        ):
            _insert(lab, plan, file)
            file.finish()
    except (InvalidValue, WriteRefused):
        # somebody else may have imported it while we copied
        if not _is_there(lab, plan, progress):
            raise
    return dict(plan.key)


# -- rows ----------------------------------------------------------------------


def _check(lab: Any, plan: ImportPlan) -> None:
    """Check the rows before hours of copying; what only the copy tells is made up."""
    sample = Placed(plan.source, plan.file_path, 0, "0" * 32, plan.session_datetime)
    for table, row in [*_parents(lab, plan), *_rows(lab, plan, sample)]:
        checked(table, [row])
    found = (lab.Session & _session(plan)).to_dicts()
    if found and plan.request.session_datetime is not None:
        _refuse_other_time(plan, found[0]["session_datetime"])


def _refuse_other_time(plan: ImportPlan, stored: datetime.datetime) -> None:
    if stored.replace(microsecond=0) != plan.session_datetime:
        raise InvalidValue(
            f"Session '{plan.request.session}' is in the lab already, at {stored}, not "
            f"at {plan.session_datetime}; leave its time out or choose another session."
        )


def _new(lab: Any, plan: ImportPlan, file: Placed) -> list[NewFile]:
    """Return what is to be uploaded; nothing for a file that has a row already."""
    row = _file_row(plan, file)
    with translate_errors():
        if same_file_row(lab, row):
            return []
    return [NewFile(file.path, file.file_path, row["storage"], file.size, file.md5)]


def _insert(lab: Any, plan: ImportPlan, file: Placed) -> None:
    for table, row in _parents(lab, plan):
        # another import may have been quicker
        table.insert(checked(table, [row]), skip_duplicates=True)
    for table, row in _rows(lab, plan, file):
        if table is lab.File and same_file_row(lab, row):
            continue
        table.insert(
            checked(table, [row]),
            allow_direct_insert=True,
            # a dataset may list the file although nobody made it a brain yet
            skip_duplicates=table is lab.Dataset.DataFiles,
        )


def _parents(lab: Any, plan: ImportPlan) -> list[Row]:
    """Rows that the brain's own refer to and that are not there yet, in order."""
    return parent_rows(
        lab, plan.key, plan.request, plan.session_datetime, _DATASET_TYPE
    )


def _session(plan: ImportPlan) -> dict[str, str]:
    return {c: plan.key[c] for c in ("subject_name", "session_name")}


def _rows(lab: Any, plan: ImportPlan, file: Placed) -> list[Row]:
    """Rows of the brain itself, in the order of insertion."""
    of_file = _file_row(plan, file)
    place = {name: of_file[name] for name in ("file_path", "storage")}
    of_brain = {
        "um_per_pixel": np.array(plan.um_per_pixel),
        "hardware": plan.request.hardware,
    }
    return [
        (lab.File, of_file),
        (lab.Dataset.DataFiles, plan.key | place),
        (lab.FixedBrain, plan.key | place | plan.measures | of_brain),
        *((lab.FixedBrain.Channel, row) for row in _channel_rows(plan)),
    ]


def _file_row(plan: ImportPlan, file: Placed) -> dict[str, Any]:
    return {
        "file_path": file.file_path,
        "storage": plan.request.storage,
        "file_datetime": file.changed,
        "file_size": float(file.size),
        "file_md5": file.md5,
    }


def _channel_rows(plan: ImportPlan) -> list[dict[str, Any]]:
    pairs = zip(plan.channel_names, plan.channel_wavelengths_nm, strict=True)
    return [
        plan.key
        | {
            "channel_index": number,
            "channel_description": name or None,
            "channel_wavelength": wavelength,
        }
        for number, (name, wavelength) in enumerate(pairs)
    ]


# -- the same brain again --------------------------------------------------------


def _is_there(lab: Any, plan: ImportPlan, progress: Progress) -> bool:
    """Whether the brain is there, from the same bytes; raise when from others."""
    with translate_errors(f"Importing '{plan.source.name}'"):
        brains = (lab.FixedBrain & plan.key).to_dicts()
        if not brains:
            return False
        place = {c: brains[0][c] for c in ("file_path", "storage")}
        files = (lab.File & place).to_dicts() if place["file_path"] else []
    there = f"A brain with {words(plan.key)} is there already"
    if not files:
        raise WriteRefused(f"{there}, without a file; choose another dataset name.")
    found = fingerprint(lab.files, plan, files[0]["file_size"], progress)
    if found != files[0]["file_md5"]:
        raise WriteRefused(
            f"{there} and holds another file, '{place['file_path']}'; choose another "
            "dataset name. Nothing was changed."
        )
    um = um_of_brain(brains[0]["um_per_pixel"])
    if plan.request.um_per_pixel is not None and not _equal(um, plan.um_per_pixel):
        raise WriteRefused(
            f"{there}, from the same file, with {um} µm per pixel; correct its row if "
            "that is wrong. Nothing was changed."
        )
    return True


def _equal(one: tuple[float, ...] | None, other: tuple[float, ...]) -> bool:
    return one is not None and bool(np.allclose(one, other, rtol=1e-4))
