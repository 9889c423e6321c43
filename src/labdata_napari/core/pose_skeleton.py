"""Which body parts are labelled, and how they hang together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_problems import sided_pairs
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Pair: TypeAlias = tuple[str, str]

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Skeleton:
    """The body parts of a label set.

    Attributes
    ----------
    bodyparts
        Distinct names, in the order in which they are labelled.
    edges
        Pairs of them between which a line is drawn.
    pairs
        Left and right: pairs of them that mirror each other.
    colours
        ``#rrggbb`` of those that somebody gave one.
    pcutoff
        Likelihood from which a DeepLabCut project takes a prediction for right; None
        where nobody said.

    Raises
    ------
    InvalidValue
        When an edge or a pair names something else, or a colour is none.
    """

    bodyparts: tuple[str, ...] = ()
    edges: tuple[Pair, ...] = ()
    pairs: tuple[Pair, ...] = ()
    colours: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pcutoff: float | None = None

    def __post_init__(self) -> None:
        # which says what is wrong with a name
        names = PoseLabels(bodyparts=tuple(self.bodyparts)).bodyparts
        object.__setattr__(self, "bodyparts", names)
        for what, pairs in (("edge", self.edges), ("pair", self.pairs)):
            kept = tuple((str(a), str(b)) for a, b in pairs)
            object.__setattr__(self, f"{what}s", tuple(dict.fromkeys(kept)))
            for pair in kept:
                _check_pair(what, pair, names)
        for name, colour in self.colours.items():
            if name not in names or not _COLOUR.fullmatch(colour):
                raise InvalidValue(
                    f"{colour!r} for {name!r} is no colour of a body part; it is "
                    "written as #ffaa00."
                )
        object.__setattr__(self, "colours", MappingProxyType(dict(self.colours)))

    def with_bodyparts(self, names: Iterable[str]) -> Skeleton:
        """Add body parts that are not there yet, at the end."""
        every = tuple(dict.fromkeys((*self.bodyparts, *names)))
        return replace(self, bodyparts=every)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        cutoff = {} if self.pcutoff is None else {"pcutoff": self.pcutoff}
        return {
            "bodyparts": list(self.bodyparts),
            "edges": [list(edge) for edge in self.edges],
            "pairs": [list(pair) for pair in self.pairs],
            "colours": dict(self.colours),
            **cutoff,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Skeleton:
        """Read what `to_json` gave.

        Raises
        ------
        KeyError, TypeError, ValueError, InvalidValue
            When it is something else.
        """
        return cls(
            tuple(record["bodyparts"]),
            tuple((a, b) for a, b in record["edges"]),
            tuple((a, b) for a, b in record["pairs"]),
            dict(record["colours"]),
            None if record.get("pcutoff") is None else float(record["pcutoff"]),
        )

    @classmethod
    def of(cls, bodyparts: Iterable[str]) -> Skeleton:
        """Make the one of names alone; left and right are told by them."""
        names = tuple(bodyparts)
        return cls(names, pairs=sided_pairs(names))


def words_of_pairs(pairs: Iterable[Pair]) -> str:
    """Write pairs as `pairs_in` reads them: "nose – neck, neck – tail"."""
    return ", ".join(f"{a} – {b}" for a, b in pairs)


def pairs_in(text: str, names: Iterable[str]) -> tuple[Pair, ...]:
    """Read pairs of body parts that somebody typed.

    Parameters
    ----------
    text
        Pairs on lines of their own or between commas, each with a dash in it. Names
        may have dashes, too.
    names
        Of the body parts there are.

    Raises
    ------
    InvalidValue
        When a piece is no pair of them.
    """
    known = tuple(names)
    pieces = (piece.strip() for piece in re.split(r"[,\n]", text))
    return tuple(_pair_in(piece, known) for piece in pieces if piece)


def _pair_in(piece: str, names: tuple[str, ...]) -> Pair:
    for dash in re.finditer(r"\s*[-–—]\s*", piece):
        pair = piece[: dash.start()].strip(), piece[dash.end() :].strip()
        if set(pair) <= set(names):
            return pair
    raise InvalidValue(
        f"“{piece}” is no pair of body parts of this set; write it as “nose – neck”."
    )


def _check_pair(what: str, pair: Pair, names: tuple[str, ...]) -> None:
    for name in pair:
        if name not in names:
            raise InvalidValue(
                f"The {what} {pair[0]} – {pair[1]} names {name!r}, which is no body "
                "part of this set; add it first."
            )
    if pair[0] == pair[1]:
        raise InvalidValue(f"The {what} {pair[0]} – {pair[1]} joins a part to itself.")
