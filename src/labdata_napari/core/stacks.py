"""Open a file lazily as a `Stack`: an array with axes, µm and channel names."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.arrange import Arrangement, arrange
from labdata_napari.core.axes import checked_um, spatial_axes
from labdata_napari.core.recognise import open_source
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from labdata_napari.core.remote_bytes import RemoteFile
    from labdata_napari.core.sources import Source

# A dask chunk is at least this large where the file's are smaller.
_DASK_CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True, eq=False)
class Stack:
    """An array that reads only what is asked, and what its axes mean.

    Attributes
    ----------
    data
        Duck array with ``shape``, ``dtype``, ``ndim`` and lazy basic indexing;
        ``np.asarray`` of (a part of) it reads exactly that part. May be read from
        several threads.
    axes
        One letter per axis: ``"ZCYX"`` for brains, ``"TCYX"`` for widefield and
        miniscope, ``"TPCYX"`` for two-photon planes, ``"TYXS"`` for video.
    um_per_pixel
        µm per pixel of each spatial axis in the order of `axes`: ``(z, y, x)`` or
        ``(y, x)``; None where unknown.
    channel_names
        One per channel, or empty.
    frame_rate
        Frames per second along T, None where unknown.
    path
        The file or folder on this computer it was opened from.
    channel_wavelengths_nm
        One per channel (None where unknown), or empty.
    levels
        Coarser copies of the whole stack from the same file, finest first.
    remote
        The file far away it was opened from.
    """

    data: Any
    axes: str
    um_per_pixel: tuple[float, ...] | None = None
    channel_names: tuple[str, ...] = ()
    frame_rate: float | None = None
    path: Path | None = None
    channel_wavelengths_nm: tuple[float | None, ...] = ()
    levels: tuple[Stack, ...] = ()
    remote: RemoteFile | None = None

    def __post_init__(self) -> None:
        if len(self.axes) != len(self.data.shape):
            raise InvalidValue(
                f"An array of shape {tuple(self.data.shape)} cannot have the axes "
                f"{self.axes}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(int(n) for n in self.data.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel."""
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def size_bytes(self) -> int:
        """Bytes of all voxels, uncompressed."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def n_channels(self) -> int:
        """Number of channels; 1 where there is no channel axis."""
        return self.shape[self.axes.index("C")] if "C" in self.axes else 1

    @property
    def where(self) -> str:
        """Path or address of its file, for messages; empty where it has none."""
        if self.remote is not None:
            return self.remote.url
        return "" if self.path is None else str(self.path)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Read voxels by NumPy indexing: an array, or a scalar for one voxel."""
        out = np.asarray(self.data[key])
        return out[()] if out.ndim == 0 else out

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        out = np.asarray(self.data)
        return out if dtype is None else out.astype(dtype, copy=bool(copy))

    def __repr__(self) -> str:
        pairs = zip(self.axes, self.shape, strict=True)
        lengths = ", ".join(f"{c} {n}" for c, n in pairs)
        name = self.where.rpartition("/")[2]
        return f"<Stack {name}: {lengths}, {self.dtype}, µm {self.um_per_pixel}>"

    def dask(self) -> Any:
        """``dask.array`` of the whole, chunked as the file (tiny chunks merged)."""
        import dask.array as da

        return da.from_array(self.data, chunks=self._dask_chunks(), name=False)

    def channel(self, number: int) -> Any:
        """``dask.array`` of one channel, without the channel axis."""
        return self.dask()[self._channel_key(number)]

    def channel_view(self, number: int) -> Any:
        """Lazy array of one channel, without the channel axis.

        Unlike `channel`, indexing it and then converting with ``np.asarray`` reads
        only the chunks the result needs, whatever dask's settings: what napari does.
        """
        return self.data[self._channel_key(number)]

    def as_sections(self) -> Stack:
        """Return the stack with frames taken for sections (T for Z), µm unknown.

        Some microscopes write the sections of a brain as time points.
        """
        if "T" not in self.axes or "Z" in self.axes:
            return self
        return replace(
            self,
            axes=self.axes.replace("T", "Z"),
            um_per_pixel=None,
            frame_rate=None,
            levels=tuple(level.as_sections() for level in self.levels),
        )

    def _channel_key(self, number: int) -> tuple[Any, ...]:
        if not 0 <= number < self.n_channels:
            raise InvalidValue(
                f"There is no channel {number}; the stack has {self.n_channels}."
            )
        return tuple(number if c == "C" else slice(None) for c in self.axes)

    def _dask_chunks(self) -> tuple[int, ...]:
        chunks: Any = getattr(self.data, "chunks", self.shape)
        if not all(isinstance(c, int) for c in chunks):  # already dask
            return tuple(max(c) for c in chunks)
        sizes = [max(1, min(c, n)) for c, n in zip(chunks, self.shape, strict=True)]
        # Grow along X, then Y, then the slower axes; channels stay apart.
        for axis in reversed(range(self.ndim)):
            if self.axes[axis] == "C":
                continue
            size = math.prod(sizes) * self.dtype.itemsize
            room = max(1, _DASK_CHUNK_BYTES // max(1, size))
            sizes[axis] = min(self.shape[axis], sizes[axis] * room)
        return tuple(max(1, s) for s in sizes)


@dataclass(frozen=True)
class StackInfo:
    """What a file says about itself, before anyone corrects it.

    Attributes
    ----------
    shape, axes, dtype
        Of the stack as `open_stack` would give it.
    um_per_pixel
        Per spatial axis, None unless all are known.
    um_by_axis
        The µm per pixel that are known, by axis letter.
    channel_names, channel_wavelengths_nm, frame_rate
        As in `Stack`.
    size_bytes
        Bytes of all voxels, uncompressed.
    format
        Such as "OME-TIFF".
    """

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]
    um_per_pixel: tuple[float, ...] | None
    channel_names: tuple[str, ...]
    size_bytes: int
    channel_wavelengths_nm: tuple[float | None, ...] = ()
    frame_rate: float | None = None
    format: str = ""
    um_by_axis: Mapping[str, float] = field(default_factory=dict)


