"""Computing a transform: once in all the lab, file before rows, or nothing of it."""

from __future__ import annotations

import contextlib
import datetime
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.locks import FileLock
from labdata_napari.core.progress import silent
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    BeingComputed,
    ConnectionFailed,
    LabdataError,
    LoginRefused,
    OutcomeUnknown,
    WriteRefused,
)
from labdata_napari.lab.availability import COMPUTING, require
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings
from labdata_napari.lab.computed_rows import ComputedRows, Result
from labdata_napari.lab.copying import (
    make_folders,
    md5,
    reading,
    remove_folders,
    writing,
)
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, row_of, words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.opening import is_our_transform, open_brain
from labdata_napari.lab.publishing import NewFile, published
from labdata_napari.lab.writing import write_back

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform import Plan
    from labdata_napari.lab.server_locks import ServerLock

_PATIENCE_S = 600.0
_BETWEEN_S = 2.0
_BLINK_S = 0.2


def compute_transform(
    lab: Any,
    key: Mapping[str, Any],
    progress: Progress = silent,
    settings: ComputeSettings = STANDARD,
) -> bool:
    """Compute a transform unless it is there; see `Brains.compute_transform`.

    Returns
    -------
    bool
        Whether it was computed here and now.

    Raises
    ------
    BeingComputed
        When another program, here or on another machine, is at it.
    """
    require(lab, COMPUTING)
    with translate_errors():
        parameters = TransformParameters.from_row(
            row_of(lab.FixedBrainTransformParameters, key)
        )
        key = key_of(lab.FixedBrainTransform, key)
        if lab.FixedBrainTransform & key:
            return False
    if lab.read_only:
        raise WriteRefused(
            f"The transform of {words(key)} was not computed: {lab.user} may only read "
            "this database."
        )
    with _claimed(lab, key) as lock, translate_errors():
        if lab.FixedBrainTransform & key:  # another one was quicker
            return False
        _compute(lab, key, parameters, progress, settings, lock)
    return True


@contextlib.contextmanager
def _claimed(lab: Any, key: dict[str, Any]) -> Iterator[ServerLock]:
    """Keep everybody else in the lab from computing the same."""
    from labdata_napari.lab.server_locks import ServerLock

    table = lab.FixedBrainTransform.full_table_name
    lock = ServerLock(lab.connection, f"{table} {sorted(key.items())}")
    if not lock.acquire():
        raise BeingComputed(
            f"The transform of {words(key)} is being computed by another process, here "
            "or on another machine; wait until it is done."
        )
    try:
        yield lock
    finally:
        lock.release()


def _compute(
    lab: Any,
    key: dict[str, Any],
    parameters: TransformParameters,
    progress: Progress,
    settings: ComputeSettings,
    lock: ServerLock,
) -> None:
    # scipy and tifffile, which the lists can do without
    from labdata_napari.core.exact import exact_plan
    from labdata_napari.core.transform import plan
    from labdata_napari.core.transform_file import write_transform

    stack = open_brain(lab, key)
    planned = exact_plan if settings.mode == "labdata" else plan
    geometry = planned(stack.shape, stack.um_per_pixel, parameters)
    orientation = _orientation(lab, key)
    hemisphere = settings.hemisphere or _hemisphere(geometry, parameters, orientation)
    rows = _rows(lab, key, geometry, settings, hemisphere)
    target = lab.files.planned(rows.file["file_path"], rows.file["storage"])
    with _alone(target):
        _refuse_taken(lab, target, rows)
        write_transform(
            stack,
            geometry,
            target,
            parameters,
            progress,
            order=1 if settings.mode == "linear" else 3,
            mode="labdata" if settings.mode == "labdata" else "standard",
            threads=settings.threads,
            about=_about(key, geometry, hemisphere, orientation),
            before_placing=partial(_require, lock, key),
        )
        placed = target.stat()
        try:
            _insert(lab, rows, target, parameters, lock, progress)
        except OutcomeUnknown:
            # the server may have committed before it went: a row without its file
            # would be worse than a file without a row, which the next run takes up
            raise
        except BaseException:
            _take_back(lab, rows, target, placed)
            raise


def _require(lock: ServerLock, key: dict[str, Any]) -> None:
    """See that the lock is still ours, taking it again if it got lost."""
    if not lock.acquire():
        raise BeingComputed(
            f"The lock on the transform of {words(key)} was lost with the connection, "
            "and another process computes it now; nothing was kept here."
        )


def _about(
    key: dict[str, Any],
    geometry: Plan,
    hemisphere: str | None,
    orientation: str | None,
) -> dict[str, str]:
    """List what else the file is to tell of itself."""
    from labdata_napari.core.orientation import result_orientation

    *names, number = (str(value) for value in key.values())
    about = {"name": f"{' '.join(names)}, transform {number}"}
    if hemisphere is not None:
        about["hemisphere"] = hemisphere
    if orientation is not None:
        about["orientation"] = result_orientation(geometry, orientation)
    return about


def _orientation(lab: Any, key: dict[str, Any]) -> str | None:
    """Return how the brain lies, where somebody has said it on this computer."""
    from labdata_napari.lab.orientation import known_orientation

    # it is only asked for what is noted beside the voxels
    with contextlib.suppress(LabdataError):
        return known_orientation((lab.url, lab.name, lab.project), key)
    return None


