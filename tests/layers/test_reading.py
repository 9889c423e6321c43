"""Files dropped on napari: what we take, what we leave to others."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from labdata_napari.contributions import coronal_sample, get_reader, horizontal_sample
from labdata_napari.errors import UnreadableFile


@pytest.fixture
def volume() -> np.ndarray:
    return np.arange(6 * 2 * 8 * 9, dtype=np.uint16).reshape(6, 2, 8, 9)


def test_the_imagej_file_that_labdata_calls_ome_tif_is_read_with_its_channels(
    tmp_path, volume
):
    path = tmp_path / "M1_transform.ome.tif"
    tifffile.imwrite(path, volume, imagej=True, ome=False, metadata={"axes": "ZCYX"})
    layers = get_reader(str(path))(str(path))
    assert [arguments["name"] for _, arguments, _ in layers] == [
        "M1_transform · channel 0",
        "M1_transform · channel 1",
    ]
    np.testing.assert_array_equal(np.asarray(layers[1][0][0][3]), volume[3, 1])


@pytest.mark.parametrize("name", ["photo.tif", "table.csv", "flat.ome.tif"])
def test_other_peoples_files_are_left_alone(tmp_path, name):
    path = tmp_path / name
    if name.endswith("tif"):
        tifffile.imwrite(path, np.zeros((20, 30), np.uint8))
    else:
        path.write_text("a,b\n")
    assert get_reader(str(path)) is None


def test_a_zip_that_is_no_zarr_says_so(tmp_path):
    path = tmp_path / "x.zarr.zip"
    path.write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(UnreadableFile, match=r"x\.zarr\.zip"):
        get_reader(str(path))(str(path))


def test_the_real_brain_as_labdata_writes_it_opens_lazily(shared_data):
    path = str(shared_data / "mouse_brain_50um.zarr.zip")
    ((levels, arguments, kind),) = get_reader(path)(path)
    assert kind == "image"
    assert levels[0].ndim == 3
    assert not isinstance(levels[0], np.ndarray)
    low, high = arguments["contrast_limits"]
    assert low < np.asarray(levels[0][levels[0].shape[0] // 2]).mean() < high


@pytest.mark.parametrize("sample", [coronal_sample, horizontal_sample])
def test_sample_brains_are_painted_in_micrometres(sample):
    layers = sample()
    assert len(layers) == 2
    data, arguments, _ = layers[0]
    assert set(arguments["units"]) == {"um"}
    plane = np.asarray(data[0][data[0].shape[0] // 2])
    assert plane.max() > 3 * max(1, np.median(plane[:3]))
