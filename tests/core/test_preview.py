"""The planes of a preview, and where they lie on their sheet."""

from __future__ import annotations

import numpy as np
import pytest
import zarr

from labdata_napari.core.glimpse import finer_glimpse, glimpse
from labdata_napari.core.prepared import prepare
from labdata_napari.core.preview import (
    dim_outside,
    exact_sheet,
    quick_sheet,
    read_volume,
)
from labdata_napari.core.preview_layout import Pane, lay_out
from labdata_napari.core.resample import plane
from labdata_napari.core.side_by_side import SideBySide
from labdata_napari.core.stacks import Stack
from labdata_napari.core.transform_draft import TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters

SHAPE = (30, 2, 36, 44)


@pytest.fixture(scope="module")
def stack() -> Stack:
    pixels = np.random.default_rng(1).integers(0, 60_000, SHAPE, dtype=np.uint16)
    return Stack(pixels, "ZCYX", (50.0, 50.0, 50.0))


def draft_of(stack: Stack, um: tuple[float, float, float] | None) -> TransformDraft:
    shape: tuple[int, int, int, int] = SHAPE
    return TransformDraft(shape, um, TransformParameters(), orientation="asr")


def part_of(sheet: np.ndarray, pane: Pane) -> np.ndarray:
    rows = slice(pane.top, pane.top + pane.height)
    return sheet[:, rows, pane.left : pane.left + pane.width]


@pytest.mark.parametrize("view", ["asr", "sal", "lsa"])
def test_every_pane_is_a_computed_plane_voxel_for_voxel(stack, view):
    one = draft_of(stack, stack.um_per_pixel).with_angles(yx=7, zx=-4, zy=11)
    frame = one.shown_as(view).frame
    layout = lay_out(frame.spatial_shape_out, frame.um_per_pixel_out)
    cross = (12.3, 17, 20)
    sheet = quick_sheet(read_volume([stack]), frame, layout, cross)
    spatial = (0, 2, 3)  # the channels stay second
    for pane in layout.panes:
        axis = spatial[pane.axis]
        wanted = plane(stack, frame, round(cross[pane.axis]), axis, order=1)
        wanted = np.moveaxis(wanted, 1, 0) if axis else wanted
        if pane.rows > pane.columns:
            wanted = wanted.swapaxes(1, 2)
        np.testing.assert_array_equal(part_of(sheet, pane), wanted)


def test_at_rest_the_planes_are_those_that_will_be_computed(stack):
    one = draft_of(stack, stack.um_per_pixel).with_voxel_um(80).with_angles(zx=9)
    frame = one.with_order((1, 0, 2)).frame
    layout = lay_out(frame.spatial_shape_out, frame.um_per_pixel_out)
    sheet = exact_sheet(prepare(stack, one.frame), frame, layout, (9, 9, 9))
    for pane, axis in zip(layout.panes, (0, 3, 2), strict=True):
        wanted = plane(stack, frame, 9, axis)
        wanted = np.moveaxis(wanted, 1, 0) if axis else wanted
        if pane.rows > pane.columns:
            wanted = wanted.swapaxes(1, 2)
        np.testing.assert_array_equal(part_of(sheet, pane), wanted)


def test_a_coarse_copy_shows_the_same_places():
    z, y, x = np.indices((32, 32, 32))
    blob = np.exp(-((z - 20) ** 2 + (y - 10) ** 2 + (x - 14) ** 2) / 40) * 1000
    fine = Stack(blob[:, None].astype(np.float32), "ZCYX", (10.0,) * 3)
    half = blob.reshape(16, 2, 16, 2, 16, 2).mean(axis=(1, 3, 5))
    coarse = Stack(half[:, None].astype(np.float32), "ZCYX", (20.0,) * 3)
    volume = read_volume([fine, coarse], max_bytes=coarse.size_bytes)
    assert volume.data.shape == (1, 16, 16, 16)
    reduced = read_volume([fine], max_bytes=coarse.size_bytes)
    assert reduced.data.nbytes <= coarse.size_bytes
    draft = TransformDraft(fine.shape, fine.um_per_pixel, TransformParameters())
    layout = lay_out((32, 32, 32), fine.um_per_pixel)
    for one in (volume, reduced):
        sheet = quick_sheet(one, draft.frame, layout, (20, 10, 14))
        picture = part_of(sheet, layout.panes[0])[0]
        peak = np.unravel_index(picture.argmax(), picture.shape)
        assert np.abs(np.array(peak) - (10, 14)).max() <= 1
        again = quick_sheet(one, draft.frame, layout, (20, 10, 14), coarse=2)
        assert np.abs(again[0, :16, :16] - picture[::2, ::2]).max() < 150


