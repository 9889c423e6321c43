"""One step to the next slice along z, y and x, as an array."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import zarr

from labdata_napari.core.pyramid import build_pyramid, multiscale

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.core.stacks import Stack

AXES = ("z", "y", "x")
along = pytest.mark.parametrize("axis", range(3), ids=AXES)


def step_name(axis: int) -> str:
    return f"next {AXES[axis]} slice of one channel"


def stepping(length: int) -> Callable[[], tuple[tuple[int], dict[str, Any]]]:
    """Setup that gives one index after the other, from a third of the way."""
    indices = itertools.cycle([*range(length // 3, length), *range(length // 3)])
    return lambda: ((next(indices),), {})


def slicer(data: Any, axis: int) -> Callable[[int], np.ndarray]:
    return lambda index: np.asarray(data[(slice(None),) * axis + (index,)])


@along
def test_pyramid(
    measure: Callable[..., Any], stack: Stack, pyramid: list[Stack], axis: int
) -> None:
    data = multiscale(stack, pyramid)[0][0]
    name, target = step_name(axis), "< 100 ms" if axis else ""
    setup = stepping(data.shape[axis])
    measure(name, slicer(data, axis), target=target, setup=setup, rounds=60)


@along
def test_without_pyramid(measure: Callable[..., Any], stack: Stack, axis: int) -> None:
    data = stack.channel_view(0)
    setup = stepping(data.shape[axis])
    measure(
        step_name(axis),
        slicer(data, axis),
        peer="ours without a pyramid",
        setup=setup,
        rounds=5 if axis else 60,
    )


@along
def test_dask(measure: Callable[..., Any], phantom: Path, axis: int) -> None:
    with zarr.storage.ZipStore(phantom, mode="r") as store:
        data = da.from_zarr(zarr.open_array(store, mode="r"))[:, 0]
        setup = stepping(data.shape[axis])
        measure(
            step_name(axis),
            slicer(data, axis),
            peer="zarr + dask on the zarr.zip",
            setup=setup,
            rounds=5 if axis else 60,
        )


BUILD = "read it all, pyramid built and written"


def test_build(measure: Callable[..., Any], stack: Stack, tmp_path: Path) -> None:
    numbers = itertools.count()

    def work() -> Path:
        return build_pyramid(stack, tmp_path / f"{next(numbers)}.ozx")

    measure(BUILD, work, rounds=2, warm=0)


def test_build_peer(
    measure: Callable[..., Any], phantom: Path, pyramid: list[Stack], tmp_path: Path
) -> None:
    numbers = itertools.count()

    def work() -> None:
        with zarr.storage.ZipStore(phantom, mode="r") as store:
            level = da.from_zarr(zarr.open_array(store, mode="r"))
            level = level.rechunk((64, 1, 64, 64))
            group = zarr.open_group(tmp_path / f"{next(numbers)}.zarr", mode="w")
            for number in range(len(pyramid)):
                name = str(number)
                da.to_zarr(level, group.store, component=name)
                level = da.from_zarr(group[name])
                level = da.coarsen(
                    np.mean, level, {0: 2, 2: 2, 3: 2}, trim_excess=True
                ).astype(level.dtype)
                level = level.rechunk((64, 1, 64, 64))

    measure(BUILD, work, peer="dask.coarsen to zarr, as many levels", rounds=1, warm=0)
