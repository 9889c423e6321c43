"""Rows that labdata computed: what is off about them, and how they are read."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.quirks import labdata_quirks
from labdata_napari.core.transform import TransformParameters, plan
from transform_cases import labdata_chain

UM = (5.0, 2.0, 2.0)


def labdata_row(
    stack: np.ndarray, parameters: TransformParameters
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What labdata 0.1.25 stores, by the facts known about it, and the array."""
    ratios = parameters.downsample or (1, 1, 1, 1)
    done = parameters
    if stack.shape[1] == 1:  # the planes stay as they are
        done = TransformParameters(
            (1, *ratios[1:]), parameters.rotate, parameters.crop, parameters.transpose
        )
    result = labdata_chain(stack, done)
    um = np.array(UM) / np.array(ratios)[[0, 2, 3]]
    return {"um_per_pixel": um, "shape": np.array(result.shape)}, result


def test_a_row_without_quirks_has_none():
    stack = np.ones((3, 2, 601, 601), np.uint16)
    parameters = TransformParameters((1, 1, 0.5, 0.5), (0, 0, 90, False, True))
    row, _ = labdata_row(stack, parameters)
    quirks = labdata_quirks(row, parameters, stack.shape, UM, dtype="uint16")
    assert quirks.words == ()
    assert quirks.shape == (3, 2, 300, 300)
    assert quirks.axes == "ZCYX"
    assert quirks.um_per_pixel == pytest.approx((5, 600 / 299 * 2, 600 / 299 * 2))


def test_a_brain_of_one_channel_kept_its_planes():
    stack = np.ones((20, 1, 32, 40), np.uint16)
    parameters = TransformParameters((0.5, 1, 0.5, 0.25), transpose=(2, 1, 3, 0))
    row, result = labdata_row(stack, parameters)
    quirks = labdata_quirks(row, parameters, stack.shape, UM)
    assert quirks.shape == result.shape == (16, 1, 10, 20)
    assert quirks.axes == "ZCYX"
    assert quirks.um_per_pixel == pytest.approx((31 / 15 * 2, 39 / 9 * 2, 5.0))
    planes, size = quirks.words[:2]
    assert "not downsampled by 0.5" in planes
    assert "stored as 10 × 4 × 8 µm; it is 4.133 × 8.667 × 5 µm" in size
    # a row of the same parameters that somebody else computed as they mean
    meant = plan(stack.shape, UM, parameters)
    other = {"um_per_pixel": meant.um_per_pixel_out, "shape": meant.shape_out}
    said = " ".join(labdata_quirks(other, parameters, stack.shape, UM).words)
    assert "voxel size" not in said
    assert "planes were" not in said


def test_the_voxel_size_forgot_the_steps_and_the_transpose():
    stack = np.ones((20, 2, 41, 41), np.uint16)
    parameters = TransformParameters(
        crop=(None, None, (None, None, 2), None), transpose=(3, 1, 2, 0)
    )
    row, _ = labdata_row(stack, parameters)
    quirks = labdata_quirks(row, parameters, stack.shape, UM)
    assert quirks.um_per_pixel == (2.0, 4.0, 5.0)
    assert len(quirks.words) == 1
    none = labdata_quirks(row | {"um_per_pixel": None}, parameters, stack.shape, UM)
    assert none.words == ("Its voxel size was not stored; it is 2 × 4 × 5 µm.",)
    unknown = labdata_quirks(row, parameters, stack.shape, None)
    assert (unknown.words, unknown.um_per_pixel) == ((), None)


def test_the_edge_that_scipy_loses_is_told():
    told = empty = 0
    for n in range(20, 200, 7):
        for ratio in (0.3, 0.4, 0.40625, 0.6, 0.7):
            stack = np.ones((2, 2, n, n), np.float32)
            parameters = TransformParameters((1, 1, ratio, ratio))
            row, result = labdata_row(stack, parameters)
            quirks = labdata_quirks(row, parameters, stack.shape, UM)
            said = any("last row and column" in w for w in quirks.words)
            assert said == (result[0, 0, -1, 0] == 0)
            told, empty = told + said, empty + (not said)
    assert told
    assert empty


def test_what_the_file_is_and_what_was_not_done():
    stack = np.ones((5, 2, 11, 11), np.uint16)
    parameters = TransformParameters(cast="uint8")
    row, _ = labdata_row(stack, parameters)
    quirks = labdata_quirks(
        row, parameters, stack.shape, UM, dtype="<u2", file_format="ImageJ TIFF"
    )
    cast, kind = quirks.words
    assert cast == "It was not cast to uint8; its type is uint16."
    assert "ImageJ TIFF without a voxel size" in kind


def test_a_row_that_disagrees_with_its_parameters_is_read_as_it_is():
    stack = np.ones((20, 2, 32, 40), np.uint16)
    row = {"shape": [9, 2, 9, 9], "um_per_pixel": [1, 1, 1]}
    quirks = labdata_quirks(row, TransformParameters(), stack.shape, UM)
    assert "shape 9 × 2 × 9 × 9 is not what its parameters give" in quirks.words[0]
    assert (quirks.shape, quirks.um_per_pixel) == ((9, 2, 9, 9), None)
    nothing_left = TransformParameters(crop=((50, 60), None, None, None))
    quirks = labdata_quirks(row, nothing_left, stack.shape, UM)
    assert "fit the brain no more" in quirks.words[0]
    damaged = {"shape": "???", "um_per_pixel": [0, 1, 1]}
    quirks = labdata_quirks(damaged, TransformParameters(), stack.shape, UM)
    assert quirks.shape == (20, 2, 32, 40)
    assert quirks.um_per_pixel == UM
