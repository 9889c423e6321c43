"""Tables whose rows go only when that is meant, and that are never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import datajoint as dj

from labdata_napari.errors import WriteRefused
from labdata_napari.schema.restricted import Restricted, require_matched

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kept(Restricted):
    """Goes before a table's own class: the table is the lab's, whatever its rows."""

    def drop(self: Any, *_: object, **__: object) -> NoReturn:
        """Refuse to drop the table.

        Raises
        ------
        WriteRefused
            Always.
        """
        raise WriteRefused(
            f"Nothing was changed: the table {type(self).__name__} is the lab's, and "
            "labdata-napari drops and alters no table; ask whoever looks after the "
            "database."
        )

    drop_quick = drop
    alter = drop

    def delete_quick(self: Any, get_count: bool = False) -> int | None:
        """Delete the selected rows, as long as no others refer to them.

        Raises
        ------
        WriteRefused
            When they were selected by no column of a table, or a misspelt one; nothing
            was deleted.
        """
        require_matched(self)
        count: int | None = super().delete_quick(get_count)  # type: ignore[misc]
        return count


class Guarded(Kept):
    """Goes before a table's own class: nothing is deleted without being asked for."""

    def delete(
        self: Any,
        transaction: bool = True,
        prompt: bool | None = None,
        part_integrity: str = "enforce",
    ) -> int:
        """Delete the selected rows and all rows that refer to them.

        Parameters
        ----------
        transaction
            Delete in a transaction of its own.
        prompt
            False: delete. True: show what goes and ask at the terminal. None: delete
            nothing, and say in the error what would go.
        part_integrity
            As DataJoint takes it.

        Returns
        -------
        int
            Rows deleted from this table.

        Raises
        ------
        WriteRefused
            When `prompt` is not given, or the rows were selected by no column of the
            table; nothing was deleted.
        """
        require_matched(self)
        rows = pinned(self)
        if prompt is None:
            with self.lab.own_errors():
                if not rows:
                    raise WriteRefused(
                        f"Nothing was deleted: no row of {type(self).__name__} is "
                        "selected."
                    )
                listed = in_words(would_go(rows, part_integrity))
            raise WriteRefused(
                f"Nothing was deleted: these rows would go for good: {listed}. If that "
                "is meant, repeat it with prompt=False."
            )
        deleted: int = super(Guarded, rows).delete(  # type: ignore[misc]
            transaction=transaction, prompt=prompt, part_integrity=part_integrity
        )
        return deleted


def pinned(rows: Any) -> Any:
    """Select the same rows by their keys where DataJoint would delete others.

    It restricts anew by the words of a restriction when it deletes what is below.
    There, ``%`` is one sign too many, what follows a backslash may be taken for a
    column, and a condition on other tables no longer holds once their rows are gone;
    keys mean the same each time.
    """
    text = " ".join(str(condition) for condition in rows.restriction).upper()
    if any(sign in text for sign in ("%", "\\", "SELECT")):
        return rows & dj.Top(None, order_by=None)
    return rows


def would_go(rows: Any, integrity: str = "enforce") -> dict[str, int]:
    """Count the rows that deleting some would delete, by table; their own first."""
    split = rows.connection.adapter.split_full_table_name
    tables = dj.Diagram.cascade(rows, part_integrity=integrity)
    counts = {_class_name(split(t.full_table_name)[1]): len(t) for t in tables}
    return {name: count for name, count in counts.items() if count}


def in_words(counts: Mapping[str, int]) -> str:
    """Say how many rows of which tables."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _class_name(name: str) -> str:
    """Return ``FixedBrain.Channel`` for ``fixed_brain__channel``."""
    from datajoint.utils import to_camel_case

    parts = name.lstrip("#_~").split("__")
    return ".".join(str(to_camel_case(part)) for part in parts)
