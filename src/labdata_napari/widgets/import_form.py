"""The fields of the import dialog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

if TYPE_CHECKING:
    from datetime import datetime

    from labdata_napari.core.stacks import StackInfo

_AXES = "ZYX"
_DATASET = "brain"
_UNSAID = {"subject": "", "session": "", "dataset": _DATASET}
_TYPING_MS = 300
_SESSION = re.compile(r"\d{8}_\d{6}")


class ImportForm(QWidget):
    """What an import needs, pre-filled from the file where it says so.

    A field that a person has typed into is never overwritten.
    """

    changed = Signal()
    path_edited = Signal(object)
    """The file to look into, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file = self._line("import_path", "", "The file or zarr folder to import")
        self._subject = self._line("import_subject", "M1", "Name of the animal")
        self._session = self._line(
            "import_session",
            "20260101_120000",
            "Date and time of the session: year, month, day, _, hour, minute, second",
        )
        self._dataset = self._line("import_dataset", _DATASET, "Name of the dataset")
        self._dataset.setText(_DATASET)
        self._names = {
            "subject": self._subject,
            "session": self._session,
            "dataset": self._dataset,
        }
        self._named: dict[str, str] = {}
        self._um = {
            axis: self._line(
                f"import_um_{axis.lower()}",
                f"{axis.lower()}",
                f"Micrometres per voxel along {axis.lower()}",
            )
            for axis in _AXES
        }
        self._channels = self._line(
            "import_channels",
            "autofluorescence, DiI",
            "Names of the channels, separated by commas; may stay empty",
        )
        self._axes = self._line(
            "import_axes",
            "as in the file",
            "Order of the file's axes, such as CZYX, if what was found is wrong",
        )
        self._in_place = QCheckBox("Use the file where it is instead of copying it")
        self._in_place.setObjectName("import_in_place")
        self._in_place.setToolTip(
            "The lab then only remembers the place: do not move or delete the file"
        )
        voxel = QHBoxLayout()
        for axis, line in self._um.items():
            voxel.addWidget(QLabel(axis.lower()))
            voxel.addWidget(line)
        voxel.addWidget(QLabel("µm"))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("File", self._file)
        form.addRow("Subject", self._subject)
        form.addRow("Session", self._session)
        form.addRow("Dataset", self._dataset)
        form.addRow("Voxel size", voxel)
        form.addRow("Channels", self._channels)
        form.addRow("Axes", self._axes)
        form.addRow("", self._in_place)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TYPING_MS)
        self._timer.timeout.connect(self._tell_path)
        self._file.textChanged.connect(self._timer.start)
        for line in self.findChildren(QLineEdit):
            line.textChanged.connect(self.changed)

    def set_path(self, path: Path) -> None:
        """Choose a file and look into it at once."""
        self._file.setText(str(path))
        self._timer.stop()
        self._tell_path()

    def path(self) -> Path | None:
        """Return the chosen file."""
        text = self._file.text().strip()
        return Path(text).expanduser() if text else None

    def fill(self, info: StackInfo, modified: datetime, names: dict[str, str]) -> None:
        """Fill in what the file and its folders say, where nobody has typed."""
        for axis, line in self._um.items():
            value = info.um_by_axis.get(axis)
            if value is not None and not line.isModified():
                line.setText(f"{value:.6g}")
        if not self._channels.isModified():
            self._channels.setText(", ".join(info.channel_names))
        before = dict.fromkeys(self._named, "")  # what another file's folders said
        dated = {"session": f"{modified:%Y%m%d_%H%M%S}"}
        for what, name in (before | dated | names).items():
            if not self._names[what].isModified():
                self._names[what].setText(name or _UNSAID[what])
        self._named = dict(names)

    def missing(self, info: StackInfo | None) -> str:
        """Say in one sentence what is still needed; empty when nothing is."""
        if self.path() is None:
            return "Choose a file, or drop one on the Lab Browser."
        if info is None:
            return "This file cannot be imported as it is."
        if not self._subject.text().strip():
            return "Which animal is it? Type the subject."
        if not _SESSION.fullmatch(self._session.text().strip()):
            return "When was the session? Write it like 20260101_120000."
        if not self._dataset.text().strip():
            return "What is the dataset called? “brain” will do."
        for axis, line in self._um.items():
            if _positive(line.text()) is None:
                return (
                    f"How large is a voxel along {axis.lower()}? Type it in µm; the "
                    "file does not say."
                )
        names = split_names(self._channels.text())
        count = info.shape[info.axes.index("C")] if "C" in info.axes else 1
        if names and len(names) != count and not self._axes.text().strip():
            return f"The file has {count} channels; name each, or none."
        return ""

    def note(self) -> str:
        """Say what was guessed and may be wrong; empty when nothing was."""
        read = [w for w, n in self._named.items() if self._names[w].text() == n]
        if read:
            return f"As the folders of the file say: {', '.join(read)}."
        if self._session.text() and not self._session.isModified():
            return (
                "The session is dated as the file; change it if the brain was imaged "
                "at another time."
            )
        return ""

    def values(self) -> dict[str, Any]:
        """Return the arguments of `BrainImport`."""
        path = self.path()
        assert path is not None
        um = [_positive(line.text()) for line in self._um.values()]
        return {
            "file": path,
            "subject": self._subject.text().strip(),
            "session": self._session.text().strip(),
            "dataset": self._dataset.text().strip(),
            "um_per_pixel": tuple(um),
            "channel_names": split_names(self._channels.text()) or None,
            "axes": self._axes.text().strip().upper() or None,
            "in_place": self._in_place.isChecked(),
        }

    def _line(self, name: str, placeholder: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(placeholder)
        line.setToolTip(tooltip)
        return line

    def _tell_path(self) -> None:
        self.path_edited.emit(self.path())


def split_names(text: str) -> tuple[str, ...]:
    """Split names at commas: "a, b" → ("a", "b")."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _positive(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
