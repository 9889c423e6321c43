"""What happened to the points of an annotation, in words."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def point_differences(
    before: NDArray[np.float64], after: NDArray[np.float64], ordered: bool = True
) -> list[str]:
    """Say how many points moved, came and went, keeping apart what stayed.

    Parameters
    ----------
    before, after
        (N, 3) points.
    ordered
        Whether a point that takes the place of another in their order has moved. In a
        painted region, of thousands of blocks, points only come and go.
    """
    if np.array_equal(before, after):
        return []
    old, new = list(map(tuple, before.tolist())), list(map(tuple, after.tolist()))
    if Counter(old) == Counter(new):
        return ["points reordered"]
    if ordered:
        moved, added, removed = _along(old, new)
    else:
        here, there = Counter(old), Counter(new)
        moved, added, removed = 0, (there - here).total(), (here - there).total()
    counts = [(moved, "moved"), (added, "added"), (removed, "removed")]
    parts = [f"{count} {verb}" for count, verb in counts if count]
    first, _, verb = parts[0].partition(" ")
    parts[0] = f"{first} {'point' if first == '1' else 'points'} {verb}"
    return parts


def _along(
    old: list[tuple[float, ...]], new: list[tuple[float, ...]]
) -> tuple[int, int, int]:
    moved = added = removed = 0
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(j - i, m - k)
        moved += pairs
        removed += j - i - pairs
        added += m - k - pairs
    return moved, added, removed
