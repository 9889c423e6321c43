"""The list of keys in the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from labdata_napari.widgets.annotation_keys import ACTIONS, keys_of, problems_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.widgets.annotation_keys import KeyAction

_MOUSE = (
    ("click", "add a point, or choose the annotation of the point there"),
    ("drag a point", "move it"),
    ("drag elsewhere, wheel", "move the picture, zoom"),
)
_LINES = 18


class KeysPanel(QFrame):
    """Says what mouse and keys do in the picture; hidden at first.

    Parameters
    ----------
    actions
        What keys do.
    mouse
        What the mouse does.
    group
        The group of napari's Preferences in which other keys are chosen.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        actions: Sequence[KeyAction] = ACTIONS,
        mouse: Sequence[tuple[str, str]] = _MOUSE,
        group: str = "Keys of annotating",
    ) -> None:
        super().__init__(parent)
        self._actions, self._mouse, self._group = actions, mouse, group
        self.setObjectName("annotation_keys_panel")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._text = QLabel()
        self._text.setObjectName("annotation_keys_text")
        self._text.setWordWrap(True)
        self._text.setMargin(4)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.show_keys({})
        self.hide()

    def show_keys(self, chosen: Mapping[str, str]) -> None:
        """Show the keys that a person has chosen, else the usual ones."""
        rows = [*self._mouse]
        # those of a probe that is held last: they are the fewest people's
        for action in sorted(self._actions, key=lambda each: each.while_held):
            keys = " or ".join(keys_of(action, chosen))
            rows.append((keys or "no key", action.words))
        cells = "".join(
            f"<tr><td><b>{_plain(keys)}</b>&nbsp;&nbsp;</td><td>{words}</td></tr>"
            for keys, words in rows
        )
        problems = problems_of(chosen, self._actions)
        wrong = "".join(f"<p>{_plain(line)}</p>" for line in problems)
        where = f"Other keys: Preferences → Plugins → labdata → {self._group}."
        self._text.setText(f"<table>{cells}</table>{wrong}<p>{where}</p>")

    def sizeHint(self) -> QSize:
        """Return a size that leaves room for the list of annotations."""
        return QSize(0, _LINES * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return self.sizeHint() / 2


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
