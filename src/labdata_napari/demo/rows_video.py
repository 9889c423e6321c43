"""Rows of the video, its label set, and the model's predictions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.video import open_video
from labdata_napari.demo.motion import FRAME_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.demo.rows import Rows, Source

LABEL_SET, MODEL = 1, 1


def video(source: Source) -> Iterator[Rows]:
    """Yield the video, a label set of true labels, and the flawed predictions."""
    truth, file = source.truth.pose, source.files["video"]
    key = dict(truth.key)
    pictures = open_video(file.path)
    yield (
        "DatasetVideo",
        [
            {
                **key,
                "frame_times": np.arange(truth.n_frames) / FRAME_RATE,
                "frame_rate": FRAME_RATE,
                "n_frames": float(truth.n_frames),
            }
        ],
    )
    yield "DatasetVideo.File", [{**key, **file.key}]
    kept = (0, truth.n_frames // 2)
    yield (
        "DatasetVideo.Frame",
        [{**key, "frame_num": n, "frame": np.asarray(pictures[n])} for n in kept],
    )
    set_key = {"pose_label_set_num": LABEL_SET}
    text = "Open field from above: nose to tail tip."
    yield (
        "PoseEstimationLabelSet",
        [{**set_key, "description": text, "labeler": "yuki"}],
    )
    for number in truth.labelled_frames:  # one at a time: a statement has a size limit
        row = {**set_key, **key, "frame_num": number}
        yield (
            "PoseEstimationLabelSet.Frame",
            [{**row, "frame": np.asarray(pictures[number])}],
        )
    yield (
        "PoseEstimationLabelSet.Label",
        [
            {
                **set_key,
                **key,
                "frame_num": number,
                "label_name": name,
                "x": float(truth.xy[number, part, 0]),
                "y": float(truth.xy[number, part, 1]),
            }
            for number in truth.labelled_frames
            for part, name in enumerate(truth.labels)
            if (number, name) not in truth.unlabelled
        ],
    )
    model = source.files["model"]
    yield (
        "PoseEstimationModel",
        [
            {
                "model_num": MODEL,
                "algorithm_name": "demo",
                **model.key,
                **set_key,
                "parameters_dict": json.dumps({"bodyparts": list(truth.labels)}),
                "training_datetime": model.row["file_datetime"] - timedelta(hours=3),
            }
        ],
    )
    yield (
        "PoseEstimation",
        [
            {
                "model_num": MODEL,
                **key,
                "label_name": name,
                "x": truth.predicted[:, part, 0].astype(np.float32),
                "y": truth.predicted[:, part, 1].astype(np.float32),
                "likelihood": truth.likelihood[:, part].astype(np.float32),
            }
            for part, name in enumerate(truth.labels)
        ],
    )
