"""Names that were probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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
