"""Two rows for each of the 88 tables, made from the contract; blobs of every kind.

The *full* row has a value in every column, as long as the column allows; numbers leave
room for the next one.
The *bare* one leaves out whatever may be null or has a default.
"""

from __future__ import annotations

import datetime
import itertools
import re
import uuid
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.schema.contract import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
FULL, BARE = "full", "bare"

BLOBS: tuple[Any, ...] = (
    np.arange(12, dtype=np.float64).reshape(4, 3) / 7,
    [0.4, 1, 0.4, 0.4],
    (2.0, -3.0, 5.0, False, True),
    [None, [0, 10, None], (5, None, -2), None],
    {"power": 3, "leds": ["a", "b"], "on": None, "deep": {"x": np.arange(3)}},
    np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    np.arange(6000, dtype=np.uint16).reshape(60, 100),
    np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    np.array([1, -2], np.int8),
    np.array([2**31, 1], np.uint32),
    np.array([-(2**31)], np.int32),
    np.array([2**63 - 1], np.int64),
    np.array([2**64 - 1], np.uint64),
    np.array([np.nan, np.inf, -0.0], np.float32),
    np.array([True, False]),
    np.array([1 + 2j, -3j]),
    np.array([1 + 2j], np.complex64),
    np.zeros((0, 3)),
    np.float64(0.1),
    np.float32(1.5),
    np.int16(-7),
    np.array(["probe 1", "µm"]),
    np.array([None, 1, "a"], object),
    np.array(["2026-01-01", "NaT"], "datetime64[s]"),
    np.rec.array([(1, 0.5), (2, 0.25)], dtype=[("n", "<i4"), ("x", "<f8")]),
    True,
    -(2**70),
    float("nan"),
    1 - 2j,
    "µm and 数",
    b"\0\xff",
    {1, 2, 3},
    datetime.datetime(2026, 1, 1, 12, 30, 59, 250),
    datetime.date(2024, 2, 29),
    datetime.time(23, 59),
    Decimal("3.14159265358979"),
    uuid.UUID(int=7),
)
"""Whatever labdata may have put into a blob, each smaller than 65,535 bytes."""


def every_row() -> Iterator[tuple[str, Row]]:
    """Yield ``Master`` or ``Master.Part`` and a row, parents before children."""
    parents = {
        name: {key["parent"] for key in table["foreign_keys"]} | _master(name)
        for name, table in contract().items()
    }
    blobs = itertools.cycle(BLOBS)
    for name in TopologicalSorter(parents).static_order():
        for kind in (FULL, BARE):
            yield name, _row(name, kind, blobs)


def blob_rows(table: str, column: str, counted: str, **more: Any) -> Iterator[Row]:
    """Yield a row for each kind of blob, numbered in a column of the key."""
    for number, blob in enumerate(BLOBS):
        key = {c: value(table, c, FULL) for c in contract()[table]["primary_key"]}
        yield key | {counted: number, column: blob} | more


def _master(name: str) -> set[str]:
    return {name.partition(".")[0]} - {name}


def _row(name: str, kind: str, blobs: Iterator[Any]) -> Row:
    row = {}
    for column, rule in contract()[name]["columns"].items():
        if kind == BARE and (rule.get("nullable") or "default" in rule):
            continue
        blob = rule["type"].endswith("blob")
        row[column] = next(blobs) if blob else value(name, column, kind)
    return row


def value(name: str, column: str, kind: str) -> Any:
    """Value of a column in the full or the bare row, as its parents have it."""
    table = contract()[name]
    for key in table["foreign_keys"]:
        if column in key["columns"]:
            place = key["columns"].index(column)
            return value(key["parent"], key["parent_columns"][place], kind)
    rule = table["columns"][column]
    if kind == BARE and "default" in rule:
        return _typed(rule["type"], rule["default"])
    return _of_type(rule["type"], column, kind)


def _typed(type_name: str, default: str) -> Any:
    return default if type_name.startswith(("varchar", "char")) else int(default)


def _of_type(type_name: str, column: str, kind: str) -> Any:
    full = kind == FULL
    if size := re.fullmatch(r"(?:var)?char\((\d+)\)", type_name):
        # letters that latin1 has, which is what labdata's tables may be in
        text = f"{column} é'\"`%\\"
        return (text * 1000)[: int(size[1])] if full else column[: int(size[1])]
    if type_name.startswith("enum"):
        return re.findall(r"'(\w+)'", type_name)[0 if full else -1]
    return {
        "tinyint": 127 if full else 0,
        "smallint": 32766 if full else -1,
        "int": 2**31 - 2 if full else 1,
        "float": 0.1 if full else -3e-8,
        "double": 1 / 3 if full else 2.0**40,
        "decimal(22,14)": Decimal("30000.12345678901234" if full else "-1"),
        "date": datetime.date(2024, 2, 29) if full else datetime.date(1999, 12, 31),
        "datetime": datetime.datetime(2026, 1, 1, 12, 30, 59 if full else 0),
    }[type_name]
