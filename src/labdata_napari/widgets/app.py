"""A napari window with the Lab Browser, for the command line."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
from typing import TYPE_CHECKING

import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from labdata_napari.widgets.browser import LabBrowser
from labdata_napari.widgets.connection import DEMO, Profile
from labdata_napari.widgets.new_window import BROWSER
from labdata_napari.widgets.preferences import start_profile
from labdata_napari.widgets.workspace import workspace_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.widgets.connection import Connection

_TURN_MS = 200


def open_window(
    url: str | None = None,
    name: str | None = None,
    project: str | None = None,
    *,
    demo: bool = False,
    text: str = "",
) -> napari.Viewer:
    """Open napari with the Lab Browser docked and connecting; does not block.

    Parameters
    ----------
    url, name, project
        Which lab, as in `labdata_napari.connect`; None leaves it to the environment,
        napari's Preferences and the default.
    demo
        Open the synthetic lab, which is built first when it is not there yet.
    text
        What to put into the browser's filter line.

    Returns
    -------
    napari.Viewer
        Call `napari.run` to hand over to it.
    """
    profile: Profile = DEMO if demo else start_profile(url, name, project)
    viewer = napari.Viewer()
    _, browser = viewer.window.add_plugin_dock_widget(*BROWSER)
    assert isinstance(browser, LabBrowser)
    browser.connect_to(profile)
    browser.filter_by(text)
    return viewer


def run_window(
    url: str | None = None,
    name: str | None = None,
    project: str | None = None,
    *,
    demo: bool = False,
    text: str = "",
) -> None:
    """Open the window as `open_window` does and return when napari is closed."""
    with _told_to_end() as told:
        viewer = open_window(url, name, project, demo=demo, text=text)
        workspace_for(viewer).changed.connect(_spare_the_collector)
        del viewer  # or it outlives its window
        timer = QTimer()
        timer.timeout.connect(lambda: QApplication.quit() if told.is_set() else None)
        timer.start(_TURN_MS)
        napari.run()
        timer.stop()


def _spare_the_collector(connection: Connection) -> None:
    """Take what start-up made out of the garbage collector's sight, once.

    All that was imported stays until the end, and to look through it holds the window
    up for a quarter of a second, at least whenever a layer is removed. What comes later
    must be collected.
    """
    if connection.is_open and not gc.get_freeze_count():
        gc.freeze()


@contextlib.contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """Note what the system says where it would else end the process on the spot.

    Logging out or closing the terminal would leave the database running. It may be said
    before there is anything to quit, while the window opens and the database starts: so
    it is only noted here, and looked at by a timer. That timer also lets Python, which
    runs handlers only between its own instructions, have some while Qt waits.
    """
    told = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for name in ("SIGTERM", "SIGHUP")
        if (number := getattr(signal, name, None)) is not None
        and signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
