"""Recordings opened from their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    UnreadableFile,
)
from labelling import write_video
from labs import (
    KEY,
    add_dataset,
    add_file,
    postgresql,
)
from placed import at
from stack_files import labdata_zip

if TYPE_CHECKING:
    from pathlib import Path


FRAMES = np.random.default_rng(2).integers(0, 255, (12, 2, 30, 40), np.uint16)


def add_recording(lab: Any, store: Path, kind: str, **columns: Any) -> dict[str, str]:
    key = add_dataset(lab, dataset_name=kind.lower())
    common = {
        "n_channels": 2,
        "n_frames": 12,
        "width": 40,
        "height": 30,
        "frame_rate": 30.0,
        "um_per_pixel": np.array([5.0, 6.0]),
    }
    place = add_file(lab, key, f"{kind}.zarr.zip")
    row = key | place | common | columns
    getattr(lab, kind).insert1(row, allow_direct_insert=True)
    at(lab, store, kind)
    return key


@postgresql
def test_widefield_opens_as_frames_and_channels(lab: Any, store: Path) -> None:
    key = add_recording(lab, store, "Widefield", imaging_software="labcams")
    labdata_zip(at(lab, store, "Widefield"), FRAMES, chunks=(16, 1, 30, 40))
    stack = lab.recordings.open("Widefield", key)
    assert stack.axes == "TCYX"
    assert (stack.frame_rate, stack.um_per_pixel) == (30, (6, 5))
    np.testing.assert_array_equal(np.asarray(stack), FRAMES)
    assert (lab.Widefield & key).open().shape == FRAMES.shape


@postgresql
def test_frames_of_channels_in_turn_are_taken_apart(lab: Any, store: Path) -> None:
    key = add_recording(
        lab, store, "Widefield", imaging_software="labcams", frame_rate=-1.0
    )
    path = at(lab, store, "Widefield")
    tifffile.imwrite(path, FRAMES.reshape(24, 30, 40), photometric="minisblack")
    stack = lab.recordings.open("Widefield", key)
    assert (stack.axes, stack.frame_rate) == ("TCYX", None)
    np.testing.assert_array_equal(np.asarray(stack), FRAMES)


@postgresql
def test_a_miniscope_file_is_right_where_its_row_is_not(lab: Any, store: Path) -> None:
    # labdata takes the height for the width
    key = add_recording(
        lab, store, "Miniscope", lens_tuning=0, n_channels=1, width=30, height=30
    )
    path = at(lab, store, "Miniscope")
    labdata_zip(path, FRAMES[:, 0], chunks=(8, 30, 40))
    stack = lab.recordings.open("Miniscope", key)
    assert stack.axes == "TCYX"
    np.testing.assert_array_equal(np.asarray(stack), FRAMES[:, :1])


@postgresql
def test_two_photon_planes_are_an_axis(lab: Any, store: Path) -> None:
    key = add_recording(
        lab, store, "TwoPhoton", imaging_software="scanimage", n_planes=3, n_frames=4
    )
    frames = FRAMES.reshape(4, 3, 2, 30, 40)
    path = at(lab, store, "TwoPhoton")
    labdata_zip(path, frames, chunks=(1, 1, 1, 30, 40))
    stack = lab.recordings.open("TwoPhoton", key)
    assert stack.axes == "TPCYX"
    np.testing.assert_array_equal(np.asarray(stack), frames)
    tifffile.imwrite(path, frames.reshape(24, 30, 40), photometric="minisblack")
    stack = lab.recordings.open("TwoPhoton", key)
    np.testing.assert_array_equal(np.asarray(stack), frames)


@postgresql
def test_a_video_opens_at_the_rate_of_its_row(lab: Any, store: Path) -> None:
    key = add_dataset(lab, dataset_name="video") | {"video_name": "cam0"}
    lab.DatasetVideo.insert1(key | {"frame_rate": 50.0})
    with pytest.raises(NotFound, match="no file"):
        lab.recordings.open("DatasetVideo", key)
    for name in ("cam0.camlog", "cam0.mp4"):
        lab.DatasetVideo.File.insert1(key | add_file(lab, key, name))
    path = store / "M1" / "20260101_120000" / "video" / "cam0.mp4"
    path.parent.mkdir(parents=True)
    write_video(path)
    stack = lab.recordings.open("DatasetVideo", key)
    assert (stack.axes, stack.shape) == ("TYXS", (8, 32, 48, 3))
    assert stack.frame_rate == 50
    # further files are its continuation, except copies in another format
    for name in ("cam0_2.mp4", "cam1.avi"):
        lab.DatasetVideo.File.insert1(key | add_file(lab, key, name))
    write_video(path.with_name("cam0_2.mp4"))
    assert len(lab.recordings.open("DatasetVideo", key)) == 16
    assert (lab.DatasetVideo & key).open()[8, 0, 0, 0] < 20


@postgresql
def test_recordings_that_cannot_be_opened_say_why(lab: Any, store: Path) -> None:
    with pytest.raises(InvalidValue, match="'FixedBrain' is no kind of recording"):
        lab.recordings.open("FixedBrain", KEY)
    key = add_recording(lab, store, "Widefield", imaging_software="labcams")
    with pytest.raises(NotFound, match="not on this machine"):
        lab.recordings.open("Widefield", key)
    at(lab, store, "Widefield").write_bytes(b"PK\3\4 and nothing else")
    with pytest.raises(UnreadableFile):
        lab.recordings.open("Widefield", key)
    none = dict.fromkeys(("file_path", "storage"))
    lab.Widefield.update1(key | none)
    with pytest.raises(NotFound, match="names no file"):
        lab.recordings.open("Widefield", key)
