"""A screen for each of the workers that run tests side by side.

A screen has one pointer, and tests move it: on a shared one a point that one test
dragged followed the mouse of another.
"""

from __future__ import annotations

import atexit
import os
import subprocess

_SETTINGS = "LABDATA_NAPARI_SCREEN"
"""Arguments of Xvfb; set by `scripts/with-screen` where it makes the screen."""


def take_own_screen() -> None:
    """Start one, unless nobody else is on this, or it is a person's."""
    settings = os.environ.get(_SETTINGS)
    if settings is None or "PYTEST_XDIST_WORKER" not in os.environ:
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp"]
    server = subprocess.Popen(
        command + settings.split(), pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    atexit.register(server.kill)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if number:
        os.environ["DISPLAY"] = f":{number}"
