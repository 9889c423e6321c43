"""Changing the points of a layer so that napari draws them once.

napari's own `add` tells of the points three times, of the selection it makes twice, and
paints a thumbnail.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from napari.layers.base import ActionType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.layers import Points

ADDED, CHANGED = ActionType.ADDED, ActionType.CHANGED


@contextlib.contextmanager
def told_once(
    layer: Points, action: ActionType, indices: Sequence[int]
) -> Iterator[None]:
    """Change points meanwhile; napari hears, and draws, when all is done.

    Parameters
    ----------
    layer
        No point of it is selected, and none is afterwards.
    action
        What is done, as napari calls it.
    indices
        Which points it is done to.
    """
    with layer.events.blocker_all(), layer.selected_data.events.blocked():
        yield
    layer.refresh(thumbnail=False)
    layer.events.data(
        value=layer.data,
        action=action,
        data_indices=tuple(indices),
        vertex_indices=((),),
    )
    layer.events.features()
