"""All rows of the demo lab, parents before children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.demo.files import Written
    from labdata_napari.demo.truth import DemoTruth

Row = dict[str, Any]
Rows = tuple[str, list[Row]]
"""Name of a table, ``Master`` or ``Master.Part``, and rows for it."""

LOOKUPS = frozenset(
    ("Species", "Strain", "SetupLocation", "Setup", "DatasetType", "ProcedureType")
)
"""Tables whose rows may be there already."""


@dataclass(frozen=True)
class Transformed:
    """The coronal brain's transform, computed."""

    parameters: TransformParameters
    plan: Plan
    file: Written


@dataclass(frozen=True)
class Source:
    """What rows are made from."""

    truth: DemoTruth
    files: Mapping[str, Written]
    transform: Transformed


def demo_rows(source: Source) -> Iterator[Rows]:
    """Yield the rows table by table, in the order they can be inserted."""
    from labdata_napari.demo import (
        rows_behavior,
        rows_ephys,
        rows_general,
        rows_histology,
        rows_imaging,
        rows_video,
    )

    yield from rows_general.people(source)
    yield from rows_general.animals(source)
    yield from rows_general.recordings(source)
    yield from rows_general.care(source)
    yield from rows_histology.atlas(source)
    yield from rows_histology.brains(source)
    yield from rows_behavior.events(source)
    yield from rows_behavior.tasks(source)
    yield from rows_imaging.two_photon(source)
    yield from rows_imaging.one_photon(source)
    yield from rows_ephys.probes(source)
    yield from rows_ephys.sorting(source)
    yield from rows_video.video(source)
    yield from rows_general.jobs(source)
