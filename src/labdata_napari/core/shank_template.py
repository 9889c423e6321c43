"""The shanks of one probe as one rigid body, placed and nudged in µm.

Shanks are parallel, in one plane, at equal pitch. Shank 0 is where the probe was
placed; the others follow along `fan`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation import NAME_LENGTH
from labdata_napari.core.lines import line_through
from labdata_napari.core.places import as_pitch
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

MOST_SHANKS = 8
PIVOTS = ("entry", "middle", "tip")
_ROUNDS = 30


@dataclass(frozen=True, eq=False)
class ShankTemplate:
    """Where a probe of several shanks lies.

    Attributes
    ----------
    shanks
        1 to 8.
    pitch_um
        From one shank to the next.
    tip
        (3,) µm along the stack's axes: the tip of shank 0.
    axis
        (3,) unit vector, from entry to tip.
    fan
        (3,) unit vector perpendicular to it, from shank 0 to the last.
    length_um
        Of every shank, entry to tip.
    """

    shanks: int
    pitch_um: float
    tip: Array
    axis: Array
    fan: Array
    length_um: float

    @classmethod
    def from_clicks(
        cls,
        entry: ArrayLike,
        tip: ArrayLike,
        fan: ArrayLike | None = None,
        *,
        um_per_pixel: ArrayLike,
        shanks: int = 4,
        pitch_um: float = 250.0,
    ) -> ShankTemplate:
        """Place a probe by two or three clicks.

        Parameters
        ----------
        entry, tip
            (3,) pixels of the first shank.
        fan
            (3,) pixels of any place on the side of the other shanks. Without it they
            lie along the last axis of the stack, or the first where that is along
            the shank.
        um_per_pixel
            (3,) pitch of the stack.
        shanks, pitch_um
            Of the probe.

        Raises
        ------
        InvalidValue
            When the number of shanks is not 1 to 8, the pitch not positive, entry and
            tip are one place, or the third click is in line with them.
        """
        um = as_pitch(um_per_pixel)
        if not 1 <= shanks <= MOST_SHANKS:
            raise InvalidValue(f"A probe has 1 to {MOST_SHANKS} shanks, not {shanks}.")
        if not (math.isfinite(pitch_um) and pitch_um > 0):
            raise InvalidValue(
                f"The pitch of the shanks must be positive, in µm; got {pitch_um}."
            )
        top, bottom = _place(entry, um), _place(tip, um)
        length = float(np.linalg.norm(bottom - top))
        if length < 1e-6:
            raise InvalidValue("Entry and tip are one place; click the tip elsewhere.")
        axis = (bottom - top) / length
        if fan is None:
            side = _across(np.array([0.0, 0, 1]), axis)
            side = _across(np.array([1.0, 0, 0]), axis) if side is None else side
        else:
            side = _across(_place(fan, um) - top, axis)
        if side is None:
            raise InvalidValue(
                "The third click is in line with the shank; click beside it, where "
                "the other shanks are."
            )
        return cls(int(shanks), float(pitch_um), bottom, axis, side, length)

    def lines(self, um_per_pixel: ArrayLike) -> list[Array]:
        """Return entry and tip (2, 3) of every shank in pixels."""
        return self.points(um_per_pixel, 2)

    def points(self, um_per_pixel: ArrayLike, count: int) -> list[Array]:
        """Return `count` points (count, 3) of every shank, entry to tip, in pixels."""
        um = as_pitch(um_per_pixel)
        back = np.linspace(self.length_um, 0, max(1, count))
        shank = self.tip - np.outer(back, self.axis)
        steps = self.pitch_um * np.arange(self.shanks)
        return [(shank + step * self.fan) / um for step in steps]

    def moved(self, by_um: ArrayLike) -> ShankTemplate:
        """Return it shifted by (3,) µm along the stack's axes."""
        return replace(self, tip=self.tip + np.asarray(by_um, np.float64))

    def advanced(self, um: float) -> ShankTemplate:
        """Return it driven deeper along its shanks, or drawn back where negative."""
        return self.moved(um * self.axis)

    def resized(self, length_um: float) -> ShankTemplate:
        """Return it with shanks of another length; the tips stay.

        Raises
        ------
        InvalidValue
            When that is no positive length.
        """
        if not (math.isfinite(length_um) and length_um > 0):
            raise InvalidValue(f"A shank cannot be {length_um} µm long.")
        return replace(self, length_um=float(length_um))

    def turned(self, degrees: float, *, about: int | None = None) -> ShankTemplate:
        """Return it spun about its long axis.

        Parameters
        ----------
        degrees
            Right-handed about the direction from entry to tip, in the order of the
            stack's axes.
        about
            Shank that stays; None for the middle between the outermost.
        """
        shank = (self.shanks - 1) / 2 if about is None else about
        pivot = self.tip + shank * self.pitch_um * self.fan
        return self._rotated(self.axis, degrees, pivot)

    def tilted(
        self, fan_degrees: float = 0.0, across_degrees: float = 0.0, about: str = "tip"
    ) -> ShankTemplate:
        """Return it tilted.

        Parameters
        ----------
        fan_degrees
            Within the plane of the shanks: the tips go along the fan where positive.
        across_degrees
            Out of that plane.
        about
            What stays: "tip", "entry" or "middle" of the shanks, halfway between the
            outermost.

        Raises
        ------
        InvalidValue
            For another pivot.
        """
        if about not in PIVOTS:
            raise InvalidValue(f"A probe tilts about {', '.join(PIVOTS)}, not {about}.")
        back = {"tip": 0.0, "middle": 0.5, "entry": 1.0}[about] * self.length_um
        across = (self.shanks - 1) / 2 * self.pitch_um
        pivot = self.tip - back * self.axis + across * self.fan
        normal = np.cross(self.axis, self.fan)
        tilted = self._rotated(normal, fan_degrees, pivot)
        return tilted._rotated(tilted.fan, across_degrees, pivot)

    def rotated(
        self, about: ArrayLike, degrees: float, pivot_um: ArrayLike
    ) -> ShankTemplate:
        """Return it turned about any axis.

        Parameters
        ----------
        about
            (3,) unit vector along the stack's axes; the turn is right-handed about it.
        degrees
            How far.
        pivot_um
            (3,) µm along the stack's axes: what stays.
        """
        pivot = np.asarray(pivot_um, np.float64)
        return self._rotated(np.asarray(about, np.float64), degrees, pivot)

    def facing(self, place: ArrayLike, um_per_pixel: ArrayLike) -> ShankTemplate:
        """Return it spun about shank 0 so that the others lie towards a place.

        Parameters
        ----------
        place
            (3,) pixels.
        um_per_pixel
            (3,) pitch of the stack.

        Raises
        ------
        InvalidValue
            When the place is in line with shank 0.
        """
        side = _across(_place(place, as_pitch(um_per_pixel)) - self.tip, self.axis)
        if side is None:
            raise InvalidValue(
                "That place is in line with the shank; click beside it, where the "
                "other shanks are."
            )
        return replace(self, fan=side)

    def fitted_to(
        self, clicks: Mapping[int, ArrayLike], um_per_pixel: ArrayLike
    ) -> ShankTemplate:
        """Return it brought onto clicks as well as a rigid body can be.

        The squared distances of the clicks from their shanks are made least, by
        turns for the direction of the shanks and for that of the fan. How deep the
        tips are stays, as clicks along a shank do not tell it.

        Parameters
        ----------
        clicks
            Shank number to (N, 3) pixels on it. One click on each of two shanks turns
            the fan; two along one shank, its direction.
        um_per_pixel
            (3,) pitch of the stack.
        """
        places, steps = self._clicked(clicks, as_pitch(um_per_pixel))
        fitted = self
        if len(places) < 2:
            return self
        for _ in range(_ROUNDS):
            line = line_through(places - np.outer(steps, fitted.fan))
            if line is None:
                break
            axis = (
                line.direction if line.direction @ fitted.axis > 0 else -line.direction
            )
            fan = _across((steps - steps.mean()) @ (places - line.middle), axis)
            fan = _across(fitted.fan, axis) if fan is None else fan
            if fan is None:
                break
            tip = line.middle + ((self.tip - line.middle) @ axis) * axis
            change = max(
                np.abs(axis - fitted.axis).max(), np.abs(fan - fitted.fan).max()
            )
            fitted = replace(fitted, tip=tip, axis=axis, fan=fan)
            if change < 1e-12:
                break
        return fitted

    def distances(
        self, clicks: Mapping[int, ArrayLike], um_per_pixel: ArrayLike
    ) -> Array:
        """Return how far (N,) clicks are from their shanks in µm, in their order."""
        places, steps = self._clicked(clicks, as_pitch(um_per_pixel))
        offsets = places - np.outer(steps, self.fan) - self.tip
        offsets = offsets - np.outer(offsets @ self.axis, self.axis)
        return np.asarray(np.linalg.norm(offsets, axis=1))

    def _clicked(
        self, clicks: Mapping[int, ArrayLike], um: Array
    ) -> tuple[Array, Array]:
        places, steps = [np.zeros((0, 3))], [np.zeros(0)]
        for shank, points in clicks.items():
            if not 0 <= shank < self.shanks:
                raise InvalidValue(
                    f"There is no shank {shank}; this probe has {self.shanks}."
                )
            array = np.asarray(points, np.float64).reshape(-1, 3) * um
            array = array[np.isfinite(array).all(axis=1)]
            places.append(array)
            steps.append(np.full(len(array), shank * self.pitch_um))
        return np.concatenate(places), np.concatenate(steps)

    def _rotated(self, about: Array, degrees: float, pivot: Array) -> ShankTemplate:
        turn = _rotation(about, degrees)
        return replace(
            self,
            tip=pivot + turn @ (self.tip - pivot),
            axis=turn @ self.axis,
            fan=turn @ self.fan,
        )