def test_places_on_the_sheet_and_in_the_stack_are_the_same():
    layout = lay_out((30, 40, 50), (100.0, 25.0, 25.0))
    cross = np.array([3.0, 4.0, 5.0])
    for pane in layout.panes:
        place = np.array([7.25, 11.5, 20.0])
        place[pane.axis] = cross[pane.axis]
        world = pane.to_world(place)
        assert pane.contains(world)
        assert layout.pane_at(world) is pane
        assert pane.to_frame(world, cross) == pytest.approx(place)
        assert pane.um[0] == pytest.approx((100, 25, 25)[pane.rows], rel=0.02)
    top_left, beside, below = layout.panes
    assert beside.to_world(cross)[0] == top_left.to_world(cross)[0]
    assert below.to_world(cross)[1] == top_left.to_world(cross)[1]
    assert layout.pane_at((-1000, 0)) is None
    assert len(lay_out((1, 40, 50), None).panes) == 1
    assert lay_out((9, 40, 50), None, only=0).panes[0].axis == 0


def test_what_a_crop_leaves_out_is_darker(stack):
    one = draft_of(stack, stack.um_per_pixel).with_box(((0, 30), (4, 20), (10, 44)))
    layout = lay_out(one.frame.spatial_shape_out, one.frame.um_per_pixel_out)
    sheet = quick_sheet(read_volume([stack]), one.frame, layout, (15, 15, 15))
    before = sheet.copy()
    dim_outside(sheet, layout, one.box)
    pane = layout.panes[0]
    was, now = part_of(before, pane)[0], part_of(sheet, pane)[0]
    np.testing.assert_array_equal(now[4:20, 10:], was[4:20, 10:])
    assert (now[:4] < was[:4]).mean() > 0.99
    assert (now[4:20, :10] < was[4:20, :10]).mean() > 0.99


def test_layers_of_one_channel_are_read_as_one_stack():
    frames = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3)
    both = SideBySide([frames[0], frames[1]])
    assert both.shape == (5, 2, 4, 3)
    np.testing.assert_array_equal(both, frames.swapaxes(0, 1))
    np.testing.assert_array_equal(both[1:3, :, 2], frames[:, 1:3, 2].swapaxes(0, 1))
    np.testing.assert_array_equal(both[2, 1], frames[1, 2])
    np.testing.assert_array_equal(both[2], frames[:, 2])
    flat = SideBySide([frames[0, 0]])
    assert flat.shape == (1, 1, 4, 3)
    np.testing.assert_array_equal(flat[0, 0], frames[0, 0])
    planes = SideBySide([np.stack([frames[0], frames[1]], axis=1)], fixed=1)
    np.testing.assert_array_equal(planes[:, 0], frames[1])


@pytest.mark.parametrize("every", [1, 2])
def test_a_glimpse_has_voxels_of_the_stack_where_they_lie(monkeypatch, every):
    z, c, y, x = np.ogrid[:200, :2, :40, :50]
    pixels = (z * 300 + c * 150 + y * 3 + x).astype(np.uint16)
    chunked = zarr.array(pixels, chunks=(4, 1, 40, 50))
    large = Stack(chunked, "ZCYX", (10.0, 5.0, 5.0))
    assert glimpse([large]) is None  # all of it is read as soon
    monkeypatch.setattr("labdata_napari.core.glimpse.MEMORY", 1000)
    most = pixels.nbytes // 20
    seen = glimpse([large], max_read=pixels.nbytes // every, max_held=most)
    assert seen.data.nbytes <= most
    assert seen.shape == pixels.shape
    zs, ys, xs = (
        (first + step * np.arange(n)).astype(int)
        for first, step, n in zip(
            seen.first, seen.step, seen.data.shape[1:], strict=True
        )
    )
    assert max(zs[-1], ys[-1], xs[-1]) >= 34  # all over the stack
    wanted = np.moveaxis(pixels[np.ix_(zs, (0, 1), ys, xs)], 1, 0)
    np.testing.assert_array_equal(seen.data, wanted)


def test_of_a_very_large_stack_few_sections_are_seen_first_then_more(monkeypatch):
    z, c, y, x = np.ogrid[:200, :2, :40, :50]
    pixels = (z * 300 + c * 150 + y * 3 + x).astype(np.uint16)
    large = Stack(zarr.array(pixels, chunks=(4, 1, 40, 50)), "ZCYX", (10.0, 5.0, 5.0))
    monkeypatch.setattr("labdata_napari.core.glimpse.MEMORY", 1000)
    monkeypatch.setattr("labdata_napari.core.glimpse._MORE_READ", pixels.nbytes // 2)
    assert glimpse([large], max_read=pixels.nbytes // 25) is None  # 3 say nothing
    few = glimpse([large], max_read=pixels.nbytes // 10)
    assert few.data.shape[1] == 12  # 10, of twice as many bytes, and two to the faces
    assert few.first[0] <= 0
    assert few.first[0] + few.step[0] * 11 >= 199
    np.testing.assert_array_equal(few.data[:, [0, -1]], few.data[:, [1, -2]])
    more = finer_glimpse([large], few)
    assert more.data.shape[1] == 25
    assert finer_glimpse([large], more) is None
    monkeypatch.setattr("labdata_napari.core.glimpse._MORE_READ", pixels.nbytes)
    assert finer_glimpse([large], few) is None  # all of it is read nearly as soon
