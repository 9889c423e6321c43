"""Rows of brains, transforms and recordings become lazy stacks, in two steps.

First the rows are read, by the thread that has the lab. What comes of it, an
`Opening`, needs no database: the file may be far away and slow, so a window opens it on
another thread.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from labdata_napari.core.axes import BRAIN, PLANES, RECORDING, VIDEO
from labdata_napari.core.stacks import Stack, open_stack, probe
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    InvalidValue,
    LabdataError,
    NotFound,
    UnreadableFile,
)
from labdata_napari.lab.availability import TRANSFORMS, require
from labdata_napari.lab.keys import Row, key_of, named, row_of, the_row, words
from labdata_napari.lab.rows import fetched_together
from labdata_napari.lab.scales import (
    shape_of,
    um_after_labdata,
    um_of_brain,
    um_of_recording,
)
from labdata_napari.lab.video_opening import video_opening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labdata_napari.core.remote_bytes import RemoteFile
    from labdata_napari.lab.files import Files

Opening: TypeAlias = Callable[[], Stack]
"""Opens a file whose rows were read; may be called from any thread."""

RECORDINGS = {
    "Widefield": RECORDING,
    "Miniscope": RECORDING,
    "TwoPhoton": PLANES,
    "DatasetVideo": VIDEO,
}
"""Tables of recordings, and the axes of their stacks."""


def open_brain(lab: Any, key: Mapping[str, Any]) -> Stack:
    """Open a fixed brain as (Z, C, Y, X), with what its row says about it."""
    return brain_opening(lab, key)()


def brain_opening(lab: Any, key: Mapping[str, Any]) -> Opening:
    """Read what `open_brain` needs of the database."""
    brain = key_of(lab.FixedBrain, key)
    rows = fetched_together(
        {"brain": lab.FixedBrain & brain, **channel_query(lab, brain)}
    )
    row = the_row(lab.FixedBrain, key, rows["brain"])
    _require_file(lab.FixedBrain, row)
    return partial(_brain, lab.files, row, *channels_in(rows))


def _brain(
    files: Files, row: Row, names: tuple[str, ...], waves: tuple[float | None, ...]
) -> Stack:
    stack = open_brain_file(_placed(files, row), row)
    um = um_of_brain(row.get("um_per_pixel"))
    if um is not None:
        stack = replace(stack, um_per_pixel=um, levels=_levels_with(stack, um))
    return _with_channels(stack, names, waves)


def open_brain_file(path: Path | RemoteFile, row: Mapping[str, Any]) -> Stack:
    """Open a brain's file as (Z, C, Y, X).

    The file is trusted where it agrees with `num_channels`, `height` and `width` of
    the row, else it is arranged as the row says.
    """
    stack = open_stack(path)
    sections = stack.as_sections()
    wanted: tuple[Any, ...] = tuple(
        row.get(column) for column in ("num_channels", "height", "width")
    )
    if sections.axes == BRAIN and _agree(sections.shape[1:], wanted):
        return sections
    sure = all(n is not None and n > 0 for n in wanted)
    if not sure or sections.axes not in (BRAIN, RECORDING, PLANES):
        raise UnreadableFile(
            f"'{stack.where}' has the axes {stack.axes} {stack.shape}, not those of a "
            "brain; store it as sections, channels, rows, columns."
        )
    plane = math.prod(int(n) for n in wanted)
    voxels = math.prod(stack.shape)
    # raises a sentence of its own when the voxels do not go into that shape
    shape = (max(1, voxels // plane), *(int(n) for n in wanted))
    return open_stack(path, shape=shape, axes=BRAIN)


def _agree(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether (C, Y, X) of a file are its row's; width and height may be swapped."""
    if any(n is None for n in wanted):
        return wanted[0] is None or found[0] == wanted[0]
    return found[0] == wanted[0] and sorted(found[1:]) == sorted(wanted[1:])  # type: ignore[type-var]


def _levels_with(stack: Stack, um: tuple[float, ...]) -> tuple[Stack, ...]:
    spatial = [stack.shape[i] for i in (0, 2, 3)]
    levels = []
    for level in stack.levels:
        lengths = [level.shape[i] for i in (0, 2, 3)]
        factors = zip(um, spatial, lengths, strict=True)
        levels.append(
            replace(level, um_per_pixel=tuple(u * n / m for u, n, m in factors))
        )
    return tuple(levels)


