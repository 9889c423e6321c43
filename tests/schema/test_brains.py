"""What rows of brains can do: open, be transformed, and give back the result."""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from brain_files import brain_voxels, store_brain, write_labdata_zip
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    LabdataError,
    NotFound,
    WriteConflict,
    WriteRefused,
)
from labdata_napari.schema import Tables
from labs import add_dataset, add_file, postgresql

if TYPE_CHECKING:
    from pathlib import Path

    from databases import Place

PARAMETERS: dict[str, Any] = {
    "downsample": [0.5, 1, 0.5, 0.5],
    "rotate": [0, 0, 4.0, False, True],
    "crop": [None, None, [1, None, 2], None],
    "transpose": [2, 1, 3, 0],
    "cast": "float32",
}


@pytest.fixture
def brain(lab: Any, store: Path) -> dict[str, Any]:
    """A brain with one set of parameters; the key of its transform."""
    key = store_brain(lab, store, brain_voxels())
    lab.FixedBrainTransformParameters.insert1({**key, **PARAMETERS})
    return {**key, "transform_id": 0}


def files_in(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if p.is_file()}


def assert_nothing_computed(lab: Any, store: Path) -> None:
    assert len(lab.FixedBrainTransform()) == 0
    assert len(lab.AnalysisFile()) == 0
    assert files_in(store) == {"brain.zarr.zip"}


# -- opening -------------------------------------------------------------------------


def test_a_brain_opens_from_its_row_with_axes_micrometres_and_names(
    lab: Any, brain: dict[str, Any]
):
    stack = (lab.FixedBrain & brain).open()
    assert (stack.axes, stack.shape) == ("ZCYX", (12, 2, 20, 16))
    assert stack.um_per_pixel == (10.0, 5.0, 4.0)
    assert stack.channel_names == ("label 0", "label 1")
    np.testing.assert_array_equal(stack[3:5, 1], brain_voxels()[3:5, 1])


@postgresql
def test_get_gives_one_stack_or_a_list_of_them(lab: Any, brain: Any, store: Path):
    store_brain(lab, store, brain_voxels(seed=2), subject_name="M2")
    np.testing.assert_array_equal((lab.FixedBrain & brain).get(), brain_voxels())
    both = lab.FixedBrain().get()
    assert [stack[0, 0, 0, 0] for stack in both] == [
        brain_voxels(seed=seed)[0, 0, 0, 0] for seed in (1, 2)
    ]


@postgresql
def test_opening_none_or_several_says_so(lab: Any, brain: Any, store: Path):
    store_brain(lab, store, brain_voxels(), subject_name="M2")
    with pytest.raises(InvalidValue, match="2 rows of FixedBrain match"):
        lab.FixedBrain().open()
    with pytest.raises(NotFound, match="No row of FixedBrain matches"):
        (lab.FixedBrain & {"subject_name": "M3"}).open()
    with pytest.raises(NotFound, match="No row of FixedBrain matches"):
        (lab.FixedBrain & {"subject_name": "M3"}).get()
    with pytest.raises(NotFound, match="No row of FixedBrainTransform matches"):
        (lab.FixedBrainTransform & brain).open()


@postgresql
def test_a_brain_is_shown_in_napari_in_micrometres(lab: Any, brain: Any):
    from napari.components import ViewerModel

    viewer = ViewerModel()
    shown = (lab.FixedBrain & brain).napari_open(viewer=viewer, opacity=0.5)
    assert shown is viewer
    assert [layer.name for layer in viewer.layers] == ["label 0", "label 1"]
    first = viewer.layers[0]
    np.testing.assert_array_equal(first.scale, (10.0, 5.0, 4.0))
    assert first.axis_labels == ("z", "y", "x")
    assert [str(unit) for unit in first.units] == ["micrometer"] * 3
    assert first.opacity == 0.5


@postgresql
def test_files_are_found_from_their_rows(lab: Any, brain: Any, store: Path):
    [path] = (lab.File & (lab.FixedBrain & brain).proj("file_path", "storage")).get()
    assert path == store.joinpath("M1", "20260101_120000", "brain", "brain.zarr.zip")
    path.unlink()
    with pytest.raises(NotFound, match="not on this machine"):
        lab.File().get()
    with pytest.raises(NotFound, match="No row of AnalysisFile"):
        lab.AnalysisFile().get()


