"""Annotating with the keyboard and the mouse in the picture alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.settings import get_plugin_settings
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

from annotating import KEY, numbers, with_probe
from atlases import REGIONS
from labdata_napari import settings
from labdata_napari.core.atlas_files import open_atlas
from labdata_napari.core.registration import registered
from labdata_napari.demo.atlas_writing import write_version3
from labdata_napari.lab import annotation_notes
from labdata_napari.lab.annotation_notes import keep_notes, known_notes
from labdata_napari.lab.atlas_choice import AtlasChoice, keep_atlas
from labdata_napari.lab.orientation import keep_orientation
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.key_actions import NUDGES, SHANKS, STEPS
from labdata_napari.layers.source import source_of
from labdata_napari.layers.track_fits import SOURCE_KIND
from labdata_napari.widgets.annotation_keys import ACTIONS, problems_of
from labdata_napari.widgets.annotation_model import TIP
from labdata_napari.widgets.plane_view import PlaneView
from labdata_napari.widgets.preferences import preferences
from labdata_napari.widgets.region_strip import RegionStrip
from labdata_napari.widgets.track_view import TrackView

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.gui
SLOW = "#010203"
K, CONTROL, SHIFT = (
    Qt.Key,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def lay_into_atlas(lab) -> None:
    """Layers from above: cortex, and thalamus from 300 µm on."""
    volume = np.full((12, 24, 32), 549, np.uint32)
    volume[:, :6] = 315
    folder = settings.data_home() / "atlases"
    atlas = open_atlas(write_version3(folder, "two", volume, REGIONS, 50.0))
    mapping = registered(atlas, (12, 30, 40), (50.0, 40.0, 40.0), "asr")
    keep_atlas(lab, KEY, AtlasChoice(atlas.name, "asr", mapping))


def names(story) -> list[str]:
    return [entry.name for entry in working_copy.roster(story.layer)]


def count(story, name: str) -> int:
    return working_copy.names_per_point(story.layer).count(name)


@pytest.fixture
def kept(monkeypatch) -> list[str]:
    """To keep one colour takes long; all that are kept."""
    colours: list[str] = []

    def keep(*place, **notes):
        new = (notes.get("colours") or {}).values()
        time.sleep(0.5 if SLOW in new else 0)
        keep_notes(*place, **notes)
        colours.extend(new)

    monkeypatch.setattr(annotation_notes, "keep_notes", keep)
    return colours


@pytest.fixture
def laid(shared_lab) -> Iterator[None]:
    """The transform lies in an atlas, until the test is over."""
    with shared_lab.connect() as lab:
        keep_orientation((lab.url, lab.name, lab.project), KEY, "asr")
        lay_into_atlas(lab)
        yield
        keep_atlas(lab, KEY, None)


def test_a_probe_without_leaving_the_picture(open_story, shared_lab, laid, kept):
    with_probe(shared_lab)
    story = open_story(shared_lab)
    annotator = story.workspace.annotating.of(story.layer)
    story.qtbot.waitUntil(lambda: bool(annotator.proposed), timeout=10_000)
    story.viewer.layers.selection.active = story.layer

    # N proposes the shanks one after another; numbers come with the clicks
    story.key(K.Key_N)
    assert names(story)[-1] == "NP24_shank0"
    assert "two points" in numbers(story)
    for place in ((2, 10, 12), (5, 14, 16), (8, 18, 20)):
        story.click_voxel(*place)
    assert count(story, "NP24_shank0") == 3
    assert "length" in numbers(story)
    lines = next(x for x in story.viewer.layers if _is_lines(x))
    story.qtbot.waitUntil(lambda: annotator.surface is not None, timeout=20_000)
    assert "depth" in numbers(story)
    assert "AP\N{NO-BREAK SPACE}angle" in numbers(story)

    # the regions along the track come with the numbers
    strip = story.dock.findChild(RegionStrip)
    story.qtbot.waitUntil(lambda: strip.regions is not None, timeout=20_000)
    assert story.text("numbers_regions").startswith("Tip in TH (Thalamus), ")
    lowest = strip.words_at(strip.height() - strip.fontMetrics().height())
    assert lowest.startswith("TH: Thalamus\n")
    rows = story.table.model()
    story.qtbot.waitUntil(lambda: rows.index(1, TIP).data() == "TH")

    # T marks the tip, W shows the plane along the track, where a click adds a point
    story.hover(2, 10, 12)
    story.key(K.Key_T)
    assert "tip by marked" in numbers(story).replace("\N{NO-BREAK SPACE}", " ")
    assert "upwards" in story.text("annotation_status")  # it is the upper end
    story.key(K.Key_W)
    view = story.dock.findChild(TrackView)
    story.qtbot.waitUntil(lambda: view._picture is not None, timeout=20_000)
    assert view._picture.pixels.max() > 100
    story.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    assert count(story, "NP24_shank0") == 4
    # it looks as the picture does, also when that is made darker or a channel hidden
    bright, channel = view._picture.pixels, story.viewer.layers[0]
    low, high = channel.contrast_limits
    channel.contrast_limits = (low, low + 3 * (high - low))
    story.qtbot.waitUntil(lambda: view._picture.pixels.sum() < bright.sum())
    channel.contrast_limits = (low, high)

    # G shows the planes across the picture; a click in one goes there
    story.hover(5, 14, 16)
    story.key(K.Key_G)
    across = story.dock.findChild(PlaneView, "annotation_section_1")
    story.qtbot.waitUntil(lambda: across._picture is not None, timeout=20_000)
    place = across._on_screen(across._picture.plane, np.array([[9.0, 20, 16]]))[0][0]
    story.press("annotation_add")  # so that it adds no point
    story.qtbot.mouseClick(across, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert story.viewer.dims.current_step[0] == 9
    story.press("annotation_add")
    story.key(K.Key_G)
    middle = working_copy.listing(story.layer)[1].points[-1]
    np.testing.assert_allclose(middle, view._picture.plane.centre, atol=1)
    story.key(K.Key_Z, CONTROL)
    story.key(K.Key_W)

    # B brings a point to the surface of the brain
    story.hover(2, 10, 12)
    story.key(K.Key_B)
    snapped = working_copy.listing(story.layer)[1].points[-1]
    assert not np.allclose(snapped, (2, 10, 12), atol=0.2)
    story.key(K.Key_Z, CONTROL)
    story.hover(2, 10, 12)
    story.key(K.Key_T)
    drawn = lines.data.copy()
    story.key(K.Key_N)
    assert names(story)[-1] == "NP24_shank1"

    # Ctrl and a number goes to a shank of the probe, or makes its track
    story.key(K.Key_1, CONTROL)
    assert editing.chosen_annotation(story.layer) == "NP24_shank0"
    assert story.text("annotation_status") == "“NP24_shank0” is chosen."
    story.key(K.Key_2, CONTROL)
    assert editing.chosen_annotation(story.layer) == "NP24_shank1"
    story.key(K.Key_3, CONTROL)
    assert "NP24 has no shank 2" in story.text("annotation_status")
    story.click_voxel(6, 10, 12)  # meant for another track
    assert count(story, "NP24_shank1") == 0
    story.press("annotation_add")
    assert names(story) == ["probe 1", "NP24_shank0", "NP24_shank1"]
    # a point moves at any time, also one of another annotation
    story.drag((8, 18, 20), (8, 24, 24))
    moved = working_copy.listing(story.layer)[1].points[1]
    np.testing.assert_allclose(moved, (8, 24, 24), atol=0.1)
    assert count(story, "NP24_shank1") == 0

    # everything can be undone and done again
    story.key(K.Key_Z, CONTROL)
    np.testing.assert_allclose(
        working_copy.listing(story.layer)[1].points[1], (8, 18, 20), atol=0.1
    )
    story.key(K.Key_Z, CONTROL)
    assert names(story) == ["probe 1", "NP24_shank0"]
    story.key(K.Key_Z, CONTROL | SHIFT)
    assert names(story)[-1] == "NP24_shank1"

    # X takes what is under the cursor, whatever is chosen
    story.hover(5, 14, 16)
    story.key(K.Key_X)
    assert count(story, "NP24_shank0") == 2
    assert not np.array_equal(lines.data, drawn)  # the line follows

    # two quick clicks leave the picture where it is
    camera = story.viewer.scene.camera
    before = (*camera.center, camera.zoom)
    story.qtbot.mouseDClick(
        story.canvas, Qt.MouseButton.LeftButton, pos=story.place(5, 40, 30)
    )
    np.testing.assert_allclose((*camera.center, camera.zoom), before)

    # slices, points and annotations
    story.key(K.Key_Period)
    assert story.viewer.dims.current_step[0] == 6
    story.key(K.Key_Less, SHIFT)
    assert story.viewer.dims.current_step[0] == 0
    story.key(K.Key_Tab)
    assert story.table.current_name() == "probe 1"
    assert story.viewer.dims.current_step[0] == 2
    story.key(K.Key_BracketRight)
    assert story.viewer.dims.current_step[0] == 5
    story.key(K.Key_Backtab, SHIFT)
    assert story.table.current_name() == "NP24_shank1"

    # the slab shows the points of other slices too
    story.key(K.Key_S)
    assert max(story.viewer.dims.thickness) == 50
    image = story.viewer.layers[0]
    assert str(image.projection_mode) == "max"

    # Esc: a click only chooses; the keys are listed on demand
    story.key(K.Key_Escape)
    story.click_voxel(3, 25, 25)
    assert count(story, "NP24_shank1") == 0
    story.key(K.Key_Question, SHIFT)
    assert "new track" in story.text("annotation_keys_text")

    # Ctrl+S leads to the question, Enter says yes
    story.key(K.Key_S, CONTROL)
    assert "NP24_shank0" in story.text("question_text")
    story.press("save_yes")
    story.saved()
    assert set(story.rows()) == {"probe 1", "NP24_shank0"}

    # when that was, how tracks are fitted, and colours are known at the next opening
    for colour in (SLOW, "#123456"):  # the last holds, whichever thread is quicker
        story.dock._list.menu.colour_chosen.emit(colour)
    curve = story.dock.findChild(QComboBox, "annotation_curve")
    curve.setCurrentIndex(1)
    curve.activated.emit(1)
    annotating, source = story.workspace.annotating, source_of(story.layer)
    before = dict(annotating.saved[story.layer])
    assert "NP24_shank0" in before
    story.qtbot.waitUntil(lambda: known_notes(source.lab, source.key).curve == "spline")
    curve.activated.emit(0)
    story.qtbot.waitUntil(lambda: known_notes(source.lab, source.key).curve == "line")
    story.qtbot.waitUntil(lambda: SLOW in kept)
    chosen = editing.chosen_annotation(story.layer)
    assert known_notes(source.lab, source.key).colours[chosen] == "#123456"
    keep_notes(source.lab, source.key, curve="spline", colours={chosen: "#654321"})
    del annotating.saved[story.layer]
    annotating.look_again(source)
    story.qtbot.waitUntil(lambda: annotating.saved.get(story.layer) == before)
    assert annotating.of(story.layer).curve == "spline"
    shown = {e.name: e.colour for e in working_copy.listing(story.layer)}
    assert shown[chosen] == "#654321"

    # who chose so has a track saved when it is left, and deletions are still asked
    ours = get_plugin_settings("labdata-napari")
    ours.annotating.autosave = True
    ours.keys.new_track = "N Y"  # heard at once
    story.key(K.Key_Y)
    story.click_voxel(3, 25, 25)
    story.click_voxel(6, 25, 25)
    name = editing.chosen_annotation(story.layer)
    assert story.text("annotation_badge") == "● 1 unsaved change"
    story.key(K.Key_Tab)
    # ... also what is finished while that save is running
    story.key(K.Key_N)
    story.click_voxel(3, 25, 15)
    story.click_voxel(6, 25, 15)
    other = editing.chosen_annotation(story.layer)
    story.key(K.Key_Tab)
    story.saved()
    assert set(story.rows()) == {"probe 1", "NP24_shank0", name, other}
    story.press("annotation_delete")
    story.key(K.Key_Tab)
    assert story.text("annotation_badge") == "● 1 unsaved change"

    # what is asked is seen, though the dock was closed
    story.dock.parentWidget().close()
    assert not story.dock.isVisible()
    listed = names(story)
    story.key(K.Key_N)  # is not heard where nobody would see what it does
    assert names(story) == listed
    story.key(K.Key_S, CONTROL)
    assert story.dock.isVisible()
    assert "• removed: " in story.text("question_text")


def test_the_manifest_offers_the_keys_that_there_are(own_preferences):
    chosen = preferences().keys
    assert chosen == {action.name: action.keys for action in ACTIONS}
    assert problems_of(chosen) == []
    assert len(problems_of({**chosen, "new_track": "S", "undo": "Foo+Q"})) == 2
    dock = {"save", "show_keys", "show_track", "show_sections"}
    others = dock | {*NUDGES, *SHANKS, *STEPS}
    assert all(
        hasattr(Annotator, each.name) != (each.name in others) for each in ACTIONS
    )
    page = Path(__file__).parents[2] / "docs" / "annotations.md"
    rows = page.read_text("utf-8").splitlines()
    for action in ACTIONS:
        keys = " or ".join(f"`{key}`" for key in action.keys.split())
        assert f"| {keys} | {action.words} |" in rows


def _is_lines(layer) -> bool:
    source = source_of(layer)
    return source is not None and source.kind == SOURCE_KIND
