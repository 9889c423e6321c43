"""Physical units made ready before the first layer asks for them.

napari asks pint, which reads its table of some thousand units when it is asked first:
half a second in which a window would stand still, the first time something is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pint
from pint.registry import LazyRegistry

if TYPE_CHECKING:
    from labdata_napari.widgets.workspace import Workspace


def prepare_units(workspace: Workspace) -> None:
    """Read the units on another thread, unless that was done in this program."""
    if _are_unread():
        workspace.background(pint.UnitRegistry, done=_adopt)


def _adopt(units: pint.UnitRegistry) -> None:
    """Give them to all that ask; not where somebody asked meanwhile.

    Units of two tables cannot be reckoned with each other.
    """
    if _are_unread():
        pint.set_application_registry(units)


def _are_unread() -> bool:
    return type(pint.get_application_registry().get()) is LazyRegistry
