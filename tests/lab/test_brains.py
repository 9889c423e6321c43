"""Brains, their transforms, and recordings opened from their rows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import plan
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    LabdataError,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labs import (
    KEY,
    add_brain,
    add_dataset,
    add_file,
    add_transform,
    files_below,
    postgresql,
    rows_everywhere,
    writes_fail,
)
from stack_files import labdata_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VOXELS = np.random.default_rng(1).integers(0, 4000, (6, 2, 30, 40), np.uint16)
UM = np.array([25.0, 10.0, 5.0])
HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))


def at(lab: Any, store: Path, table: str = "FixedBrain") -> Path:
    """Where the file of the table's one row belongs, its folder made."""
    path = store / getattr(lab, table).fetch1("file_path")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def brain(lab: Any, store: Path) -> dict[str, str]:
    """A brain with its file."""
    key = add_brain(lab, name="a.zarr.zip", um_per_pixel=UM)
    labdata_zip(at(lab, store), VOXELS)
    return key


# -- brains ------------------------------------------------------------------------


def test_a_brain_opens_with_what_its_rows_say(lab: Any, brain: dict[str, str]) -> None:
    for number, (name, nm) in enumerate([("DAPI", 460.0), (None, None)]):
        columns = {"channel_description": name, "channel_wavelength": nm}
        row = brain | {"channel_index": number} | columns
        lab.FixedBrain.Channel.insert1(row, allow_direct_insert=True)
    stack = lab.brains.open(brain | {"transform_id": 3, "anything": "else"})
    assert stack.axes == "ZCYX"
    assert stack.um_per_pixel == (25, 10, 5)
    assert stack.channel_names == ("DAPI", "")
    assert stack.channel_wavelengths_nm == (460, None)
    np.testing.assert_array_equal(np.asarray(stack), VOXELS)
    np.testing.assert_array_equal(stack[3, 1, 2:9, ::7], VOXELS[3, 1, 2:9, ::7])


@postgresql
@pytest.mark.parametrize(
    ("write", "channels"),
    [
        # one channel, three axes: what labdata's one-channel stacks look like
        (lambda p: tifffile.imwrite(p, VOXELS[:, 0], photometric="minisblack"), 1),
        (lambda p: labdata_zip(p, VOXELS[:, 0], chunks=(4, 30, 40)), 1),
        # channels first
        (lambda p: labdata_zip(p, VOXELS.transpose(1, 0, 2, 3)), 2),
        # pages one after the other, without a word about channels
        (
            lambda p: tifffile.imwrite(
                p, VOXELS.reshape(12, 30, 40), photometric="minisblack"
            ),
            2,
        ),
        # sections written as time points
        (lambda p: tifffile.imwrite(p, VOXELS, ome=True, metadata={"axes": "TCYX"}), 2),
    ],
)
def test_files_in_another_order_are_put_right_by_the_row(
    lab: Any, store: Path, write: Callable[[Path], Any], channels: int
) -> None:
    key = add_brain(lab, name="a.bin", num_channels=channels)
    write(at(lab, store))
    stack = lab.brains.open(key)
    assert stack.axes == "ZCYX"
    np.testing.assert_array_equal(np.asarray(stack), VOXELS[:, :channels])
    assert stack.um_per_pixel == (25, 10, 5)


@postgresql
def test_a_row_that_says_little_leaves_it_to_the_file(lab: Any, store: Path) -> None:
    columns = dict.fromkeys(("num_channels", "width", "height", "um_per_pixel"))
    key = add_brain(lab, **columns)
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeZ": 3.0,
        "PhysicalSizeY": 2.0,
        "PhysicalSizeX": 1.0,
        "Channel": {"Name": ["a", "b"]},
    }
    tifffile.imwrite(at(lab, store), VOXELS, ome=True, metadata=metadata)
    stack = lab.brains.open(key)
    assert stack.um_per_pixel == (3, 2, 1)
    assert stack.channel_names == ("a", "b")


