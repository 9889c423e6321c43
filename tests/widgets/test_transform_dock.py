"""The Transform dock on a real lab, with real mouse and keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtGui import QOpenGLContext
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QScrollArea, QWidget

from hands import child, choose, click_at, drag, press, row_of, wait_for, wheel, write
from labdata_napari.core.glimpse import glimpse
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import Cancelled
from labdata_napari.widgets import transform_loading, transform_source
from labdata_napari.widgets.canvas import canvas_of
from labdata_napari.widgets.record_table import RecordTableView
from labdata_napari.widgets.transform_opening import show_transform_dock
from labdata_napari.widgets.transform_source import refined
from transform_hands import (
    DOCK,
    KEY,
    on_canvas,
    previews,
    said,
    said_in,
    sets,
    settled,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.gui

ESTIMATE = "transform_estimate"


def use_the_hands(viewer: Any, dock: QWidget) -> None:
    """Each tool once, with the mouse in the planes; all of it is taken back."""
    model = dock.model
    straight = model.draft

    def at(pane: int, *place: float) -> tuple[float, ...]:
        return on_canvas(viewer, dock.scene.panes[pane], place)

    def painted() -> None:  # the tools add layers of their own
        wait_for(lambda: dock.scene.draft == model.draft)

    def take(tool: str) -> None:
        painted()
        press(child(dock, f"hand_{tool}"))
        painted()

    take("turn")
    hint = said(dock, "hand_told")
    assert "Drag" in hint
    assert viewer.help != hint  # it is said once
    drag(viewer, at(0, 6, 12, 28), at(0, 6, 17, 27))
    painted()
    assert 12 < abs(model.draft.angles["yx"]) < 26
    press(child(dock, "transform_undo"))
    take("level")
    click_at(viewer, at(0, 6, 10, 4))
    click_at(viewer, at(0, 6, 13, 27))
    painted()
    assert abs(model.draft.angles["yx"]) == pytest.approx(7.4, abs=1)
    press(child(dock, "transform_undo"))
    take("midline")
    click_at(viewer, at(0, 6, 4, 12))
    click_at(viewer, at(0, 6, 20, 12))
    assert abs(model.draft.angles["yx"]) < 1  # it was upright, as near as a pixel is
    take("left")
    (_, _, (low, high)) = model.draft.box
    assert (low, high) == pytest.approx((12, 32), abs=1)
    take("crop")
    drag(viewer, at(0, 6, 2, 31.3), at(0, 6, 2, 27.3))
    drag(viewer, at(1, 11.3, 12, 0), at(1, 8.3, 12, 0))
    drag(viewer, at(2, -0.3, 12, 20), at(2, 1.7, 12, 20))
    painted()
    assert model.draft.box == ((2, 9), (0, 24), (low, 28))
    press(child(dock, "transform_undo"))
    painted()
    assert said(dock, "hand_told").endswith(f"9 × 24 × {28 - low} voxels")
    press(child(dock, "transform_redo"))
    painted()
    press(child(dock, "hand_crop"))
    assert not dock.findChild(QLabel, "hand_told").isVisible()
    press(child(dock, "transform_atlas_right"))
    assert said(dock, "transform_status").startswith("asr_25um_right: ")
    assert model.draft.hemisphere == "right"
    assert model.draft.plan.shape_out[3] == pytest.approx(2 * low, abs=2)
    while model.draft != straight:
        press(child(dock, "transform_undo"))
    settled(dock)


def test_a_brain_is_straightened_cropped_and_computed(open_dock, lab_folder):
    viewer, _, dock = open_dock(lab_folder)
    scene = dock.scene
    assert sets(dock) == ["new parameters"]
    assert dock.model.draft.voxel_um == 50  # as its sections are; its planes are finer

    write(child(dock, "orientation_code"), "asr", enter=True)
    use_the_hands(viewer, dock)
    press(child(dock, "transform_view_horizontal"))
    write(child(dock, "transform_angle_yx"), "5", enter=True)
    settled(dock)
    assert scene.draft.orientation_out == "sal"
    assert [pane.axis for pane in scene.panes] == [0, 2, 1]

    # the mouse moves the cross-hair, in every plane
    click_at(viewer, on_canvas(viewer, scene.panes[0], (0, 4, 20)))
    assert scene.cross[1:] == pytest.approx((4, 20), abs=0.6)
    side = scene.panes[1]
    drag(
        viewer, on_canvas(viewer, side, (9, 4, 0)), on_canvas(viewer, side, (20, 7, 0))
    )
    assert scene.cross[:2] == pytest.approx((20, 7), abs=0.6)

    # three steps back, two again
    for _ in range(2):
        QTest.keyClick(dock, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settled(dock)
    assert dock.model.draft.angles["yx"] == 0
    assert dock.model.draft.order == (0, 1, 2)
    press(child(dock, "transform_redo"))
    press(child(dock, "transform_redo"))
    assert dock.model.draft.angles["yx"] == 5

    press(child(dock, "transform_crop_fold"))
    write(child(dock, "transform_crop_from_0"), "6", enter=True)
    settled(dock)
    frame, result = dock.model.draft.frame, dock.model.draft.plan
    assert result.spatial_shape_out[0] == frame.spatial_shape_out[0] - 6
    wait_for(lambda: " × ".join(map(str, result.shape_out)) in said(dock, ESTIMATE))

    before = np.concatenate([image.data.ravel() for image in scene.images])
    press(child(dock, "transform_before"))
    settled_before = dock.model.draft.straight()
    wait_for(lambda: scene.draft == settled_before)
    after = np.concatenate([image.data.ravel() for image in scene.images])
    assert not np.array_equal(before, after)
    press(child(dock, "transform_before"))
    settled(dock)

    QTest.keyClick(dock, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_for(lambda: len(sets(dock)) == 2 and "✓ computed" in sets(dock)[1], 60)
    with lab_folder.connect() as lab:
        row = (lab.FixedBrainTransformParameters & KEY).fetch1()
        stored = TransformParameters.from_row(row)
        computed = (lab.FixedBrainTransform & KEY).open()
        assert tuple(computed.shape) == result.shape_out
        pixels = np.asarray(computed[:])
    assert stored == dock.model.draft.parameters
    # what is shown is what was computed: the plane through the cross-hair
    pane = scene.panes[0]
    shown = scene.images[0].data[: pane.height, : pane.width]
    wanted = pixels[round(scene.cross[0]) - 6, 0]
    rows = np.arange(pane.height) * len(wanted) // pane.height  # voxels are longer
    wanted = wanted[rows]
    assert shown.shape == wanted.shape
    alike = {
        (dy, dx): np.corrcoef(np.roll(wanted, (dy, dx), (0, 1)).ravel(), shown.ravel())
        for dy in (-2, 0, 2)
        for dx in (-1, 0, 1)
    }
    assert max(alike, key=lambda shift: alike[shift][0, 1]) == (0, 0)
    assert alike[0, 0][0, 1] > 0.9  # it is painted linearly while things change
    assert not child(dock, "transform_compute").isEnabled()
    assert "computed already" in child(dock, "transform_compute").toolTip()


def test_layers_are_hidden_and_come_back_as_they_were(open_dock, shared_lab):
    viewer, workspace, dock = open_dock(shared_lab)
    canvas, current = canvas_of(workspace.window), []
    viewer.layers.events.removed.connect(
        lambda _: current.append(QOpenGLContext.currentContext())
    )
    press(child(dock, "transform_shown"))
    assert previews(viewer) == []
    # else OpenGL deletes what is not the canvas's, and some end the program for it
    assert current
    assert all(context is canvas.context() for context in current)
    other = viewer.add_image(np.zeros((7, 20, 20)), name="other")
    viewer.dims.order, viewer.dims.point = (1, 0, 2), (0, 4, 0)
    zoom = viewer.scene.camera.zoom
    press(child(dock, "transform_shown"))
    scene = settled(dock)
    assert not other.visible
    assert viewer.dims.nsteps[0] == 1  # no slider steps through what is hidden
    scene.images[0].contrast_limits = (100, 900)
    # the dock goes behind another one: the canvas is the layers' again
    viewer.window.dock_widgets[DOCK].parentWidget().hide()
    wait_for(lambda: previews(viewer) == [])
    assert other.visible
    assert viewer.dims.order == (1, 0, 2)
    assert viewer.dims.point[1] == 4
    assert viewer.scene.camera.zoom == pytest.approx(zoom)
    viewer.window.dock_widgets[DOCK].parentWidget().show()
    settled(dock)
    assert tuple(scene.images[0].contrast_limits) == (100, 900)
    # deleting a layer of the preview ends it, whole
    viewer.layers.remove(scene.images[0])
    assert previews(viewer) == []
    assert other.visible
    # and so does opening something over it
    press(child(dock, "transform_shown"))
    settled(dock)
    viewer.add_image(np.zeros((7, 20, 20)), name="opened")
    wait_for(lambda: previews(viewer) == [])
    assert other.visible
    assert not child(dock, "transform_shown").isChecked()


def test_a_large_brain_is_seen_before_it_is_read(open_dock, shared_lab, monkeypatch):
    sections = []

    def few(levels, progress):
        return glimpse(levels, progress, max_read=levels[-1].size_bytes // 4)

    def noted(loaded, progress):
        found = refined(loaded, progress)
        sections.extend(one.volume.data.shape[1] for one in (loaded, found))
        return found

    monkeypatch.setattr("labdata_napari.core.glimpse.MEMORY", 1000)
    monkeypatch.setattr("labdata_napari.core.glimpse._FEWEST", 3)
    monkeypatch.setattr("labdata_napari.core.glimpse._MORE_READ", 12 * 2 * 60 * 80)
    monkeypatch.setattr(transform_source, "glimpse", few)
    monkeypatch.setattr(transform_loading, "refined", noted)
    _, _, dock = open_dock(shared_lab)
    wait_for(lambda: not dock._loaded.is_glimpse)
    few, more = 3 + 2, 6 + 2  # with one beyond each face
    assert sections == [few, more, more, 12]
    assert settled(dock)


def test_what_nobody_waits_for_is_read_no_longer(open_dock, shared_lab, monkeypatch):
    said = []

    def endless(loaded, progress):
        said.append("begun")
        try:
            while len(said) == 1:
                progress(0, 1)
                time.sleep(0.01)
        except Cancelled:
            said.append("ended")
            raise
        return refined(loaded, progress)

    monkeypatch.setattr("labdata_napari.core.glimpse.MEMORY", 1000)
    monkeypatch.setattr(transform_loading, "refined", endless)
    _, _, dock = open_dock(shared_lab)
    wait_for(lambda: said == ["begun"])
    dock.show_brain(KEY)
    wait_for(lambda: said[:2] == ["begun", "ended"])
    wait_for(lambda: not dock._loaded.is_glimpse)
    assert said == ["begun", "ended", "begun"]
    assert "cancel" not in said_in(dock)

    told = []
    dock._loader.told.connect(told.append)
    source = dock.source
    dock.show_brain(KEY | {"subject_name": "nobody"})  # fails, but that is past
    dock.show_brain(KEY)
    wait_for(lambda: dock.source is not source)
    wait_for(lambda: not dock._loaded.is_glimpse)
    assert {text.partition(" ")[0] for text in told} == {"Opening", "Reading", ""}


def test_what_was_not_saved_is_offered_again(open_dock, shared_lab, tmp_path):
    _, workspace, dock = open_dock(shared_lab)
    write(child(dock, "transform_angle_zx"), "-7.5", enter=True)
    drafts = tmp_path / "home" / "drafts"
    wait_for(lambda: any("-7.5" in f.read_text() for f in drafts.glob("*.json")))
    show_transform_dock(workspace, KEY)  # as after a crash
    wait_for(lambda: said(dock, "question_text").startswith("Parameters of"))
    assert dock.model.draft.angles["zx"] == 0
    press(child(dock, "transform_kept_yes"))
    assert dock.model.draft.angles["zx"] == -7.5
    press(child(dock, "transform_undo"))
    assert dock.model.draft.angles["zx"] == 0


def test_sets_are_changed_copied_and_deleted_and_conflicts_asked(open_dock, lab_folder):
    first = TransformParameters(downsample=(1.0, 1.0, 0.4, 0.4))
    with lab_folder.connect() as lab:
        lab.brains.add_transform_parameters(KEY, first)
        _, _, dock = open_dock(lab_folder)
        assert sets(dock) == ["new parameters", "0 · 50 µm"]
        write(child(dock, "transform_angle_yx"), "3", enter=True)
        # somebody else is quicker
        theirs = TransformParameters(downsample=(0.5, 1.0, 0.2, 0.2))
        lab.brains.save_transform_parameters(KEY | {"transform_id": 0}, first, theirs)
        press(child(dock, "transform_save"))
        wait_for(lambda: dock.findChild(QWidget, "transform_conflict_other"))
        asked = " ".join(w.text() for w in dock.findChildren(QLabel) if w.isVisible())
        assert "Yours: " in asked
        assert "over them" not in asked  # it is no answer here
        press(child(dock, "transform_conflict_other"))
        wait_for(lambda: len(sets(dock)) == 3)
        assert sets(dock)[1:] == ["0 · 100 µm", "1 · 50 µm · turned 3°"]
        press(child(dock, "transform_delete"))
        press(child(dock, "transform_delete_yes"))
        wait_for(lambda: len(sets(dock)) == 2)
        press(child(dock, "transform_copy"))
        write(child(dock, "transform_angle_yx"), "-2", enter=True)
        press(child(dock, "transform_save"))
        wait_for(lambda: len(sets(dock)) == 3)
        rows = (lab.FixedBrainTransformParameters & KEY).to_dicts(order_by="KEY")
    assert [row["rotate"] for row in rows] == [None, [0.0, 0.0, -2.0, False, False]]


def test_a_stack_that_is_open_becomes_a_layer_and_a_file(
    make_napari_viewer, qtbot, tmp_path: Path
):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1300, 850)
    frames = np.random.default_rng(2).integers(0, 500, (9, 30, 40)).astype(np.uint16)
    space = {"scale": (1, 5, 5), "units": ("pixel", "um", "um")}
    viewer.add_image(frames, name="movie", axis_labels=("frame", "y", "x"), **space)
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Transform")
    assert child(dock, "transform_take_layer").text() == "Take movie"
    press(child(dock, "transform_take_layer"))
    scene = settled(dock)
    assert len(scene.panes) == 1
    assert not child(dock, "transform_sets").isVisible()
    assert not child(dock, "transform_angle_zy").isVisible()
    press(child(dock, "transform_flip_2"))
    press(child(dock, "transform_crop_fold"))
    write(child(dock, "transform_crop_from_0"), "2", enter=True)
    write(child(dock, "transform_um"), "10", enter=True)
    draft = dock.model.draft
    press(child(dock, "transform_layer"))
    wait_for(lambda: "movie transformed" in viewer.layers, 30)
    result = viewer.layers["movie transformed"]
    assert result.data.shape == (7, 15, 20)
    assert [str(unit) for unit in result.units][1:] == ["micrometer"] * 2
    wait_for(lambda: previews(viewer) == [])
    assert viewer.layers["movie"].visible
    path = tmp_path / "movie.ome.tif"
    dock._results.export(dock.source, draft, path)
    wait_for(path.exists, 30)
    np.testing.assert_array_equal(tifffile.imread(path).squeeze(), result.data)
    # a name that was completed was never asked about
    before = path.read_bytes()
    dock._results.export(dock.source, dock.model.draft, tmp_path / "movie")
    refused = "already; choose another name."
    wait_for(lambda: said(dock, "transform_status").endswith(refused))
    # and another image can be taken, one that is in that very file
    viewer.open(path, plugin="labdata-napari")
    layer = viewer.layers[-1]
    wait_for(lambda: child(dock, "transform_take_layer").text() == f"Take {layer.name}")
    press(child(dock, "transform_take_layer"))
    wait_for(lambda: dock.source.name == layer.name)
    settled(dock)
    assert not child(dock, "transform_take_layer").isVisible()
    dock._results.export(dock.source, dock.model.draft, path)
    refused = "is what is to be transformed"
    wait_for(lambda: refused in said(dock, "transform_status"))
    assert path.read_bytes() == before
    assert open_stack(path).axes.startswith("T")  # frames, not sections


def test_the_browser_opens_it(open_browser, shared_lab):
    viewer, _, browser = open_browser(shared_lab, show=True)
    table = browser.findChild(RecordTableView, "entry_table")
    table.selectRow(row_of(table, "M2"))
    menu = browser.findChild(QWidget, "new_transform_menu")
    wait_for(child(browser, "new_transform_button").isVisible)
    choose(menu, "by eye …")
    dock = viewer.window.dock_widgets[DOCK]
    settled(dock)
    assert "M2" in said(dock, "transform_title")


def test_a_wheel_that_scrolls_the_dock_changes_nothing(open_dock, shared_lab):
    viewer, _, dock = open_dock(shared_lab)
    viewer.window.resize(1000, 500)
    bar = dock.findChild(QScrollArea).verticalScrollBar()
    wait_for(bar.maximum)
    draft = dock.model.draft
    names = ("transform_um", "transform_slider_zy", "transform_angle_zx")
    for name in (*names, "transform_cast", "transform_grid"):
        dock.findChild(QScrollArea).ensureWidgetVisible(child(dock, name))
        before = bar.value()
        wheel(child(dock, name), 1 if before else -1)
        assert bar.value() != before, name
    assert dock.model.draft == draft
    assert child(dock, "transform_grid").currentIndex() == 0


def test_a_voxel_size_is_shown_only_where_it_is_that_of_the_voxels(
    open_dock, shared_lab
):
    viewer, _, dock = open_dock(shared_lab)
    size = child(dock, "transform_um")
    write(size, "60", enter=True)
    assert size.text() == "60.00 µm"
    press(child(dock, "transform_size_own"))  # 50 × 20 × 20
    assert size.text() == "–"
    write(size, "30", enter=True)
    assert dock.model.draft.voxel_um == 30
    # and where there is little room, nothing is out of reach
    viewer.window.resize(640, 600)
    area = dock.findChild(QScrollArea)
    wait_for(lambda: area.viewport().width() < 280)
    assert area.horizontalScrollBar().isVisible()
