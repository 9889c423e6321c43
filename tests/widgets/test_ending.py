"""napari ends in the middle of something: no server, row, file or lock is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.widgets.import_dialog import ImportDialog

pytestmark = pytest.mark.gui

PROGRAM = """
import sys, time
import napari
from qtpy.QtWidgets import QApplication
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for

viewer = napari.Viewer(show=False)
workspace = workspace_for(viewer)
workspace.attach_window(viewer.window._qt_window)
workspace.connect(Profile("Lab", sys.argv[1]))
while not workspace.connection.is_open:
    QApplication.processEvents()
    time.sleep(0.01)
workspace.submit(lambda lab: time.sleep(0.5))
print("open", flush=True)
"""


def is_stopped(url: str) -> bool:
    root = Path(url.removeprefix("embedded:"))
    return EmbeddedPostgres(root).status().state == "stopped"


def test_a_program_that_just_ends_stops_the_server(lab_folder):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, lab_folder.url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "open", done.stderr
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert is_stopped(lab_folder.url)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_window_told_to_end_stops_the_server(lab_folder):
    command = ["-W", "ignore", "-m", "labdata_napari.cli", "--url", lab_folder.url]
    window = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE)
    root = Path(lab_folder.url.removeprefix("embedded:"))
    deadline = time.monotonic() + 60
    while not EmbeddedPostgres(root).status().clients:
        assert time.monotonic() < deadline, "the window never connected"
        time.sleep(0.2)
    window.terminate()
    _, said = window.communicate(timeout=30)
    assert b"Traceback" not in said
    assert window.returncode == 0, said
    status, log = EmbeddedPostgres(root).status(), (root / "server.log").read_text()
    assert status.state == "stopped", (status, log, said)


EARLY = """
import os, signal, sys
from labdata_napari.widgets import app

opened = app.open_window

def open_window(*args, **options):
    viewer = opened(*args, **options)
    os.kill(os.getpid(), signal.SIGTERM)
    return viewer

app.open_window = open_window
app.run_window(sys.argv[1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_window_told_to_end_before_it_listens_stops_the_server_too(lab_folder):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EARLY, lab_folder.url],
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert is_stopped(lab_folder.url)


def pictures_in(folder: Path) -> list[str]:
    """Find TIFF files, in a folder that a server may be cleaning up."""
    walked = os.walk(folder)  # which minds no folder that goes
    return sorted(f"{f}/{n}" for f, _, names in walked for n in names if ".tif" in n)


def test_closing_during_an_import_keeps_nothing_of_it(
    open_browser, lab_folder, tmp_path, qtbot
):
    viewer, workspace, browser = open_browser(lab_folder, show=True)
    file = tmp_path / "large.tif"
    tifffile.imwrite(file, np.zeros((300, 500, 500), np.uint16))
    dialog = ImportDialog(workspace, browser)
    dialog.show()
    dialog.choose(file)
    form = dialog.findChild(object, "import_subject")
    form.setText("M8")
    for axis in "zyx":
        dialog.findChild(object, f"import_um_{axis}").setText("10")
    start = dialog.findChild(object, "import_start")
    qtbot.waitUntil(start.isEnabled, timeout=5000)
    root = Path(lab_folder.url.removeprefix("embedded:"))
    before = pictures_in(root)
    start.click()
    bar = dialog.findChild(object, "import_progress")
    qtbot.waitUntil(lambda: bar.maximum() == 100, timeout=10_000)
    viewer.close()
    qtbot.waitUntil(lambda: is_stopped(lab_folder.url), timeout=20_000)
    assert pictures_in(root) == before
    with lab_folder.connect() as lab:
        assert not (lab.FixedBrain & {"subject_name": "M8"})
        assert not (lab.Subject & {"subject_name": "M8"})
