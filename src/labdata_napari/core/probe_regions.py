"""The regions a probe runs through, as the lab's table keeps them, and their edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.changes import Changed, Changes
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

_SAME_UM = 1e-6
"""Depths that differ by less are the same: they were computed twice."""


@dataclass(frozen=True, eq=False)
class ProbeRegion:
    """A stretch of a probe in one region.

    Attributes
    ----------
    acronym
        Of the region in the lab's table.
    min_depth, max_depth
        µm along the probe; None where the row has none.
    shanks, electrodes
        (n,) those inside the region; None where the row has none.
    """

    acronym: str
    min_depth: float | None
    max_depth: float | None
    shanks: NDArray[np.int64] | None
    electrodes: NDArray[np.int64] | None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.acronym

    def same_content(self, other: ProbeRegion) -> bool:
        """Whether everything but the region is the same."""
        return not self.difference(other)

    def difference(self, before: ProbeRegion) -> str:
        """Say what changed since `before`: "160–900 → 180–900 µm"."""
        parts = []
        if not (
            _same(self.min_depth, before.min_depth)
            and _same(self.max_depth, before.max_depth)
        ):
            parts.append(f"{before.words} → {self.words}")
        for what in ("shanks", "electrodes"):
            old, new = getattr(before, what), getattr(self, what)
            if (old is None) != (new is None) or not np.array_equal(old, new):
                a, b = (0 if v is None else len(v) for v in (old, new))
                parts.append(f"{a} {what} → {b}" if a != b else f"other {what}")
        return ", ".join(parts)

    @property
    def words(self) -> str:
        """Its depths, such as "160–900 µm"."""
        low, high = (
            "?" if v is None else f"{v:.0f}" for v in (self.min_depth, self.max_depth)
        )
        return f"{low}–{high} µm"

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ProbeRegion:
        """Read a fetched row; raises InvalidValue for one that makes no sense."""
        return cls(
            str(row["region_acronym"]),
            _depth(row["min_depth"]),
            _depth(row["max_depth"]),
            _numbers(row["shanks"], "shanks"),
            _numbers(row["electrodes"], "electrodes"),
        )

    def to_row(self) -> dict[str, Any]:
        """Give the columns."""
        return {
            "region_acronym": self.acronym,
            "min_depth": self.min_depth,
            "max_depth": self.max_depth,
            "shanks": None if self.shanks is None else self.shanks.copy(),
            "electrodes": None if self.electrodes is None else self.electrodes.copy(),
        }


def region_changes(
    before: Iterable[ProbeRegion], after: Iterable[ProbeRegion]
) -> Changes[ProbeRegion]:
    """Compare the regions of a probe with what they are to become.

    Returns
    -------
    Changes
        By acronym; what stays the same is not in it.

    Raises
    ------
    InvalidValue
        When a region is there twice.
    """
    old, new = _by_acronym(before), _by_acronym(after)
    return Changes(
        tuple(r for name, r in new.items() if name not in old),
        tuple(
            Changed(old[name], r)
            for name, r in new.items()
            if name in old and not r.same_content(old[name])
        ),
        tuple(r for name, r in old.items() if name not in new),
    )


def _by_acronym(regions: Iterable[ProbeRegion]) -> dict[str, ProbeRegion]:
    found: dict[str, ProbeRegion] = {}
    for region in regions:
        if region.acronym in found:
            raise InvalidValue(
                f"The region {region.acronym!r} is there twice; join its stretches."
            )
        found[region.acronym] = region
    return found


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= _SAME_UM


def _depth(value: Any) -> float | None:
    return None if value is None else float(value)


def _numbers(value: Any, what: str) -> NDArray[np.int64] | None:
    if value is None:
        return None
    try:
        return np.ravel(np.asarray(value)).astype(np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidValue(f"The {what} of a region are no whole numbers.") from error