def _rows(
    lab: Any,
    key: dict[str, Any],
    geometry: Plan,
    settings: ComputeSettings,
    hemisphere: str | None,
) -> ComputedRows:
    names = (key[c] for c in ("subject_name", "session_name", "dataset_name"))
    name = f"transform_{key['transform_id']}{settings.suffix}"
    place = {"file_path": f"{'/'.join(names)}/{name}", "storage": "analysis"}
    um = geometry.um_per_pixel_out
    file = place | {
        "file_datetime": datetime.datetime.now(),
        "file_size": 0.0,
        "file_md5": "0" * 32,
    }
    transform = key | {
        **place,
        "um_per_pixel": None if um is None else np.array(um),
        "shape": np.array(geometry.shape_out),
        "hemisphere": hemisphere,
    }
    # before an hour of computing, not after it
    [file] = checked(lab.AnalysisFile, [file])
    [transform] = checked(lab.FixedBrainTransform, [transform])
    return ComputedRows(file, transform)


def _hemisphere(
    geometry: Plan, parameters: TransformParameters, orientation: str | None
) -> str | None:
    """Tell the hemisphere from the crop and the brain's orientation.

    Without an orientation it is "both" when the result reaches over the middle of
    every axis, else not known: nothing tells which side of a stack is left.
    """
    if orientation is not None:
        from labdata_napari.core.crop_box import hemisphere_of

        return hemisphere_of(parameters, geometry.shape_in, orientation)
    z, y, x = geometry.spatial_shape_out
    corners = np.array([[k, j, i] for k in (0, z) for j in (0, y) for i in (0, x)])
    reach = geometry.points_to_source(corners - 0.5)
    middle = (np.array([geometry.shape_in[a] for a in (0, 2, 3)]) - 1) / 2
    inside = (reach.min(0) < middle) & (middle < reach.max(0))
    return "both" if inside.all() else None


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Let nobody else compute into the same file; on error leave no empty folder.

    Two labs may keep their files in one folder, and a server may have no locks.
    """
    made = make_folders(target.parent)
    lock = FileLock(target.parent / f".{target.name}.lock")
    with writing(target):
        obtained = lock.acquire()
    if not obtained:
        raise BeingComputed(
            f"'{target}' is being computed by another process; wait until it is done."
        )
    try:
        yield
    finally:
        lock.discard()
        remove_folders(made)  # those that are empty


def _refuse_taken(lab: Any, target: Path, rows: ComputedRows) -> None:
    """Raise unless the file's name is free, or taken by one of ours without a row.

    A process that was killed before its rows were committed leaves such a file.
    """
    free = not target.exists() or is_our_transform(target)
    if not free or lab.AnalysisFile & rows.place:
        raise WriteRefused(
            f"The transform was not computed: '{target}' is taken by a file, or by a "
            "row for one, that belongs to no transform; remove it first."
        )


def _insert(
    lab: Any,
    rows: ComputedRows,
    path: Path,
    parameters: TransformParameters,
    lock: ServerLock,
    progress: Progress,
) -> None:
    with reading(path):
        state = path.stat()
    changed = datetime.datetime.fromtimestamp(state.st_mtime).replace(microsecond=0)
    rows = rows.with_file(changed, state.st_size, md5(path))
    file = rows.file
    new = NewFile(
        path, file["file_path"], file["storage"], state.st_size, file["file_md5"]
    )
    with published(lab.files, [new]):
        _write_patiently(lab, Result(lab, rows, parameters), lock, progress)


def _write_patiently(
    lab: Any, result: Result, lock: ServerLock, progress: Progress
) -> None:
    """Write the rows; when the connection is lost, on a new one.

    A network that is away for minutes must not cost an hour of computing.

    Raises
    ------
    OutcomeUnknown
        When it stayed away, and the server may have written them before.
    """
    until = time.monotonic() + _PATIENCE_S
    unknown: OutcomeUnknown | None = None
    while True:
        try:
            write_back(lab, result)
            return
        except LoginRefused:
            raise
        except ConnectionFailed as error:
            unknown = error if isinstance(error, OutcomeUnknown) else unknown
            loss = error
        try:
            _await_connection(lab, loss, until, progress)
            _require(lock, result.key)
        except ConnectionFailed:
            raise unknown or loss from None
        except LabdataError as error:
            raise unknown or error from None


def _await_connection(
    lab: Any, loss: ConnectionFailed, until: float, progress: Progress
) -> None:
    while time.monotonic() < until:
        try:
            lab.reconnect()
            return
        except LoginRefused:
            raise
        except ConnectionFailed as error:
            loss = error
        end = time.monotonic() + _BETWEEN_S
        while time.monotonic() < end:
            progress(1, 1)  # may stop the waiting
            time.sleep(_BLINK_S)
    raise loss


def _take_back(
    lab: Any, rows: ComputedRows, target: Path, placed: os.stat_result
) -> None:
    """Remove the file, unless there is a row for it: then it is somebody else's."""
    try:
        with translate_errors():
            if lab.AnalysisFile & rows.place:
                return
    except ConnectionFailed:  # then by its looks: others would have put another there
        with contextlib.suppress(OSError):
            now = target.stat()
            if (now.st_ino, now.st_mtime_ns) != (placed.st_ino, placed.st_mtime_ns):
                return
    target.unlink(missing_ok=True)