def open_stack(
    source: str | Path | RemoteFile,
    *,
    shape: Sequence[int] | None = None,
    axes: str | None = None,
    um_per_pixel: Sequence[float] | None = None,
    channel_names: Sequence[str] | None = None,
) -> Stack:
    """Open a stack by its content, whatever its name; reads metadata only.

    Understands zarr (version 2 and 3; in folders and zips; labdata's ``zarr.zip``,
    OME-Zarr, ``.ozx``), TIFF (OME, ImageJ, plain; also over several files) and video.

    Parameters
    ----------
    source
        File or zarr folder on this computer; or a file far away (zip or TIFF, not
        video), of which only what is asked for is transferred.
    shape
        Shape the table holds for the stored array; overrules the file.
    axes
        Axes of the stored array, in its order; overrules the file. The stack comes
        in the usual order all the same: Z, C, Y, X for brains; T, C, Y, X or
        T, P, C, Y, X for recordings.
    um_per_pixel
        Per spatial axis of the stack, z, y, x or y, x (or one value per axis);
        overrules the file.
    channel_names
        One per channel; overrules the file.

    Returns
    -------
    Stack
        4-D (Z, C, Y, X) for brains, whatever axes of length one the file lacks.

    Raises
    ------
    NotFound
        If there is no such file.
    LabdataError
        What a file far away raises when it cannot be reached.
    UnreadableFile
        If it is cut short, damaged, no stack, or cannot have that shape or axes.
    InvalidValue
        If `axes`, `um_per_pixel` or `channel_names` make no sense for it.
    """
    found = open_source(source)
    if isinstance(found, Stack):  # a video is one already
        stack = found
    else:
        stack = _stack(found, arrange(found, shape, axes))
    if um_per_pixel is not None:
        stack = replace(stack, um_per_pixel=_um_from_row(stack, um_per_pixel))
    if channel_names is not None:
        stack = replace(stack, channel_names=_names_from_row(stack, channel_names))
    return stack


