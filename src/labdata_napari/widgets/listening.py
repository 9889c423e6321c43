"""Listening to what lives longer than the widget that listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject


class Listening:
    """Connects methods of a widget to signals of a workspace, a viewer or a layer.

    Those signals are not Qt's: they hold a method weakly, but a widget that Qt has
    deleted may go on in Python, where whatever it shows raises. So they are let go
    with the widget.

    Parameters
    ----------
    widget
        Whose methods listen; it must keep this.
    """

    def __init__(self, widget: QObject) -> None:
        self._heard: list[tuple[Any, WeakMethod[Callable[..., Any]]]] = []
        widget.destroyed.connect(self.stop)

    def to(self, signal: Any, method: Callable[..., Any]) -> None:
        """Call a method of the widget whenever a signal of psygnal or napari comes."""
        signal.connect(method)
        self._heard.append((signal, WeakMethod(method)))

    def stop(self) -> None:
        """Listen to nothing any more."""
        while self._heard:
            signal, weak = self._heard.pop()
            method = weak()
            if method is not None:
                signal.disconnect(method)
