"""Rows of the atlas, the brains, the transform and its annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.demo.atlas import ATLAS, demo_regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.demo.brain import BrainTruth
    from labdata_napari.demo.rows import Row, Rows, Source

POINTS_PER_TRACK = 9


def atlas(source: Source) -> Iterator[Rows]:
    """Yield the atlas of the invented brain."""
    text = "Regions of the demo's invented brain; not for real data."
    yield "Atlas", [{"atlas_id": ATLAS, "atlas_description": text}]
    rows: list[Row] = [
        {
            "atlas_id": ATLAS,
            "region_acronym": region.acronym,
            "region_name": region.name,
            "region_id": region.id,
            "region_atlas_id": region.id,
            "region_level": region.level,
            "region_graph_depth": region.level,
            "region_graph_order": number,
            "structure_id_path": "/" + "".join(f"{step}/" for step in region.path),
            "color_hex": "{:02x}{:02x}{:02x}".format(*region.color),
        }
        for number, region in enumerate(demo_regions())
    ]
    yield "Atlas.Region", rows


def brains(source: Source) -> Iterator[Rows]:
    """Yield both brains, and the transform and annotations of the first."""
    files = (source.files["coronal"], source.files["horizontal"])
    hardware = ("serial two-photon", "light-sheet")
    rows, channels = [], []
    for brain, file, device in zip(source.truth.brains, files, hardware, strict=True):
        rows.append(
            {
                **brain.key,
                **file.key,
                "num_channels": brain.shape[1],
                "width": brain.shape[3],
                "height": brain.shape[2],
                "um_per_pixel": np.array(brain.um_per_pixel),
                "hardware": device,
            }
        )
        for index, name in enumerate(brain.channel_names):
            channels.append(
                {
                    **brain.key,
                    "channel_index": index,
                    "channel_wavelength": brain.wavelengths[index],
                    "channel_description": name,
                }
            )
    yield "FixedBrain", rows
    yield "FixedBrain.Channel", channels
    transform, key = source.transform, source.truth.transform_key
    yield (
        "FixedBrainTransformParameters",
        [{**key, **transform.parameters.to_row()}],
    )
    yield (
        "FixedBrainTransform",
        [
            {
                **key,
                **transform.file.key,
                "um_per_pixel": np.array(transform.plan.um_per_pixel_out),
                "shape": np.array(transform.plan.shape_out),
                "hemisphere": "both",
            }
        ],
    )
    yield "FixedBrainTransformAnnotation", _annotations(source)


def _annotations(source: Source) -> list[Row]:
    """List what is marked so far: one track, point by point on the dye; landmarks."""
    brain: BrainTruth = source.truth.brains[0]
    places = [
        (track.name, "probe_track", track.points_um(POINTS_PER_TRACK))
        for track in brain.tracks
        if track.annotated
    ]
    marks = brain.landmarks.items()
    places += [(name, "landmark", np.array([um])) for name, um in marks]
    return [
        {
            **source.truth.transform_key,
            "annotation_id": number,
            "annotation_name": name,
            "annotation_type": kind,
            "xyz": source.transform.plan.points_to_result(brain.pixels(um)),
        }
        for number, (name, kind, um) in enumerate(places)
    ]
