"""Videos and label sets for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_files import read_label_files
from labdata_napari.core.label_hdf import write_hdf
from labdata_napari.core.pose import FrameKey, PoseLabels
from labs import add_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.label_files import LabelFile

PARTS = ("nose", "tail")


def add_video(lab: Any, name: str = "camera0", **changed: str) -> dict[str, str]:
    """A DatasetVideo row without any file; its key."""
    key = add_dataset(lab, **changed) | {"video_name": name}
    lab.DatasetVideo.insert1(key | {"frame_rate": 60.0, "n_frames": 100.0})
    return key


def frames_of(video: dict[str, str], numbers: Sequence[int]) -> list[FrameKey]:
    return [FrameKey.from_row({**video, "frame_num": number}) for number in numbers]


def picture(seed: int = 0, size: tuple[int, int] = (12, 16)) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)


def labels_of(frames: Sequence[FrameKey], seed: int = 0) -> PoseLabels:
    """Labels of two body parts at numbers that no decimal keeps in six digits."""
    values = np.random.default_rng(seed).random((len(frames), len(PARTS), 2)) * 3000
    return PoseLabels(PARTS, tuple(frames), values)


def label_set(lab: Any, numbers: Sequence[int] = (3, 10, 7)) -> int:
    """A label set of a new video, with pictures and labels in each frame."""
    frames = frames_of(add_video(lab), numbers)
    number: int = lab.poses.create_label_set("for tests", "ana")
    lab.poses.add_frames(number, {f: picture(f[-1]) for f in frames}, labels_of(frames))
    return number


def stored_labels(lab: Any, number: int) -> dict[tuple[int, str], tuple[Any, ...]]:
    """Rows as the server keeps them: x, y, z by frame number and body part."""
    part = lab.PoseEstimationLabelSet.Label & {"pose_label_set_num": number}
    exact = part.proj(a="x*1e0", b="y*1e0", c="z*1e0").to_dicts(order_by="KEY")
    return {(r["frame_num"], r["label_name"]): (r["a"], r["b"], r["c"]) for r in exact}


def part_of_open_field(shared_data: Path, folder: Path, every: int = 12) -> LabelFile:
    """Write a project of some pictures of the real one; what it holds."""
    [real] = read_label_files(shared_data / "openfield-Pranav-2018-10-30")
    kept = real.table.selected(range(0, len(real.table.rows), every))
    data = folder / "labeled-data" / "m4s1"
    data.mkdir(parents=True)
    write_hdf(data / real.path.name, kept)
    for row in kept.rows:  # each costs a tenth of a second
        picture = real.pictures[row]
        (data / picture.name).symlink_to(picture.resolve())
    return replace(real, table=kept)


def write_video(path: Path) -> None:
    """Eight frames at 25 Hz, each brighter than the one before."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 48, 32
        for number in range(8):
            picture = np.full((32, 48, 3), number * 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
