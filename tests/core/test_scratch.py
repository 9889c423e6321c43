"""A reduced stack in a temporary file is the one that would be in memory."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.scratch import Scratch


@pytest.mark.parametrize("tile", [(16, 64), (7, 200), (100, 100)])
def test_windows_of_the_file_are_those_of_the_memory(tile, tmp_path):
    shape = (2, 140, 37, 130)
    rng = np.random.default_rng(1)
    voxels = rng.normal(size=shape).astype(np.float32)
    with Scratch(shape, voxels.dtype, 0, tmp_path, tile) as scratch:
        assert not scratch.in_memory
        for channel, stack in enumerate(voxels):
            for z in range(40):
                scratch.put(channel, z, stack[z])
            for y in range(0, 37, 5):  # neither begins nor ends with a tile
                scratch.put_rows(channel, 40, y, stack[40:, y : y + 5])
        assert np.array_equal(scratch.whole(), voxels)
        for _ in range(30):
            low = [int(rng.integers(0, n)) for n in shape[1:]]
            high = [
                int(rng.integers(a, n)) + 1 for a, n in zip(low, shape[1:], strict=True)
            ]
            part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            assert np.array_equal(
                scratch.window(1, tuple(low), tuple(high)), voxels[1][part]
            )
