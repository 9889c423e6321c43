"""A person works through the docks on labdata's own tables: only rows change there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QDialog, QLabel, QMenu

from hands import child, choose, click_at, double_click_row, press, row_of, write
from labdata_napari import settings
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.layers.points import is_annotation_layer
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.record_table import RecordTableView
from statements import declared, writes

if TYPE_CHECKING:
    from pathlib import Path

    from peers import Labdata

pytestmark = [
    pytest.mark.gui,
    pytest.mark.one_qt,
    pytest.mark.mysql,
    pytest.mark.parametrize("backend", ["labdata"]),
    pytest.mark.skipif(
        os.environ.get("QT_API") == "pyqt5",
        reason="what is sent to the database does not depend on Qt; run with PyQt6",
    ),
]
BADGE = "annotation_badge"
WRITTEN = {
    "lab_data.subject",
    "lab_data.session",
    "lab_data.dataset",
    "lab_data.dataset__data_files",
    "lab_data.file",
    "lab_data._fixed_brain",
    "lab_data._fixed_brain__channel",
    "lab_data_computed.fixed_brain_transform_parameters",
    "lab_data.analysis_file",
    "lab_data_computed.__fixed_brain_transform",
    "lab_data_computed.fixed_brain_transform_annotation",
}
VOXELS = np.random.default_rng(0).integers(100, 4000, (12, 1, 60, 80), np.uint16)


@dataclass(frozen=True)
class OnServer:
    """A lab to connect to."""

    profile: Profile


@pytest.fixture
def labdata_lab(lab_place, store, monkeypatch) -> OnServer:
    facts = lab_place.parameters
    url = f"mysql://{facts['user']}@{facts['host']}:{facts['port']}"
    monkeypatch.setenv(settings.LOCAL_PATHS, str(store))
    profile = Profile("Ours", url, "lab_data", password=facts["password"])
    return OnServer(profile)


def brain_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, VOXELS, ome=True, metadata={"axes": "ZCYX"})
    return path


def do_everything(open_browser, labdata_lab: OnServer, file: Path, qtbot) -> Any:
    """Browse, import, open, transform, annotate and save, with mouse and keys."""
    viewer, workspace, browser = open_browser(labdata_lab, show=True)
    viewer.window.resize(1500, 950)
    table = browser.findChild(RecordTableView, "entry_table")

    press(child(browser, "import_button"))
    dialog = browser.findChild(QDialog, "import_dialog")
    write(child(dialog, "import_path"), str(file))
    found = dialog.findChild(QLabel, "import_found")
    qtbot.waitUntil(lambda: "12 × 1 × 60 × 80" in found.text(), timeout=10_000)
    typed = {"subject": "M2", "session": "20260401_101500", "um_z": "50"}
    for name, text in (typed | {"um_y": "20", "um_x": "20"}).items():
        write(child(dialog, f"import_{name}"), text)
    press(child(dialog, "import_start"))
    qtbot.waitUntil(lambda: table.records().total == 2, timeout=20_000)

    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        double_click_row(table, row_of(table, "M2"))
    new = child(browser, "new_transform_button")
    qtbot.waitUntil(lambda: new.isVisible() and new.isEnabled(), timeout=10_000)
    choose(browser.findChild(QMenu, "new_transform_menu"), "at 50 µm")
    shown = child(browser, "open_transform_button")
    qtbot.waitUntil(lambda: shown.isVisible() and shown.isEnabled(), timeout=30_000)
    viewer.layers.clear()
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        press(shown)

    [layer] = (x for x in viewer.layers if is_annotation_layer(x))
    dock = next(
        d for d in viewer.window.dock_widgets.values() if d.findChild(QLabel, BADGE)
    )
    write(child(dock, "annotation_name"), "track 1", enter=True)
    viewer.reset_view()
    for place in ((200, 500, 700), (250, 600, 800)):
        click_at(viewer, place)
    assert len(layer.data) == 2
    press(child(dock, "annotation_save"))
    press(child(dock, "save_yes"))
    badge = dock.findChild(QLabel, BADGE)
    qtbot.waitUntil(lambda: badge.text() == "✓ all saved", timeout=20_000)
    return layer


def test_the_docks_write_nothing_but_the_rows_they_show(
    open_browser, labdata_lab, lab, lab_place, labdata: Labdata, tmp_path, qtbot
):
    file = brain_file(tmp_path / "scope" / "one.ome.tif")
    request = BrainImport(file, "M1", "20260101_120000", "brain", (50, 20, 20))
    import_brain(lab, request)
    other = brain_file(tmp_path / "scope" / "two.ome.tif")
    before = declared(lab_place)
    with lab_place.statements() as seen:
        layer = do_everything(open_browser, labdata_lab, other, qtbot)
    assert writes(seen) == {f"INSERT INTO {table}" for table in WRITTEN}
    assert declared(lab_place) == before
    [row] = labdata.rows("FixedBrainTransformAnnotation")
    assert (row["subject_name"], row["annotation_name"]) == ("M2", "track 1")
    np.testing.assert_array_equal(row["xyz"], layer.data)
