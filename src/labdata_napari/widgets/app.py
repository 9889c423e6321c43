"""A napari window with the Lab Browser, for the command line."""

from __future__ import annotations

import napari

from labdata_napari.widgets.browser import LabBrowser
from labdata_napari.widgets.connection import DEMO, Profile
from labdata_napari.widgets.new_window import BROWSER
from labdata_napari.widgets.preferences import start_profile


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
    open_window(url, name, project, demo=demo, text=text)
    napari.run()
