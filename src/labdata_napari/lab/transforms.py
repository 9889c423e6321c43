"""Transforms of a brain: their parameter sets, and the stacks computed from them."""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.progress import silent
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    ConnectionLost,
    InvalidValue,
    WriteConflict,
    WriteRefused,
)
from labdata_napari.lab.availability import (
    ANNOTATIONS,
    COMPUTING,
    TRANSFORMS,
    require,
)
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
from labdata_napari.lab.parameters import locked_parameters, parameter_changes
from labdata_napari.lab.publishing import NewFile, published
from labdata_napari.lab.rows import damage_of, fetched, fetched_together
from labdata_napari.lab.scales import shape_of, um_of_brain
from labdata_napari.lab.writing import lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform import Plan


@dataclass(frozen=True, eq=False)
class TransformRecord:
    """A parameter set of a brain, and what was computed from it.

    Attributes
    ----------
    key
        Primary key, ``transform_id`` included.
    parameters
        None when the row holds something that cannot be read; `problem` says what.
    computed
        Whether there is a result.
    shape, um_per_pixel
        Of the result, in its own order of axes (`um_per_pixel` without the channel).
    hemisphere
        "left", "right", "both" or None.
    annotations
        Annotations placed in the result.
    file_path, storage
        Of the result's `AnalysisFile` row.
    local
        Whether that file is on this machine.
    problem
        Why the parameters cannot be used.
    """

    key: dict[str, Any]
    parameters: TransformParameters | None
    computed: bool
    shape: tuple[int, ...] | None = None
    um_per_pixel: tuple[float, ...] | None = None
    hemisphere: str | None = None
    annotations: int = 0
    file_path: str | None = None
    storage: str | None = None
    local: bool | None = None
    problem: str | None = None

    @property
    def transform_id(self) -> int:
        """Number of the parameter set within its brain."""
        return int(self.key["transform_id"])


def transforms_of(lab: Any, key: Mapping[str, Any]) -> list[TransformRecord]:
    """List a brain's parameter sets in the order of their numbers."""
    require(lab, TRANSFORMS)
    queries = transform_queries(lab, key_of(lab.FixedBrain, key))
    return transforms_in(lab, fetched_together(queries, lenient=True))


def transform_queries(lab: Any, brain: Mapping[str, Any]) -> dict[str, Any]:
    """Say what to fetch for `transforms_in`."""
    import datajoint as dj

    queries = {
        "parameters": lab.FixedBrainTransformParameters & brain,
        "results": lab.FixedBrainTransform & brain,
    }
    if not lab.why_not(ANNOTATIONS):
        placed = (lab.FixedBrainTransformAnnotation & brain).proj()
        counts = dj.U("transform_id").aggr(placed, n_rows="count(*)")
        queries["annotations"] = counts
    return queries


