"""Brains and transforms on disk: what one package wrote, the other opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from brain_files import brain_voxels, write_labdata_zip
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.lab.ingest import BrainImport, import_brain
from labs import KEY, add_brain, add_file
from peers import assert_same_rows
from stack_files import ome_zarr

if TYPE_CHECKING:
    from pathlib import Path

    from peers import Labdata

pytestmark = pytest.mark.mysql
KEY_OF_SESSION = (KEY["session_name"], KEY["dataset_name"])
UM = (10.0, 5.0, 4.0)
PARAMETERS = (
    TransformParameters(),
    TransformParameters(downsample=(0.5, 1, 0.5, 0.5)),
    TransformParameters(rotate=(0, 5, -3, True, False), cast="uint8"),
    TransformParameters(crop=((2, 9, 1), (1, 2, 1), None, (0, 12, 2))),
    TransformParameters(transpose=(2, 1, 3, 0)),
    TransformParameters(transpose=(1, 0, 2, 3), cast="float32"),
    TransformParameters(transpose=(0, 2, 1, 3)),
    TransformParameters(transpose=(3, 2, 0, 1)),
    TransformParameters(downsample=(1.5, 1, 1, 1), transpose=(3, 1, 2, 0)),
    # large enough for coarser copies in the file
    TransformParameters(downsample=(0.2, 1, 40, 40), cast="uint8"),
)
"""Each step by itself, every place for the channels, one channel, other types."""


@pytest.fixture
def brain(lab: Any, tmp_path: Path) -> dict[str, str]:
    """A brain that we imported; its key."""
    file = write_labdata_zip(tmp_path / "scope" / "brain.zarr.zip", brain_voxels())
    names = ("autofluorescence", "DiI")
    request = BrainImport(file, *KEY.values(), um_per_pixel=UM, channel_names=names)
    return import_brain(lab, request)


def assert_equal(one: np.ndarray, other: np.ndarray) -> None:
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


def test_labdata_opens_a_brain_that_we_imported(lab, brain, labdata: Labdata):
    assert assert_same_rows(lab, labdata) >= {
        "Subject",
        "Session",
        "Dataset",
        "Dataset.DataFiles",
        "File",
        "FixedBrain",
        "FixedBrain.Channel",
    }
    assert_equal(labdata.get("FixedBrain", **brain), brain_voxels())
    place = (lab.FixedBrain & brain).fetch1("file_path")
    assert labdata.paths("File", file_path=place) == [lab.files.locate(place)]


def test_labdata_opens_no_brain_but_a_zarr_array(lab, labdata: Labdata, tmp_path: Path):
    tiff = tmp_path / "scope" / "brain.ome.tif"
    tiff.parent.mkdir()
    tifffile.imwrite(tiff, brain_voxels(), ome=True, metadata={"axes": "ZCYX"})
    group = ome_zarr(tmp_path / "scope" / "brain.ome.zarr", brain_voxels())
    for file, subject in ((tiff, "T1"), (group, "Z1")):
        import_brain(lab, BrainImport(file, subject, *KEY_OF_SESSION, um_per_pixel=UM))
    assert "has no zarr stack on record" in labdata.opened_as(
        "FixedBrain", subject_name="T1"
    )
    assert labdata.opened_as("FixedBrain", subject_name="Z1") == "Group"
    assert_same_rows(lab, labdata)


def test_both_find_the_same_files_here(lab, brain, labdata: Labdata):
    place = (lab.FixedBrain & brain).fetch1("file_path")
    add_file(lab, brain, "elsewhere.zarr.zip")
    of_brain = f"file_path LIKE '{place.rpartition('/')[0]}/%%'"
    here, missing = (lab.File & of_brain).check_if_files_local()
    assert (here, missing) == labdata.local_and_missing("File")
    assert missing == [place.replace("brain.zarr.zip", "elsewhere.zarr.zip")]


def test_labdata_opens_every_kind_of_transform_that_we_computed(
    lab, brain, labdata: Labdata
):
    for parameters in PARAMETERS:
        number = lab.brains.add_transform_parameters(brain, parameters)
        key = lab.brains.compute_transform(brain | {"transform_id": number})
        ours = (lab.FixedBrainTransform & key).get()
        shape = (lab.FixedBrainTransform & key).fetch1("shape")
        assert ours.shape == tuple(shape)
        # axes of length one are not in a TIFF, not in labdata's own either
        assert_equal(labdata.get("FixedBrainTransform", **key), np.squeeze(ours))
        place = (lab.FixedBrainTransform & key).fetch1("file_path")
        found = labdata.paths("AnalysisFile", file_path=place)
        assert found == [lab.files.locate(place)]
    assert "FixedBrainTransform" in assert_same_rows(lab, labdata)


def test_we_open_a_brain_and_a_transform_that_labdata_made(
    lab, labdata: Labdata, store: Path
):
    row = {"num_channels": 2, "height": 20, "width": 16, "um_per_pixel": np.array(UM)}
    key = add_brain(lab, "stack.zarr.zip", **row)
    labdata.write_stack(store.joinpath(*key.values(), "stack.zarr.zip"), brain_voxels())
    assert_equal(np.asarray((lab.FixedBrain & key).open()), brain_voxels())
    assert_equal(labdata.get("FixedBrain", **key), brain_voxels())

    halved = {"downsample": [0.5, 1, 0.5, 0.5], "crop": [[0, 5, 1], None, None, None]}
    for number in (0, 1, 2):  # one for labdata to compute, two for us
        values = key | halved | {"transform_id": number}
        labdata.insert("FixedBrainTransformParameters", values)
    labdata.populate("FixedBrainTransform", **key, transform_id=0)
    theirs = (lab.FixedBrainTransform & {"transform_id": 0}).get()
    assert_equal(labdata.get("FixedBrainTransform", transform_id=0), theirs)
    with pytest.warns(UserWarning, match="voxel size is stored as 20 × 10 × 8"):
        stack = (lab.FixedBrainTransform & {"transform_id": 0}).open()
    assert stack.um_per_pixel == pytest.approx((10 * 11 / 5, 5 * 19 / 9, 4 * 15 / 7))
    assert_equal(np.asarray(stack), theirs)

    exactly = ComputeSettings(mode="labdata")
    lab.brains.compute_transform(key | {"transform_id": 2}, settings=exactly)
    assert_equal(labdata.get("FixedBrainTransform", transform_id=2), theirs)
    lab.FixedBrainTransform.populate(key)
    ours = labdata.get("FixedBrainTransform", transform_id=1)
    assert ours.shape == theirs.shape
    # labdata picks voxels and rounds twice; we average and round once
    contrast = float(np.ptp(brain_voxels()))
    assert np.abs(ours.astype(float) - theirs).max() < 0.01 * contrast
    assert_same_rows(lab, labdata)