def _with_channels(
    stack: Stack, names: tuple[str, ...], waves: tuple[float | None, ...]
) -> Stack:
    """Put on what rows say about channels, where they are about as many."""
    if len(names) == stack.n_channels and any(names):
        stack = replace(stack, channel_names=names)
    if len(waves) == stack.n_channels and any(w is not None for w in waves):
        stack = replace(stack, channel_wavelengths_nm=waves)
    return stack


def channel_query(lab: Any, brain: Mapping[str, Any]) -> dict[str, Any]:
    """Say what to fetch for `channels_in`; nothing where the table is not whole."""
    if {"FixedBrain.Channel"} & {*lab.tables.missing, *lab.tables.lacking}:
        return {}
    return {"channels": lab.FixedBrain.Channel & brain}


def channels_in(
    found: Mapping[str, Sequence[Mapping[str, Any]]],
) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    """Names and wavelengths (nm) of a brain's channels, as far as rows give them."""
    rows = sorted(found.get("channels", ()), key=lambda r: int(r["channel_index"]))
    if [r["channel_index"] for r in rows] != list(range(len(rows))):
        return (), ()
    names = tuple(str(r["channel_description"] or "") for r in rows)
    waves = (r["channel_wavelength"] for r in rows)
    return names, tuple(
        float(w) if w is not None and np.isfinite(w) else None for w in waves
    )


def open_transform(lab: Any, key: Mapping[str, Any]) -> Stack:
    """Open a computed transform as (Z, C, Y, X).

    Its spatial axes keep the order in which they are stored: after a transpose the
    axis called Z is the first one stored, whatever it was in the brain.
    """
    return transform_opening(lab, key)()


def transform_opening(lab: Any, key: Mapping[str, Any]) -> Opening:
    """Read what `open_transform` needs of the database."""
    require(lab, TRANSFORMS)
    transform = key_of(lab.FixedBrainTransform, key)
    brain = key_of(lab.FixedBrain, key)
    tables = {
        "transform": lab.FixedBrainTransform,
        "parameters": lab.FixedBrainTransformParameters,
        "brain": lab.FixedBrain,
    }
    queries = {
        name: table & (brain if name == "brain" else transform)
        for name, table in tables.items()
    }
    found = fetched_together(queries | channel_query(lab, brain))
    rows = {name: the_row(tables[name], key, found[name]) for name in tables}
    parameters = TransformParameters.from_row(rows["parameters"])
    _require_file(lab.FixedBrainTransform, rows["transform"])
    names, waves = channels_in(found)
    part = None if parameters.crop is None else parameters.crop[1]
    if part is not None:
        names, waves = names[slice(*part)], waves[slice(*part)]
    return partial(
        _transform,
        lab.files,
        rows["transform"],
        parameters,
        rows["brain"],
        names,
        waves,
    )


def _transform(
    files: Files,
    row: Row,
    parameters: TransformParameters,
    brain: Row,
    names: tuple[str, ...],
    waves: tuple[float | None, ...],
) -> Stack:
    path = _placed(files, row)
    um = um_of_brain(row.get("um_per_pixel"))
    if not is_our_transform(path):
        um = _um_by_labdata(files, path, row, parameters, brain)
    shape = shape_of(row.get("shape"))
    stack = open_stack(
        path,
        shape=shape,
        axes=None if shape is None else axes_of_result(parameters),
        um_per_pixel=um,
    )
    return _with_channels(stack, names, waves)