@postgresql
def test_brains_that_cannot_be_opened_say_why(lab: Any, store: Path) -> None:
    with pytest.raises(NotFound, match="no FixedBrain with subject 'M1'"):
        lab.brains.open(KEY)
    with pytest.raises(InvalidValue, match="dataset_name is missing"):
        lab.brains.open({"subject_name": "M1", "session_name": "s"})
    key = add_brain(lab)
    with pytest.raises(NotFound) as error:
        lab.brains.open(key)
    assert str(store) in str(error.value)
    path = at(lab, store)
    tifffile.imwrite(path, VOXELS[:, :, :29], photometric="minisblack")
    with pytest.raises(UnreadableFile, match="the table says"):
        lab.brains.open(key)
    tifffile.imwrite(path, VOXELS, ome=True, metadata={"axes": "ZCYX"})
    os.truncate(path, path.stat().st_size - 5000)
    with pytest.raises(UnreadableFile, match=r"cut short|damaged"):
        lab.brains.open(key)
    other = add_brain(lab, name="x", dataset_name="d2", file_path=None, storage=None)
    with pytest.raises(NotFound, match="names no file"):
        lab.brains.open(other)
    lab.FixedBrain.update1(other | add_file(lab, other, "../../../../secret.tif"))
    with pytest.raises(InvalidValue, match=r"'\.\.'"):
        lab.brains.open(other)


# -- transforms ----------------------------------------------------------------------


def test_equal_parameters_are_stored_once(lab: Any, brain: dict[str, str]) -> None:
    add = lab.brains.add_transform_parameters
    assert add(brain, HALF) == 0
    turned = TransformParameters(rotate=(0, 5, 0, False, True), transpose=(2, 1, 0, 3))
    assert add(brain, turned) == 1
    assert add(brain, TransformParameters(downsample=[0.5, 1, 0.5, 0.5])) == 0
    assert add(brain, turned) == 1
    records = lab.brains.transforms(brain)
    assert [r.transform_id for r in records] == [0, 1]
    assert [r.parameters for r in records] == [HALF, turned]
    assert not any(r.computed for r in records)
    with pytest.raises(NotFound):
        add(brain | {"dataset_name": "other"}, HALF)


def test_a_transform_is_computed_into_a_file_and_two_rows(
    lab: Any, brain: dict[str, str], store: Path
) -> None:
    parameters = TransformParameters(
        downsample=(1, 1, 0.5, 0.5),
        crop=((1, 6), None, None, None),
        transpose=(2, 1, 0, 3),
        cast="float32",
    )
    key = brain | {
        "transform_id": lab.brains.add_transform_parameters(brain, parameters)
    }
    steps: list[tuple[int, int]] = []
    done = lab.brains.compute_transform(key, lambda a, b: steps.append((a, b)))
    assert done == key
    assert steps[-1][0] == steps[-1][1]
    [record] = lab.brains.transforms(brain)
    assert record.computed
    assert record.local
    assert record.shape == (15, 2, 5, 20)
    geometry = plan(VOXELS.shape, UM, parameters)
    assert record.um_per_pixel == pytest.approx(geometry.um_per_pixel_out)
    assert record.hemisphere == "both"
    file = lab.AnalysisFile.fetch1()
    path = store / file["file_path"]
    assert (file["storage"], file["file_size"]) == ("analysis", path.stat().st_size)
    stack = lab.brains.open_transform(key)
    assert stack.axes == "ZCYX"
    assert (stack.shape, stack.dtype) == ((15, 2, 5, 20), np.float32)
    assert stack.um_per_pixel == pytest.approx(geometry.um_per_pixel_out)
    expected = np.concatenate(list(slabs(VOXELS, geometry)))
    np.testing.assert_allclose(np.asarray(stack), expected, atol=1e-3)
    before = rows_everywhere(lab), files_below(store)
    assert lab.brains.compute_transform(key) == key
    assert (rows_everywhere(lab), files_below(store)) == before


