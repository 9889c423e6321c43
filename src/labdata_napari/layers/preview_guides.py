"""Lines and names over the planes of a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.preview_layout import Layout, Pane
    from labdata_napari.core.transform_draft import TransformDraft

_FRAME = (0.5, 0.5, 0.5, 0.5)
_CROSS = (0.35, 0.75, 1.0, 0.8)
_BOX = (1.0, 0.85, 0.2, 1.0)
_GRID = (1.0, 1.0, 1.0, 0.22)
_MOST_LINES = 200


def guide_lines(
    layout: Layout,
    cross: ArrayLike,
    box: Sequence[Sequence[int]] | None,
    grid_um: float | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the lines to draw, in world µm.

    Parameters
    ----------
    layout
        Of the planes.
    cross
        Voxel (3,) that the cross-hair marks.
    box
        First and beyond the last voxel of the crop per axis; None for no crop.
    grid_um
        Distance between grid lines; None for no grid.

    Returns
    -------
    lines
        (N, 2, 2): start (y, x) and the way to the end.
    colours
        (N, 4).
    """
    ends: list[tuple[float, float, float, float]] = []
    colours: list[tuple[float, float, float, float]] = []

    def add(lines: list[tuple[float, float, float, float]], colour: tuple) -> None:  # type: ignore[type-arg]
        ends.extend(lines)
        colours.extend([colour] * len(lines))

    for pane in layout.panes:
        if grid_um is not None:
            add(_grid(pane, grid_um), _GRID)
        add(_rectangle(*pane.edges), _FRAME)
        add(_cross(pane, cross), _CROSS)
        if box is not None:
            add(_rectangle(*_box_edges(pane, box)), _BOX)
    points = np.array(ends, dtype=np.float64).reshape(-1, 2, 2)
    points[:, 1] -= points[:, 0]
    return points, np.array(colours, dtype=np.float64).reshape(-1, 4)


def pane_names(
    layout: Layout, draft: TransformDraft
) -> tuple[NDArray[np.float64], list[str]]:
    """Give the places (N, 2) and the names of the planes."""
    places, names = [], []
    for pane in layout.panes:
        (top, left), _ = pane.edges
        places.append((top + 2 * pane.pitch, left + 4 * pane.pitch))
        names.append(pane_name(pane, draft))
    return np.array(places, dtype=np.float64).reshape(-1, 2), names


def pane_name(pane: Pane, draft: TransformDraft) -> str:
    """Name a plane: "coronal", or "y-x" while nobody said which way the brain lies."""
    if len(draft.frame.spatial_shape_out) and draft.orientation is None:
        return f"{'zyx'[draft.order[pane.rows]]}-{'zyx'[draft.order[pane.columns]]}"
    plane = draft.plane_of(pane.rows, pane.columns)
    return draft.words_for_plane(plane)


def _box_edges(
    pane: Pane, box: Sequence[Sequence[int]]
) -> tuple[tuple[float, float], tuple[float, float]]:
    corners = np.array([[low for low, _ in box], [high for _, high in box]]) - 0.5
    (top, left), (bottom, right) = pane.to_world(corners)
    return (float(top), float(left)), (float(bottom), float(right))


def _rectangle(
    first: tuple[float, float], last: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    (top, left), (bottom, right) = first, last
    return [
        (top, left, top, right),
        (bottom, left, bottom, right),
        (top, left, bottom, left),
        (top, right, bottom, right),
    ]


def _cross(pane: Pane, cross: ArrayLike) -> list[tuple[float, float, float, float]]:
    (top, left), (bottom, right) = pane.edges
    y, x = (float(v) for v in pane.to_world(cross))
    return [(y, left, y, right), (top, x, bottom, x)]


def _grid(pane: Pane, um: float) -> list[tuple[float, float, float, float]]:
    (top, left), (bottom, right) = pane.edges
    if max(bottom - top, right - left) / um > _MOST_LINES:
        return []
    rows = np.arange(top + um, bottom, um)
    columns = np.arange(left + um, right, um)
    return [(float(y), left, float(y), right) for y in rows] + [
        (top, float(x), bottom, float(x)) for x in columns
    ]
