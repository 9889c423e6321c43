"""A brain is laid into an atlas from the Annotations dock, and its regions come."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton

from annotating import KEY, LEFT
from atlases import REGIONS, VISA
from labdata_napari.core.landmark_fit import pairs_by_name
from labdata_napari.demo.atlas_writing import write_version3
from labdata_napari.lab.atlas_choice import keep_atlas, known_atlas
from labdata_napari.lab.orientation import known_orientation
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_files import FilesButton
from labdata_napari.widgets.atlas_plane import AtlasPlane
from labdata_napari.widgets.landmark_table import LandmarkTable
from labdata_napari.widgets.region_strip import RegionStrip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from annotating import Story

pytestmark = pytest.mark.gui
MARKS = {
    "mark 1": (2, 6, 20),
    "mark 2": (9, 15, 22),
    "mark 3": (5, 20, 33),
    "mark 4": (6, 26, 9),
}


@pytest.fixture
def atlas(tmp_path: Path, connected_lab: Any, own_home: None) -> Iterator[None]:
    """An atlas as large as the transform, whose upper half is cortex."""
    volume = np.full((6, 12, 16), 549, np.uint32)
    volume[:, :6] = VISA
    write_version3(tmp_path / "home" / "atlases", "block", volume, REGIONS, 100.0)
    yield
    keep_atlas(connected_lab, KEY, None)


def choose(story: Story, name: str, text: str) -> None:
    """Choose an entry of a list, as a person does."""
    box = story.dock.findChild(QComboBox, name)
    index = next(i for i in range(box.count()) if text in box.itemText(i))
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_regions_come_as_soon_as_it_is_said_how_the_brain_lies(
    story: Story, atlas: None, connected_lab: Any, tmp_path: Path
) -> None:
    qtbot, dock = story.qtbot, story.dock
    strip = dock.findChild(RegionStrip)
    words = dock.findChild(QLabel, "atlas_words")
    qtbot.waitUntil(lambda: "only lengths" in words.text(), timeout=10_000)
    assert strip.isHidden()

    # the atlas, which way the brain lies, and that the stack is registered
    story.press("atlas_open")
    box = dock.findChild(QComboBox, "atlas_box")
    qtbot.waitUntil(lambda: box.count() == 4, timeout=10_000)
    choose(story, "atlas_box", "block_100um")
    choose(story, "atlas_way", "registered to it")
    said = dock.findChild(QLabel, "atlas_message")
    story.press("atlas_lay")
    qtbot.waitUntil(lambda: "which way" in said.text(), timeout=10_000)
    code = dock.findChild(QLineEdit, "orientation_code")
    qtbot.keyClicks(code, "asr\r")
    story.press("atlas_lay")
    qtbot.waitUntil(lambda: "laid in" in said.text(), timeout=10_000)
    regions = dock.findChild(QLabel, "numbers_regions")
    qtbot.waitUntil(lambda: "Tip in" in regions.text(), timeout=10_000)
    assert [i.acronym for i in strip.regions.in_brain] == ["VISa", "TH"]
    assert "VISa: Anterior area" in strip.words_at(strip.height() * 0.1)
    place = (connected_lab.url, connected_lab.name, connected_lab.project)
    qtbot.waitUntil(lambda: known_orientation(place, KEY) == "asr", timeout=10_000)
    qtbot.waitUntil(lambda: known_atlas(connected_lab, KEY) is not None)

    # there is no probe of that name in this lab, and it says so
    editing.rename_annotation(story.layer, "probe 1", "NP1_shank0")
    story.press("atlas_write")
    noted = dock.findChild(QLabel, "region_words")
    qtbot.waitUntil(lambda: "Rows: none" in noted.text(), timeout=10_000)
    assert "Atlas is empty" in noted.text()
    assert not dock.findChild(QPushButton, "region_write").isEnabled()
    story.press("region_back")
    assert story.table.isVisible()

    # its places go out to files and come in again
    files_go_out_and_come_in(story, tmp_path)

    # one half of the atlas is no longer as large as the stack
    choose(story, "atlas_way", "left half")
    story.press("atlas_lay")
    qtbot.waitUntil(lambda: "does not lie in its space" in said.text(), timeout=10_000)

    # four landmarks: three are typed, one is clicked in the atlas
    choose(story, "atlas_way", "landmarks")
    qtbot.waitUntil(lambda: not said.text(), timeout=10_000)
    choose(story, "annotation_type", "landmark")
    story.new("mark 1")
    for voxel in MARKS.values():  # a landmark is one point: the next click, the next
        story.click_voxel(*voxel)
    assert "“mark 4” begins" in story.text("annotation_status")
    story.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "mark 4" not in [each.name for each in working_copy.roster(story.layer)]
    control_shift = (
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    story.key(Qt.Key.Key_Z, control_shift)
    table, fit = dock.findChild(LandmarkTable), dock.findChild(QLabel, "landmark_fit")
    assert table.current_name == "mark 4"  # what was marked last
    assert "0 of 4" in fit.text()
    pixels = {n: np.array(p) for n, p in MARKS.items()}
    um = {n: (p + 0.5) * (50, 40, 40) for n, p in pixels.items()}
    plane = dock.findChild(AtlasPlane)
    plane.go_to(tuple(um["mark 4"]))
    where = plane._frame()
    high, wide = 1200.0, 1600.0
    at = where.topLeft()
    at.setX(at.x() + um["mark 4"][2] / wide * where.width())
    at.setY(at.y() + um["mark 4"][1] / high * where.height())
    qtbot.mouseClick(plane, LEFT, pos=at.toPoint())
    for row, name in list(enumerate(MARKS))[:3]:
        for k in range(3):
            table.item(row, 1 + k).setText(f"{um[name][k]:.1f}")
    assert "similarity from 4 landmarks" in fit.text()
    assert float(table.item(0, 4).text()) < 60  # a click is a screen pixel
    assert {p.name for p in pairs_by_name(pixels, table.places)} == set(MARKS)
    choose(story, "landmark_kind", "affine")
    assert "affine from 4 landmarks, which any four fit exactly" in fit.text()
    story.press("atlas_lay")
    qtbot.waitUntil(lambda: "affine" in words.text(), timeout=10_000)
    story.press("atlas_fold")
    assert story.table.isVisible()

    # said otherwise which way it lies: what was laid by the other is gone
    story.press("atlas_open")
    qtbot.waitUntil(lambda: box.count() == 4, timeout=10_000)
    story.press("orientation_change")
    qtbot.keyClicks(code, "\b\b\bpil\r")
    qtbot.waitUntil(lambda: "how this brain lies" in words.text(), timeout=10_000)
    assert strip.isHidden()


def files_go_out_and_come_in(story: Story, folder: Path) -> None:
    """Export for brainrender and by sites, import from napari, and undo that."""
    files, said = story.dock.findChild(FilesButton), "annotation_status"

    def told(words: str) -> None:
        story.qtbot.waitUntil(lambda: words in story.text(said), timeout=10_000)

    files.export("brainrender", folder)
    told("NP1_shank0.npy")
    points = np.load(folder / "NP1_shank0.npy")
    np.testing.assert_allclose(points[0], story.layer.scale * (2.5, 10.5, 15.5))
    files.export("brainrender", folder)  # asks before it replaces
    story.qtbot.waitUntil(
        lambda: "already" in story.text("question_text"), timeout=10_000
    )
    story.press("files_keep")
    probe = {
        "specification": "probeinterface",
        "probes": [
            {
                "si_units": "um",
                "contact_positions": [[0, 0], [0, 350]],
                "shank_ids": ["0", "0"],
                "probe_planar_contour": [[0, 0], [0, 400]],
            }
        ],
    }
    (folder / "probe.json").write_text(json.dumps(probe))
    files.export_sites(folder / "probe.json", folder / "sites.csv")
    told("sites.csv")
    rows = list(csv.DictReader((folder / "sites.csv").open()))
    assert [row["region"] for row in rows] == ["VISa", "TH"]

    # File → Save writes the places in the atlas, too
    story.viewer.layers.selection = {story.layer}
    saved = story.viewer.layers.save(str(folder / "all.npy"), selected=True)
    assert saved == [str(folder / "all.npy")]
    np.testing.assert_allclose(np.load(folder / "all.npy"), points)

    head, before = "axis-0,axis-1,axis-2\n", len(story.layer.data)
    (folder / "far.csv").write_text(f"{head}1,2,3\n-1000,99999,30\n")
    files.import_files([folder / "NP1_shank0.npy", folder / "far.csv"])
    told("Point 2 of 'far' is at (-1,000, 99,999, 30), far out")
    (folder / "empty.csv").write_text(head)
    files.import_files([folder / "empty.csv"])
    told("no points to read")
    assert len(story.layer.data) == before
    (folder / "from napari.csv").write_text(f"{head}1,2,3\n4,5,6\n")
    files.import_files([folder / "from napari.csv", folder / "NP1_shank0.npy"])
    told("2 annotations of 5 points")
    names = [entry.name for entry in working_copy.roster(story.layer)]
    assert names == ["NP1_shank0", "from napari", "NP1_shank0 (2)"]
    back = working_copy.drafts(story.layer)[2].points
    np.testing.assert_allclose(back, working_copy.drafts(story.layer)[0].points)
    for _ in range(2):  # also the renaming
        story.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert [e.name for e in working_copy.roster(story.layer)] == ["probe 1"]
