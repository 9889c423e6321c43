"""The regions of an atlas: numbers, names, colours, and which lies in which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Ids = NDArray[np.int64]

OUTSIDE = 0
"""What the annotation volume holds where there is no brain."""

Color = tuple[int, int, int]
UNKNOWN_COLOR: Color = (128, 128, 128)


@dataclass(frozen=True)
class Region:
    """A region of an atlas.

    Attributes
    ----------
    id
        Its number in the annotation volume; Allen's go to 614,454,277.
    acronym, name
        Short and in full, such as "VISp" and "Primary visual area".
    color
        Red, green and blue, 0 to 255.
    path
        Numbers from the root of the tree down to this region, itself included.
    """

    id: int
    acronym: str
    name: str
    color: Color
    path: tuple[int, ...]

    @property
    def level(self) -> int:
        """Steps from the root, which is at 0."""
        return len(self.path) - 1

    @property
    def parent(self) -> int | None:
        """Number of the region it is a part of; None for a root."""
        return self.path[-2] if len(self.path) > 1 else None


@dataclass(frozen=True, eq=False)
class Regions:
    """All regions of an atlas, by their numbers.

    Attributes
    ----------
    regions
        With distinct numbers.

    Raises
    ------
    InvalidValue
        When a number is there twice, is not positive, or a path does not end with it.
    """

    regions: tuple[Region, ...]
    _by_id: Mapping[int, Region] = field(init=False, repr=False)
    _ids: Ids = field(init=False, repr=False)  # ascending

    def __post_init__(self) -> None:
        by_id: dict[int, Region] = {}
        for region in self.regions:
            if region.id in by_id:
                raise InvalidValue(
                    f"The regions {by_id[region.id].acronym!r} and {region.acronym!r} "
                    f"have the same number {region.id}; the table is damaged."
                )
            if region.id <= 0 or region.path[-1:] != (region.id,):
                raise InvalidValue(
                    f"The region {region.acronym!r} has the number {region.id} and "
                    f"the path {region.path}, which must end with it; numbers are "
                    "positive."
                )
            by_id[region.id] = region
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_ids", np.array(sorted(by_id), np.int64))

    def __iter__(self) -> Iterator[Region]:
        return iter(self.regions)

    def __len__(self) -> int:
        return len(self.regions)

    def __contains__(self, number: object) -> bool:
        return number in self._by_id

    def __getitem__(self, number: int) -> Region:
        try:
            return self._by_id[int(number)]
        except KeyError:
            raise NotFound(
                f"The atlas names no region with the number {number}."
            ) from None

    def get(self, number: int) -> Region | None:
        """Return the region with a number, None when there is none."""
        return self._by_id.get(int(number))

    def by_acronym(self, acronym: str) -> Region:
        """Return the region with an acronym, in whatever case when that is unique.

        Raises
        ------
        NotFound
            When there is none.
        """
        for region in self.regions:
            if region.acronym == acronym:
                return region
        alike = [r for r in self.regions if r.acronym.lower() == acronym.lower()]
        if len(alike) == 1:
            return alike[0]
        raise NotFound(f"The atlas has no region called {acronym!r}.")

    def label(self, number: int) -> str:
        """Return an acronym; nothing outside the brain, "#12" where it has none."""
        if number == OUTSIDE:
            return ""
        region = self.get(number)
        return f"#{number}" if region is None else region.acronym

    def name_of(self, number: int) -> str:
        """Return the full name; what `label` says where there is none."""
        region = self.get(number)
        return self.label(number) if region is None else region.name

    def color_of(self, number: int) -> Color:
        """Return the colour; grey where there is none."""
        region = self.get(number)
        return UNKNOWN_COLOR if region is None else region.color

    def roll_up(
        self, ids: ArrayLike, to: int | Iterable[int | str]
    ) -> NDArray[np.int64]:
        """Replace regions by what they are parts of.

        Parameters
        ----------
        ids
            Numbers, of any shape.
        to
            A level, 0 for the root: regions at it or above stay as they are. Or a set
            of regions, by number or acronym: each becomes itself or the nearest one
            it is a part of.

        Returns
        -------
        ndarray
            int64 of the same shape. What is outside stays so. With a level, numbers
            that the atlas does not name stay; with a set, what is part of none of it
            becomes 0.

        Raises
        ------
        NotFound
            When a region of the set is not in the atlas.
        InvalidValue
            When the level is negative.
        """
        given = np.asarray(ids, np.int64)
        if isinstance(to, Iterable):
            wanted = frozenset(self._number(each) for each in to)
            target, unknown = self._in_set(wanted), np.zeros_like(given)
        else:
            if to < 0:
                raise InvalidValue(f"Levels count from 0, the root; {to} is none.")
            target = {r.id: r.path[min(to, r.level)] for r in self.regions}
            unknown = given
        if not len(self._ids):
            return unknown.copy()
        table = np.array([target[int(i)] for i in self._ids], np.int64)
        place = np.searchsorted(self._ids, given).clip(max=len(self._ids) - 1)
        known = self._ids[place] == given
        return np.where(known, table[place], unknown)

    def below(self, region: int | str) -> tuple[int, ...]:
        """Return the numbers of a region and of all its parts, ascending."""
        number = self._number(region)
        return tuple(int(i) for i in self._ids if number in self._by_id[int(i)].path)

    def renamed(self, other: Regions) -> Regions:
        """Take acronyms, names and colours from another table where it has them."""
        return Regions(
            tuple(
                region
                if (found := other.get(region.id)) is None
                else replace(
                    region,
                    acronym=found.acronym,
                    name=found.name,
                    color=found.color,
                )
                for region in self.regions
            )
        )

    def acronyms_in(self, other: Regions) -> Callable[[int], str | None]:
        """Return a function that names a region by another table.

        It takes a number and returns the acronym there of that region, or of the
        nearest one it is a part of here; None where neither is in the other table.
        """

        def acronym(number: int) -> str | None:
            region = self.get(number)
            path = (number,) if region is None else region.path
            found = next((n for n in reversed(path) if n in other), None)
            return None if found is None else other[found].acronym

        return acronym

    def _number(self, region: int | str) -> int:
        if isinstance(region, str):
            return self.by_acronym(region).id
        return self[region].id

    def _in_set(self, wanted: frozenset[int]) -> dict[int, int]:
        return {
            r.id: next((i for i in reversed(r.path) if i in wanted), OUTSIDE)
            for r in self.regions
        }


def with_paths(
    regions: Sequence[Region], parents: Mapping[int, int | None]
) -> tuple[Region, ...]:
    """Work out the paths of regions from their parents.

    Parameters
    ----------
    regions
        Whose paths do not count.
    parents
        Number of each one's parent; None, or one that is not there, for a root.

    Raises
    ------
    InvalidValue
        When a region is, through others, a part of itself.
    """
    known = {region.id for region in regions}
    return tuple(replace(r, path=_path(r.id, parents, known)) for r in regions)


def _path(
    number: int, parents: Mapping[int, int | None], known: set[int]
) -> tuple[int, ...]:
    path = [number]
    while (parent := parents.get(path[-1])) is not None and parent in known:
        if parent in path:
            raise InvalidValue(
                f"The region {number} of the atlas is a part of itself, through "
                f"{parent}; the table is damaged."
            )
        path.append(parent)
    return tuple(reversed(path))
