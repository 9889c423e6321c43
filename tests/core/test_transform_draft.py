"""What a person sets, over the columns that are stored."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.orientation import SHOWN_AS, all_orientations
from labdata_napari.core.transform_draft import PLANES, DraftModel, TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import InvalidValue

SHAPE, UM = (40, 2, 60, 80), (50.0, 20.0, 20.0)
STORED = (
    TransformParameters(),
    TransformParameters(downsample=(1.0, 1.0, 0.4, 0.4)),
    TransformParameters(downsample=(0.31, 1, 0.4, 0.47), cast="uint8"),
    TransformParameters(rotate=(182.0, -3.0, 5.0, True, False)),
    TransformParameters(crop=((30, 2, -1), (0, 1), (5, 50, 3), None)),
    TransformParameters(transpose=(2, 0, 1, 3)),
)


def draft(
    parameters: TransformParameters = STORED[0], **more: object
) -> TransformDraft:
    return TransformDraft(SHAPE, UM, parameters, **more)


@pytest.mark.parametrize("stored", STORED)
def test_a_stored_row_comes_back_whatever_is_looked_at(stored):
    one = draft(stored, orientation="asr")
    assert one.plan.shape_out
    assert one.frame.shape_out
    assert one.summary
    assert one.words_for_plane("yx")
    assert one.parameters.to_row() == stored.to_row()
    assert one.with_angles(**one.angles).angles == one.angles
    assert one.with_box(one.box).plan.shape_out == one.plan.shape_out


def test_what_the_form_cannot_show_is_said():
    words = " / ".join(" / ".join(draft(stored).unexpressed) for stored in STORED)
    assert "ratios 0.31, 1, 0.4, 0.47" in words
    assert "keeps the channels 0" in words
    assert "runs backwards along z" in words
    assert "one voxel in 3 along y" in words
    assert "channels along axis 2" in words
    assert draft(STORED[1]).unexpressed == ()


def test_a_voxel_size_is_read_back_from_the_ratios():
    assert draft(STORED[1]).voxel_um == 50
    assert draft().with_voxel_um(25).voxel_um == 25
    assert draft().with_voxel_um(12.5).with_voxel_um(None).keeps_size
    with pytest.raises(InvalidValue, match="not known"):
        TransformDraft(SHAPE, None, TransformParameters()).with_voxel_um(25)


def test_the_crop_stays_in_the_tissue_while_the_voxel_size_changes():
    one = draft().with_order((2, 0, 1)).with_box(((10, 41), (3, 17), (20, 51)))
    coarse = one.with_voxel_um(100).with_voxel_um(70).with_voxel_um(None)
    assert coarse.box == one.box
    middle = one.plan.points_to_source([(np.array(one.plan.spatial_shape_out) - 1) / 2])
    far = one.with_voxel_um(40)
    there = far.plan.points_to_source([(np.array(far.plan.spatial_shape_out) - 1) / 2])
    assert middle == pytest.approx(there, abs=1.5)


@pytest.mark.parametrize("view", SHOWN_AS)
def test_any_brain_is_shown_in_any_view(view):
    for code in all_orientations():
        one = draft(orientation=code).with_angles(yx=4, zy=-3)
        assert one.shown_as(SHOWN_AS[view]).orientation_out == SHOWN_AS[view]


def test_flips_are_those_of_the_result():
    one = draft().with_order((2, 1, 0)).with_flip(0, True)
    assert one.flips == (True, False, False)
    assert one.parameters.rotate == (0, 0, 0, True, False)
    assert one.with_flip(0, False).parameters.rotate is None


def test_planes_are_named_by_what_turns():
    one = draft(orientation="asr").with_order((2, 1, 0))
    assert one.plane_of(1, 2) == "zy"
    assert [one.words_for_plane(p) for p in PLANES] == [
        "sagittal",
        "horizontal",
        "coronal",
    ]
    assert draft().words_for_plane("yx") == "y-x"


def test_turning_unequal_voxels_is_known_to_shear():
    assert not draft().is_rigid
    assert draft().with_voxel_um(50).is_rigid


def test_steps_are_taken_back_and_again_and_a_drag_is_one():
    model, seen = DraftModel(), []
    model.changed.connect(seen.append)
    first = draft()
    model.start(first)
    for angle in (1, 2, 3):
        model.set(model.draft.with_angles(yx=angle), merge="turn")
    model.end_merge()
    model.set(model.draft.with_angles(yx=4), merge="turn")
    model.undo()
    assert model.draft.angles["yx"] == 3
    model.undo()
    assert model.draft == first
    assert not model.can_undo
    model.redo()
    assert model.draft.angles["yx"] == 3
    model.set(first.with_voxel_um(50))
    assert not model.can_redo
    assert seen[-1] is model.draft