@postgresql
def test_recordings_open_from_their_rows(lab: Any, store: Path):
    frames = np.arange(6 * 2 * 5 * 7, dtype=np.uint16).reshape(6, 2, 5, 7)
    row = {
        "n_channels": 2,
        "n_frames": 6,
        "width": 7,
        "height": 5,
        "frame_rate": 15.0,
        "um_per_pixel": [4.0, 3.0],
    }
    # labdata writes the height of a miniscope's file into `width`
    swapped = {**row, "width": 5, "height": 7, "lens_tuning": 0}
    planes = {**row, "n_planes": 3, "imaging_software": "scanbox"}
    for kind, data, columns in (
        ("Widefield", frames, {**row, "imaging_software": "labcams"}),
        ("Miniscope", frames[:, 0], {**swapped, "n_channels": 1}),
        ("TwoPhoton", np.stack([frames] * 3, 1), planes),
    ):
        key = add_dataset(lab, dataset_name=kind.lower())
        path = store.joinpath(*key.values(), f"{kind}.zarr.zip")
        write_labdata_zip(path, data)
        place = add_file(lab, key, path.name)
        table = getattr(lab, kind)
        table.insert1({**key, **place, **columns}, allow_direct_insert=True)
        stack = (table & key).open()
        assert stack.axes == ("TPCYX" if kind == "TwoPhoton" else "TCYX")
        assert stack.um_per_pixel == (3.0, 4.0)
        assert stack.frame_rate == 15.0
        np.testing.assert_array_equal(stack[2].reshape(data[2].shape), data[2])


@postgresql
def test_a_video_opens_from_its_row(lab: Any, store: Path):
    import av

    key = {**add_dataset(lab), "video_name": "top"}
    path = store.joinpath(*list(key.values())[:3], "top.avi")
    path.parent.mkdir(parents=True)
    frames = np.full((8, 32, 48, 3), np.arange(8)[:, None, None, None] * 30, np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=20, width=48, height=32)
        stream.pix_fmt = "bgr0"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    lab.DatasetVideo.insert1({**key, "frame_rate": 25.0, "n_frames": 8})
    lab.DatasetVideo.File.insert1({**key, **add_file(lab, key, "top.avi")})
    stack = (lab.DatasetVideo & key).open()
    assert (stack.axes, stack.shape) == ("TYXS", (8, 32, 48, 3))
    assert stack.frame_rate == 25.0
    np.testing.assert_array_equal(stack[5], frames[5])


# -- transforming --------------------------------------------------------------------


