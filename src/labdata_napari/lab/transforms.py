"""Transforms of a brain: their parameter sets, and the stacks computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.availability import ANNOTATIONS, TRANSFORMS, require
from labdata_napari.lab.keys import key_of
from labdata_napari.lab.rows import damage_of, fetched_together
from labdata_napari.lab.scales import shape_of, um_of_brain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
        Whether that file is on this machine; None where its path is refused.
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
        local=lab.files.looker()(result["file_path"]),
        problem=problem,
    )
