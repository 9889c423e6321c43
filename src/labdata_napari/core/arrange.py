"""Which axis of a stored array is which axis of the stack we show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.core.axes import BRAIN, PLANES, RECORDING, check_axes
from labdata_napari.errors import LabdataError, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labdata_napari.core.lazy import LazyArray
    from labdata_napari.core.sources import Source

# Which axis is thought to be missing from a stored array, the likeliest first.
_OFTEN_MISSING = "CPSTZ"


@dataclass(frozen=True, eq=False)
class Arrangement:
    """How a stored array becomes a stack.

    Attributes
    ----------
    data
        The stored array (with its planes laid out anew where that was needed).
    order
        Per axis of the stack, the axis of `data`, or None for an axis of length one.
    axes
        Letters of the stack.
    letters
        Letters of `data` as the *file* gives them, ``?`` where it does not.
    """

    data: LazyArray
    order: tuple[int | None, ...]
    axes: str
    letters: str

    def apply(self, array: LazyArray) -> LazyArray:
        """View of an array with the axes of `data` in the stack's axes."""
        return array.rearranged(self.order)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stack."""
        return tuple(1 if a is None else self.data.shape[a] for a in self.order)


def arrange(
    source: Source, shape: Sequence[int] | None = None, axes: str | None = None
) -> Arrangement:
    """Find the axes of a stack: what the table says first, then what the file says.

    Parameters
    ----------
    source
        The stored array.
    shape
        What the table holds for the stored array's shape; axes of length one may be
        missing in the file.
    axes
        Letters of the stored array, in its order (axes of length one may be missing
        in the file). The result is put into the usual order all the same.

    Raises
    ------
    UnreadableFile
        If the array cannot be of that shape or those axes, is a single picture, or
        if the file gives no way to tell its axes.
    InvalidValue
        If `axes` is no axes string.
    """
    if axes is not None:
        axes = check_axes(axes)
    if shape is not None:
        return _by_shape(source, tuple(int(n) for n in shape), axes)
    data = source.data
    if axes is not None:
        order = _fit(source, axes)
        return _usual(source, data, order, axes, explicit=True)
    letters = source.axes if source.axes is not None else _guess(source)
    order, letters = _named_pages(source, letters)
    return _usual(source, data, order, letters, explicit=False)


def _letters(source: Source) -> str:
    return (source.axes or "?" * source.data.ndim).replace("I", "?")


def _guess(source: Source) -> str:
    """Letters of an array without any, as labdata stores them."""
    shape = source.data.shape
    colour = shape[-1] in (3, 4) and source.data.dtype.itemsize == 1
    if len(shape) == 4:
        return "ZYXS" if colour and shape[1] > 4 else BRAIN
    if len(shape) in (2, 3):
        return "ZYX"[-len(shape) :]
    if len(shape) == 5 and shape[0] == 1:
        return "TZCYX"
    raise UnreadableFile(
        f"{source.where} holds an array of {len(shape)} axes {shape} and does not say "
        "which is which; name its axes, such as TPCYX."
    )


def _named_pages(source: Source, letters: str) -> tuple[tuple[int, ...], str]:
    """Give the letters Z (and C) to page axes of which only the length is known."""
    shape = source.data.shape
    pages = [i for i, c in enumerate(letters) if c == "I" and shape[i] != 1]
    free = [c for c in "ZC" if c not in letters]
    if len(pages) > len(free):
        raise UnreadableFile(
            f"{source.where} holds an array {shape} and does not say which axis is "
            "which; name its axes, such as ZCYX."
        )
    named = dict(zip(pages, free, strict=False))
    kept = [i for i, c in enumerate(letters) if c != "I" or i in named]
    return tuple(kept), "".join(named.get(i, letters[i]) for i in kept)


def _fit(source: Source, axes: str) -> tuple[int | None, ...]:
    """Match stored axes with `axes` by position, leaving out or adding ones of one."""
    shape, stored = source.data.shape, source.axes or ""
    kept: list[int | None] = list(range(len(shape)))
    single = [i for i, n in enumerate(shape) if n == 1]
    # The ones the person did not name go first, then from the left.
    single.sort(key=lambda i: bool(stored) and stored[i] in axes)
    while len(kept) > len(axes) and single:
        kept.remove(single.pop(0))
    missing = [c for c in _OFTEN_MISSING if c in axes]
    absent = set(missing[: max(0, len(axes) - len(kept))])
    filled = iter(kept)
    if len(kept) + len(absent) != len(axes):
        raise UnreadableFile(
            f"{source.where} holds an array {_times(shape)}, which cannot have the "
            f"axes {axes}; correct the axes."
        )
    return tuple(None if c in absent else next(filled) for c in axes)


def _by_shape(source: Source, shape: tuple[int, ...], axes: str | None) -> Arrangement:
    usual = {3: "ZYX", 4: BRAIN, 5: PLANES}
    letters = axes or usual.get(len(shape))
    if letters is None or len(letters) != len(shape):
        raise UnreadableFile(
            f"The table gives {source.where} the shape {_times(shape)}, which does "
            f"not go with the axes {axes or 'of any stack'}; correct the row."
        )
    if axes is None:
        try:
            found = arrange(source)
        except LabdataError:
            found = None
        if found is not None and (found.shape, found.axes) == (shape, letters):
            return found
    order = _match(source.data.shape, shape)
    if order is not None:
        return _usual(source, source.data, order, letters, explicit=True)
    plane = source.data.shape[-2:]
    if source.refold is not None and shape[-2:] in (plane, source.data.shape[-3:-1]):
        data = source.refold(shape[:-2])
        return _usual(source, data, tuple(range(len(shape))), letters, explicit=True)
    raise UnreadableFile(
        f"{source.where} holds {_times(source.data.shape)} voxels where the table says "
        f"{_times(shape)}; the row or the file is not the right one."
    )


def _match(
    stored: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[int | None, ...] | None:
    """Axis of the stored array for each axis of `shape`, None if they do not match."""
    if stored == shape:
        return tuple(range(len(shape)))
    real = [i for i, n in enumerate(stored) if n != 1]
    lengths = [stored[i] for i in real]
    wanted = [n for n in shape if n != 1]
    if lengths != wanted:
        # In another order: safe to follow only where no two axes are equally long.
        if sorted(lengths) != sorted(wanted) or len(set(lengths)) != len(lengths):
            return None
        real = [real[lengths.index(n)] for n in wanted]
    following = iter(real)
    return tuple(None if n == 1 else next(following) for n in shape)


def _usual(
    source: Source,
    data: LazyArray,
    order: tuple[int | None, ...],
    letters: str,
    *,
    explicit: bool,
) -> Arrangement:
    """Put the axes into the usual order of a brain or a recording.

    `explicit` says that a person or a table named them: an axis of length one is
    then kept, and a single plane is a stack.
    """
    place = dict(zip(letters, order, strict=True))

    def length(letter: str) -> int:
        axis = place.get(letter)
        return 1 if axis is None else data.shape[axis]

    if length("S") > 1:
        if length("C") > 1:
            raise UnreadableFile(
                f"{source.where} holds colour pictures of several channels, which are "
                "not supported; store one grey channel per colour."
            )
        place["C"] = place["S"]
    if (
        not explicit
        and length("Z") * length("T") * length("P") == 1
        and (length("C") == 1 or length("S") > 1)
    ):
        raise UnreadableFile(
            f"{source.where} is a single picture of {length('Y')} × {length('X')} "
            "pixels, not a stack; choose a file with several sections or frames."
        )
    target = _target(letters, length, explicit)
    if target == PLANES and "P" not in letters:
        place["P"] = place.get("Z")
    result = tuple(place.get(c) for c in target)
    known = _letters(source)
    if data is not source.data:
        known = "?" * data.ndim
    return Arrangement(data, result, target, known)


def _target(letters: str, length: Callable[[str], int], explicit: bool) -> str:
    """Axes of the stack; several time points of several sections are planes."""
    if length("P") > 1 or (length("T") > 1 and length("Z") > 1):
        return PLANES
    if explicit:
        if "P" in letters:
            return PLANES
        if "T" in letters and length("Z") == 1:
            return RECORDING
    return RECORDING if length("T") > 1 else BRAIN


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
