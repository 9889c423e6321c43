"""Tables whose rows go only when that is meant, and that are never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import datajoint as dj

from labdata_napari.errors import WriteRefused
from labdata_napari.schema.restricted import Restricted, require_matched
from labdata_napari.schema.template import class_name

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
        *,
        confirm: int | None = None,
        safemode: bool | None = None,
        force_parts: bool = False,
    ) -> int:
        """Delete the selected rows and all rows that refer to them.

        Parameters
        ----------
        transaction
            Delete in a transaction of its own.
        prompt
            False: delete. True: show what goes and ask at the terminal. None: delete
            nothing, and say in the error what would go; so does True where a table
            without a primary key is among it, for which DataJoint cannot ask.
        part_integrity
            As DataJoint takes it.
        confirm
            How many rows go in all, as the error says and as rows of files want it.
        safemode, force_parts
            What DataJoint before 2.0 calls `prompt` and ``part_integrity="ignore"``.

        Returns
        -------
        int
            Rows deleted from this table.

        Raises
        ------
        WriteRefused
            When neither `prompt` nor the right `confirm` is given, or the rows were
            selected by no column of the table; nothing was deleted.
        """
        require_matched(self)
        rows = pinned(self)
        integrity = "ignore" if force_parts else part_integrity
        prompt = safemode if prompt is None else prompt
        if prompt is None or confirm is not None or (prompt and _keyless(rows)):
            self._require_confirmed(rows, integrity, confirm)
            prompt = False
        deleted: int = super(Guarded, rows).delete(  # type: ignore[misc]
            transaction=transaction, prompt=prompt, part_integrity=integrity
        )
        return deleted

    def _require_confirmed(
        self: Any, rows: Any, integrity: str, confirm: int | None
    ) -> None:
        with self.lab.own_errors():
            counts = would_go(rows, integrity) if rows else {}
        name = type(self).__name__
        if not counts:
            raise WriteRefused(f"Nothing was deleted: no row of {name} is selected.")
        total = sum(counts.values())
        if confirm != total:
            changed = "" if confirm is None else f", not {confirm}"
            raise WriteRefused(
                "Nothing was deleted: these rows would go for good: "
                f"{in_words(counts)}. If that is meant, repeat it with prompt=False, "
                f"or with confirm={total}, the number of rows{changed}."
            )


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
    counts = {class_name(split(t.full_table_name)[1]): _count(t) for t in tables}
    return {name: count for name, count in counts.items() if count}


def _keyless(rows: Any) -> bool:
    """Whether a table without a primary key refers to some rows."""
    with rows.lab.own_errors():
        # which rows go does not matter here, and parts alone are DataJoint's to refuse
        tables = dj.Diagram.cascade(rows, part_integrity="ignore")
        return not all(table.primary_key for table in tables)


def _count(rows: Any) -> int:
    """Count rows, also of somebody's own table that has no primary key."""
    if rows.primary_key:
        return len(rows)
    words = f"SELECT count(*) FROM {rows.from_clause()}{rows.where_clause()}"
    return int(rows.connection.query(words).fetchone()[0])


def in_words(counts: Mapping[str, int]) -> str:
    """Say how many rows of which tables."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
