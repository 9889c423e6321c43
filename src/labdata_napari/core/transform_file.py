"""A transform on disk: a file that is either whole and true, or not there.

The end of its name tells the format: OME-TIFF (`labdata_napari.core.transform_tiff`),
or OME-Zarr in a folder or a zip (`labdata_napari.core.transform_zarr`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import NDArray

from labdata_napari.core.identity import identity_of
from labdata_napari.core.interpolate import DEFAULT_ORDER
from labdata_napari.core.kernels import rounding
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.resample import MEMORY, output_dtype, slabs
from labdata_napari.core.threads import threads_here
from labdata_napari.core.transform_note import note_of, read_transform
from labdata_napari.core.transform_run import (
    Run,
    partial_of,
    refused,
    remove_unfinished,
)
from labdata_napari.core.transform_tiff import TiffSink
from labdata_napari.errors import (
    InvalidValue,
    UnreadableFile,
    WriteRefused,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.transform import Plan, TransformParameters
    from labdata_napari.core.transform_sink import Sink

__all__ = ["read_transform", "remove_abandoned", "write_transform"]

_TIFF_ENDINGS = (".tif", ".tiff")
_ZIP_ENDINGS = (".zarr.zip", ".ozx")
_FOLDER_ENDINGS = (".zarr",)
_STEPS, _COMPUTED = 1000, 900  # of the progress; the rest is reading back


def write_transform(
    stack: Any,
    plan: Plan,
    path: str | Path,
    parameters: TransformParameters,
    progress: Progress = silent,
    *,
    order: int = DEFAULT_ORDER,
    mode: str = "standard",
    memory: int = MEMORY,
    threads: int | None = None,
    keep: bool = False,
    about: Mapping[str, str] | None = None,
    ome_zarr: str = "0.5",
    before_placing: Callable[[], None] | None = None,
) -> Path:
    """Compute a transform into a file, read it back, and put it in its place.

    It is written beside its target under a temporary name, and only renamed once every
    page has been read back as it was computed. Whatever ends the work early leaves
    neither that file nor a folder that was made for it; a file already at `path` stays
    until it is replaced.

    A process that is killed leaves what it had written, and a journal of it
    (`labdata_napari.core.transform_run.unfinished`). The next call with the same
    parameters and the same source file goes on from the last finished slab, to the
    same file byte by byte; a call with others removes what was left.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like of the shape the plan was made for; its `channel_names`
        are written where it has them, its `path` or `remote` tell whether it is still
        the same.
    plan
        The transform.
    path
        Where the file goes; missing folders are made. ``.tif`` and ``.tiff`` are
        OME-TIFF, ``.zarr`` is an OME-Zarr folder, ``.zarr.zip`` and ``.ozx`` are one
        in a single file.
    parameters
        What the plan was made from; kept in the file.
    progress
        Called with steps done and in all; raise `Cancelled` in it to stop, or
        `Interrupted` to leave what there is for a next call to go on with.
    order, memory, threads
        As for `labdata_napari.core.resample.slabs`.
    mode
        "standard", or "labdata": step by step as labdata 0.1.25 computes it, for rows
        that must be reproduced (`labdata_napari.core.exact`; the plan is then
        `exact_plan`'s, and neither order nor cast count).
    keep
        Leave what there is, as a killed process does, when the work is cancelled or
        fails.
    ome_zarr
        Version of OME-Zarr, where that is written: "0.5" or "0.4".
    about
        More to keep in the file: ``name`` (also shown by other programs),
        ``orientation`` and ``hemisphere`` of the result, or what else is known. With
        ``first_axis`` "time" the first spatial axis is called T in an OME-TIFF.
    before_placing
        Called once the file is whole, before it takes its place; what it raises ends
        the work.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidValue
        When stack and plan do not fit, the type cannot be stored, or the name ends
        like that of no format.
    UnreadableFile
        When the stack cannot be read.
    WriteRefused
        When the file cannot be written, does not read back, or is being written by
        another process.
    """
    target = Path(path)
    pieces = _pieces(
        stack,
        plan,
        parameters,
        order,
        mode,
        memory=memory,
        threads=threads,
        folder=target.parent,
    )
    pieces(silent, 0).close()  # tells at once what is wrong with stack and plan
    source = np.dtype(stack.dtype)
    dtype = source if mode == "labdata" else output_dtype(source, plan)
    note = note_of(stack, plan, parameters) | {"order": order, "mode": mode}
    note |= dict(about or {})
    sink = _sink(target, plan, dtype, note, threads or threads_here(), ome_zarr)
    identity = _identity(stack, dtype, note, sink)
    run = Run(target, identity, sink.pages, parameters.to_row(), keep=keep)
    with run, _closed(sink, target):
        _compute(run, sink, pieces, progress)
        problem = sink.verify(run.records, _part(progress, _COMPUTED, _STEPS))
        if problem is not None:
            run.spoiled()
            raise WriteRefused(
                f"{target} did not read back as it was written ({problem}); check the "
                "disk and repeat."
            )
        if before_placing is not None:
            before_placing()
        sink.close()
        run.finish(sink.product)
    return target


@contextlib.contextmanager
def _closed(sink: Sink, target: Path) -> Iterator[None]:
    """Close a sink in the end; what a full disk then refuses hides no other error."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            sink.close()
        raise
    try:
        sink.close()
    except OSError as error:
        raise refused(target, error) from error


def remove_abandoned(target: Path) -> None:
    """Remove what runs that were killed outright left of writing `target`."""
    with contextlib.suppress(WriteRefused):
        remove_unfinished(target)


# --- the run ----------------------------------------------------------------------


_Pieces = Callable[[Progress, int], Generator[NDArray[Any]]]
"""Slabs from some number on, telling a progress."""


def _pieces(
    stack: Any,
    plan: Plan,
    parameters: TransformParameters,
    order: int,
    mode: str,
    **options: Any,
) -> _Pieces:
    """Choose what computes the slabs."""
    if mode == "labdata":
        from labdata_napari.core.exact import exact_plan, exact_slabs

        if plan.shape_out != exact_plan(stack.shape, None, parameters).shape_out:
            raise InvalidValue(
                "labdata makes another shape of this stack; plan it with exact_plan."
            )
        return lambda progress, first: exact_slabs(
            stack, parameters, progress, first=first, **options
        )
    if mode != "standard":
        raise InvalidValue(
            f"A transform is computed in the mode standard or labdata, not {mode!r}."
        )
    return lambda progress, first: slabs(
        stack, plan, progress, order=order, first=first, **options
    )


def _compute(run: Run, sink: Sink, pieces: _Pieces, progress: Progress) -> None:
    """Write all slabs that an earlier run did not."""
    try:
        run.go_on_after(sink.resume(run.records))
        done = sum(record["pages"] for record in run.records)
        report = _Repeated(_part(progress, _COMPUTED * done // sink.pages, _COMPUTED))
        for slab in _readable(pieces(report, len(run.records))):
            run.note(sink.add(slab, report.again))
        sink.finish(run.records, report.silent)
    except OSError as error:
        raise refused(run.target, error) from error


def _readable(computed: Generator[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Tell a source that cannot be read from a disk that cannot be written."""
    with contextlib.closing(computed) as source:
        while True:
            try:
                slab = next(source, None)
            except OSError as error:
                raise UnreadableFile(
                    f"The stack to transform could not be read ({error}); check its "
                    "disk."
                ) from error
            if slab is None:
                return
            yield slab


class _Repeated:
    """A progress that can be told the last steps again, to hear whether to stop."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = (0, 1)

    def __call__(self, done: int, total: int) -> None:
        self._last = (done, total)
        self._progress(done, total)

    def again(self) -> None:
        self._progress(*self._last)

    def silent(self, done: int, total: int) -> None:
        self.again()


def _part(progress: Progress, first: int, last: int) -> Progress:
    """Make some work's own counting a stretch of the whole's."""

    def report(done: int, total: int) -> None:
        progress(first + (last - first) * done // max(1, total), _STEPS)

    return report


def _sink(
    target: Path,
    plan: Plan,
    dtype: np.dtype[Any],
    note: Mapping[str, Any],
    threads: int,
    ome_zarr: str,
) -> Sink:
    partial, name = partial_of(target), target.name.lower()
    if name.endswith(_TIFF_ENDINGS):
        return TiffSink(partial, plan, dtype, note, threads)
    if name.endswith((*_ZIP_ENDINGS, *_FOLDER_ENDINGS)):
        # zarr takes a while to import
        from labdata_napari.core.transform_zarr import ZarrSink

        zipped = name.endswith(_ZIP_ENDINGS)
        return ZarrSink(partial, plan, dtype, note, ome_zarr, zipped=zipped)
    raise InvalidValue(
        f"A transform is written as .ome.tif, .ome.zarr or .ome.zarr.zip, not as "
        f"'{target.name}'; choose another name."
    )


def _identity(
    stack: Any, dtype: np.dtype[Any], note: Mapping[str, Any], sink: Sink
) -> dict[str, Any] | None:
    """List all that the bytes of the file depend on; None where not all is known."""
    source = identity_of(stack)
    if source is None:
        return None
    size = np.dtype(stack.dtype).itemsize
    return {
        "source": source,
        "source_dtype": str(stack.dtype),
        "dtype": dtype.str,
        "note": dict(note),
        "format": sink.format,
        "codec": sink.codec,
        "slabs": 4,  # another number whenever results are cut into other slabs
        "rounding": rounding(int(np.prod(stack.shape, dtype=np.int64)) * size),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
