"""Rows of the atlas, the brains, the transform and its annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.demo.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.demo.brain import BrainTruth
    from labdata_napari.demo.rows import Row, Rows, Source

ATLAS = "demo"
POINTS_PER_TRACK = 9

_NAMES = {
    "OLF": ("Olfactory bulb", "9ad2bd"),
    "CTX": ("Cortex", "b0ffb8"),
    "fiber": ("White matter", "cccccc"),
    "CP": ("Caudoputamen", "98d6f9"),
    "LS": ("Lateral septum", "90cbed"),
    "HPF": ("Hippocampal formation", "7ed04b"),
    "TH": ("Thalamus", "ff7080"),
    "HB": ("Brainstem and colliculi", "ff9b88"),
    "CB": ("Cerebellum", "f0f080"),
}


def atlas(source: Source) -> Iterator[Rows]:
    """Yield the atlas of the invented brain."""
    text = "Regions of the demo's invented brain; not for real data."
    yield "Atlas", [{"atlas_id": ATLAS, "atlas_description": text}]
    root = {
        "atlas_id": ATLAS,
        "region_acronym": "root",
        "region_name": "Brain",
        "region_id": 997,
        "region_atlas_id": 997,
        "region_level": 0,
        "region_graph_depth": 0,
        "region_graph_order": 0,
        "structure_id_path": "/997/",
        "color_hex": "ffffff",
    }
    rows: list[Row] = [root]
    for number, acronym in enumerate(REGIONS[1:], 1):
        name, colour = _NAMES[acronym]
        rows.append(
            {
                **root,
                "region_acronym": acronym,
                "region_name": name,
                "region_id": number,
                "region_atlas_id": number,
                "region_level": 1,
                "region_graph_depth": 1,
                "region_graph_order": number,
                "structure_id_path": f"/997/{number}/",
                "color_hex": colour,
            }
        )
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
    commissure = [
        um for name, um in brain.landmarks.items() if name.startswith("anterior")
    ]
    places.append(("anterior commissure", "landmark", np.array(commissure)))
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
