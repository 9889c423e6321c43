"""Fields that a wheel passes over while it scrolls the dock they are in."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QScrollBar,
    QWidget,
)


class CalmWheel(QObject):
    """Lets the wheel change only the field that has the keyboard; it scrolls else.

    Parameters
    ----------
    content
        What is scrolled; owns this. Fields that come later are not known.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__(content)
        for field in content.findChildren(QWidget):
            if isinstance(field, (QAbstractSlider, QAbstractSpinBox, QComboBox)):
                if isinstance(field, QScrollBar):
                    continue
                field.installEventFilter(self)
                if field.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Hand the wheel on to what scrolls."""
        if (
            event is not None
            and event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))
