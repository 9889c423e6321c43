"""What the browser shows when there is nothing to list, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from labdata_napari.widgets.connection import Phase

if TYPE_CHECKING:
    from labdata_napari.widgets.connection import Connection


class EmptyState(QWidget):
    """One sentence and the buttons that help."""

    again_wanted = Signal()
    demo_wanted = Signal()
    import_wanted = Signal()
    server_wanted = Signal()
    filter_reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setObjectName("empty_text")
        self._text.setWordWrap(True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._buttons: dict[str, QPushButton] = {}
        layout = QVBoxLayout(self)
        layout.addStretch()
        layout.addWidget(self._text)
        for name, text, tooltip, signal in (
            (
                "empty_import",
                "Import a brain …",
                "Bring a brain from a file into this lab",
                self.import_wanted,
            ),
            ("empty_again", "Reconnect", "Try the same lab again", self.again_wanted),
            (
                "empty_demo",
                "Open demo lab",
                "A synthetic lab to try things out; nothing of yours is touched",
                self.demo_wanted,
            ),
            (
                "empty_server",
                "Other server …",
                "Connect to your lab's MySQL or PostgreSQL server",
                self.server_wanted,
            ),
            ("empty_reset", "Clear the filter", "Show every entry", self.filter_reset),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setToolTip(tooltip)
            button.clicked.connect(signal)
            self._buttons[name] = button
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()

    def show_reason(self, connection: Connection, total: int) -> None:
        """Explain an empty list of a lab with `total` entries."""
        text, buttons = _reason(connection, total)
        self._text.setText(text)
        for name, button in self._buttons.items():
            button.setVisible(name in buttons)


def _reason(connection: Connection, total: int) -> tuple[str, tuple[str, ...]]:
    if connection.phase is Phase.CONNECTING:
        return "Connecting …", ()
    if connection.login_url:
        return (
            "This lab opens as soon as you have logged in above.",
            ("empty_demo", "empty_server"),
        )
    if connection.phase is Phase.FAILED:
        return (
            "This lab is not connected. Try again, or open another one.",
            ("empty_again", "empty_demo", "empty_server"),
        )
    if connection.phase is not Phase.OPEN:
        return (
            "No lab is open. Look around in the demo lab, or connect to yours.",
            ("empty_demo", "empty_server"),
        )
    if total:
        return "No entry passes the filter.", ("empty_reset",)
    if connection.read_only:
        return "This lab holds no brains or recordings yet.", ("empty_demo",)
    return (
        "This lab is empty. Import a brain from a TIFF or zarr file, or look around "
        "in the demo lab first.",
        ("empty_import", "empty_demo"),
    )
