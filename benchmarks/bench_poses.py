"""Frames of videos at random, label sets saved and exported, problems looked for.

In the window: a label set opened, stepped through and corrected until all is drawn.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from hands import child, place_of, wait_for
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_looks import Mode
from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.core.pose_problems import Limits, find_problems
from labdata_napari.core.video import VideoReader
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for
from labs import add_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from big_lab import BigLab

RANDOM = "random frame of a video, a key frame in 250"
STEP_BACK = "a frame back in it"
EXPORT = "export 500 frames with 20 body parts (DeepLabCut)"
SAVE = "save 500 changes of 10,000 labels"
PROBLEMS = "problems in an hour with 20 body parts"
OPEN = "poses: open a set of 500 frames, 20 body parts each, until it is drawn"
STEP = "poses: next frame until all is drawn"
EDIT = "poses: a click that moves a body part until all is drawn"
PEER = "napari: frames in memory, one Points layer of 10,000"
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


def label_set(lab: Any, name: str, pictures: bool) -> tuple[int, PoseLabels]:
    key = add_dataset(lab) | {"video_name": name}
    lab.DatasetVideo.insert1(key)
    frames = tuple(FrameKey.from_row({**key, "frame_num": 7 * n}) for n in range(500))
    xy = np.random.default_rng(0).random((500, 20, 2)) * 400
    labels = PoseLabels(tuple(f"part{n:02d}" for n in range(20)), frames, xy)
    num = lab.poses.create_label_set(f"for benchmarks: {name}")
    for start in range(0, 500 if pictures else 0, 50):
        part = frames[start : start + 50]
        lab.poses.add_frames(num, {f: scene(f.frame_num) for f in part})
    lab.poses.add_frames(num, {}, labels)
    return num, lab.poses.load_labels(num)


def memory_mb(which: str) -> float:
    """What this process takes, ``VmRSS``, or took at most, ``VmHWM``."""
    with open("/proc/self/status") as lines:
        [kilobytes] = [line.split()[1] for line in lines if line.startswith(which)]
    return int(kilobytes) * 1024 / 1e6


def test_export(
    measure: Callable[..., Any], big_lab: BigLab, tmp_path: Path, benchmark: Any
) -> None:
    poses, out = big_lab.lab.poses, tmp_path / "out"
    num, labels = label_set(big_lab.lab, "exported", pictures=True)

    def work() -> None:
        poses.export_labels(num, out, overwrite=True)

    before = memory_mb("VmRSS")
    with open("/proc/self/clear_refs", "w") as peaks:
        peaks.write("5")  # what was taken at most is counted from here
    measure(EXPORT, work, target="< 10 s", rounds=2, warm=0)
    benchmark.extra_info["growth_mb"] = grown = round(memory_mb("VmHWM") - before)
    print(f"took {grown} MB more at most")
    assert poses.update_labels(num, out).unchanged == len(labels)


def test_save(measure: Callable[..., Any], big_lab: BigLab) -> None:
    poses = big_lab.lab.poses
    num, labels = label_set(big_lab.lab, "saved", pictures=False)
    now = [labels]

    def change() -> tuple[tuple[PoseLabels, PoseLabels], dict[str, Any]]:
        xy = np.array(now[0].coordinates)
        xy[:450, 0] += 1
        xy[450:, 0] = 5 if np.isnan(xy[450, 0, 0]) else np.nan
        before, now[0] = now[0], replace(labels, coordinates=xy)
        return (before, now[0]), {}

    def save(before: PoseLabels, edited: PoseLabels) -> None:
        poses.save_labels(num, before, edited)

    measure(SAVE, save, setup=change, target="< 0.3 s", rounds=8)
    assert not now[0].differences_to(poses.load_labels(num))


class Corrected:
    """The Pose dock on a label set, in a window as large as those of the peers."""

    def __init__(self, viewer: Any, num: int) -> None:
        self.viewer, self.num = viewer, num
        self.posing = workspace_for(viewer).posing
        self.canvas = viewer.window._qt_viewer.canvas.native

    def open(self) -> None:
        self.posing.open_set(self.num)
        wait_for(self.is_drawn)
        QApplication.processEvents()

    def is_drawn(self) -> bool:
        work = self.posing.work
        return work is not None and work.view.is_current

    def close(self) -> None:
        self.posing.close()
        QApplication.processEvents()

    def step(self) -> None:
        QTest.keyClick(self.canvas, Qt.Key.Key_D)
        wait_for(self.is_drawn)
        QApplication.processEvents()

    def click(self, place: QPoint) -> None:
        before = self.posing.work.session.draft
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()
        assert self.posing.work.session.draft is not before


@pytest.fixture
def corrected(make_napari_viewer: Callable[..., Any], big_lab: BigLab) -> Corrected:
    sets = {r["description"]: r for r in big_lab.lab.PoseEstimationLabelSet.to_dicts()}
    if (found := sets.get("for benchmarks: exported")) is None:
        num, _ = label_set(big_lab.lab, "exported", pictures=True)
    else:
        num = found["pose_label_set_num"]
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 900)
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Poses")
    workspace = workspace_for(viewer)
    workspace.connect(Profile("bench", big_lab.url, "lab_data"))
    wait_for(child(dock, "pose_sets").model().rowCount)  # which a person must see first
    return Corrected(viewer, num)


def test_open_set(
    measure: Callable[..., Any], corrected: Corrected, benchmark: Any
) -> None:
    before = memory_mb("VmRSS")
    measure(OPEN, corrected.open, setup=corrected.close, target="< 1 s", warm=0)
    for _ in range(100):
        corrected.step()
    benchmark.extra_info["growth_mb"] = grown = round(memory_mb("VmRSS") - before)
    print(f"grown by {grown} MB after a hundred steps")
    corrected.close()


def test_step(measure: Callable[..., Any], corrected: Corrected) -> None:
    corrected.open()
    measure(STEP, corrected.step, target="< 60 ms", rounds=60, warm=10)
    corrected.close()


def test_edit(measure: Callable[..., Any], corrected: Corrected) -> None:
    corrected.open()
    corrected.posing.work.session.look(mode=Mode.QUICK)
    corners = ((30, 30), (30, 600), (450, 600), (450, 30))
    places = itertools.cycle([place_of(corrected.viewer, at) for at in corners])
    measure(EDIT, lambda: corrected.click(next(places)), target="< 60 ms", rounds=40)
    corrected.close()


def test_step_bare(
    measure: Callable[..., Any], make_napari_viewer: Callable[..., Any]
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 900)
    viewer.add_image(np.stack([scene(n) for n in range(60)]), rgb=True)
    places = np.random.default_rng(0).random((10_000, 3)) * (60, HEIGHT, WIDTH)
    places[:, 0] = np.arange(10_000) % 60
    viewer.add_points(places, size=8)
    QApplication.processEvents()
    numbers = itertools.cycle(range(60))

    def step() -> None:
        viewer.dims.set_current_step(0, next(numbers))
        QApplication.processEvents()

    measure(STEP, step, peer=PEER, rounds=60, warm=10)
