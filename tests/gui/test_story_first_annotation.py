"""From a file on disk to an annotation row, as a new user walks it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QListWidget, QMenu

from hands import (
    child,
    choose,
    click_at,
    double_click_row,
    drag,
    pause,
    press,
    row_of,
    show_slice,
    wait_for,
    write,
)
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.layers.points import SOURCE_KIND
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.gui
UM = (40.0, 20.0, 20.0)


def command(*words: str) -> str:
    """Run a command line of ours as a shell would."""
    done = subprocess.run(
        [sys.executable, "-m", "labdata_napari.cli", *words],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def brain_file(folder: Path) -> Path:
    """A bright ball with a line of dye through it, (Z, C, Y, X)."""
    z, y, x = np.indices((24, 60, 80))
    ball = ((z - 12) / 11) ** 2 + ((y - 30) / 28) ** 2 + ((x - 40) / 38) ** 2 < 1
    stack = np.zeros((24, 2, 60, 80), np.uint16)
    stack[:, 0] = 100 + 500 * ball
    stack[:, 1] = 80 + 4000 * (ball & (abs(y - 2 * z - 4) < 2) & (abs(x - 40) < 2))
    file = folder / "my brain é.ome.tif"
    tifffile.imwrite(file, stack, ome=True, metadata={"axes": "ZCYX"})
    return file


def plain_rows(folder: Path) -> list[dict]:
    """The annotation rows as DataJoint alone reads them."""
    import datajoint as dj

    with EmbeddedPostgres(folder) as server:
        instance = dj.Instance(**server.parameters(), safemode=False)
        schema = instance.Schema("lab_data_computed", create_tables=False)
        schema.make_classes(into=(tables := {}))
        rows = tables["FixedBrainTransformAnnotation"]().to_dicts(order_by="KEY")
        instance.connection.close()
    return rows


def test_from_a_file_to_annotation_rows(make_napari_viewer, tmp_path, monkeypatch):
    folder = tmp_path / "a lab" / "db"
    url = f"embedded:{folder}"
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABDATA_NAPARI_URL", url)

    # a brain comes in from the command line
    printed = command(
        "import", "brain", str(brain_file(tmp_path)), "--subject", "M1",
        "--session", "20260101_120000", "--dataset", "brain",
        "--um-per-pixel", *map(str, UM),
    )  # fmt: skip
    assert "M1" in printed

    # the window opens on the lab; the brain is double-clicked
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1500, 950)
    _, browser = viewer.window.add_plugin_dock_widget("labdata-napari", "Lab Browser")
    table = child(browser, "entry_table")
    wait_for(lambda: table.model().rowCount() == 1)
    double_click_row(table, row_of(table, "M1"))
    wait_for(lambda: len(viewer.layers) == 2)
    assert np.allclose(viewer.layers[0].scale, UM)
    assert {str(unit) for unit in viewer.layers[0].units} == {"micrometer"}
    assert viewer.layers[0].axis_labels == ("z", "y", "x")

    # it gets a transform, which opens
    transforms = browser.findChild(QListWidget, "transform_list")
    wait_for(child(browser, "new_transform_button").isVisible)
    choose(browser.findChild(QMenu, "new_transform_menu"), "at the brain's own size")
    wait_for(lambda: transforms.count() == 1)
    viewer.layers.clear()
    press(child(browser, "open_transform_button"))
    wait_for(lambda: len(viewer.layers) == 3)
    points = next(
        layer for layer in viewer.layers
        if (source := source_of(layer)) and source.kind == SOURCE_KIND
    )  # fmt: skip

    # a track is named, typed and clicked, slice by slice
    dock = viewer.window.dock_widgets["Annotations (labdata-napari)"]
    write(child(dock, "annotation_name"), "NP1_shank0", enter=True)
    track = np.array([[8, 20, 40], [12, 28, 40], [16, 36, 40]]) * np.array(UM)
    for place in track:
        show_slice(viewer, place)
        click_at(viewer, place)
    assert len(points.data) == 3

    # the last point was a little off: it is dragged
    show_slice(viewer, track[2])
    press(child(dock, "annotation_add"))
    drag(viewer, track[2], track[2] + (0, 40, 0))
    assert "unsaved" in child(dock, "annotation_badge").text()

    # saved after its changes were shown, and found as a row
    press(child(dock, "annotation_save"))
    said = wait_for(lambda: child(dock, "question_text").text())
    assert "NP1_shank0" in said
    assert "3 points" in said
    press(child(dock, "save_yes"))
    wait_for(lambda: "all saved" in child(dock, "annotation_badge").text())
    viewer.close()
    pause(0.5)

    (row,) = plain_rows(folder)
    assert row["subject_name"] == "M1"
    assert (row["annotation_name"], row["annotation_type"]) == (
        "NP1_shank0",
        "probe_track",
    )
    expected = (track + np.array([[0, 0, 0], [0, 0, 0], [0, 40, 0]])) / np.array(UM)
    # a screen pixel is about a tenth of a voxel here
    assert np.abs(np.asarray(row["xyz"]) - expected).max() < 0.5
