"""Small files from anywhere: read within limits, written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.places import FARTHEST
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

MOST_BYTES = 64 << 20
MOST_POINTS = 1_000_000
_DECIMAL = re.compile(r"\A(\s*[-+]?\d*),(\d+(?:[eE][-+]?\d+)?\s*)\Z")


def read_bytes(path: Path) -> bytes:
    """Read a file of up to 64 MB.

    Raises
    ------
    NotFound
        When there is none.
    UnreadableFile
        When it is larger, or the system refuses.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(f"There is no file '{path}'.") from None
    except OSError as error:
        raise UnreadableFile(
            f"'{path}' cannot be read: {error.strerror or error}."
        ) from error
    if len(content) > MOST_BYTES:
        raise UnreadableFile(
            f"'{path}' is larger than {MOST_BYTES >> 20} MB; that is no file of points."
        )
    return content


def read_text(path: Path) -> str:
    """Read a text file; errors as `read_bytes`."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile(f"'{path}' is no text.") from None


def read_json(path: Path) -> Any:
    """Read a JSON file; errors as `read_bytes`, and when it is none."""
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError):
        raise UnreadableFile(f"'{path}' is damaged or no JSON.") from None


def delimiter_of(table: str) -> str:
    """Return what is between the columns of a table, by its first line."""
    first = table.partition("\n")[0]
    return ";" if ";" in first and "," not in first else ","


def read_csv(path: Path) -> list[list[str]]:
    """Read the cells of a table, line by line, without the empty lines.

    Where semicolons are between the columns, as spreadsheets write where the comma is
    the decimal point, numbers get a point instead.

    Raises
    ------
    NotFound, UnreadableFile
        As `read_bytes`, when it is no table, or has too many lines.
    """
    text = read_text(path)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [row for row in islice(reader, MOST_POINTS + 2) if row]
    except csv.Error as error:
        raise UnreadableFile(f"'{path}' is no table: {error}.") from None
    if len(rows) > MOST_POINTS + 1:
        raise UnreadableFile(f"'{path}' has more than {MOST_POINTS:,} rows.")
    if delimiter == ";":
        rows = [[_DECIMAL.sub(r"\1.\2", cell) for cell in row] for row in rows]
    return rows


def as_points(values: Any, path: Path) -> NDArray[np.float64]:
    """Return points (N, 3) that a file holds.

    Raises
    ------
    UnreadableFile
        When they are no numbers within a million in threes, or too many.
    """
    try:
        points = np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableFile(f"The points in '{path}' are not numbers.") from None
    if not points.size:
        return np.zeros((0, 3))
    if points.ndim != 2 or points.shape[1] != 3:
        raise UnreadableFile(
            f"'{path}' must hold points of three numbers; it has {points.shape}."
        )
    if len(points) > MOST_POINTS:
        raise UnreadableFile(
            f"'{path}' holds {len(points):,} points, more than {MOST_POINTS:,}."
        )
    if not np.isfinite(points).all():
        raise UnreadableFile(f"A point in '{path}' is no place (not finite).")
    if np.abs(points).max() > FARTHEST:
        raise UnreadableFile(
            f"A point in '{path}' is no place: it is at {np.abs(points).max():.3g}."
        )
    return points


def write_files(contents: Mapping[Path, bytes], *, overwrite: bool) -> list[Path]:
    """Write files, all or none: under other names first, then renamed.

    Raises
    ------
    WriteRefused
        When one is there and must not be replaced, or the disk refuses.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        for path in contents:
            if path.exists() and not (overwrite and path.is_file()):
                raise WriteRefused(
                    f"'{path}' exists already; choose another name or folder."
                )
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            parts.append((part, path))
            part.write_bytes(content)
        for part, path in parts:
            os.replace(part, path)
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        for part, _ in parts:
            with contextlib.suppress(OSError, ValueError):
                part.unlink()
        reason = getattr(error, "strerror", None) or error
        raise WriteRefused(f"'{path}' cannot be written: {reason}.") from error
    return list(contents)