def shank_names(probe_id: str, shanks: int, first: int = 0) -> tuple[str, ...]:
    """Return the names of the tracks of a probe: ``<probe_id>_shank<i>``.

    Raises
    ------
    InvalidValue
        When such a name is longer than the table keeps.
    """
    names = tuple(f"{probe_id}_shank{i}" for i in range(first, first + shanks))
    for name in names:
        if len(name) > NAME_LENGTH:
            raise InvalidValue(
                f"The name {name!r} has {len(name)} characters; the table keeps "
                f"{NAME_LENGTH}, shorten the probe's."
            )
    return names


def _place(point: ArrayLike, um: Array) -> Array:
    place = np.asarray(point, np.float64)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise InvalidValue(f"A click must be three numbers in pixels; got {point!r}.")
    return np.asarray(place * um)


def _across(vector: Array, axis: Array) -> Array | None:
    """Return the unit vector of what is perpendicular to an axis; None if nothing."""
    across = vector - (vector @ axis) * axis
    size = float(np.linalg.norm(across))
    if size <= 1e-9 * max(1.0, float(np.linalg.norm(vector))):
        return None
    return np.asarray(across / size)


def _rotation(axis: Array, degrees: float) -> Array:
    """Matrix of a turn about a unit vector (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    turn = np.eye(3) + math.sin(angle) * cross
    return np.asarray(turn + (1 - math.cos(angle)) * cross @ cross)
