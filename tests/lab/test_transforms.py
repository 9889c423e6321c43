"""Transforms: computed into a file and two rows, or nothing; opened from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import plan
from labdata_napari.core.transform_file import read_transform
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    LabdataError,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.compute_settings import ComputeSettings
from labs import (
    add_brain,
    add_transform,
    files_below,
    postgresql,
    rows_everywhere,
    writes_fail,
)
from placed import UM, VOXELS, at, placed_brain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))


@pytest.fixture
def brain(lab: Any, store: Path) -> dict[str, str]:
    """A brain with its file."""
    return placed_brain(lab, store)


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
def test_a_hemisphere_that_is_told_is_noted_and_a_way_of_interpolation_kept(
    lab: Any, brain: dict[str, str], store: Path
) -> None:
    key = brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}
    with pytest.raises(InvalidValue, match="hemisphere"):
        lab.brains.compute_transform(key, hemisphere="the left one")
    linear = ComputeSettings(mode="linear")
    lab.brains.compute_transform(key, hemisphere="left", settings=linear)
    assert lab.brains.transforms(brain)[0].hemisphere == "left"
    note = read_transform(store / lab.AnalysisFile.fetch1("file_path"))
    assert (note["mode"], note["order"]) == ("standard", 1)


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
    wrong = "voxel size is stored as 50 × 20 × 10"
    with pytest.warns(UserWarning, match=wrong) as said:
        stack = lab.brains.open_transform(key)
    assert "it is 41.43 × 62.5 × 10.26 µm" in str(said[0].message)
    assert "ImageJ TIFF" in str(said[0].message)
    assert stack.shape == (8, 2, 3, 20)
    # the outer voxels stay where they are; every second row; y comes first
    true = (10 * 29 / 14 * 2, 25 * 5 / 2, 5 * 39 / 19)
    assert stack.um_per_pixel == pytest.approx(true)
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
