"""Tables of labels as HDF5 in the two layouts of pandas, without pandas' pickles.

pandas keeps parts of its header as pickled Python objects, and whoever unpickles a file
from elsewhere runs what is in it. So the layout is read as it lies in the file; of
pickled headers only lists, tuples, texts and numbers are taken, anything else is
refused. What is written has no pickle in it and is read by `pandas.read_hdf`.
"""

from __future__ import annotations

import io
import os
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.hdf_members import member, own_members, own_values
from labdata_napari.core.label_table import (
    LabelTable,
    columns_of,
    has_individuals,
    table_of,
    values_of,
)
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# of DeepLabCut and of labdata; a file with one table may call it anything
KEYS = ("df_with_missing", "keypoints")
_MOST_BYTES = 8 * 200_000_000
_BROKEN = (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError)


def read_hdf(path: Path) -> LabelTable:
    """Read a table of labels or predictions.

    Parameters
    ----------
    path
        HDF5 file of `DataFrame.to_hdf`, in its fixed or its table format.

    Raises
    ------
    NotFound
        When there is no file.
    UnreadableFile
        When it is no such file.
    """
    import h5py

    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.")
    try:
        with h5py.File(path, "r") as file:
            group = _group(file, path)
            kind = _text(group.attrs["pandas_type"])
            read = _read_table if kind == "frame_table" else _read_fixed
            columns, rows, values = read(group, path)
    except _BROKEN as error:
        raise UnreadableFile(
            f"'{path}' is damaged or holds no table of labels ({error})."
        ) from error
    return table_of(columns, rows, values, str(path))


def write_hdf(path: Path, table: LabelTable, key: str = KEYS[0]) -> None:
    """Write a table of labels with pictures as rows, in pandas' fixed format.

    Parameters
    ----------
    path
        Replaced if it is there, once the new one is whole.
    table
        One row at least; likelihoods and states are left out, as DeepLabCut wants it.
    key
        Name of the table in the file.

    Raises
    ------
    WriteRefused
        When the disk refuses.
    """
    import h5py

    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    individuals = has_individuals(table)
    levels = ["scorer", *["individuals"] * individuals, "bodyparts", "coords"]
    columns = columns_of(table, individuals)
    names = [str(row).split("/") for row in table.rows]
    try:
        with h5py.File(part, "w") as file:
            _mark(file, CLASS="GROUP", PYTABLES_FORMAT_VERSION="2.1", VERSION="1.0")
            group = file.create_group(key)
            _mark(group, CLASS="GROUP", VERSION="1.0", pandas_type="frame")
            _mark(group, encoding="UTF-8", errors="strict", ndim=2, nblocks=1)
            _write_index(group, "axis0", columns, levels)
            _write_index(group, "axis1", names, [""] * max(map(len, names), default=1))
            _write_index(group, "block0_items", columns, levels)
            _write_array(group, "block0_values", values_of(table, {}))
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or error
        raise WriteRefused(f"'{path}' cannot be written: {reason}.") from error


# -- reading -------------------------------------------------------------------


_Table = tuple[list[tuple[str, ...]], list[str | int], "NDArray[np.float64]"]


def _group(file: Any, path: Path) -> Any:
    nodes = own_members(file).items()
    found = {name: node for name, node in nodes if "pandas_type" in node.attrs}
    for name in KEYS:
        if name in found:
            return found[name]
    if len(found) != 1:
        raise UnreadableFile(
            f"'{path}' holds {len(found)} tables, none of them called "
            f"{' or '.join(KEYS)}; save one table of labels in it."
        )
    return next(iter(found.values()))


def _read_fixed(group: Any, path: Path) -> _Table:
    columns = _index(group, "axis0")
    rows = _index(group, "axis1")
    values = np.full((len(rows), len(columns)), np.nan)
    at = {column: n for n, column in enumerate(columns)}
    for number in range(int(group.attrs["nblocks"])):
        items = _index(group, f"block{number}_items")
        block = _array(group, f"block{number}_values")
        if not member(group, f"block{number}_values").attrs.get("transposed"):
            block = block.T
        values[:, [at[item] for item in items]] = block
    return [_column(c) for c in columns], [_row(r) for r in rows], values