def _um_by_labdata(
    files: Files,
    path: Path | RemoteFile,
    row: Row,
    parameters: TransformParameters,
    brain: Row,
) -> tuple[float, ...] | None:
    """Give the true µm of a transform that labdata computed; warn of what is off."""
    um = um_of_brain(row.get("um_per_pixel"))
    channels = brain.get("num_channels") or 0
    shape = _shape_if_here(files, brain)
    if shape is None:  # the brain may be in cold storage: what the rows alone tell
        return um_after_labdata(um, parameters, channels)
    # scipy, which opening a stack can do without
    from labdata_napari.core.quirks import labdata_quirks

    info = probe(path)
    source = um_of_brain(brain.get("um_per_pixel"))
    quirks = labdata_quirks(
        row,
        parameters,
        shape,
        source,
        dtype=str(info.dtype),
        file_format=info.format,
    )
    if quirks.words:
        warnings.warn(
            f"labdata computed '{row['file_path']}'. {' '.join(quirks.words)}",
            UserWarning,
            stacklevel=2,
        )
    if source is None and quirks.um_per_pixel is None:
        return um_after_labdata(um, parameters, channels)
    return quirks.um_per_pixel


def _shape_if_here(files: Files, brain: Row) -> tuple[int, ...] | None:
    """Return (Z, C, Y, X) of a brain whose file is on this computer."""
    place = brain.get("file_path")
    if place is None or not files.is_local(place):
        return None
    try:
        return open_brain_file(_placed(files, brain), brain).shape
    except LabdataError:  # the transform can be looked at all the same
        return None


def axes_of_result(parameters: TransformParameters) -> str:
    """Letters of a result by place: its spatial axes are z, y, x as they come."""
    letters = iter("ZYX")
    order = parameters.transpose or (0, 1, 2, 3)
    return "".join("C" if axis == 1 else next(letters) for axis in order)


def is_our_transform(path: Path | RemoteFile) -> bool:
    """Whether a file was written by this package's transform."""
    from labdata_napari.core.transform_file import read_transform

    try:
        read_transform(path)
    except UnreadableFile:
        return False
    return True


def open_recording(lab: Any, kind: str, key: Mapping[str, Any]) -> Stack:
    """Open a recording or a video; its axes as in `RECORDINGS`."""
    return recording_opening(lab, kind, key)()


def recording_opening(lab: Any, kind: str, key: Mapping[str, Any]) -> Opening:
    """Read what `open_recording` needs of the database."""
    if kind not in RECORDINGS:
        raise InvalidValue(
            f"'{kind}' is no kind of recording; there are {', '.join(RECORDINGS)}."
        )
    if kind == "DatasetVideo":
        row, opening = video_opening(lab, key)
        return partial(_video, opening, row)
    table = getattr(lab, kind)
    row = row_of(table, key)
    _require_file(table, row)
    return partial(_recording, lab.files, RECORDINGS[kind], row)


def _recording(files: Files, axes: str, row: Row) -> Stack:
    stack = _frames(_placed(files, row), axes, row)
    um = um_of_recording(row.get("um_per_pixel"))
    if um is not None:
        stack = replace(stack, um_per_pixel=um)
    return _with_rate(stack, row)


def _video(opening: Opening, row: Row) -> Stack:
    return _with_rate(opening(), row)


def _with_rate(stack: Stack, row: Row) -> Stack:
    rate = row.get("frame_rate")
    if rate is not None and np.isfinite(rate) and rate > 0:
        stack = replace(stack, frame_rate=float(rate))
    return stack


def _frames(path: Path | RemoteFile, axes: str, row: Mapping[str, Any]) -> Stack:
    """Open frames, channels apart also where the file has them one after the other."""
    stack = open_stack(path, axes=axes)
    planes = stack.shape[axes.index("P")] if "P" in axes else 1
    if (stack.n_channels, planes) == (row["n_channels"], row.get("n_planes", 1)):
        return stack
    lengths = {
        "P": max(1, row.get("n_planes") or 1),
        "C": max(1, row["n_channels"] or 1),
        "Y": stack.shape[-2],
        "X": stack.shape[-1],
    }
    voxels = math.prod(stack.shape)
    lengths["T"] = max(1, voxels // math.prod(lengths.values()))
    return open_stack(path, axes=axes, shape=[int(lengths[c]) for c in axes])


def _require_file(table: Any, row: Row) -> None:
    if row["file_path"] is None:
        raise NotFound(
            f"The {named(table)} of {words(key_of(table, row))} names no file; its row "
            "was made without one."
        )


def _placed(files: Files, row: Row) -> Path | RemoteFile:
    place: Path | RemoteFile = files.open_place(
        row["file_path"], row.get("storage") or "data"
    )
    return place
