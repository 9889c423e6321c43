"""The import dialog: what it asks, what it fills in, what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPushButton,
)

from labdata_napari.widgets.record_table import RecordTableView

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


class Dialog:
    def __init__(self, browser, qtbot) -> None:
        self.browser, self.qtbot = browser, qtbot
        qtbot.mouseClick(browser.findChild(QPushButton, "import_button"), LEFT)
        self.widget = browser.findChild(QDialog, "import_dialog")

    def line(self, name: str) -> QLineEdit:
        return self.widget.findChild(QLineEdit, f"import_{name}")

    def type(self, **texts: str) -> None:
        for name, text in texts.items():
            self.line(name).selectAll()
            self.qtbot.keyClicks(self.line(name), text)

    def hint(self) -> str:
        return self.widget.findChild(QLabel, "import_hint").text()

    def found(self) -> str:
        return self.widget.findChild(QLabel, "import_found").text()

    def start(self) -> QPushButton:
        return self.widget.findChild(QPushButton, "import_start")

    def look(self) -> None:
        """Wait until the file has been looked into."""
        self.qtbot.waitUntil(
            lambda: self.found() not in ("", "Reading what the file says …"),
            timeout=5000,
        )


@pytest.fixture
def plain_tiff(tmp_path):
    path = tmp_path / "plain.tif"
    data = np.random.default_rng(0).integers(0, 999, (5, 20, 30)).astype(np.uint16)
    tifffile.imwrite(path, data, metadata={"axes": "ZYX"})
    return path


@pytest.fixture
def dialog(open_browser, lab_folder, qtbot) -> Dialog:
    _, _, browser = open_browser(lab_folder, show=True)
    return Dialog(browser, qtbot)


def test_what_the_file_does_not_say_is_asked_one_sentence_at_a_time(dialog, plain_tiff):
    assert dialog.hint().startswith("Choose a file")
    dialog.type(path=str(plain_tiff))
    dialog.look()
    assert "5 × 1 × 20 × 30" in dialog.found()
    assert dialog.hint() == "Which animal is it? Type the subject."
    dialog.type(subject="M7")
    assert "How large is a voxel along z?" in dialog.hint()
    dialog.type(session="yesterday")
    assert "20260101_120000" in dialog.hint()
    dialog.type(session="20260401_101500")
    for axis in "zyx":
        assert f"How large is a voxel along {axis}?" in dialog.hint()
        assert not dialog.start().isEnabled()
        dialog.type(**{f"um_{axis}": "25"})
    assert dialog.hint() == ""
    assert dialog.start().isEnabled()


def test_a_date_taken_from_the_file_is_said_to_be_a_guess(dialog, plain_tiff):
    dialog.type(path=str(plain_tiff))
    dialog.look()
    dialog.type(subject="M7", um_z="1", um_y="1", um_x="1")
    assert "dated as the file" in dialog.hint()
    assert dialog.start().isEnabled()


def test_an_import_ends_in_a_row_that_is_chosen_in_the_browser(
    dialog, plain_tiff, lab_folder, qtbot
):
    dialog.type(path=str(plain_tiff))
    dialog.look()
    dialog.type(subject="M7", session="20260401_101500", um_z="50", um_y="10")
    dialog.type(um_x="10", channels="GFP")
    table = dialog.browser.findChild(RecordTableView, "entry_table")
    qtbot.mouseClick(dialog.start(), LEFT)
    qtbot.waitUntil(lambda: table.records().total == 3, timeout=10_000)
    assert table.current_record().subject == "M7"
    with lab_folder.connect() as lab:
        row = (lab.FixedBrain & {"subject_name": "M7"}).fetch1()
        channel = (lab.FixedBrain.Channel & {"subject_name": "M7"}).fetch1()
        np.testing.assert_allclose(row["um_per_pixel"], (50, 10, 10))
        assert channel["channel_description"] == "GFP"
        assert lab.files.locate(row["file_path"], row["storage"]).is_file()


def test_voxel_size_and_channels_come_from_the_file_unless_typed(dialog, tmp_path):
    path = tmp_path / "rich.ome.tif"
    tifffile.imwrite(
        path,
        np.zeros((4, 2, 8, 8), np.uint16),
        ome=True,
        metadata={
            "axes": "ZCYX",
            "PhysicalSizeZ": 50.0,
            "PhysicalSizeY": 8.0,
            "PhysicalSizeX": 8.0,
            "Channel": {"Name": ["background", "dye"]},
        },
    )
    dialog.type(um_y="9")
    dialog.type(path=str(path))
    dialog.look()
    assert dialog.line("um_z").text() == "50"
    assert dialog.line("um_y").text() == "9"
    assert dialog.line("channels").text() == "background, dye"


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"II*\0" + b"\0" * 9, "")]
)
def test_a_broken_file_is_told_and_cannot_be_imported(dialog, tmp_path, content, words):
    path = tmp_path / "broken.tif"
    path.write_bytes(content)
    dialog.type(path=str(path))
    dialog.look()
    assert "broken.tif" in dialog.found()
    assert words in dialog.found()
    assert not dialog.start().isEnabled()


def test_a_session_that_is_taken_by_another_file_is_told(
    dialog, plain_tiff, lab_folder, qtbot
):
    dialog.type(path=str(plain_tiff))
    dialog.look()
    dialog.type(subject="M1", session="20260101_120000", um_z="1", um_y="1", um_x="1")
    qtbot.mouseClick(dialog.start(), LEFT)
    qtbot.waitUntil(lambda: "M1" in dialog.hint(), timeout=10_000)
    assert dialog.start().isEnabled()
    with lab_folder.connect() as lab:
        assert len(lab.FixedBrain()) == 2


def test_a_file_dropped_on_the_browser_opens_the_dialog_filled_in(
    open_browser, shared_lab, plain_tiff, qtbot
):
    _, _, browser = open_browser(shared_lab)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(plain_tiff))])
    common = (
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    place = browser.rect().center()
    entered = QDragEnterEvent(place, *common)
    QApplication.sendEvent(browser, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(browser, QDropEvent(QPointF(place), *common))
    dialog = browser.findChild(QDialog, "import_dialog")
    assert dialog.findChild(QLineEdit, "import_path").text() == str(plain_tiff)
    assert not dialog.findChild(QCheckBox, "import_in_place").isChecked()
    dialog.close()
