"""``labdata-napari``, ``… open`` and ``… demo``: the napari window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.commands.command import Command
from labdata_napari.errors import InvalidValue, LabdataError

if TYPE_CHECKING:
    import argparse


def run_browser(arguments: argparse.Namespace) -> None:
    """Open napari on the lab that was named, or the one the settings name."""
    _window(
        arguments.url,
        arguments.name,
        arguments.project,
        text=" ".join(getattr(arguments, "text", ())),
    )


def _run_demo(arguments: argparse.Namespace) -> None:
    if (arguments.url, arguments.name, arguments.project) != (None, None, None):
        raise InvalidValue(
            "The demo lab has a place of its own; leave out --url, --name and "
            "--project (LABDATA_NAPARI_HOME moves it)."
        )
    if arguments.no_window:
        from labdata_napari.commands.progress import percent
        from labdata_napari.demo import ensure_demo

        with percent("Building the demo lab") as progress:
            url = ensure_demo(progress)
        print(f"The demo lab is at {url}")
    else:
        _window(demo=True)


def opens_window(arguments: argparse.Namespace) -> bool:
    """Whether what these arguments ask for opens napari's window."""
    if arguments.run is _run_demo:
        return not arguments.no_window
    return arguments.run is run_browser


def _window(*args: Any, **options: Any) -> None:
    try:
        from labdata_napari.widgets.app import run_window
    except ImportError as error:
        if "Qt" not in str(error):
            raise
        raise LabdataError(
            "napari has no Qt to draw its window with; install one with "
            "'pip install \"labdata-napari[all]\"'."
        ) from error
    run_window(*args, **options)


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "text", nargs="*", help="words to filter the entries by, such as a subject"
    )


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-window", action="store_true", help="only build the lab, print its address"
    )


OPEN = Command("open", "Open napari with the Lab Browser", _add_open, run_browser)
DEMO = Command("demo", "Open napari on a synthetic lab", _add_demo, _run_demo)
