"""Annotations out to files of other tools and in again.

Places in files of other tools are places in a brain, not pixels of a stack, so a
`Space` says what the pixels are. Nothing is written when a part of it cannot be.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.format import (
    read_array_header_1_0,
    read_array_header_2_0,
    read_magic,
)

from labdata_napari.core import track_json, track_tables
from labdata_napari.core.annotation import NAME_LENGTH
from labdata_napari.core.brainglobe_tracks import read_track
from labdata_napari.core.draft import Draft
from labdata_napari.core.ibl_picks import file_name, picks_files, read_picks
from labdata_napari.core.small_files import (
    as_points,
    read_bytes,
    read_json,
    write_files,
)
from labdata_napari.core.track_space import inverse, mapped
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.track_space import Space

_HDF5 = b"\x89HDF\r\n"


@dataclass(frozen=True)
class Format:
    """A kind of file that annotations can be written to.

    Attributes
    ----------
    title
        As a person chooses it.
    suffix
        Of its files.
    one_file
        Whether all annotations are in one; else there is one each, in a folder.
    needs
        What the space must know: "", "bregma" or "atlas".
    """

    title: str
    suffix: str
    one_file: bool
    needs: str = ""


FORMATS = {
    "csv": Format("Table, one row a point", ".csv", one_file=True),
    "json": Format("JSON", ".json", one_file=True),
    "ibl": Format("IBL alignment, xyz_picks", ".json", one_file=False, needs="bregma"),
    "brainrender": Format("brainrender points", ".npy", one_file=False, needs="atlas"),
}


def write_annotations(
    path: str | Path,
    drafts: Iterable[Draft],
    space: Space,
    kind: str,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write annotations.

    Parameters
    ----------
    path
        The file; for formats that are not `one_file` a folder, or a file with the
        format's suffix for a single annotation.
    drafts
        The annotations. Points that are no place and annotations without any are
        left out.
    space
        What their pixels are.
    kind
        One of `FORMATS`.
    overwrite
        Whether files that are there may be replaced.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InvalidValue
        When there is nothing to write, the format is none, the space lacks what it
        needs, or an annotation does not suit it.
    WriteRefused
        When a file is there already, or cannot be written.
    """
    target = Path(path)
    kept = _with_places(drafts)
    if not kept:
        raise InvalidValue("There are no points to write; click some first.")
    if kind == "csv":
        contents = {target: track_tables.table_of(kept, space)}
    elif kind == "json":
        contents = {target: track_json.json_of(kept, space)}
    elif kind == "ibl":
        contents = dict(picks_files(target, kept, space))
    elif kind == "brainrender":
        contents = _arrays(target, kept, space)
    else:
        raise InvalidValue(
            f"There is no format {kind!r}; there are {', '.join(FORMATS)}."
        )
    return write_files(contents, overwrite=overwrite)


def read_annotations(
    paths: str | Path | Sequence[str | Path], space: Space
) -> tuple[Draft, ...]:
    """Read annotations from files, each by its content.

    Understands what `write_annotations` writes, tables of napari Points layers and
    tracks of brainglobe-segmentation.

    Parameters
    ----------
    paths
        One file or several.
    space
        What the pixels are that the places shall be in.

    Returns
    -------
    tuple of Draft
        With distinct names that the table keeps; without row ids.

    Raises
    ------
    NotFound, UnreadableFile
        When a file is missing, or holds something else.
    InvalidValue
        When the space lacks what a file needs, or is not that of its pixels.
    """
    each = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found: list[Draft] = []
    for path in map(Path, each):
        found.extend(_read(path, space))
    return fitted(found)


def fitted(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """Give annotations names and types that the table keeps, the names distinct."""
    taken: set[str] = set()
    kept = []
    for draft in drafts:
        stem = draft.name.strip() or "unnamed"
        name, number = stem[:NAME_LENGTH], 2
        while name in taken:
            mark = f" ({number})"
            name, number = stem[: NAME_LENGTH - len(mark)] + mark, number + 1
        taken.add(name)
        kept.append(replace(draft, name=name, type=draft.type[:NAME_LENGTH]))
    return tuple(kept)


def _read(path: Path, space: Space) -> tuple[Draft, ...]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return track_tables.read_table(path, space)
    if suffix == ".json":
        if track_json.is_ours(read_json(path)):
            return track_json.read_annotations(path, space)
        return read_picks(path, space)
    if suffix == ".npy":
        return (_read_array(path, space),)
    if read_bytes(path).startswith(_HDF5):
        return (read_track(path, space),)
    raise UnreadableFile(
        f"'{path}' is no file of annotations; give a .csv, .json, .npy or .points."
    )


def _with_places(drafts: Iterable[Draft]) -> list[Draft]:
    kept = (
        replace(d, points=d.points[np.isfinite(d.points).all(axis=1)]) for d in drafts
    )
    return [draft for draft in kept if len(draft.points)]


def _arrays(path: Path, drafts: list[Draft], space: Space) -> dict[Path, bytes]:
    """Return the files that brainrender's `Points` reads: µm in the atlas, (N, 3)."""
    contents = {}
    if path.suffix == ".npy" and len(drafts) > 1:
        raise InvalidValue(
            f"One file holds one annotation; choose a folder for these {len(drafts)}."
        )
    for draft in drafts:
        stream = io.BytesIO()
        np.save(stream, mapped(space.atlas, draft.points), allow_pickle=False)
        name = f"{file_name(draft.name)}.npy"
        target = path if path.suffix == ".npy" else path / name
        if target in contents:
            raise InvalidValue(
                f"Two annotations would be the file {target.name!r}; rename one."
            )
        contents[target] = stream.getvalue()
    return contents


def _read_array(path: Path, space: Space) -> Draft:
    from_atlas = inverse(space.atlas)
    content = read_bytes(path)
    stream = io.BytesIO(content)
    try:
        version = read_magic(stream)
        read_header = (
            read_array_header_1_0 if version == (1, 0) else read_array_header_2_0
        )
        shape, by_column, dtype = read_header(stream)
        # Looked at before any memory is taken; no pickle is ever opened.
        size = math.prod(shape)
        if dtype.kind not in "fiu" or size * dtype.itemsize > len(content):
            raise ValueError("no numbers, or fewer than it says")
        values = np.frombuffer(content, dtype, size, stream.tell())
        values = values.reshape(shape, order="F" if by_column else "C")
    except (ValueError, EOFError, SyntaxError, TypeError):
        raise UnreadableFile(f"'{path}' is damaged or no array of numbers.") from None
    return Draft(path.stem, "", mapped(from_atlas, as_points(values, path)))
