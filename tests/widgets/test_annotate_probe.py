"""A probe of several shanks is placed, and moved as one."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from annotating import with_probe
from labdata_napari.layers import points as working_copy

pytestmark = pytest.mark.gui
K, CONTROL, SHIFT = (
    Qt.Key,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def names(story) -> list[str]:
    return [entry.name for entry in working_copy.roster(story.layer)]


def test_four_shanks_are_placed_and_nudged_as_one(open_story, shared_lab):
    with_probe(shared_lab)
    story = open_story(shared_lab)
    annotator = story.workspace.annotating.of(story.layer)
    history = annotator.history
    story.qtbot.waitUntil(lambda: bool(annotator.proposed), timeout=10_000)
    story.viewer.layers.selection.active = story.layer
    story.key(K.Key_M)
    assert "shank 0 of NP24 enters" in story.text("probe_words")
    story.dock.findChild(QWidget, "probe_shanks").setValue(4)
    story.dock.findChild(QWidget, "probe_pitch").setValue(120)
    story.click_voxel(5, 8, 45)
    assert "outside of the stack" in story.text("annotation_status")
    story.click_voxel(5, 8, 10)
    story.click_voxel(5, 24, 12)
    tracks = [f"NP24_shank{i}" for i in range(4)]
    assert names(story) == ["probe 1", *tracks]

    def ends():
        return np.array([d.points for d in working_copy.drafts(story.layer)[1:]])

    um = np.array(story.layer.scale)
    np.testing.assert_allclose(ends()[0], [[5, 8, 10], [5, 24, 12]], atol=0.1)
    across = (ends()[1:] - ends()[:-1]) * um
    np.testing.assert_allclose(np.linalg.norm(across, axis=2), 120)
    assert (across[..., 2] > 0).all()
    # the third click is on the other side, also where a shank is
    story.click_voxel(5, 16, 2)
    assert (ends()[0, 0] - ends()[1, 0])[2] > 0
    assert "Drag NP24" in story.text("probe_words")

    # a drag, a turn and a nudge: each is one step, and the shanks stay as they are
    placed = ends()
    story.drag((5, 16, 11), (5, 18, 17))
    np.testing.assert_allclose(ends() - placed, [[[0, 2, 6]] * 2] * 4, atol=0.15)
    moved = ends()
    story.key(K.Key_PageDown)
    driven = (ends() - moved) * um
    np.testing.assert_allclose(np.linalg.norm(driven, axis=2), 25)
    story.key(K.Key_Right, SHIFT)
    story.key(K.Key_Q)
    lengths = np.linalg.norm((ends()[:, 1] - ends()[:, 0]) * um, axis=1)
    np.testing.assert_allclose(lengths, lengths[0])
    assert history.undo_words == "spin the probe NP24"
    for _ in range(3):
        story.key(K.Key_Z, CONTROL)
    np.testing.assert_allclose(ends(), moved)
    # at the edge of the stack it stays, and that is said; it is one step as well
    for _ in range(20):
        story.key(K.Key_Down)
    assert ends()[..., 1].max() == 29.5
    assert "NP24 is at the edge of the stack" in story.text("annotation_status")
    shift = ends() - moved
    np.testing.assert_allclose(
        shift, np.broadcast_to(shift[0, 0], (4, 2, 3)), atol=1e-9
    )
    while not np.allclose(ends(), moved):
        assert history.undo_words == "move the probe NP24"
        story.key(K.Key_Z, CONTROL)
    np.testing.assert_allclose(ends(), moved)
    story.key(K.Key_Z, CONTROL)
    np.testing.assert_allclose(ends(), placed)
    story.key(K.Key_Z, CONTROL)
    assert names(story) == ["probe 1"]
    assert not story.dock.findChild(QWidget, "annotation_probe_panel").isVisible()
    story.key(K.Key_Right)  # is napari's again
    assert story.viewer.dims.current_step[0] == 6
