"""Every format a brain comes in gives the same transform."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_file import write_transform
from labdata_napari.lab.s3 import S3Store
from s3_server import put
from stack_files import labdata_zip, ome_set, ome_zarr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.core.stacks import Stack
    from labdata_napari.lab.storage import StorageEntry

BRAIN = np.random.default_rng(4).integers(0, 4000, (10, 2, 30, 40)).astype(np.uint16)
UM = (25.0, 10.0, 5.0)
PARAMETERS = TransformParameters(
    downsample=(1, 1, 0.5, 0.4), rotate=(1, 2, -3, True, False), transpose=(3, 1, 2, 0)
)


def write_ome_tiff(path: Path) -> Path:
    tifffile.imwrite(path, BRAIN, metadata={"axes": "ZCYX"}, tile=(16, 16))
    return path


def write_imagej(path: Path) -> Path:
    tifffile.imwrite(path, BRAIN, imagej=True, metadata={"axes": "ZCYX"})
    return path


def write_plain(path: Path) -> Path:
    tifffile.imwrite(path, BRAIN, metadata=None, compression="zlib")
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "labdata's zip": lambda p: labdata_zip(p / "b.zarr.zip", BRAIN),
    "OME-Zarr 0.4": lambda p: ome_zarr(p / "b.zarr", BRAIN, "zcyx"),
    "OME-Zarr 0.5": lambda p: ome_zarr(p / "b.zarr", BRAIN, "zcyx", "0.5"),
    "OME-Zarr, channels first": lambda p: ome_zarr(
        p / "b.zarr", BRAIN.transpose(1, 0, 2, 3), "czyx"
    ),
    "OME-TIFF": lambda p: write_ome_tiff(p / "b.ome.tif"),
    "OME-TIFF of five files": lambda p: ome_set(p, BRAIN),
    "ImageJ TIFF": lambda p: write_imagej(p / "b.tif"),
    "plain TIFF": lambda p: write_plain(p / "b.tif"),
}


def transformed(stack: Stack, path: Path, **options: int) -> np.ndarray:
    geometry = plan(stack.shape, UM, PARAMETERS)
    write_transform(stack, geometry, path, PARAMETERS, **options)
    return tifffile.imread(path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Of the array itself."""
    return transformed(BRAIN, tmp_path_factory.mktemp("expected") / "t.ome.tif")


def opened(path: Path, kind: str) -> Stack:
    told = {"shape": BRAIN.shape, "axes": "ZCYX"} if kind == "plain TIFF" else {}
    return open_stack(path, **told)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same(tmp_path, expected, kind):
    stack = opened(FORMATS[kind](tmp_path), kind)
    for memory in (1 << 28, 0):
        found = transformed(stack, tmp_path / "out" / "t.ome.tif", memory=memory)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["labdata's zip", "OME-TIFF"])
def test_what_is_in_s3_is_transformed_without_a_download(
    tmp_path: Path, bucket: StorageEntry, expected: np.ndarray, kind: str
) -> None:
    path = FORMATS[kind](tmp_path)
    put(bucket, path.name, path.read_bytes())
    path.unlink()
    stack = open_stack(S3Store(bucket).open(path.name))
    found = transformed(stack, tmp_path / "out" / "t.ome.tif")
    np.testing.assert_array_equal(found, expected)


def test_a_real_brain_is_the_same_from_both_its_files(tmp_path, shared_data):
    parameters = TransformParameters(
        downsample=(0.5, 1, 0.5, 0.5),
        rotate=(2.0, -1.5, 3.0, False, False),
        transpose=(2, 1, 3, 0),
    )
    sums = []
    for name in ("mouse_brain_50um.zarr.zip", "mouse_brain_50um.ome.tif"):
        stack = open_stack(shared_data / name)
        geometry = plan(stack.shape, (50, 50, 50), parameters)
        path = write_transform(
            stack, geometry, tmp_path / f"{name}.ome.tif", parameters
        )
        read = open_stack(path)
        assert read[:].any()
        sums.append(hashlib.md5(np.ascontiguousarray(read[:]).data).hexdigest())
    assert sums[0] == sums[1]