def probe(source: str | Path | RemoteFile) -> StackInfo:
    """Tell what a file says about its shape, axes, µm and channels; reads no voxels.

    Raises
    ------
    NotFound, UnreadableFile
        As `open_stack`.
    """
    found = open_source(source)
    if isinstance(found, Stack):
        stack, kind, um = found, "video", {}
    else:
        stack = _stack(found, arrange(found))
        kind, um = found.format, dict(found.um)
    return StackInfo(
        stack.shape,
        stack.axes,
        stack.dtype,
        stack.um_per_pixel,
        stack.channel_names,
        stack.size_bytes,
        stack.channel_wavelengths_nm,
        stack.frame_rate,
        kind,
        um,
    )


def _stack(source: Source, arrangement: Arrangement) -> Stack:
    axes = arrangement.axes
    um = _um_from_file(source, arrangement)
    names, waves = source.channel_names, source.channel_wavelengths_nm
    data = arrangement.apply(arrangement.data)
    stack = Stack(data, axes, um, frame_rate=source.frame_rate)
    stack = replace(stack, path=source.path, remote=source.remote)
    if "T" not in axes:
        stack = replace(stack, frame_rate=None)
    if not names and _is_colour(source, arrangement):
        names = ("red", "green", "blue", "alpha")[: stack.n_channels]
    stack = replace(
        stack,
        channel_names=names if len(names) == stack.n_channels else (),
        channel_wavelengths_nm=waves if len(waves) == stack.n_channels else (),
    )
    if arrangement.data is not source.data:
        return stack
    levels = (arrangement.apply(level) for level in source.levels)
    return replace(stack, levels=tuple(_level(stack, level) for level in levels))


def _level(stack: Stack, data: Any) -> Stack:
    um = None
    if stack.um_per_pixel is not None:
        spatial = [i for i, c in enumerate(stack.axes) if c in spatial_axes(stack.axes)]
        um = tuple(
            u * stack.shape[i] / data.shape[i]
            for u, i in zip(stack.um_per_pixel, spatial, strict=True)
        )
    return replace(stack, data=data, um_per_pixel=um)


def _um_from_file(source: Source, arrangement: Arrangement) -> tuple[float, ...] | None:
    """µm by the letter the *file* gives the axis that is shown, None unless all."""
    values = []
    for letter, axis in zip(arrangement.axes, arrangement.order, strict=True):
        if letter not in spatial_axes(arrangement.axes):
            continue
        stored = "?" if axis is None else arrangement.letters[axis]
        value = source.um.get(letter if stored == "?" else stored)
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def _is_colour(source: Source, arrangement: Arrangement) -> bool:
    axis = arrangement.order[arrangement.axes.index("C")]
    letters = arrangement.letters
    if source.axes is None and axis == source.data.ndim - 1:
        return True
    return axis is not None and letters[axis] == "S" and source.data.shape[axis] > 1


def _um_from_row(stack: Stack, um: Sequence[float]) -> tuple[float, ...]:
    spatial = spatial_axes(stack.axes)
    values = [float(v) for v in np.ravel(np.asarray(um, np.float64))]
    if len(values) == stack.ndim != len(spatial):
        values = [v for v, c in zip(values, stack.axes, strict=True) if c in spatial]
    return checked_um(values, spatial)


def _names_from_row(stack: Stack, names: Sequence[str]) -> tuple[str, ...]:
    if names and len(names) != stack.n_channels:
        raise InvalidValue(
            f"{len(names)} channel names for the {stack.n_channels} channels of "
            f"{stack.where}; give one each."
        )
    return tuple(str(n) for n in names)
