"""From a file to its first plane, as an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr

from labdata_napari.core.stacks import open_stack
from labdata_napari.demo.writing import write_ome_tiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.core.stacks import Stack

ZIP = "open a brain's zarr.zip, middle plane"
TIFF = "open a brain's OME-TIFF, middle plane"


def first_plane(path: Path) -> np.ndarray:
    stack = open_stack(path)
    return np.asarray(stack.channel_view(0)[stack.shape[0] // 2])


def test_zip(measure: Callable[..., Any], phantom: Path) -> None:
    measure(ZIP, lambda: first_plane(phantom), rounds=20)


def test_zip_zarr(measure: Callable[..., Any], phantom: Path) -> None:
    def work() -> np.ndarray:
        with zarr.storage.ZipStore(phantom, mode="r") as store:
            array = zarr.open_array(store, mode="r")
            return array[array.shape[0] // 2, 0]

    measure(ZIP, work, peer="zarr", rounds=20)


def test_zip_dask(measure: Callable[..., Any], phantom: Path) -> None:
    def work() -> np.ndarray:
        with zarr.storage.ZipStore(phantom, mode="r") as store:
            array = da.from_zarr(zarr.open_array(store, mode="r"))
            return array[array.shape[0] // 2, 0].compute()

    measure(ZIP, work, peer="zarr + dask", rounds=20)


@pytest.fixture(scope="module")
def tiff(stack: Stack, room: Path) -> Path:
    """Sixty sections of the phantom, tiled and packed."""
    file = room / "phantom.ome.tif"
    part = stack[:60]
    write_ome_tiff(
        file, part, part.shape, (10, 4, 4), [f"c{n}" for n in range(part.shape[1])]
    )
    return file


def test_tiff(measure: Callable[..., Any], tiff: Path) -> None:
    measure(TIFF, lambda: first_plane(tiff))


def test_tiff_imread(measure: Callable[..., Any], tiff: Path) -> None:
    def work() -> np.ndarray:
        whole = tifffile.imread(tiff)
        return whole[whole.shape[0] // 2, 0]

    measure(TIFF, work, peer="tifffile.imread, whole as napari does", rounds=3)
