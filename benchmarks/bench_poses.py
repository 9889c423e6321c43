"""Frames of videos at random, label sets saved and exported, problems looked for."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.core.pose_problems import Limits, find_problems
from labdata_napari.core.video import VideoReader
from labs import add_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RANDOM = "random frame of a video, a key frame in 250"
STEP_BACK = "a frame back in it"
EXPORT = "export 500 frames with 20 body parts (DeepLabCut)"
SAVE = "save 500 changes of 10,000 labels"
PROBLEMS = "problems in an hour with 20 body parts"
FRAMES, HEIGHT, WIDTH = 3000, 480, 640


def scene(number: int) -> np.ndarray:
    """A bright spot that moves over a floor with texture."""
    floor = np.random.default_rng(0).integers(90, 110, (HEIGHT, WIDTH, 3), np.uint8)
    y, x = int(240 + 150 * np.sin(number / 40)), int(320 + 200 * np.cos(number / 60))
    floor[y - 20 : y + 20, x - 20 : x + 20] = 230
    return floor


@pytest.fixture(scope="module")
def video(room: Path) -> Path:
    import av

    path = room / "walk.mp4"
    with av.open(str(path), "w") as out:
        options = {"g": "250", "bf": "3", "preset": "veryfast"}
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def somewhere() -> Iterator[int]:
    return itertools.cycle(np.random.default_rng(1).integers(0, FRAMES, 400).tolist())


def test_random(measure: Callable[..., Any], video: Path) -> None:
    reader, asked = VideoReader(video), somewhere()
    measure(
        RANDOM, lambda: reader.picture(next(asked)), target="p95 < 100 ms", rounds=200
    )


def test_random_by_time(measure: Callable[..., Any], video: Path) -> None:
    import av

    container, asked = av.open(str(video)), somewhere()
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"

    def work() -> np.ndarray:
        wanted = Fraction(next(asked)) / stream.average_rate
        container.seek(int(wanted / stream.time_base), stream=stream)
        frames = container.decode(stream)
        frame = next(f for f in frames if f.pts * stream.time_base >= wanted)
        return frame.to_ndarray(format="rgb24")

    measure(RANDOM, work, peer="PyAV, by time", rounds=200)


def test_random_opencv(measure: Callable[..., Any], video: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    capture, asked = cv2.VideoCapture(str(video)), somewhere()

    def work() -> np.ndarray:
        capture.set(cv2.CAP_PROP_POS_FRAMES, next(asked))
        return capture.read()[1]

    measure(RANDOM, work, peer="OpenCV", rounds=200)


def test_back(measure: Callable[..., Any], video: Path) -> None:
    reader = VideoReader(video)
    asked = itertools.cycle(range(FRAMES - 200, FRAMES - 500, -1))
    measure(STEP_BACK, lambda: reader.picture(next(asked)), rounds=200)


def test_problems(measure: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    frames, parts = 108_000, 20
    t = np.arange(frames) / 30
    walk = np.stack([320 + 200 * np.sin(t / 7), 240 + 150 * np.cos(t / 5)], axis=1)
    body = rng.normal(0, 40, (parts, 2))
    xy = walk[:, None] + body + rng.normal(0, 1, (frames, parts, 2))
    for frame, part in zip(
        rng.integers(0, frames, 300), rng.integers(0, parts, 300), strict=True
    ):
        xy[frame, part] += 60
    names = [f"{side}_{n}" for n in range(10) for side in ("left", "right")]
    predictions = Predictions.of(names, xy)
    every = Limits(shape=8, path=12)
    assert len(find_problems(predictions)) >= 300
    measure(PROBLEMS, lambda: find_problems(predictions, every), target="< 1 s")


@pytest.fixture
def set_of_500(lab: Any) -> tuple[int, PoseLabels]:
    key = add_dataset(lab) | {"video_name": "camera0"}
    lab.DatasetVideo.insert1(key)
    frames = tuple(FrameKey.from_row({**key, "frame_num": 7 * n}) for n in range(500))
    xy = np.random.default_rng(0).random((500, 20, 2)) * 400
    labels = PoseLabels(tuple(f"part{n:02d}" for n in range(20)), frames, xy)
    num = lab.poses.create_label_set("for benchmarks")
    for start in range(0, 500, 50):
        part = frames[start : start + 50]
        lab.poses.add_frames(num, {f: scene(f.frame_num) for f in part})
    lab.poses.add_frames(num, {}, labels)
    return num, lab.poses.load_labels(num)


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_set(
    measure: Callable[..., Any], lab: Any, set_of_500: Any, tmp_path: Path
) -> None:
    num, labels = set_of_500
    out = tmp_path / "out"
    measure(
        EXPORT,
        lambda: lab.poses.export_labels(num, out, overwrite=True),
        target="< 10 s",
        rounds=2,
        warm=0,
    )
    assert lab.poses.update_labels(num, out).unchanged == len(labels)


@pytest.mark.parametrize(
    "backend", ["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)]
)
def test_save(measure: Callable[..., Any], lab: Any, set_of_labels: Any) -> None:
    num, labels = set_of_labels
    state = [labels]

    def change() -> tuple[tuple[PoseLabels, PoseLabels], dict[str, Any]]:
        xy = np.array(state[0].coordinates)
        xy[:450, 0] += 1
        xy[450:, 0] = np.nan if not np.isnan(xy[450, 0]).any() else 5
        edited = replace(labels, coordinates=xy)
        before, state[0] = state[0], edited
        return (before, edited), {}

    def save(before: PoseLabels, edited: PoseLabels) -> None:
        assert len(lab.poses.save_labels(num, before, edited).changed) >= 450

    server = "PostgreSQL" if lab.connection.adapter.backend != "mysql" else "MariaDB"
    measure(f"{SAVE}, {server}", save, setup=change, target="< 0.3 s", rounds=8)


@pytest.fixture
def set_of_labels(lab: Any) -> tuple[int, PoseLabels]:
    key = add_dataset(lab) | {"video_name": "camera0"}
    lab.DatasetVideo.insert1(key)
    frames = tuple(FrameKey.from_row({**key, "frame_num": n}) for n in range(500))
    xy = np.random.default_rng(0).random((500, 20, 2)) * 400
    labels = PoseLabels(tuple(f"part{n:02d}" for n in range(20)), frames, xy)
    num = lab.poses.create_label_set("for benchmarks")
    lab.poses.add_frames(num, {}, labels)
    return num, lab.poses.load_labels(num)
