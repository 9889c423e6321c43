"""Pictures of a label set's frames: fetched a few at a time, held as far as allowed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from labdata_napari.core.pose import FrameKey

Picture: TypeAlias = NDArray[np.uint8]
"""(Y, X) or (Y, X, 3)."""

_HELD_BYTES = 48 * 2**20
_TOGETHER = 2


class SetPictures:
    """The frame that is wanted first, then those around it; on one thread.

    Only one fetch is under way at a time, so that the frame that is wanted next does
    not wait for many that are not.

    Parameters
    ----------
    frames
        Of the set, in the order in which they are walked through.
    fetch
        Called with a few frames; ends in `arrived` or `failed`, later.
    deliver
        Called with the frame that is wanted and its picture, or the error that tells
        why there is none.
    ahead
        How many frames on each side to fetch beforehand.
    held_bytes
        What pictures may take.
    """

    def __init__(
        self,
        frames: Sequence[FrameKey],
        fetch: Callable[[tuple[FrameKey, ...]], None],
        deliver: Callable[[FrameKey, Picture | LabdataError], None],
        ahead: int = 8,
        held_bytes: int = _HELD_BYTES,
    ) -> None:
        self._frames = frames
        self._numbers = {frame: number for number, frame in enumerate(frames)}
        self._fetch = fetch
        self._deliver = deliver
        self._ahead = ahead
        self._most = held_bytes
        self._held: OrderedDict[FrameKey, Picture] = OrderedDict()
        self._bytes = 0
        self._wanted: FrameKey | None = None
        self._last = 0
        self._way = 1
        self._under_way: tuple[FrameKey, ...] = ()
        self._missing: set[FrameKey] = set()

    @property
    def held_bytes(self) -> int:
        """What the pictures that are held take."""
        return self._bytes

    def show(self, frame: FrameKey) -> Picture | None:
        """Ask for a frame; it comes at once if it is held, else it is delivered."""
        number = self._numbers.get(frame, self._last)
        if number != self._last:
            self._way = 1 if number > self._last else -1
        self._last = number
        self._missing.discard(frame)  # it is tried again when it is asked for
        held = self._held.get(frame)
        if held is not None:
            self._held.move_to_end(frame)
        self._wanted = frame if held is None else None
        self._go_on()
        return held

    def hold(self, found: Mapping[FrameKey, Picture]) -> None:
        """Take pictures that nobody waits for."""
        for frame, picture in found.items():
            self._hold(frame, picture)

    def arrived(self, found: Mapping[FrameKey, Picture]) -> None:
        """Take what was fetched; what was asked for and is not in it is not there."""
        asked, self._under_way = self._under_way, ()
        self.hold(found)
        self._missing.update(frame for frame in asked if frame not in found)
        wanted = self._wanted
        if wanted is not None and wanted in found:
            self._wanted = None
            self._deliver(wanted, found[wanted])
        elif wanted is not None and wanted in self._missing:
            self._wanted = None
            error = LabdataError(f"The set holds no picture of {wanted.words}.")
            self._deliver(wanted, error)
        self._go_on()

    def failed(self, error: LabdataError) -> None:
        """Take note that what was asked for could not be fetched."""
        asked, self._under_way = self._under_way, ()
        self._missing.update(asked)
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._deliver(wanted, error)

    # -- how

    def _go_on(self) -> None:
        if self._under_way:
            return
        wanted = self._wanted
        self._under_way = (wanted,) if wanted is not None else self._next_around()
        if self._under_way:
            self._fetch(self._under_way)

    def _next_around(self) -> tuple[FrameKey, ...]:
        """Return the nearest frames not held, in the direction of travel first.

        None any more where they would drive out each other.
        """
        if self._bytes >= self._most:
            return ()
        way = range(1, self._ahead + 1)
        around = [
            *(self._last + self._way * away for away in way),
            *(self._last - self._way * away for away in way),
        ]
        wanted = [
            self._frames[number]
            for number in around
            if 0 <= number < len(self._frames) and self._is_new(self._frames[number])
        ]
        return tuple(wanted[:_TOGETHER])

    def _is_new(self, frame: FrameKey) -> bool:
        return frame not in self._held and frame not in self._missing

    def _hold(self, frame: FrameKey, picture: Picture) -> None:
        if frame in self._held:
            return
        self._held[frame] = picture
        self._bytes += picture.nbytes
        for other in self._farthest():
            if self._bytes <= self._most or len(self._held) < 2:
                break
            self._bytes -= self._held.pop(other).nbytes

    def _farthest(self) -> Iterable[FrameKey]:
        """Frames that are held, those farthest from the one looked at first."""
        return sorted(
            self._held, key=lambda f: -abs(self._numbers.get(f, 0) - self._last)
        )
