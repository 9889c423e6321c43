"""Computing a transform: once in all the lab, file before rows, or nothing of it."""

from __future__ import annotations

import contextlib
import datetime
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.progress import silent
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    BeingComputed,
    ConnectionFailed,
    ConnectionLost,
    LoginRefused,
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
from labdata_napari.lab.locks import FileLock
from labdata_napari.lab.opening import is_our_transform, open_brain
from labdata_napari.lab.publishing import NewFile, published
from labdata_napari.lab.writing import write_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform import Plan
    from labdata_napari.lab.server_locks import ServerLock

_PATIENCE_S = 60.0
_BETWEEN_S = 2.0


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
    from labdata_napari.core.transform import plan
    from labdata_napari.core.transform_file import remove_abandoned, write_transform

    stack = open_brain(lab, key)
    geometry = plan(stack.shape, stack.um_per_pixel, parameters)
    rows = _rows(lab, key, geometry, settings)
    target = lab.files.planned(rows.file["file_path"], rows.file["storage"])
    with _alone(target):
        _refuse_taken(lab, target, rows)
        remove_abandoned(target)
        write_transform(
            stack,
            geometry,
            target,
            parameters,
            _guarded(progress, lock, key),
            threads=settings.threads,
        )
        try:
            _insert(lab, rows, target, parameters, lock)
        except ConnectionLost:
            # the server may have committed before it went: the file must stay, and
            # another try says that it is there
            raise
        except BaseException:
            _take_back(lab, rows, target)
            raise


def _guarded(progress: Progress, lock: ServerLock, key: dict[str, Any]) -> Progress:
    """Have the file put in its place only while the lock is ours."""

    def report(done: int, total: int) -> None:
        progress(done, total)
        if done >= total:
            _require(lock, key)

    return report


def _require(lock: ServerLock, key: dict[str, Any]) -> None:
    """See that the lock is still ours, taking it again if it got lost."""
    if not lock.acquire():
        raise BeingComputed(
            f"The lock on the transform of {words(key)} was lost with the connection, "
            "and another process computes it now; nothing was kept here."
        )


def _rows(
    lab: Any, key: dict[str, Any], geometry: Plan, settings: ComputeSettings
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
        "hemisphere": settings.hemisphere or _hemisphere(geometry),
    }
    # before an hour of computing, not after it
    [file] = checked(lab.AnalysisFile, [file])
    [transform] = checked(lab.FixedBrainTransform, [transform])
    return ComputedRows(file, transform)


def _hemisphere(geometry: Plan) -> str | None:
    """Tell "both" when the result reaches over the middle of every axis.

    Else it is not known: nothing tells which side of a stack is left.
    """
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
        _write_patiently(lab, Result(lab, rows, parameters), lock)


def _write_patiently(lab: Any, result: Result, lock: ServerLock) -> None:
    """Write the rows; when the connection is lost, on a new one.

    A network that is away for a moment must not cost an hour of computing.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            write_back(lab, result)
            return
        except LoginRefused:
            raise
        except ConnectionFailed as error:
            loss = error
        while True:
            if time.monotonic() > until:
                raise loss
            time.sleep(_BETWEEN_S)
            try:
                lab.reconnect()
                _require(lock, result.key)
                break
            except LoginRefused:
                raise loss from None
            except ConnectionFailed:
                continue


def _take_back(lab: Any, rows: ComputedRows, target: Path) -> None:
    """Remove the file, unless there is a row for it: then it is somebody else's."""
    with contextlib.suppress(ConnectionFailed), translate_errors():
        if not lab.AnalysisFile & rows.place:
            target.unlink(missing_ok=True)
