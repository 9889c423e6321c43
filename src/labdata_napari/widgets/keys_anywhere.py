"""Keys that are heard wherever in a window the keyboard is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication, QWidget

from labdata_napari.widgets.annotation_keys import KeyListener

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtCore import QObject

    from labdata_napari.widgets.annotation_keys import KeyAction


class KeysAnywhere(KeyListener):
    """Hears the keys of whatever has the keyboard in some windows.

    A shortcut would not do: of two in a window for the same keys, as napari has some
    in its menus, Qt obeys neither.

    Parameters
    ----------
    is_wanted, parent, actions
        As `KeyListener`.
    windows
        Gives those in which keys are heard.
    """

    def __init__(
        self,
        is_wanted: Callable[[KeyAction], bool],
        parent: QObject,
        actions: Sequence[KeyAction],
        windows: Callable[[], Sequence[QWidget | None]],
    ) -> None:
        super().__init__(is_wanted, parent, actions)
        self._windows = windows
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)
        self._on_focus(None, QApplication.focusWidget())

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        is_ours = now is not None and now.window() in self._windows()
        try:
            self.listen_to(None)
        except RuntimeError:  # what had it is deleted
            self._canvas = None
        self.listen_to(now if is_ours else None)
