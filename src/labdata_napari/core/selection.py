"""What numpy's basic indexing means for ranges of indices."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_basic(key: Any) -> bool:
    """Whether a key takes no more than slices and numbers do."""
    return (
        key is None
        or key is Ellipsis
        or isinstance(key, slice)
        or (isinstance(key, int | np.integer) and not isinstance(key, bool))
    )


def expanded(keys: tuple[Any, ...], ndim: int) -> Iterator[Any]:
    """Give keys with the ellipsis written out and missing ones added."""
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > ndim or sum(k is Ellipsis for k in keys) > 1:
        raise IndexError(f"too many indices: the array is {ndim}-dimensional")
    missing = [slice(None)] * (ndim - used)
    seen = False
    for k in keys:
        if k is Ellipsis:
            seen = True
            yield from missing
        else:
            yield k
    if not seen:
        yield from missing


def chosen_of(part: range, key: Any) -> range | int:
    """Take from indices what a slice or a number says."""
    if isinstance(key, slice):
        return part[key]
    number = operator.index(key)
    if not -len(part) <= number < len(part):
        raise IndexError(f"index {number} is out of bounds for length {len(part)}")
    return part[number]


def ascending(part: range | int) -> range:
    """Give indices in the order they are stored in."""
    if isinstance(part, int):
        return range(part, part + 1)
    return part if part.step > 0 else part[::-1]
