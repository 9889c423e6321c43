"""Rows of the two-photon, widefield and miniscope recordings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.projections import projections
from labdata_napari.core.stacks import open_stack
from labdata_napari.demo.atlas import ATLAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack
    from labdata_napari.demo.cells import CellsTruth
    from labdata_napari.demo.rows import Row, Rows, Source

    Array = NDArray[Any]

CORTEX = {"atlas_id": ATLAS, "region_acronym": "CTX"}
HIPPOCAMPUS = {"atlas_id": ATLAS, "region_acronym": "HPF"}


def one_photon(source: Source) -> Iterator[Rows]:
    """Yield the widefield recording with its projections, and the miniscope's."""
    truth, file = source.truth.widefield, source.files["widefield"]
    frames, channels, height, width = truth.shape
    yield (
        "Widefield",
        [
            {
                **truth.key,
                **file.key,
                "n_channels": channels,
                "n_frames": frames,
                "width": width,
                "height": height,
                "frame_rate": truth.frame_rate,
                "magnification": 0.5,
                "objective_angle": 0.0,
                "objective": "tandem 50/105",
                "um_per_pixel": np.array(truth.um_per_pixel[::-1]),
                "imaging_software": "demo",
            }
        ],
    )
    found = projections(open_stack(file.path, shape=truth.shape, axes="TCYX"))
    yield (
        "Widefield.Projection",
        [{**truth.key, "proj_name": n, "proj": p} for n, p in found.items()],
    )
    scope, file = source.truth.miniscope, source.files["miniscope"]
    frames, channels, height, width = scope.shape
    yield (
        "Miniscope",
        [
            {
                **scope.key,
                **file.key,
                "n_channels": channels,
                "n_frames": frames,
                "width": width,
                "height": height,
                "frame_rate": scope.frame_rate,
                "device": "demo scope",
                "power": np.array([22.0]),
                "lens_tuning": -35,
                "sensor_gain": 2,
                "um_per_pixel": np.array(scope.um_per_pixel[::-1]),
                **HIPPOCAMPUS,
            }
        ],
    )


def two_photon(source: Source) -> Iterator[Rows]:
    """Yield the two-photon recording and its segmentation."""
    truth, file = source.truth.two_photon, source.files["two_photon"]
    frames, planes, channels, height, width = truth.shape
    yield (
        "TwoPhoton",
        [
            {
                **truth.key,
                **file.key,
                "n_planes": planes,
                "n_channels": channels,
                "n_frames": frames,
                "width": width,
                "height": height,
                "frame_rate": truth.frame_rate,
                "magnification": 2.0,
                "objective_angle": 0.0,
                "objective": "16x 0.8 NA",
                "um_per_pixel": np.array(truth.um_per_pixel[::-1]),
                "scanning_mode": "bidirectional",
                "pmt_gain": np.array([42.0]),
                "imaging_software": "demo",
                **CORTEX,
            }
        ],
    )
    depths = [
        {**truth.key, "plane_num": p, "plane_depth": 150.0 + 40 * p} for p in (0, 1)
    ]
    yield "TwoPhoton.Plane", depths
    yield from _segmentation(
        truth, open_stack(file.path, shape=truth.shape, axes="TPCYX")
    )


def _segmentation(truth: CellsTruth, stack: Stack) -> Iterator[Rows]:
    yield (
        "CellSegmentationParams",
        [
            {
                "parameter_set_num": 1,
                "algorithm_name": "truth",
                "parameter_description": "the planted cells, not an algorithm's",
                "parameters_dict": json.dumps({"threshold": 0.3}),
            }
        ],
    )
    key: Row = {**truth.key, "parameter_set_num": 1}
    height, width = truth.shape[-2:]
    yield (
        "CellSegmentation",
        [
            {
                **key,
                "algorithm_version": "1",
                "n_rois": len(truth.centres),
                "crop_region": np.array([[0, height], [0, width]]),
            }
        ],
    )
    planes = [{**key, "plane_num": plane} for plane in range(truth.n_planes)]
    yield (
        "CellSegmentation.Plane",
        [
            {
                **p,
                "plane_n_rois": int((truth.centres[:, 0] == p["plane_num"]).sum()),
                "dims": np.array([height, width]),
            }
            for p in planes
        ],
    )
    yield (
        "CellSegmentation.MotionCorrection",
        [{**p, "displacement": truth.displacement} for p in planes],
    )
    mean = projections(stack)["mean"]
    yield (
        "CellSegmentation.Projection",
        [
            {**p, "proj_name": "mean", "proj_im": mean[p["plane_num"], 0]}
            for p in planes
        ],
    )
    yield from _rois(truth, key)
    linked = {
        **key,
        "linked_session_id": 0,
        "linked_session_name": truth.key["session_name"],
        "linked_dataset_session": "surface",
    }
    yield "CellSegmentation.LinkedDatasets", [linked]


def _rois(truth: CellsTruth, key: Row) -> Iterator[Rows]:
    tables: dict[str, list[Row]] = {
        f"CellSegmentation.{part}": []
        for part in ("ROI", "RawTraces", "Traces", "Deconvolved", "Selection")
    }
    metrics = []
    rng = np.random.default_rng([truth.seed, 97])
    numbers = dict.fromkeys(range(truth.n_planes), 0)
    for cell in range(len(truth.centres)):
        plane = int(truth.centres[cell, 0])
        roi = {**key, "plane_num": plane, "roi_num": numbers[plane]}
        numbers[plane] += 1
        pixels, weights = truth.footprint(cell)
        dff = truth.dff[:, cell] + rng.normal(0, 0.06, len(truth.dff))
        surround = 60 + rng.normal(0, 1.5, len(dff))
        values: dict[str, Row] = {
            "ROI": {
                "roi_pixels": pixels.astype(np.int32),
                "roi_pixels_values": weights.astype(np.float32),
            },
            "RawTraces": {
                "f_trace": (98 * (1 + dff) + 0.3 * surround).astype(np.float32),
                "f_neuropil": surround.astype(np.float32),
            },
            "Traces": {"dff": dff.astype(np.float32), "neuropil_coeff": 0.3},
            "Deconvolved": {"deconv": truth.events[:, cell].astype(np.float32)},
            "Selection": {
                "selection_method": "auto",
                "selection": 1,
                "likelihood": 0.9,
            },
        }
        for part, columns in values.items():
            tables[f"CellSegmentation.{part}"].append({**roi, **columns})
        metrics.append({**roi, **_metrics(truth, cell, len(pixels), dff)})
    yield from tables.items()
    yield "CellSegmentationMetrics", metrics


def _metrics(truth: CellsTruth, cell: int, size: int, dff: Array) -> Row:
    seconds = len(dff) / truth.frame_rate
    return {
        "x_pos": float(truth.centres[cell, 2]),
        "y_pos": float(truth.centres[cell, 1]),
        "npix": size,
        "diameter": float(2 * np.sqrt(size / np.pi)),
        "aspect_ratio": 1.0,
        "snr": float(dff.max() / 0.06),
        "noise_level": 0.06,
        "std": float(dff.std()),
        "trace_skewness": float((((dff - dff.mean()) / dff.std()) ** 3).mean()),
        "max_dff": float(dff.max()),
        "activity_fraction": float((truth.dff[:, cell] > 0.2).mean()),
        "event_rate": float(truth.events[:, cell].sum() / seconds),
        "neuropil_coeff": 0.3,
    }