def transforms_in(
    lab: Any, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[TransformRecord]:
    """Make the records, in the order of their numbers, from what was fetched.

    Leniently: what is damaged is a problem of its own record.
    """
    results = {row["transform_id"]: row for row in rows["results"]}
    placed = rows.get("annotations", ())
    counts = {int(r["transform_id"]): int(r["n_rows"]) for r in placed}
    parameters = sorted(rows["parameters"], key=lambda r: int(r["transform_id"]))
    return [
        _record(lab, row, results.get(row["transform_id"]), counts)
        for row in parameters
    ]


def _record(
    lab: Any,
    row: Mapping[str, Any],
    result: Mapping[str, Any] | None,
    counts: Mapping[int, int],
) -> TransformRecord:
    key = key_of(lab.FixedBrainTransformParameters, row)
    parameters, problem = None, damage_of(row)
    try:
        if problem is None:
            parameters = TransformParameters.from_row(row)
    except InvalidValue as error:
        problem = str(error)
    if result is None:
        return TransformRecord(key, parameters, computed=False, problem=problem)
    return TransformRecord(
        key,
        parameters,
        computed=True,
        shape=shape_of(result.get("shape")),
        um_per_pixel=um_of_brain(result.get("um_per_pixel")),
        hemisphere=result.get("hemisphere"),
        annotations=counts.get(row["transform_id"], 0),
        file_path=result["file_path"],
        storage=result["storage"],
        local=lab.files.is_local(result["file_path"]),
        problem=problem,
    )


def compute_transform(
    lab: Any,
    key: Mapping[str, Any],
    progress: Progress = silent,
    hemisphere: str | None = None,
) -> dict[str, Any]:
    """Compute a transform into its file and rows; see `Brains.compute_transform`."""
    if hemisphere not in (None, "left", "right", "both"):
        raise InvalidValue(
            f"The hemisphere of a transform is left, right or both, not {hemisphere!r}."
        )
    require(lab, COMPUTING)
    with translate_errors():
        row = row_of(lab.FixedBrainTransformParameters, key)
        key = key_of(lab.FixedBrainTransform, key)
        if lab.FixedBrainTransform & key:
            return key
    if lab.read_only:
        raise WriteRefused(
            f"The transform of {words(key)} was not computed: {lab.user} may only read "
            "this database."
        )
    # scipy and tifffile, which the lists can do without
    from labdata_napari.core.transform import plan
    from labdata_napari.core.transform_file import remove_abandoned, write_transform

    parameters = TransformParameters.from_row(row)
    stack = open_brain(lab, key)
    geometry = plan(stack.shape, stack.um_per_pixel, parameters)
    rows = _result_rows(lab, key, geometry, hemisphere or _hemisphere(geometry))
    target = lab.files.planned(rows.file["file_path"], rows.file["storage"])
    with _alone(target), translate_errors():
        if lab.FixedBrainTransform & key:  # another process was quicker
            return key
        _refuse_taken(lab, target, rows)
        remove_abandoned(target)
        write_transform(stack, geometry, target, parameters, progress)
        try:
            _insert_result(lab, rows, target, parameters)
        except ConnectionLost:
            # the server may have committed before it went: the file must stay, and
            # another try says that it is there
            raise
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return key


@dataclass(frozen=True)
class _ResultRows:
    """Rows of a result; size, time and checksum of the file are still to come."""

    file: dict[str, Any]
    transform: dict[str, Any]


def _result_rows(
    lab: Any, key: dict[str, Any], geometry: Plan, hemisphere: str | None
) -> _ResultRows:
    names = (key[c] for c in ("subject_name", "session_name", "dataset_name"))
    place = {
        "file_path": f"{'/'.join(names)}/transform_{key['transform_id']}.ome.tif",
        "storage": "analysis",
    }
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
    return _ResultRows(file, transform)


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
    """Let nobody else compute into the same file; on error leave no empty folder."""
    made = make_folders(target.parent)
    lock = FileLock(target.parent / f".{target.name}.lock")
    with writing(target):
        obtained = lock.acquire()
    if not obtained:
        raise WriteRefused(
            f"'{target}' is being computed by another process; wait until it is done."
        )
    try:
        yield
    finally:
        lock.discard()
        remove_folders(made)  # those that are empty


def _refuse_taken(lab: Any, target: Path, rows: _ResultRows) -> None:
    """Raise unless the file's name is free, or taken by one of ours without a row.

    A process that was killed before its rows were committed leaves such a file.
    """
    place = {c: rows.file[c] for c in ("file_path", "storage")}
    free = not target.exists() or is_our_transform(target)
    if not free or lab.AnalysisFile & place:
        raise WriteRefused(
            f"The transform was not computed: '{target}' is taken by a file, or by a "
            "row for one, that belongs to no transform; remove it first."
        )


def _insert_result(
    lab: Any, rows: _ResultRows, path: Path, parameters: TransformParameters
) -> None:
    with reading(path):
        state = path.stat()
    changed = datetime.datetime.fromtimestamp(state.st_mtime).replace(microsecond=0)
    file = rows.file | {
        "file_datetime": changed,
        "file_size": float(state.st_size),
        "file_md5": md5(path),
    }
    new = NewFile(
        path, file["file_path"], file["storage"], state.st_size, file["file_md5"]
    )
    with published(lab.files, [new]):
        write_back(lab, _Result(lab, rows.transform, file, parameters))


class _Result:
    """The two rows of a result; see `labdata_napari.lab.writing`."""

    doing = "Saving the transform"

    def __init__(
        self,
        lab: Any,
        row: dict[str, Any],
        file: dict[str, Any],
        parameters: TransformParameters,
    ) -> None:
        self._lab = lab
        self._row = row
        self._file = file
        self._parameters = parameters
        self._key = key_of(lab.FixedBrainTransform, row)

    def read(self) -> tuple[TransformParameters | None, bool]:
        lock_row(self._lab.FixedBrain, self._key)
        results = (self._lab.FixedBrainTransform & self._key).proj()
        return (
            locked_parameters(self._lab, self._key),
            bool(fetched(results, locked=True)),
        )

    def saved(self, rows: tuple[TransformParameters | None, bool]) -> None:
        """Notice no earlier try: `compute_transform` does, before it computes."""

    def conflict(
        self, rows: tuple[TransformParameters | None, bool]
    ) -> WriteConflict | None:
        theirs, computed = rows
        if computed:
            return WriteConflict(
                f"The transform of {words(self._key)} was computed by somebody else "
                "meanwhile; theirs was kept."
            )
        changes = parameter_changes(self._key, self._parameters, theirs)
        if not changes:
            return None
        return WriteConflict(
            f"The parameters of {words(self._key)} were changed while their transform "
            f"was computed: {changes.summary()}. Nothing was written; compute it again "
            "with what they are now, or make a new transform with yours.",
            theirs,
            their_changes=changes.summary(),
            your_changes="computed with what they were",
        )

    def write(self, rows: tuple[TransformParameters | None, bool]) -> None:
        self._lab.AnalysisFile.insert1(self._file)
        self._lab.FixedBrainTransform.insert1(self._row, allow_direct_insert=True)
