"""Saving by itself, for those who want it: a finished track, or after a rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from labdata_napari.widgets.preferences import preferences

if TYPE_CHECKING:
    from labdata_napari.widgets.save_flow import SaveFlow

IDLE_MS = 20_000
_AGAIN_MS = 500  # while a save is running


class Autosave(QObject):
    """Asks a save flow to save without a question, where the preferences say so.

    Parameters
    ----------
    flow
        Of the dock.
    """

    def __init__(self, flow: SaveFlow, parent: QObject) -> None:
        super().__init__(parent)
        self._flow = flow
        self._edited: str | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._save)

    def edited(self, name: str | None) -> None:
        """Note an edit while an annotation is the chosen one."""
        if preferences().autosave:
            self._edited = name
            self._rest.start(IDLE_MS)

    def chosen(self, name: str | None) -> None:
        """Note which annotation is the chosen one now: another one is finished."""
        if self._edited is not None and name != self._edited:
            self._save()

    def _save(self) -> None:
        if self._flow.save_quietly():
            self._rest.stop()
            self._edited = None
        else:
            self._rest.start(_AGAIN_MS if self._flow.is_busy else IDLE_MS)
