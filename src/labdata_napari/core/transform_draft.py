"""A transform while somebody works on it: what they set, over the columns stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from labdata_napari.core.crop_box import (
    box_of,
    with_box,
    without_crop,
)
from labdata_napari.core.orientation import (
    join_flips,
    mirrored,
    plane_name,
    result_orientation,
    shown_as,
    split_flips,
)
from labdata_napari.core.transform import plan
from labdata_napari.core.transform_parameters import downsample_to
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.crop_box import Box
    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_parameters import TransformParameters

PLANES = ("zy", "zx", "yx")
"""The planes of the three stored angles, named by the two axes that turn."""

_SPATIAL = (0, 2, 3)
_UNDO_STEPS = 500


@dataclass(frozen=True)
class TransformDraft:
    """Parameters of a stack, and how a person says them.

    The parameters are the truth: a draft made from a stored row gives that row back
    exactly. All the `with_` methods return another draft.

    Attributes
    ----------
    shape
        (Z, C, Y, X) of the stack to transform.
    um_per_pixel
        Of the stack (z, y, x); None when unknown.
    parameters
        The five columns.
    orientation
        Code of the stack, as `core.orientation` has it; None while nobody said.
    hemisphere
        "left", "right", "both", or None for what follows from the crop.
    over_time
        Whether the first axis is time, which no voxel size applies to.
    """

    shape: tuple[int, int, int, int]
    um_per_pixel: tuple[float, float, float] | None
    parameters: TransformParameters
    orientation: str | None = None
    hemisphere: str | None = None
    over_time: bool = False
    # Where the crop lies in parts of the frame, while only the voxel size changes:
    # going to 25 µm and back must not move it by a voxel.
    _parts: tuple[tuple[float, float], ...] | None = None

    # -- what follows

    @cached_property
    def plan(self) -> Plan:
        """Geometry of the result; raises `InvalidValue` when there is none."""
        return plan(self.shape, self.um_per_pixel, self.parameters)

    @cached_property
    def frame(self) -> Plan:
        """Geometry without the crop: what its box is drawn in."""
        return plan(self.shape, self.um_per_pixel, without_crop(self.parameters))

    @property
    def order(self) -> tuple[int, int, int]:
        """Which of the stored z, y, x (0, 1, 2) each axis of the result is."""
        transpose = self.parameters.transpose or (0, 1, 2, 3)
        a, b, c = (_SPATIAL.index(axis) for axis in transpose if axis != 1)
        return a, b, c

    @property
    def angles(self) -> dict[str, float]:
        """Degrees in each of `PLANES`."""
        angles, _ = split_flips(self.parameters.rotate)
        return dict(zip(PLANES, angles, strict=True))

    @property
    def flips(self) -> tuple[bool, bool, bool]:
        """Whether each axis of the result is mirrored."""
        _, flips = split_flips(self.parameters.rotate)
        a, b, c = (flips[axis] for axis in self.order)
        return a, b, c

    @property
    def voxel_um(self) -> float | None:
        """The voxel size that was asked for; None where there is none to name."""
        ratios, um = self.parameters.downsample, self.um_per_pixel
        if ratios is None or um is None:
            return None
        spatial = [ratios[axis] for axis in _SPATIAL]
        sizes = [u / r for u, r in zip(um, spatial, strict=True) if r < 1]
        for size in sizes:
            for target in (round(size, 3), size):
                if _same(self._ratios(target), ratios):
                    return target
        return None

    @property
    def keeps_size(self) -> bool:
        """Whether the voxels stay as they are."""
        ratios = self.parameters.downsample
        return ratios is None or all(r == 1 for r in ratios)

    @property
    def box(self) -> Box | None:
        """First and beyond the last voxel of the crop, along the frame's axes."""
        box = box_of(self.parameters, self.shape)
        whole = tuple((0, n) for n in self.frame.spatial_shape_out)
        return None if box == whole else box

    @property
    def orientation_out(self) -> str | None:
        """Code of the result; None while that of the stack is not known."""
        if self.orientation is None:
            return None
        return result_orientation(self.plan, self.orientation)

    @property
    def is_rigid(self) -> bool:
        """Whether turning keeps shapes: the grid's voxels are about as long as wide."""
        if self.um_per_pixel is None:
            return True
        sizes = list(self.frame.um_per_pixel_out or (1.0, 1.0, 1.0))
        if self.over_time:
            del sizes[self.order.index(0)]
        return max(sizes) / min(sizes) < 1.05

    def plane_of(self, rows: int, columns: int) -> str:
        """Name the plane that two axes of the result turn in: one of `PLANES`."""
        first, second = sorted((self.order[rows], self.order[columns]))
        return "zyx"[first] + "zyx"[second]

    def words_for_plane(self, plane: str) -> str:
        """Name a plane as a person would: "coronal", or "y-x" while nobody said."""
        if self.orientation is None:
            return f"{plane[0]}-{plane[1]}"
        (across,) = (k for k, axis in enumerate("zyx") if axis not in plane)
        return plane_name(self.orientation, across)

    @property
    def unexpressed(self) -> tuple[str, ...]:
        """What these parameters do that the form has no field for, in words."""
        p, words = self.parameters, []
        if p.downsample is not None and not self.keeps_size and self.voxel_um is None:
            ratios = ", ".join(f"{r:g}" for r in p.downsample)
            words.append(f"made smaller by the ratios {ratios} (z, channel, y, x)")
        if p.crop is not None and p.crop[1] is not None:
            kept = range(*slice(*p.crop[1]).indices(self.shape[1]))
            words.append(f"keeps the channels {', '.join(map(str, kept)) or 'none'}")
        for axis, name in zip(_SPATIAL, "zyx", strict=True):
            part = None if p.crop is None else p.crop[axis]
            step = None if part is None else part[2]
            if step is not None and step < 0:
                words.append(f"runs backwards along {name}")
            if step is not None and abs(step) > 1:
                words.append(f"takes only one voxel in {abs(step)} along {name}")
        if p.transpose is not None and p.transpose.index(1) != 1:
            words.append(f"stores its channels along axis {p.transpose.index(1)}")
        return tuple(words)

    @property
    def summary(self) -> str:
        """The parameters in one line: "25 µm · turned 3.2° · cropped · coronal"."""
        parts = [self._size_words()]
        turned = [abs(angle) for angle in self.angles.values() if angle]
        if turned:
            parts.append("turned " + " ".join(f"{angle:.3g}°" for angle in turned))
        if any(self.flips):
            parts.append("mirrored")
        crop = self.parameters.crop
        if crop is not None and any(crop[axis] is not None for axis in _SPATIAL):
            parts.append("cropped")
        if self.order != (0, 1, 2):
            parts.append("axes " + "".join("zyx"[axis] for axis in self.order))
        if self.parameters.cast:
            parts.append(self.parameters.cast)
        return " · ".join(parts)

    def _size_words(self) -> str:
        if self.keeps_size:
            return "own voxel size"
        if self.voxel_um is not None:
            return f"{self.voxel_um:g} µm"
        return "by ratios"

    # -- changes

    def with_parameters(self, parameters: TransformParameters) -> TransformDraft:
        """Take other columns; the rest stays."""
        return replace(self, parameters=parameters, _parts=None)

    def with_orientation(self, code: str | None) -> TransformDraft:
        """Say which way the stack lies."""
        return replace(self, orientation=code)

    def with_hemisphere(self, hemisphere: str | None) -> TransformDraft:
        """Say which half the result is."""
        return replace(self, hemisphere=hemisphere)

    def with_angles(self, **degrees: float) -> TransformDraft:
        """Set angles by plane: ``with_angles(yx=3.5)``; the others stay."""
        angles = self.angles | {p: float(a) for p, a in degrees.items()}
        _, flips = split_flips(self.parameters.rotate)
        rotate = join_flips([angles[plane] for plane in PLANES], flips)
        return self._with(rotate=rotate)

    def with_flip(self, axis: int, on: bool) -> TransformDraft:
        """Mirror the result along one of its axes; the crop goes along."""
        if self.flips[axis] == bool(on):
            return self
        stored = self.order[axis]
        return self.with_parameters(mirrored(self.parameters, self.shape, stored))

    def with_order(self, order: Sequence[int]) -> TransformDraft:
        """Make the stored axes (0 z, 1 y, 2 x) those of the result, in that order."""
        channels = (self.parameters.transpose or (0, 1, 2, 3)).index(1)
        axes = [_SPATIAL[axis] for axis in order]
        axes.insert(channels, 1)
        return self._with(transpose=None if axes == [0, 1, 2, 3] else tuple(axes))

    def shown_as(self, code: str) -> TransformDraft:
        """Arrange and mirror the axes so that the result has an orientation."""
        if self.orientation is None:
            raise InvalidValue("Say first which way the brain lies.")
        return self.with_parameters(
            shown_as(self.parameters, self.shape, self.orientation, code)
        )

    def with_cast(self, name: str | None) -> TransformDraft:
        """Set the type of the result's voxels; None for the stack's own."""
        return self._with(cast=name or None)

    def with_voxel_um(self, um: float | None) -> TransformDraft:
        """Ask for a voxel size; the crop stays where it is in the tissue."""
        if um is None:
            downsample = None
        elif self.um_per_pixel is None:
            raise InvalidValue(
                "The voxel size of this stack is not known, so none can be asked for."
            )
        else:
            downsample = self._ratios(um)
        box, changed = self.box, self._with(downsample=downsample)
        if box is None:
            return changed
        lengths = self.frame.spatial_shape_out
        parts = self._parts or tuple(
            (first / n, beyond / n)
            for (first, beyond), n in zip(box, lengths, strict=True)
        )
        lengths = changed.frame.spatial_shape_out
        edges = [
            (round(first * n), round(beyond * n))
            for (first, beyond), n in zip(parts, lengths, strict=True)
        ]
        return replace(changed.with_box(edges), _parts=parts)

    def with_box(self, box: Sequence[Sequence[int]] | None) -> TransformDraft:
        """Crop to a box of the frame: first and beyond the last voxel per axis."""
        edges = box or [(0, n) for n in self.frame.spatial_shape_out]
        return self.with_parameters(with_box(self.parameters, self.shape, edges))

    def straight(self) -> TransformDraft:
        """Return the same without any turning: what "before" looks like."""
        return self.with_angles(zy=0, zx=0, yx=0)

    def _ratios(self, target_um: float) -> tuple[float, float, float, float]:
        assert self.um_per_pixel is not None  # checked by who asks
        z, c, y, x = downsample_to(self.um_per_pixel, target_um)
        return 1.0 if self.over_time else z, c, y, x

    def _with(self, **columns: Any) -> TransformDraft:
        return self.with_parameters(replace(self.parameters, **columns))


