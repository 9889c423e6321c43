"""A probe of four shanks on the demo brain, by mouse and keys alone; events counted.

Environment
-----------
LABDATA_NAPARI_STORY_DEMO
    Folder of a demo of full size to do it on, such as `labdata-napari demo` makes;
    without it a copy of the small demo of the tests is used.
"""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QListWidget

from hands import Actions, canvas, child, click_at, press, row_of, wait_for
from labdata_napari.core.transform import plan
from labdata_napari.demo import demo_truth
from labdata_napari.lab.connect import connect
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.workspace import workspace_for

pytestmark = [pytest.mark.gui, pytest.mark.one_qt]  # the other story is on both Qts
CLICKS = 4
MOST_ACTIONS = 12
MOST_SECONDS = 60.0
KEY_S, POINT_S, BUTTON_S, MENTAL_S = 0.28, 1.1, 0.2, 1.35
"""The keystroke-level model: a key, pointing, a button, deciding what to do next."""


def true_tracks(url: str, truth) -> tuple[dict[str, np.ndarray], dict]:
    """Entry and tip of the four shanks in pixels of the transform, and its key."""
    key = dict(truth.transform_key)
    brain = {k: v for k, v in key.items() if k != "transform_id"}
    with connect(url) as lab:
        [record] = [r for r in lab.brains.transforms(brain) if r.key == key]
        shape = lab.brains.open(brain).shape
    geometry = plan(shape, truth.brains[0].um_per_pixel, record.parameters)
    ends = {
        track.name: geometry.points_to_result(
            truth.brains[0].pixels(track.points_um(2))
        )
        for track in truth.brains[0].tracks
        if not track.annotated
    }
    return ends, key


def places_on(ends: np.ndarray) -> np.ndarray:
    """Where a person clicks: both ends and twice between, each on a plane."""
    planes = np.rint(np.linspace(ends[0, 0], ends[1, 0], CLICKS))
    along = (planes - ends[0, 0]) / (ends[1, 0] - ends[0, 0])
    # on a plane far from the end the dye is clicked where it leaves that plane
    along = np.clip(along, [0, 0.1, 0.4, 0.9], [0.1, 0.6, 0.9, 1])
    along[[0, -1]] = 0, 1
    places = ends[0] + along[:, None] * (ends[1] - ends[0])
    places[:, 0] = planes
    return places


def test_four_shanks_take_a_minute_at_most(
    make_napari_viewer, demo_copy, monkeypatch, tmp_path
):
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    full = os.environ.get("LABDATA_NAPARI_STORY_DEMO")
    url = f"embedded:{full}" if full else demo_copy
    monkeypatch.setenv("LABDATA_NAPARI_URL", url)
    truth = demo_truth(scale=1.0 if full else 0.25)
    tracks, _ = true_tracks(url, truth)
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1500, 950)
    _, browser = viewer.window.add_plugin_dock_widget("labdata-napari", "Lab Browser")
    table = child(browser, "entry_table")
    subject = str(truth.brains[0].key["subject_name"])
    wait_for(lambda: table.model().rowCount() > 0)
    table.selectRow(row_of(table, subject))
    listed = browser.findChild(QListWidget, "transform_list")
    wait_for(listed.count)
    press(child(browser, "open_transform_button"))
    wait_for(lambda: len(viewer.layers) >= 4)
    points = next(x for x in viewer.layers if working_copy.is_annotation_layer(x))
    annotator = workspace_for(viewer).annotating.of(points)
    wait_for(lambda: annotator.surface is not None and annotator.brain is not None, 90)
    viewer.layers.selection.active = points
    um = np.array(points.scale)
    picture = canvas(viewer)

    def key(which, modifier=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(picture, which, modifier)

    def go_to(plane: float) -> None:
        while (step := round(plane) - viewer.dims.current_step[0]) != 0:
            far = Qt.KeyboardModifier.ShiftModifier
            modifier = far if abs(step) >= 10 else Qt.KeyboardModifier.NoModifier
            key(Qt.Key.Key_Period if step > 0 else Qt.Key.Key_Comma, modifier)

    first = min(tracks)
    go_to(places_on(tracks[first])[0, 0])
    began, seconds, told = time.monotonic(), 0.0, []
    for number, name in enumerate(sorted(tracks)):
        places = places_on(tracks[name])
        events = Actions(picture)
        key(Qt.Key.Key_N)
        assert editing.chosen_annotation(points) == name
        # down one shank, up the next: fewer slices to go through
        for place in places if number % 2 == 0 else places[::-1]:
            go_to(place[0])
            click_at(viewer, place * um)
        counts = events.stop()
        assert counts["click"] == CLICKS
        assert sum(counts.values()) <= MOST_ACTIONS, counts
        seconds += MENTAL_S + counts["key"] * KEY_S
        seconds += counts["click"] * (POINT_S + BUTTON_S)
        track = annotator.figures.of(name).track
        off = np.abs((track.tip - tracks[name][1]) * um)
        told.append((name, dict(counts), off.round().tolist()))
        # the depth of the last plane is known to half its thickness
        slack = 0 if full else um[0] / 2
        assert np.linalg.norm(np.maximum(off - [slack, 0, 0], 0)) < 50, told
    taken = time.monotonic() - began
    print(f"model {seconds:.1f} s, this machine {taken:.1f} s: {told}")
    assert seconds <= MOST_SECONDS

    # all of it was measured and looked up meanwhile, and one undo a click takes it back
    assert "Tip in" in wait_for(
        lambda: child(
            viewer.window.dock_widgets["Annotations (labdata-napari)"],
            "numbers_regions",
        ).text()
    )
    for _ in range(CLICKS + 1):
        key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    left = {entry.name for entry in working_copy.roster(points)}
    assert max(tracks) not in left
    assert len(left & tracks.keys()) == len(tracks) - 1
    viewer.close()
