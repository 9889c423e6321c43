"""What a person may not do is disabled, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.lab.availability import ANNOTATIONS
from labdata_napari.layers.source import source_of, why_elsewhere

if TYPE_CHECKING:
    from napari.layers import Points
    from qtpy.QtGui import QAction
    from qtpy.QtWidgets import QWidget

    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.connection import Connection

_USUAL = "usual_tooltip"


def allow(control: QWidget | QAction, allowed: bool, reason: str = "") -> None:
    """Enable a control; with a reason disable it and show that as its tooltip.

    Without one its tooltip is what it was at first.
    """
    usual = control.property(_USUAL)
    if usual is None:
        usual = control.toolTip()
        control.setProperty(_USUAL, usual)
    control.setEnabled(allowed and not reason)
    control.setToolTip(reason or usual)


def why_not_editable(connection: Connection, layer: Points | None) -> str:
    """Say why it makes no sense to edit a layer's annotations; empty when it does.

    Only a want of rights is a reason: a lab that is away comes back.
    """
    away = not connection.is_open or _why_elsewhere(connection, layer)
    return "" if away else connection.why_not_written(ANNOTATIONS)


def why_not_saved(connection: Connection, layer: Points) -> str:
    """Say why a layer's annotations cannot be saved; empty when they can."""
    if not connection.is_open:
        return "Not connected: nothing can be saved until the lab is open again."
    elsewhere = _why_elsewhere(connection, layer)
    return elsewhere or connection.why_not_written(ANNOTATIONS)


def why_not_saved_in(connection: Connection, home: LabIdentity) -> str:
    """Say why labels of a lab cannot be saved; empty when they can."""
    if not connection.is_open:
        return "Not connected: nothing can be saved until the lab is open again."
    here = (connection.url, connection.name, connection.project)
    elsewhere = why_elsewhere(home, here, "labels")
    return elsewhere or connection.why_read_only


def _why_elsewhere(connection: Connection, layer: Points | None) -> str:
    source = source_of(layer)
    here = (connection.url, connection.name, connection.project)
    return "" if source is None else why_elsewhere(source.lab, here)
