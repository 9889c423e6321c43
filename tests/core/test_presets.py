"""Stacks for atlas registration: sides, halves and voxel sizes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from labdata_napari.core.orientation import (
    all_orientations,
    between,
    result_orientation,
)
from labdata_napari.core.presets import (
    atlas_preset,
    draft_for_atlas,
    equal_voxels,
)
from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_draft import TransformDraft
from labdata_napari.errors import InvalidValue

ATLAS_UM = (20.0, 8.0, 12.5)
ATLAS_SHAPE = (26, 30, 33)  # anterior to posterior, superior to inferior, right to left


def as_seen_from(code: str) -> tuple[np.ndarray, tuple[float, ...]]:
    """A smooth brain with marks, stored in an orientation: (Z, 2, Y, X) and its µm."""
    a, s, r = np.indices(ATLAS_SHAPE, dtype=np.float32)
    asr = 1000 * a + 30 * s + r  # linear: interpolation keeps it
    order, flips = between("asr", code)
    stored = asr.transpose(order)
    stored = np.flip(stored, [k for k in range(3) if flips[k]])
    um = tuple(ATLAS_UM[axis] for axis in order)
    return np.stack([stored, 2 * stored], axis=1), um


@pytest.mark.parametrize("hemisphere", ["both", "left", "right"])
def test_every_orientation_yields_the_same_brain(hemisphere):
    results = []
    for code in all_orientations():
        stack, um = as_seen_from(code)
        preset = atlas_preset(stack.shape, um, code, 16.0, hemisphere)
        geometry = plan(stack.shape, um, preset.parameters)
        assert geometry.shape_out == preset.shape
        assert geometry.um_per_pixel_out == preset.um_per_pixel
        assert result_orientation(geometry, code) == "asr"
        pieces = [p.ravel() for p in slabs(stack, geometry, order=1)]
        results.append(np.concatenate(pieces).reshape(geometry.shape_out))
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-5)
    # "asr": the first plane is the most anterior one, the first column the rightmost
    first = results[0][0, 0, 0]
    whole = round((ATLAS_SHAPE[2] - 1) * ATLAS_UM[2] / 16) + 1
    columns = {"both": whole, "right": whole // 2 + whole % 2, "left": whole // 2 + 1}
    if whole % 2 == 0:
        columns["left"] = whole // 2
    assert len(first) == columns[hemisphere]
    assert first[0] < first[-1]
    if hemisphere == "right":
        assert first[0] == pytest.approx(0, abs=1)
    if hemisphere == "left":
        assert first[-1] == pytest.approx(ATLAS_SHAPE[2] - 1, abs=1)


def test_the_voxels_are_equal_as_far_as_whole_numbers_allow():
    shape, um = (101, 2, 205, 1001), (50.0, 4.06, 1.0)
    for target in (10.0, 25.0):
        preset = atlas_preset(shape, um, "psl", target)
        extent = {(n - 1) * u for n, u in zip((101, 205, 1001), um, strict=True)}
        spatial = (preset.shape[0], *preset.shape[2:])
        for n, pitch in zip(spatial, preset.um_per_pixel, strict=True):
            assert abs(pitch - target) * (n - 1) <= target
            assert any((n - 1) * pitch == pytest.approx(length) for length in extent)
    assert preset.name == "asr_25um"
    assert atlas_preset(shape, um, "psl", 10.0, "left").name == "asr_10um_left"


def test_the_angles_and_the_channel_stay_and_the_midline_may_be_elsewhere():
    straightened = TransformParameters(
        downsample=(0.5, 1, 0.5, 0.5),
        rotate=(2, -1, 3, False, False),
        crop=((3, 9), (1, 2), None, (5, 9)),
        transpose=(2, 1, 3, 0),
    )
    stack, um = as_seen_from("pir")
    halves = [
        atlas_preset(
            stack.shape, um, "pir", 20.0, side, parameters=straightened, midline=7.5
        )
        for side in ("right", "left")
    ]
    both = atlas_preset(stack.shape, um, "pir", 20.0, parameters=straightened)
    assert [p.shape[3] for p in halves] == [8, both.shape[3] - 8]
    assert both.shape[1] == 1
    z, y, x, *_ = both.parameters.rotate
    assert (abs(z) % 180, y, x) == pytest.approx((2, -1, 3)) or abs(z) == 178


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"orientation": "xyz"}, "no orientation"),
        ({"hemisphere": "upper"}, "hemisphere is one of"),
        ({"target_um": 0.0}, "positive numbers"),
        ({"target_um": 1e-4}, "check the voxel size"),
        ({"um_per_pixel": (1.0, 2.0)}, "positive numbers"),
        ({"hemisphere": "left", "midline": 900.0}, "midline"),
    ],
)
def test_what_makes_no_preset_is_refused_in_words(changed, said):
    usual = {"shape": (20, 1, 30, 40), "um_per_pixel": ATLAS_UM, "orientation": "asr"}
    with pytest.raises(InvalidValue, match=said):
        atlas_preset(**(usual | changed))


def test_a_single_plane_stays_one():
    for shape in itertools.permutations((1, 20, 30)):
        ratios = equal_voxels((shape[0], 2, *shape[1:]), (10, 10, 10), 25.0)
        z, _, y, x = ratios
        sizes = [round(n * r) for n, r in zip(shape, (z, y, x), strict=True)]
        assert sizes[shape.index(1)] == 1


def test_a_draft_is_cut_where_its_midline_was_marked_and_keeps_its_angles():
    stack, um = as_seen_from("psl")
    straight = TransformParameters(rotate=(0, 0, 3, False, False))
    draft = TransformDraft(stack.shape, um, straight, "psl")
    marks = [[13, 15, 20], [13, 15, 22]]  # beside the middle, 16
    new, preset = draft_for_atlas(draft, 12.5, "left", marks)
    middle, _ = draft_for_atlas(draft, 12.5, "left")
    assert new.orientation_out == "asr"
    assert new.hemisphere == "left"
    assert preset.name == "asr_12.5um_left"
    assert new.angles["yx"] == draft.angles["yx"]
    cut = plan(stack.shape, um, preset.parameters).points_to_result(marks)[:, 2].mean()
    assert cut == pytest.approx(0, abs=0.5)  # the left half begins at the midline
    assert new.plan.shape_out[3] < 33 - 3
    assert middle.plan.shape_out[3] == 17
    with pytest.raises(InvalidValue, match="which way the brain lies"):
        draft_for_atlas(draft.with_orientation(None))