def _read_table(group: Any, path: Path) -> _Table:
    table = member(group, "table")
    stored = own_values(table, _MOST_BYTES)
    if "index" not in (stored.dtype.names or ()):
        raise UnreadableFile(
            f"'{path}' is in pandas' table format with an index of several levels; "
            "save it with DataFrame.to_hdf's own format instead."
        )
    columns: list[tuple[str, ...]] = []
    parts = []
    for name in stored.dtype.names:
        if not name.startswith("values_block_"):
            continue
        header = _plain(bytes(table.attrs[f"{name}_kind"]), path)
        columns += [_column(column) for column in header]
        parts.append(np.asarray(stored[name], np.float64).reshape(len(stored), -1))
    if not parts:
        raise UnreadableFile(f"'{path}' holds a table without values.")
    index = stored["index"]
    kind = index.dtype.kind
    rows = [_text(v) if kind == "S" else int(v) for v in index]
    return columns, [_row((row,)) for row in rows], np.concatenate(parts, axis=1)


def _index(group: Any, name: str) -> list[tuple[Any, ...]]:
    """Labels of an axis, a tuple each."""
    variety = _text(group.attrs[f"{name}_variety"])
    if variety != "multi":
        return [(value,) for value in _labels(member(group, name))]
    levels = []
    for number in range(int(group.attrs[f"{name}_nlevels"])):
        known = [*_labels(member(group, f"{name}_level{number}")), ""]
        codes = _array(group, f"{name}_label{number}").astype(int)
        levels.append([known[code] for code in codes])  # -1, none, is the last
    return list(zip(*levels, strict=True))


def _labels(node: Any) -> list[Any]:
    if node.attrs.get("shape") is not None and _is_empty(node):
        return []
    kind = _text(node.attrs.get("kind", b""))
    if kind not in ("string", "integer"):
        raise UnreadableFile(f"it has labels of the kind {kind!r}")
    values = own_values(node, _MOST_BYTES)
    return [_text(v) for v in values] if kind == "string" else values.tolist()


def _array(group: Any, name: str) -> NDArray[Any]:
    node = member(group, name)
    values = np.asarray(own_values(node, _MOST_BYTES))
    return np.zeros(tuple(node.attrs["shape"])) if _is_empty(node) else values


def _is_empty(node: Any) -> bool:
    """Whether pandas put a place holder there, as HDF5 has no empty arrays."""
    return "shape" in node.attrs and 0 in np.atleast_1d(node.attrs["shape"])


def _column(label: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(part) for part in label)


def _row(label: Sequence[Any]) -> str | int:
    if len(label) == 1 and isinstance(label[0], int):
        return label[0]
    return "/".join(str(part) for part in label).replace("\\", "/")


def _text(value: Any) -> str:
    return bytes(value).decode("utf-8") if isinstance(value, bytes) else str(value)


class _Plain(pickle.Unpickler):
    """Builds lists, tuples, texts and numbers; nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(f"its header names {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise ValueError("its header refers to something outside")


def _plain(content: bytes, path: Path) -> list[Any]:
    try:
        found = _Plain(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, MemoryError) as error:
        raise ValueError(f"its header cannot be read: {error}") from error
    if not isinstance(found, list):
        raise UnreadableFile(f"'{path}' has no list of columns in its header.")
    return found


# -- writing -------------------------------------------------------------------


def _write_index(
    group: Any, name: str, labels: Sequence[Sequence[str]], levels: Sequence[str]
) -> None:
    _mark(group, **{f"{name}_variety": "multi"})
    _mark(group, **{f"{name}_nlevels": len(levels)})
    for number, level in enumerate(levels):
        values = [label[number] if number < len(label) else "" for label in labels]
        known = list(dict.fromkeys(values))
        at = {value: n for n, value in enumerate(known)}
        encoded = np.array([value.encode() or b"\0" for value in known])
        _write_array(group, f"{name}_level{number}", encoded)
        node = group[f"{name}_level{number}"]
        _mark(node, kind="string", nan_rep="nan")
        if level:
            _mark(node, name=level, **{f"{name}_name{level}": level})
        codes = np.array([at[value] for value in values], np.int64)
        _write_array(group, f"{name}_label{number}", codes)


def _write_array(group: Any, name: str, values: NDArray[Any]) -> None:
    node = group.create_dataset(name, data=values)
    _mark(node, CLASS="ARRAY", FLAVOR="numpy", VERSION="2.4")
    node.attrs["transposed"] = np.uint8(1)


def _mark(node: Any, **attributes: str | int) -> None:
    import h5py

    for name, value in attributes.items():
        if isinstance(value, int):
            node.attrs[name] = np.int64(value)
            continue
        encoded = value.encode()
        kind = h5py.string_dtype("utf-8", len(encoded))
        node.attrs.create(name, np.array(encoded, kind), dtype=kind)
