"""The regions that the tips of all tracks are in, looked up in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from labdata_napari.layers.points import roster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.errors import LabdataError
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.workspace import Workspace


@dataclass(frozen=True, eq=False)
class _Asked:
    """An atlas, and the tips (N, 3) in pixels of so many tracks."""

    brain: InAtlas
    names: tuple[str, ...]
    tips: NDArray[np.float64]

    def is_like(self, other: _Asked | None) -> bool:
        return (
            other is not None
            and self.brain is other.brain
            and self.names == other.names
            and np.array_equal(self.tips, other.tips)
        )


class TipRegions(QObject):
    """Looks up where the tips of a layer's tracks are, when one is elsewhere.

    Parameters
    ----------
    workspace
        Reads atlases in the background: one may be too large for the memory.
    """

    found = Signal(dict)
    """Acronyms by the names of tracks; empty where there is no atlas."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._wanted: _Asked | None = None
        self._looking: _Asked | None = None
        self._known: _Asked | None = None

    def look(self, annotator: Annotator | None) -> None:
        """Look up the tips as they are, unless they are known."""
        brain = None if annotator is None else annotator.brain
        if annotator is None or brain is None:
            if self._known is not None:
                self.found.emit({})
            self._wanted = self._known = None
            return
        tips = {}
        for entry in roster(annotator.layer):
            numbers = annotator.figures.of(entry.name)
            if numbers is not None and numbers.track:
                tips[entry.name] = numbers.track.tip
        places = np.array(list(tips.values()), np.float64).reshape(-1, 3)
        self._wanted = _Asked(brain, tuple(tips), places)
        self._ask()

    # -- how

    def _ask(self) -> None:
        wanted = self._wanted
        if wanted is None or self._looking is not None or wanted.is_like(self._known):
            return
        self._looking = wanted
        self._workspace.background(
            _regions_at, wanted, done=self._on_found, failed=self._on_failed
        )

    def _on_found(self, answer: tuple[_Asked, dict[str, str]]) -> None:
        asked, regions = answer
        self._looking, self._known = None, asked
        if self._wanted is not None and asked.brain is self._wanted.brain:
            self.found.emit(regions)
        self._ask()

    def _on_failed(self, _error: LabdataError) -> None:
        """Go on without: the strip of regions tells why."""
        self._known, self._looking = self._looking, None


def _regions_at(asked: _Asked) -> tuple[_Asked, dict[str, str]]:
    atlas, mapping = asked.brain.atlas, asked.brain.mapping
    regions = atlas.regions_at(mapping.to_atlas_um(asked.tips)) if asked.names else []
    known = zip(asked.names, regions, strict=True)
    return asked, {name: r.acronym if r else "outside" for name, r in known}
