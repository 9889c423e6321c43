"""A folder of labels in napari-deeplabcut: opened, stepped through, a point added.

Run with the interpreter of ``.venv-pose-peers``; nothing of ours is imported. Each line
on standard input is one thing to do; it is answered when all is drawn.
"""

from __future__ import annotations

import itertools
import os
import sys

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import napari  # noqa: E402
from napari_deeplabcut._reader import get_folder_parser  # noqa: E402
from qtpy.QtCore import QPoint, Qt  # noqa: E402
from qtpy.QtTest import QTest  # noqa: E402
from qtpy.QtWidgets import QApplication  # noqa: E402


class Folder:
    """The folder in a window as large as ours."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._viewer = napari.Viewer()
        self._viewer.window.resize(1200, 900)
        self._numbers = itertools.count(1)
        self._corners = itertools.cycle(itertools.product((-60, 60), (-60, 60)))
        QApplication.processEvents()

    def open(self) -> None:
        """Without its dock, which only PySide6 can show."""
        self._viewer.layers.clear()
        for data, more, kind in get_folder_parser(self._path)(self._path):
            self._viewer.add_layer(napari.layers.Layer.create(data, more, kind))
        self._viewer.dims.set_current_step(0, 0)

    def step(self) -> None:
        self._viewer.dims.set_current_step(0, next(self._numbers))

    def add(self) -> None:
        points = self._viewer.layers[-1]
        self._viewer.layers.selection.active = points
        points.mode = "add"
        canvas = self._viewer.window._qt_viewer.canvas.native
        place = canvas.rect().center() + QPoint(*next(self._corners))
        before = len(points.data)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
        assert len(points.data) == before + 1


folder = Folder(sys.argv[1])
print("ready", file=answers, flush=True)
for line in sys.stdin:
    getattr(folder, line.strip())()
    QApplication.processEvents()
    print("drawn", file=answers, flush=True)