def _same(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) < 1e-9 for a, b in zip(one, other, strict=True))


class DraftModel:
    """The draft that is worked on, and the steps that led to it."""

    changed = Signal(object)
    """The new `TransformDraft`, or None."""

    def __init__(self) -> None:
        self._past: list[TransformDraft] = []
        self._future: list[TransformDraft] = []
        self._merge: str | None = None
        self._draft: TransformDraft | None = None

    @property
    def draft(self) -> TransformDraft | None:
        """What is worked on now."""
        return self._draft

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was taken back."""
        return bool(self._future)

    def start(self, draft: TransformDraft | None) -> None:
        """Begin on another draft; what was is forgotten."""
        self._past.clear()
        self._future.clear()
        self._merge, self._draft = None, draft
        self.changed.emit(draft)

    def set(self, draft: TransformDraft, merge: str | None = None) -> None:
        """Go on to another draft.

        Parameters
        ----------
        draft
            The new one.
        merge
            Changes in a row with the same word are one step of undo, as those of a
            drag are; None makes it a step of its own.
        """
        if draft == self._draft:
            return
        going_on = merge is not None and merge == self._merge and self._past
        if self._draft is not None and not going_on:
            self._past.append(self._draft)
            del self._past[:-_UNDO_STEPS]
        self._future.clear()
        self._merge, self._draft = merge, draft
        self.changed.emit(draft)

    def end_merge(self) -> None:
        """Make the next change a step of its own, whatever its word."""
        self._merge = None

    def undo(self) -> None:
        """Take the last step back."""
        if self._past and self._draft is not None:
            self._future.append(self._draft)
            self._merge, self._draft = None, self._past.pop()
            self.changed.emit(self._draft)

    def redo(self) -> None:
        """Take the last step that was taken back again."""
        if self._future and self._draft is not None:
            self._past.append(self._draft)
            self._merge, self._draft = None, self._future.pop()
            self.changed.emit(self._draft)