@postgresql
@pytest.mark.parametrize(("x", "hemisphere"), [((0, 18), None), ((0, 22), "both")])
def test_a_crop_that_spares_the_middle_leaves_the_hemisphere_open(
    lab: Any, brain: dict[str, str], x: tuple[int, int], hemisphere: str | None
) -> None:
    parameters = TransformParameters(crop=(None, None, None, x))
    key = brain | {
        "transform_id": lab.brains.add_transform_parameters(brain, parameters)
    }
    lab.brains.compute_transform(key)
    assert lab.brains.transforms(brain)[0].hemisphere == hemisphere


@postgresql
def test_a_hemisphere_that_is_told_is_noted(lab: Any, brain: dict[str, str]) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    with pytest.raises(InvalidValue, match="hemisphere"):
        lab.brains.compute_transform(key, hemisphere="the left one")
    lab.brains.compute_transform(key, hemisphere="left")
    assert lab.brains.transforms(brain)[0].hemisphere == "left"


@postgresql
@pytest.mark.parametrize("transpose", [(1, 0, 2, 3), (0, 2, 1, 3), (0, 2, 3, 1), None])
def test_channels_may_go_anywhere(
    lab: Any, brain: dict[str, str], transpose: tuple[int, ...] | None
) -> None:
    for number, name in enumerate(("a", "b")):
        row = brain | {"channel_index": number, "channel_description": name}
        lab.FixedBrain.Channel.insert1(row, allow_direct_insert=True)
    parameters = TransformParameters(transpose=transpose)
    key = brain | {
        "transform_id": lab.brains.add_transform_parameters(brain, parameters)
    }
    lab.brains.compute_transform(key)
    stack = lab.brains.open_transform(key)
    np.testing.assert_array_equal(np.asarray(stack), VOXELS)
    assert stack.um_per_pixel == (25, 10, 5)
    assert stack.channel_names == ("a", "b")


@postgresql
def test_a_cropped_channel_keeps_its_name(lab: Any, brain: dict[str, str]) -> None:
    for number, name in enumerate(("a", "b")):
        row = brain | {"channel_index": number, "channel_description": name}
        lab.FixedBrain.Channel.insert1(row, allow_direct_insert=True)
    parameters = TransformParameters(crop=(None, (1, 2), None, None))
    key = brain | {
        "transform_id": lab.brains.add_transform_parameters(brain, parameters)
    }
    lab.brains.compute_transform(key)
    stack = lab.brains.open_transform(key)
    assert stack.channel_names == ("b",)
    np.testing.assert_array_equal(np.asarray(stack), VOXELS[:, 1:])