def test_populate_writes_the_file_and_every_column(
    lab: Any, brain: dict[str, Any], store: Path
):
    before = datetime.datetime.now().replace(microsecond=0)
    steps: list[tuple[int, int]] = []
    done = lab.FixedBrainTransform.populate(
        brain, progress=lambda *step: steps.append(step)
    )
    assert done == {"success_count": 1, "error_list": []}
    assert steps[-1][0] == steps[-1][1] > 0
    row = (lab.FixedBrainTransform & brain).fetch1()
    geometry = plan(
        (12, 2, 20, 16), (10.0, 5.0, 4.0), TransformParameters(**PARAMETERS)
    )
    # 12 -> 6, 20 -> 10, 16 -> 8 voxels with the outer centres kept, every second y,
    # then y, c, x, z
    expected = [5.0 * 19 / 9 * 2, 4.0 * 15 / 7, 10.0 * 11 / 5]
    np.testing.assert_allclose(row["um_per_pixel"], expected, rtol=1e-15)
    assert np.ravel(row["shape"]).tolist() == [5, 2, 8, 6] == list(geometry.shape_out)
    assert row["hemisphere"] == "both"
    file = lab.AnalysisFile.fetch1()
    assert file["storage"] == row["storage"] == "analysis"
    assert file["file_path"] == row["file_path"]
    path = store / row["file_path"]
    assert file["file_size"] == path.stat().st_size
    assert file["file_md5"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert before <= file["file_datetime"] <= datetime.datetime.now()
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_ome
        assert tiff.series[0].shape == (5, 2, 8, 6)
        assert tiff.series[0].dtype == np.float32


def test_what_was_computed_opens_as_it_would_be_computed_now(
    lab: Any, brain: dict[str, Any]
):
    in_memory = lab.FixedBrainTransform().transform(brain)
    assert len(lab.FixedBrainTransform()) == 0
    assert (in_memory.shape, in_memory.dtype) == ((5, 2, 8, 6), np.float32)
    lab.FixedBrainTransform.populate(brain)
    stack = (lab.FixedBrainTransform & brain).open()
    assert (stack.axes, stack.shape) == ("ZCYX", (5, 2, 8, 6))
    np.testing.assert_allclose(stack.um_per_pixel, [5 * 38 / 9, 60 / 7, 22])
    assert stack.channel_names == ("label 0", "label 1")
    np.testing.assert_array_equal(stack, in_memory)
    np.testing.assert_array_equal(lab.FixedBrainTransform().get(), in_memory)
    np.testing.assert_array_equal(lab.FixedBrainTransform().transform(brain), in_memory)


@postgresql
def test_populate_computes_what_is_missing_and_nothing_twice(
    lab: Any, brain: dict[str, Any], store: Path
):
    for number in (1, 2):
        row = {**brain, "transform_id": number, "downsample": [1, 1, 1 / number, 1]}
        lab.FixedBrainTransformParameters.insert1(row)
    populate = lab.FixedBrainTransform.populate
    assert populate({"transform_id": 1})["success_count"] == 1
    written = {p: p.stat().st_mtime_ns for p in store.rglob("*.tif")}
    seen: list[float] = []
    done = populate(progress=lambda done, total: seen.append(done / total))
    assert done["success_count"] == 2
    assert seen == sorted(seen)
    assert (min(seen) < 0.5, seen[-1]) == (True, 1.0)
    assert populate(brain)["success_count"] == 0
    paths = lab.FixedBrainTransform.to_arrays("file_path", order_by="KEY").tolist()
    assert len(set(paths)) == 3
    for path, time in written.items():
        assert path.stat().st_mtime_ns == time
    lists = lab.FixedBrainTransform().get()
    assert [array.shape for array in lists] == [
        (5, 2, 8, 6),
        (12, 2, 20, 16),
        (12, 2, 10, 16),
    ]


@postgresql
def test_populate_takes_a_limit_and_a_hemisphere(lab: Any, brain: dict[str, Any]):
    lab.FixedBrainTransformParameters.insert1({**brain, "transform_id": 1})
    done = lab.FixedBrainTransform.populate(max_calls=1, hemisphere="left")
    assert done["success_count"] == 1
    row = lab.FixedBrainTransform.fetch1("transform_id", "hemisphere")
    assert row == (0, "left")
    with pytest.raises(InvalidValue, match="hemisphere"):
        lab.FixedBrainTransform.populate(hemisphere="left half")


@postgresql
def test_channels_last_come_back_in_the_row_s_order(lab: Any, brain: dict[str, Any]):
    row = {**brain, "transform_id": 7, "transpose": [0, 2, 3, 1]}
    lab.FixedBrainTransformParameters.insert1(row)
    lab.FixedBrainTransform.populate({"transform_id": 7})
    stored = lab.FixedBrainTransform().get()
    np.testing.assert_array_equal(stored, brain_voxels().transpose(0, 2, 3, 1))
    assert lab.FixedBrainTransform().open().shape == (12, 2, 20, 16)


def test_cancelling_leaves_no_file_and_no_row(
    lab: Any, brain: dict[str, Any], store: Path
):
    lab.FixedBrainTransformParameters.insert1({**brain, "transform_id": 1})

    def stop(done: int, total: int) -> None:
        if done > total // 8:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        lab.FixedBrainTransform.populate(progress=stop, suppress_errors=True)
    assert_nothing_computed(lab, store)
    assert lab.FixedBrainTransform.populate()["success_count"] == 2


def test_parameters_that_change_meanwhile_leave_no_file_and_no_row(
    lab: Any, brain: dict[str, Any], store: Path, lab_place: Place
):
    other = Tables(lab_place.instance())

    def change(done: int, total: int) -> None:
        other.FixedBrainTransformParameters.update1({**brain, "cast": "uint8"})

    with pytest.raises(WriteConflict, match="changed while their transform") as error:
        lab.FixedBrainTransform.populate(brain, progress=change)
    # both versions are in the sentence that the browser shows
    assert "→ uint8" in error.value.their_changes
    assert error.value.their_changes in str(error.value)
    assert error.value.theirs.cast == "uint8"
    assert_nothing_computed(lab, store)


def test_a_refused_row_leaves_no_file_and_no_other_row(
    lab: Any, brain: dict[str, Any], store: Path, lab_place: Place
):
    table = "lab_data_computed.__fixed_brain_transform"
    refuse = {
        "postgresql": [
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RAISE EXCEPTION USING message = ''no more rows''; END'",
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse()",
        ],
        "mysql": [
            f"CREATE TRIGGER lab_data_computed.refuse BEFORE INSERT ON {table} "
            "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no more rows'",
        ],
    }
    lab_place.sql(*refuse[lab_place.backend])
    try:
        with pytest.raises(LabdataError, match="no more rows"):
            lab.FixedBrainTransform.populate(brain)
    finally:
        if lab_place.backend == "mysql":
            lab_place.sql("DROP TRIGGER lab_data_computed.refuse")
    assert_nothing_computed(lab, store)


@postgresql
def test_one_that_fails_does_not_keep_the_others_from_being_computed(
    lab: Any, brain: dict[str, Any], store: Path
):
    bad = {**brain, "transform_id": 1, "crop": [[100, None, None], None, None, None]}
    lab.FixedBrainTransformParameters.insert1(bad)
    with pytest.raises(InvalidValue, match="leaves nothing"):
        lab.FixedBrainTransform.populate({"transform_id": 1})
    assert_nothing_computed(lab, store)
    done = lab.FixedBrainTransform.populate(suppress_errors=True)
    assert done["success_count"] == 1
    [(key, sentence)] = done["error_list"]
    assert key == {**brain, "transform_id": 1}
    assert "leaves nothing" in sentence


def test_a_reader_is_told_before_anything_is_computed(
    lab: Any, brain: dict[str, Any], store: Path, lab_place: Place
):
    from labdata_napari.lab.lab import Lab

    reader = lab_place.instance(**lab_place.reader())
    reading = Lab(reader, "mysql://test@host:3306", "lab_data", None, lab.files)
    seen: list[int] = []
    with pytest.raises(WriteRefused):
        reading.FixedBrainTransform.populate(progress=lambda done, _: seen.append(done))
    assert seen == []
    assert_nothing_computed(lab, store)
