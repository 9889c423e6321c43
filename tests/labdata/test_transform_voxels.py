"""Transforms in labdata's own way: no voxel differs from what labdata computes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from labdata_napari.core.exact import exact_plan, exact_slabs
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters
from labdata_napari.demo.writing import write_zarr_zip

TESTS = Path(__file__).parents[1]
INTERPRETER = TESTS.parent / ".venv-labdata" / "bin" / "python"
# Channels; a ratio at which labdata loses the last plane, one channel, no zoom at all.
CASES = (
    (2, (0.4, 1, 0.40625, 0.4), (2, -3, 5, False, True), (2, 1, 3, 0)),
    (1, (0.5, 1, 0.5, 0.45), (0, 4, -2, True, False), (0, 1, 2, 3)),
    (3, None, (-7, 0, 90, True, True), (1, 3, 0, 2)),
)


def test_no_voxel_differs_from_what_labdata_computes(labdata_installed, tmp_path):
    arguments, compared = [], []
    for number, (channels, downsample, rotate, transpose) in enumerate(CASES):
        rng = np.random.default_rng(number)
        stack = rng.integers(0, 65535, (33, channels, 64, 50), np.uint16)
        source = tmp_path / f"{number}.zarr.zip"
        write_zarr_zip(source, iter(stack), stack.shape, 4)
        crop = ((3, None, 2), None, (None, -4), (5, 18))
        parameters = TransformParameters(downsample, rotate, crop, transpose)
        target = tmp_path / f"{number}.npy"
        row = {
            "downsample": downsample,
            "rotate": rotate,
            "crop": crop,
            "transpose": transpose,
        }
        arguments += [str(source), str(target), json.dumps(row)]
        compared.append((source, target, parameters))
    script = str(TESTS / "labdata_transform.py")
    done = subprocess.run(
        [str(INTERPRETER), script, *arguments],
        env=os.environ | {"HOME": str(tmp_path), "LABDATA_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    for source, target, parameters in compared:
        stack = open_stack(source)
        expected = np.load(target)
        assert exact_plan(stack.shape, None, parameters).shape_out == expected.shape
        pieces = exact_slabs(stack, parameters)
        found = np.concatenate([piece.ravel() for piece in pieces])
        np.testing.assert_array_equal(found.reshape(expected.shape), expected)
