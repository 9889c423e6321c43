"""One thread that decodes what a view wants, and what it will want next."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray


class Pictures(Protocol):
    """A video, such as a `VideoReader` or a `JoinedVideo`."""

    most_held: int

    def __len__(self) -> int: ...

    def picture(self, number: int) -> NDArray[np.uint8]: ...  # noqa: D102

    def picture_held(self, number: int) -> NDArray[np.uint8] | None: ...  # noqa: D102

    def hold(self, number: int) -> None: ...  # noqa: D102


class FramePlayer:
    """Decodes on a thread of its own, until `close`.

    Only the frame that is wanted last is decoded: what was asked for meanwhile is left
    out. Then those ahead in the direction of travel are decoded and held, so that a
    key kept pressed finds them.

    Parameters
    ----------
    video
        Not to be read by others while this lives, or they wait for each other.
    deliver
        Called on that thread with the number and the picture ``(Y, X, 3)``, or the
        error that tells why there is none.
    ahead
        How many frames to decode ahead.
    """

    def __init__(
        self,
        video: Pictures,
        deliver: Callable[[int, NDArray[np.uint8] | LabdataError], None],
        ahead: int = 32,
    ) -> None:
        self._video = video
        self._deliver = deliver
        # half of what is held stays for stepping back
        self._ahead = max(1, min(ahead, video.most_held // 2))
        self._changed = threading.Condition()
        self._wanted: int | None = None
        self._direction = 1
        self._last = 0
        self._news = False
        self._closed = False
        self._thread = threading.Thread(
            target=self._run, name="video frames", daemon=True
        )
        self._thread.start()

    def show(self, number: int) -> NDArray[np.uint8] | None:
        """Ask for a frame.

        Returns
        -------
        ndarray or None
            The picture if it is held; else it is delivered when it is decoded, unless
            another frame was shown before that.
        """
        number = min(max(number, 0), len(self._video) - 1)
        held = self._video.picture_held(number)
        with self._changed:
            if number != self._last:
                self._direction = 1 if number > self._last else -1
            self._last = number
            self._wanted = number if held is None else None
            self._news = True
            self._changed.notify()
        return held

    def close(self, wait: bool = True) -> None:
        """End the thread; what it decodes at this moment is not delivered.

        Parameters
        ----------
        wait
            Whether to return only when it has ended; a window does not.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        ahead: Iterator[int] = iter(())
        while True:
            with self._changed:
                following = None if self._news else next(ahead, None)
                while not (self._closed or self._news or following is not None):
                    self._changed.wait()
                if self._closed:
                    return
                if self._news:
                    self._news, following = False, None
                    wanted, self._wanted = self._wanted, None
                    ahead = self._coming()
            if following is not None:
                self._hold(following)
            elif wanted is not None:
                self._decode(wanted)

    def _coming(self) -> Iterator[int]:
        """Frames that come next; always rising, as that is how they are decoded."""
        here, count = self._last, self._ahead
        if self._direction > 0:
            return iter(range(here + 1, min(here + count + 1, len(self._video))))
        return iter(range(max(here - count, 0), here))

    def _hold(self, number: int) -> None:
        try:
            self._video.hold(number)
        except LabdataError:
            return  # told when it is asked for

    def _decode(self, number: int) -> None:
        try:
            picture: NDArray[np.uint8] | LabdataError = self._video.picture(number)
        except LabdataError as error:
            picture = error
        with self._changed:
            # one that is only on the way to the frame wanted now still shows movement
            shown = number == self._last or self._wanted is not None
        if shown and not self._closed:
            self._deliver(number, picture)
