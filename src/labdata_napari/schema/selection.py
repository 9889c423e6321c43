"""From a restricted table to the one row, or the rows, that it selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")


def the_key(rows: Any) -> dict[str, Any]:
    """Return the primary key of the one row that a restricted table selects.

    Raises
    ------
    NotFound
        When it selects none.
    InvalidValue
        When it selects several.
    """
    keys = all_keys(rows)
    if len(keys) > 1:
        name = type(rows).__name__
        raise InvalidValue(
            f"{len(keys)} rows of {name} match, and only one can be opened at a time; "
            f"restrict it further, for example ({name} & {keys[0]!r})."
        )
    return keys[0]


def one_or_many(rows: Any, load: Callable[[dict[str, Any]], Item]) -> Item | list[Item]:
    """Load what each selected row stands for; a single one is not put in a list.

    Raises
    ------
    NotFound
        When none is selected.
    """
    loaded = [load(key) for key in all_keys(rows)]
    return loaded[0] if len(loaded) == 1 else loaded


def all_keys(rows: Any) -> list[dict[str, Any]]:
    """Return the primary keys of the selected rows, at least one.

    Raises
    ------
    NotFound
        When there is none.
    """
    with rows.lab.own_errors():
        keys: list[dict[str, Any]] = rows.keys(order_by="KEY")
    if not keys:
        raise NotFound(
            f"No row of {type(rows).__name__} matches; look at what there is without "
            "the restriction."
        )
    return keys
