"""The five columns of a transform parameter row, validated and normalised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Slice = tuple[int | None, int | None, int | None]
"""Start, stop and step of a numpy slice; None as in numpy."""

STORABLE_DTYPES = (
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int16",
    "int32",
    "float32",
    "float64",
)
"""The pixel types an OME-TIFF can hold and a transform can therefore produce."""


@dataclass(frozen=True)
class TransformParameters:
    """The five columns of a parameter row; None means "leave as it is".

    Lists, tuples and numpy arrays are accepted and normalised to tuples; None is
    accepted for single entries too.

    Attributes
    ----------
    downsample
        Ratios of output to input voxels for (z, channel, y, x). Along an axis of n
        voxels the result has round(n * ratio), the first and last voxel centres
        staying where they are (scipy's `zoom` with `grid_mode=False`).
    rotate
        (anglez, angley, anglex, flipx, flipy): degrees in the z-y, the z-x and the
        y-x plane about the middle of the stack, whose size does not change; then
        whether to mirror x and y. Applied from anglex to anglez, then the flips.
        A positive anglez carries +z to +y, angley +z to +x, anglex +y to +x.
    crop
        One numpy slice (start, stop, step) or None per axis (z, channel, y, x) of
        the downsampled and rotated stack.
    transpose
        Permutation of the four axes: output axis k is axis ``transpose[k]``.
    cast
        Name of the output's numpy type; values are rounded and clipped to it.

    Raises
    ------
    InvalidValue
        When a value cannot be one of these.
    """

    downsample: tuple[float, float, float, float] | None = None
    rotate: tuple[float, float, float, bool, bool] | None = None
    crop: tuple[Slice | None, Slice | None, Slice | None, Slice | None] | None = None
    transpose: tuple[int, int, int, int] | None = None
    cast: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "downsample", _as_downsample(self.downsample))
        object.__setattr__(self, "rotate", _as_rotate(self.rotate))
        object.__setattr__(self, "crop", _as_crop(self.crop))
        object.__setattr__(self, "transpose", _as_transpose(self.transpose))
        object.__setattr__(self, "cast", _as_cast(self.cast))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> TransformParameters:
        """Read a fetched row; a column that is missing or NULL is None."""
        names = ("downsample", "rotate", "crop", "transpose", "cast")
        return cls(**{name: row.get(name) for name in names})

    def to_row(self) -> dict[str, Any]:
        """Give the five columns as plain lists, the form labdata itself writes."""
        return {
            "downsample": _listed(self.downsample),
            "rotate": _listed(self.rotate),
            "crop": None
            if self.crop is None
            else [None if part is None else list(part) for part in self.crop],
            "transpose": _listed(self.transpose),
            "cast": self.cast,
        }


@dataclass(frozen=True)
class ParameterSet:
    """The parameters a brain has under a number."""

    transform_id: int
    parameters: TransformParameters

    @property
    def name(self) -> str:
        """Such as "parameters 3"."""
        return f"parameters {self.transform_id}"

    def difference(self, before: ParameterSet) -> str:
        """Say which steps are other ones: "downsample [0.5 1 0.5 0.5] → none"."""
        old, new = before.parameters.to_row(), self.parameters.to_row()
        return ", ".join(
            f"{name} {_words(old[name])} → {_words(new[name])}"
            for name in old
            if old[name] != new[name]
        )


def downsample_to(
    um_per_pixel: Sequence[float], target_um: float
) -> tuple[float, float, float, float]:
    """Ratios that bring every axis to about a voxel size; none is enlarged.

    Parameters
    ----------
    um_per_pixel
        Pitch (z, y, x) of the stack in µm.
    target_um
        Wanted pitch in µm. The exact one follows from the whole number of voxels
        that is left; `labdata_napari.core.transform.plan` gives it.

    Returns
    -------
    tuple
        For `TransformParameters.downsample`, in the order z, channel, y, x.

    Raises
    ------
    InvalidValue
        When a size is not a positive number.
    """
    sizes = (*um_per_pixel, target_um)
    if len(sizes) != 4 or not all(math.isfinite(um) and um > 0 for um in sizes):
        raise InvalidValue(
            "Voxel sizes must be positive numbers in µm, three for the stack (z, y, "
            f"x) and one to reach; got {tuple(um_per_pixel)} and {target_um}."
        )
    z, y, x = (min(1.0, um / target_um) for um in um_per_pixel)
    return (z, 1.0, y, x)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return f"[{' '.join(map(_words, value))}]"
    return "none" if value is None else str(value)


def _entries(value: Any, column: str, counts: Iterable[int], form: str) -> list[Any]:
    """Give the entries of a stored list, or say why it is no such list."""
    allowed = tuple(counts)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or len(value) not in allowed:
        raise InvalidValue(f"{column} must be {form}; got {value!r}.")
    return list(value)


def _number(value: Any, column: str, form: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"{column} must be {form}; got {value!r}.") from error
    if not math.isfinite(number):
        raise InvalidValue(f"{column} must be {form}; got {value!r}.")
    return number


def _integer(value: Any, column: str, form: str) -> int:
    number = _number(value, column, form)
    if number != int(number):
        raise InvalidValue(f"{column} must be {form}; got {value!r}.")
    return int(number)


def _as_downsample(value: Any) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    form = "four positive ratios for z, channel, y, x, such as [0.4, 1, 0.4, 0.4]"
    entries = _entries(value, "downsample", (4,), form)
    z, c, y, x = (1.0 if r is None else _number(r, "downsample", form) for r in entries)
    if min(z, c, y, x) <= 0:
        raise InvalidValue(f"downsample must be {form}; got {value!r}.")
    return z, c, y, x


def _as_rotate(value: Any) -> tuple[float, float, float, bool, bool] | None:
    if value is None:
        return None
    form = "[anglez, angley, anglex, flipx, flipy] in degrees and true or false"
    # Rows without the flips exist; no flip is what they mean.
    entries = [*_entries(value, "rotate", (3, 4, 5), form), None, None][:5]
    z, y, x, flip_x, flip_y = (
        0.0 if entry is None else _number(entry, "rotate", form) for entry in entries
    )
    return z, y, x, bool(flip_x), bool(flip_y)


def _as_crop(value: Any) -> Any:
    if value is None:
        return None
    form = (
        "up to four [start, stop] or [start, stop, step] or None for z, channel, y, x"
    )
    parts = [_as_slice(part, form) for part in _entries(value, "crop", range(5), form)]
    # As in numpy, axes that are not mentioned are kept whole.
    return (*parts, None, None, None, None)[:4]


def _as_slice(value: Any, form: str) -> Slice | None:
    if value is None:
        return None
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    entries = _entries(value, "crop", (1, 2, 3), form)
    if len(entries) == 1:  # slice(5) stops at 5
        entries = [None, entries[0]]
    start, stop, step = (
        None if v is None else _integer(v, "crop", form)
        for v in [*entries, None, None][:3]
    )
    if step == 0:
        raise InvalidValue(f"The step of a crop cannot be zero; got {value!r}.")
    return start, stop, step


def _as_transpose(value: Any) -> tuple[int, int, int, int] | None:
    if value is None:
        return None
    form = "a permutation of the axes 0 (z), 1 (channel), 2 (y), 3 (x)"
    entries = _entries(value, "transpose", (4,), form)
    a, b, c, d = (_integer(axis, "transpose", form) for axis in entries)
    if sorted((a, b, c, d)) != [0, 1, 2, 3]:
        raise InvalidValue(f"transpose must be {form}; got {value!r}.")
    return a, b, c, d


def _as_cast(value: Any) -> str | None:
    if value is None or value == "":
        return None
    form = f"one of {', '.join(STORABLE_DTYPES)}"
    try:
        name = str(np.dtype(value).name)
    except TypeError as error:
        raise InvalidValue(f"cast must be {form}; got {value!r}.") from error
    if name not in STORABLE_DTYPES:
        raise InvalidValue(f"cast must be {form}; got {value!r}.")
    return name


def _listed(value: tuple[Any, ...] | None) -> list[Any] | None:
    return None if value is None else list(value)
