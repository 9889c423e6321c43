"""Names that were probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMED = 5


def misspelt(given: Iterable[str], columns: Iterable[str]) -> str:
    """Say which name is probably that of a column, misspelt; empty when none is."""
    given, columns = list(given), list(columns)
    for name in given:
        if name not in columns:
            others = [c for c in columns if c not in given]
            near = get_close_matches(name, others, 1)
            # 'subject' is the name of one, not the sex, whose word is shorter
            named = [c for c in others if c == f"{name}_name"]
            for column in (*named, *near):
                return f"there is no column '{name}', but '{column}'"
    return ""


def alike(name: str, names: Sequence[str], there: str = "there are") -> str:
    """Ask whether some of the names there are was meant; else say what there is.

    Parameters
    ----------
    name
        One that is not among them.
    names
        At least one.
    there
        How to go on where none is near.

    Returns
    -------
    str
        As ``"did you mean 'M1'?"`` or ``"there are 'M1', 'M2'."``.
    """
    by_letters = {each.casefold(): each for each in names}
    close = get_close_matches(name.casefold(), by_letters, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(repr(by_letters[each]) for each in close)}?"
    more = len(names) - _NAMED
    tail = f" and {more:,} more" if more > 0 else ""
    return f"{there} {', '.join(map(repr, names[:_NAMED]))}{tail}."
