"""Lines as rows of dots: those of a line that lie in a slice, or in a slab.

A row of dots that overlap looks like a line, whatever the slice cuts out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight pieces of paths.

    Attributes
    ----------
    starts, ways
        (N, D) where each begins, and from there to its end, in pixels.
    owners
        (N,) number of the path that each is of.
    """

    starts: Array
    ways: Array
    owners: NDArray[np.intp]

    @classmethod
    def of(cls, paths: Iterable[ArrayLike], ndim: int = 3) -> Segments:
        """Take paths, each (M, D) corners in pixels, apart; D is `ndim`."""
        starts, ends, owners = [np.zeros((0, ndim))], [np.zeros((0, ndim))], []
        for number, path in enumerate(paths):
            corners = np.asarray(path, dtype=np.float64)
            starts.append(corners[:-1])
            ends.append(corners[1:])
            owners += [number] * (len(corners) - 1)
        first = np.concatenate(starts)
        return cls(first, np.concatenate(ends) - first, np.array(owners, dtype=np.intp))

    def dots(
        self, low: ArrayLike, high: ArrayLike, steps: ArrayLike
    ) -> tuple[Array, NDArray[np.intp]]:
        """Return dots along what lies within bounds.

        Parameters
        ----------
        low, high
            (D,) pixels, the bounds along each axis; infinite where there is none.
        steps
            (D,) pixels, how far dots may be from their neighbours along each axis;
            infinite along an axis that is not looked at.

        Returns
        -------
        places, owners
            (M, D) pixels and (M,) numbers of their paths.
        """
        begins, ends = self._within(np.asarray(low), np.asarray(high))
        (kept,) = np.nonzero(begins <= ends)
        begins, ends, ways = begins[kept], ends[kept], self.ways[kept]
        far = np.linalg.norm(ways / np.asarray(steps), axis=1) * (ends - begins)
        counts = np.ceil(far).astype(np.intp) + 1
        which = np.repeat(np.arange(len(kept)), counts)
        number = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        share = number / np.maximum(counts - 1, 1)[which]
        along = begins[which] + share * (ends - begins)[which]
        places = self.starts[kept][which] + along[:, None] * ways[which]
        return places, self.owners[kept][which]

    def _within(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return from which to which share (N,) of each lies within; from > to: none.

        As a ray is clipped at a box (Kay and Kajiya 1986, SIGGRAPH 20:269).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            one = (low - self.starts) / self.ways
            other = (high - self.starts) / self.ways
        is_in = (self.starts >= low) & (self.starts <= high)
        level = self.ways == 0  # within the bounds everywhere or nowhere
        first = np.where(level, np.where(is_in, 0.0, 2.0), np.minimum(one, other))
        last = np.where(level, 1.0, np.maximum(one, other))
        return first.max(axis=1, initial=0.0), last.min(axis=1, initial=1.0)
