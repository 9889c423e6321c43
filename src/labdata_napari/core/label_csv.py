"""Tables of labels as CSV: DeepLabCut's, old and new, and Lightning Pose's."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.label_table import (
    Column,
    LabelTable,
    columns_of,
    has_individuals,
    table_of,
    values_of,
)
from labdata_napari.core.small_files import read_text
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")


def read_csv(path: Path) -> LabelTable:
    """Read a table of labels or predictions.

    Parameters
    ----------
    path
        With three or four lines of header; a row's name is a path in one column or in
        three, or the number of a frame.

    Raises
    ------
    NotFound
        When there is no file.
    UnreadableFile
        When it is no such table.
    """
    try:
        lines = list(csv.reader(io.StringIO(read_text(path))))
    except csv.Error as error:
        raise UnreadableFile(f"'{path}' is no CSV: {error}.") from error
    header = [line for line in lines[:4] if line and line[0] in _LEVELS]
    if not header or header[0][0] != "scorer" or header[-1][0] != "coords":
        raise UnreadableFile(
            f"'{path}' is no table of labels: it must begin with the lines scorer, "
            "bodyparts and coords."
        )
    width = len(header[-1])
    names = next((n for n in range(1, width) if header[-1][n]), width)
    body = [line for line in lines[len(header) :] if any(line)]
    for number, line in enumerate([*header, *body], start=1):
        if len(line) != width:
            raise UnreadableFile(
                f"Line {number} of '{path}' has {len(line)} columns where the header "
                f"has {width}."
            )
    columns: list[Column] = list(zip(*(line[names:] for line in header), strict=True))
    try:
        values = np.array(
            [[float(cell or "nan") for cell in line[names:]] for line in body]
        ).reshape(len(body), width - names)
    except ValueError as error:
        raise UnreadableFile(f"'{path}' holds what is no number: {error}.") from error
    rows = [_row(line[:names]) for line in body]
    return table_of(columns, rows, values, str(path))


def csv_bytes(
    table: LabelTable, visible: bool = False, split_names: bool = False
) -> bytes:
    """Write a table of labels.

    Parameters
    ----------
    table
        With pictures as rows.
    visible
        Whether to write Lightning Pose's third coordinate: 0 not labelled, 1 hidden,
        2 visible.
    split_names
        Whether a row's name takes one column per part of its path, as DeepLabCut
        writes since 2.2, or one.
    """
    individuals = has_individuals(table)
    levels = [level for level in _LEVELS if individuals or level != "individuals"]
    more = {}
    if visible and table.states is not None:
        more = {"visible": table.states.astype(np.float64)}
    names = [str(row).split("/") if split_names else [str(row)] for row in table.rows]
    padding = [""] * (max(map(len, names), default=1) - 1)
    columns = columns_of(table, individuals, tuple(more))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, level in enumerate(levels):
        writer.writerow([level, *padding, *(column[number] for column in columns)])
    for name, values in zip(names, values_of(table, more).tolist(), strict=True):
        cells = map(_cell, columns, values)
        writer.writerow([*name, *cells])
    return out.getvalue().encode()


def _cell(column: Column, value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if column[-1] == "visible" else repr(value)


def _row(cells: Sequence[str]) -> str | int:
    if len(cells) == 1 and cells[0].strip().isdigit():
        return int(cells[0])
    # Windows' separators, and a path that begins at a disk or the root
    return "/".join(cells).replace("\\", "/")
