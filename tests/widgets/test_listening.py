"""A dock that Qt deleted is not heard of again, though Python still has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QLabel, QWidget

from labdata_napari.widgets.connection import Connection
from labdata_napari.widgets.listening import Listening

pytestmark = pytest.mark.gui


def delete(widget: QWidget) -> None:
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Teller:
    told = Signal(str)


class Hearer(QWidget):
    def __init__(self, teller: Teller) -> None:
        super().__init__()
        self._label = QLabel(self)
        self.listening = Listening(self)
        self.listening.to(teller.told, self.show_text)

    def show_text(self, text: str) -> None:
        self._label.setText(text)

    def text(self) -> str:
        return self._label.text()


def test_a_deleted_widget_hears_nothing_and_one_that_lives_does(qapp: Any):
    teller = Teller()
    dead, alive = Hearer(teller), Hearer(teller)
    delete(dead)
    teller.told.emit("something")
    assert alive.text() == "something"
    assert len(teller.told) == 1
    alive.listening.stop()
    teller.told.emit("more")
    assert alive.text() == "something"


def test_listening_keeps_no_widget(qapp: Any):
    teller = Teller()
    hearer = Hearer(teller)
    del hearer
    teller.told.emit("something")
    assert len(teller.told) == 0


def test_docks_may_be_deleted_while_their_workspace_lives(open_story: Any, shared_lab):
    story = open_story(shared_lab)
    viewer, workspace = story.viewer, story.workspace
    dock_of_browser, browser = viewer.window.add_plugin_dock_widget(
        "labdata-napari", "Lab Browser"
    )
    kept = [story.dock, browser, *browser.findChildren(QWidget)]  # in Python
    viewer.window.remove_dock_widget(dock_of_browser)
    delete(dock_of_browser)
    delete(browser)
    delete(story.dock)
    workspace.status.emit("something happened")
    workspace.rows_changed.emit({})
    workspace.changed.emit(Connection())
    layer = next(layer for layer in viewer.layers if "labdata" in layer.metadata)
    viewer.layers.selection.active = layer
    for points in [la for la in viewer.layers if hasattr(la, "selected_data")]:
        points.data = np.asarray(points.data)[:0]
        points.mode = "select"
    viewer.add_points()
    viewer.layers.remove(layer)
    assert len(kept) > 2