@postgresql
@pytest.mark.parametrize("stage", [0, 0.5, 0.95])
def test_a_cancelled_transform_leaves_nothing(
    lab: Any, brain: dict[str, str], store: Path, stage: float
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    before = rows_everywhere(lab), files_below(store)

    def stop(done: int, total: int) -> None:
        if done >= stage * total:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        lab.brains.compute_transform(key, stop)
    assert (rows_everywhere(lab), files_below(store)) == before


@pytest.mark.parametrize("table", ["AnalysisFile", "FixedBrainTransform"])
def test_a_transform_whose_rows_are_refused_leaves_nothing(
    lab: Any, lab_place: Any, brain: dict[str, str], store: Path, table: str
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    before = rows_everywhere(lab), files_below(store)
    failing = writes_fail(lab_place, getattr(lab, table).full_table_name)
    with failing, pytest.raises(LabdataError, match="not today"):
        lab.brains.compute_transform(key)
    assert (rows_everywhere(lab), files_below(store)) == before
    lab.brains.compute_transform(key)


@postgresql
def test_a_file_that_is_not_ours_is_never_overwritten(
    lab: Any, brain: dict[str, str], store: Path
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    lab.brains.compute_transform(key)
    path = store / lab.AnalysisFile.fetch1("file_path")
    # as after a crash between file and rows: ours, so it is made anew
    lab.FixedBrainTransform.delete(prompt=False)
    with pytest.raises(WriteRefused, match="belongs to no transform"):
        lab.brains.compute_transform(key)
    lab.AnalysisFile.delete(safemode=False)
    lab.brains.compute_transform(key)
    lab.FixedBrainTransform.delete(prompt=False)
    lab.AnalysisFile.delete(safemode=False)
    tifffile.imwrite(path, VOXELS, photometric="minisblack")
    content = path.read_bytes()
    with pytest.raises(WriteRefused, match="belongs to no transform"):
        lab.brains.compute_transform(key)
    assert path.read_bytes() == content


@postgresql
def test_two_who_compute_the_same_make_it_once(
    lab: Any, brain: dict[str, str], connect_again: Callable[..., Any], store: Path
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    refused: list[WriteRefused] = []

    def second(done: int, total: int) -> None:
        if not refused:
            with pytest.raises(WriteRefused) as error:
                connect_again().brains.compute_transform(key)
            refused.append(error.value)

    lab.brains.compute_transform(key, second)
    assert "another process" in str(refused[0])
    assert len(lab.FixedBrainTransform()) == 1
    folder = store / "M1" / "20260101_120000" / "brain"
    new = {path.name for path in folder.iterdir()} - {"a.zarr.zip", "a.zarr.folder"}
    assert new == {"transform_0.ome.tif"}


@postgresql
def test_a_reader_computes_nothing(
    lab: Any,
    lab_place: Any,
    brain: dict[str, str],
    connect_again: Callable[..., Any],
    store: Path,
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    before = files_below(store)
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        reader.brains.compute_transform(key)
    with pytest.raises(WriteRefused):
        reader.brains.add_transform_parameters(brain, TransformParameters(cast="uint8"))
    assert files_below(store) == before


@postgresql
def test_a_transform_of_labdata_gets_its_voxel_size_put_right(
    lab: Any, brain: dict[str, str], store: Path
) -> None:
    # labdata stores the source's µm over the ratios, in the order of the source
    parameters = {
        "downsample": [0.5, 1, 0.5, 0.5],
        "crop": [None, None, [0, None, 2], None],
        "transpose": [2, 1, 0, 3],
    }
    key = add_transform(lab, brain, **parameters)
    path = at(lab, store, "FixedBrainTransform")
    lab.FixedBrainTransform.update1(key | {"shape": np.array([8, 2, 3, 20])})
    result = np.arange(8 * 2 * 3 * 20, dtype=np.uint16).reshape(8, 2, 3, 20)
    tifffile.imwrite(path, result, imagej=True)
    stack = lab.brains.open_transform(key)
    assert stack.shape == (8, 2, 3, 20)
    # z 50, y 20 (every second row: 40), x 10; y comes first
    assert stack.um_per_pixel == (40, 50, 10)
    np.testing.assert_array_equal(np.asarray(stack), result)


@postgresql
def test_a_one_channel_transform_of_labdata_was_never_downsampled_along_z(
    lab: Any, store: Path
) -> None:
    key = add_brain(lab, num_channels=1, um_per_pixel=UM)
    key = add_transform(lab, key, downsample=[0.5, 1, 0.5, 0.5])
    lab.FixedBrainTransform.update1(key | {"shape": np.array([6, 1, 15, 20])})
    path = at(lab, store, "FixedBrainTransform")
    tifffile.imwrite(path, VOXELS[:, :1, :15, :20], imagej=True)
    stack = lab.brains.open_transform(key)
    assert stack.shape == (6, 1, 15, 20)
    assert stack.um_per_pixel == (25, 20, 10)


@postgresql
def test_a_transform_that_is_not_there_says_so(lab: Any, brain: dict[str, str]) -> None:
    with pytest.raises(NotFound, match="transform id 4"):
        lab.brains.open_transform(brain | {"transform_id": 4})
    with pytest.raises(NotFound, match="FixedBrainTransformParameters"):
        lab.brains.compute_transform(brain | {"transform_id": 4})


# -- recordings ----------------------------------------------------------------------


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


def write_video(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 48, 32
        for number in range(8):
            picture = np.full((32, 48, 3), number * 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


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
