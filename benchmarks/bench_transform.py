"""A transform, computed: one resampling here, one scipy call per step there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import TransformParameters, plan
from transform_cases import labdata_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.core.stacks import Stack

CASES = {
    "downsample to a third": TransformParameters(downsample=(0.3, 1, 0.40625, 0.40625)),
    "downsample, rotate, crop, transpose": TransformParameters(
        downsample=(0.3, 1, 0.40625, 0.40625),
        rotate=(2.0, -3.0, 5.0, True, False),
        crop=(None, None, (10, -10, None), (10, -10, None)),
        transpose=(2, 1, 0, 3),
    ),
    "rotate at full resolution": TransformParameters(
        rotate=(0.0, 0.0, 5.0, False, False)
    ),
}
each = pytest.mark.parametrize("case", CASES)


@each
def test_ours(measure: Callable[..., Any], stack: Stack, case: str) -> None:
    geometry = plan(stack.shape, stack.um_per_pixel, CASES[case])

    def work() -> np.ndarray:
        out = np.empty(geometry.shape_out, stack.dtype).reshape(-1)
        done = 0
        for slab in slabs(stack, geometry):
            out[done : done + slab.size] = slab.reshape(-1)
            done += slab.size
        return out

    measure(f"transform: {case}", work, rounds=2, warm=0)


@each
def test_steps(measure: Callable[..., Any], phantom: Path, case: str) -> None:
    def work() -> np.ndarray:
        with zarr.storage.ZipStore(phantom, mode="r") as store:
            whole = zarr.open_array(store, mode="r")[:]
        return labdata_chain(whole, CASES[case])

    peer = "scipy.ndimage step by step, in memory"
    measure(f"transform: {case}", work, peer=peer, rounds=1, warm=0)
