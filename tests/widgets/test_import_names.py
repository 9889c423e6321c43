"""The import form is filled from the folders of a file in labdata's lab."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from qtpy.QtWidgets import QLabel, QLineEdit

from labdata_napari.widgets.connection import START
from labdata_napari.widgets.import_dialog import ImportDialog
from labdata_napari.widgets.workspace import workspace_for

pytestmark = [
    pytest.mark.gui,
    pytest.mark.mysql,
    pytest.mark.parametrize("backend", ["mysql"]),
]


def test_what_the_folders_say_is_filled_in_and_what_is_typed_stays(
    make_napari_viewer, qtbot, lab_place, labdata_home, tmp_path
):
    here = lab_place.parameters
    labdata_home.write(
        {
            "host": f"{here['host']}:{here['port']}",
            "user": here["user"],
            "password": labdata_home.encrypted(here["password"]),
        },
        local_paths=[str(tmp_path / "data")],
    )
    named = tmp_path / "data" / "M1" / "20260101_120000" / "cleared" / "x.tif"
    loose = tmp_path / "x.tif"
    named.parent.mkdir(parents=True)
    for file in (named, loose):
        tifffile.imwrite(file, np.zeros((4, 8, 9), np.uint16), metadata={"axes": "ZYX"})
    workspace = workspace_for(make_napari_viewer())
    workspace.connect(START)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
    dialog = ImportDialog(workspace)
    qtbot.addWidget(dialog)
    lines = {
        what: dialog.findChild(QLineEdit, f"import_{what}")
        for what in ("subject", "session", "dataset")
    }
    for axis in "zyx":
        qtbot.keyClicks(dialog.findChild(QLineEdit, f"import_um_{axis}"), "9")

    def choose(file):
        dialog.choose(file)
        found = dialog.findChild(QLabel, "import_found")
        qtbot.waitUntil(lambda: "4 ×" in found.text(), timeout=10_000)
        return [line.text() for line in lines.values()]

    assert choose(named) == ["M1", "20260101_120000", "cleared"]
    hint = dialog.findChild(QLabel, "import_hint").text()
    assert hint == "As the folders of the file say: subject, session, dataset."
    subject, session, dataset = choose(loose)
    assert (subject, dataset) == ("", "brain")
    assert session != "20260101_120000"
    qtbot.keyClicks(lines["subject"], "M7")
    assert choose(named) == ["M7", "20260101_120000", "cleared"]
    workspace.close()
