"""Computing all transforms that wait, beside others who do the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from labdata_napari.core.progress import silent
from labdata_napari.errors import BeingComputed, Cancelled, LabdataError
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings
from labdata_napari.lab.computing import compute_transform
from labdata_napari.lab.failures import translate_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.progress import Progress

Key = dict[str, Any]

_LOOK_EVERY_S = 2.0


class Listener(Protocol):
    """Is told what becomes of each transform; any call may raise `Cancelled`."""

    def begins(self, key: Key) -> Progress:
        """Hear that one is begun; return what its progress is told to."""

    def ends(self, key: Key, error: LabdataError | None) -> None:
        """Hear that it is computed, or why not."""

    def waits(self, keys: Sequence[Key]) -> None:
        """Hear, again and again, that only others' computations are left."""


@dataclass(frozen=True)
class Populated:
    """What came of it.

    Attributes
    ----------
    computed
        Keys of what was computed here.
    failed
        Key and reason of what was not.
    elsewhere
        Keys of what others were computing when this ended.
    """

    computed: tuple[Key, ...] = ()
    failed: tuple[tuple[Key, LabdataError], ...] = ()
    elsewhere: tuple[Key, ...] = ()


def waiting(lab: Any, *restrictions: Any) -> list[Key]:
    """List the keys of the transforms that have parameters but no result.

    Parameters
    ----------
    lab
        The `Lab`.
    *restrictions
        Which ones, as of DataJoint's ``&``; all of them when there is none.
    """
    import datajoint as dj

    from labdata_napari.schema.restricted import require_columns

    with translate_errors():
        table = lab.FixedBrainTransform()
        for restriction in restrictions:
            require_columns(table.key_source, restriction)
        keys = (table.key_source & dj.AndList(restrictions)) - table.proj()
        found: list[Key] = keys.keys(order_by="KEY")
    return found


def populate(
    lab: Any,
    *restrictions: Any,
    listener: Listener | None = None,
    settings: ComputeSettings = STANDARD,
    suppress_errors: bool = False,
    max_calls: int | None = None,
    wait: bool = True,
) -> Populated:
    """Compute the transforms that wait, each once in the whole lab.

    What another program computes is passed over. When nothing else is left, and it is
    to `wait`, it looks every two seconds whether that is done, and computes itself
    what the other one gave up or died over.

    Parameters
    ----------
    lab
        The `Lab`.
    *restrictions
        Which ones, as of DataJoint's ``&``; all of them when there is none.
    listener
        Is told what happens.
    settings
        How to compute them.
    suppress_errors
        Go on with the next one after an error; `Cancelled` always stops.
    max_calls
        Compute, or fail to, at most so many.
    wait
        Whether to stay until everything is computed.

    Raises
    ------
    LabdataError
        As `compute_transform`, for the first that fails, unless errors are suppressed.
    Cancelled
        When the listener or a progress raised it.
    """
    listener = listener or Quiet()
    computed: list[Key] = []
    failed: list[tuple[Key, LabdataError]] = []
    while True:
        elsewhere: list[Key] = []
        given_up = [key for key, _ in failed]
        for key in waiting(lab, *restrictions):
            if key in given_up:
                continue
            if max_calls is not None and len(computed) + len(failed) >= max_calls:
                return Populated(tuple(computed), tuple(failed), tuple(elsewhere))
            try:
                if _computed_here(lab, key, listener, settings):
                    computed.append(key)
            except BeingComputed:
                elsewhere.append(key)
            except Cancelled:
                raise
            except LabdataError as error:
                if not suppress_errors:
                    raise
                failed.append((key, error))
        if not elsewhere or not wait:
            return Populated(tuple(computed), tuple(failed), tuple(elsewhere))
        listener.waits(elsewhere)
        time.sleep(_LOOK_EVERY_S)


def _computed_here(
    lab: Any, key: Key, listener: Listener, settings: ComputeSettings
) -> bool:
    progress = _Begun(listener, key)
    try:
        here = compute_transform(lab, key, progress, settings)
    except BeingComputed:
        raise
    except LabdataError as error:
        progress.begin()
        listener.ends(key, error)
        raise
    if here:
        progress.begin()
        listener.ends(key, None)
    return here


class _Begun:
    """Tells of a beginning once there is progress: not of what others do."""

    def __init__(self, listener: Listener, key: Key) -> None:
        self._listener = listener
        self._key = key
        self._progress: Progress | None = None

    def begin(self) -> Progress:
        if self._progress is None:
            self._progress = self._listener.begins(self._key)
        return self._progress

    def __call__(self, done: int, total: int) -> None:
        self.begin()(done, total)


class Quiet:
    """A listener that says nothing."""

    def begins(self, key: Key) -> Progress:
        """Say nothing."""
        return silent

    def ends(self, key: Key, error: LabdataError | None) -> None:
        """Say nothing."""

    def waits(self, keys: Sequence[Key]) -> None:
        """Say nothing."""


class InAll(Quiet):
    """Makes one progress of that of several transforms.

    Parameters
    ----------
    progress
        Is told steps done and in all, over all of them.
    count
        How many there are.
    """

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress = progress
        self._count = count
        self._ended = 0

    def begins(self, key: Key) -> Progress:
        """Make the progress of one a stretch of the whole."""

        def report(done: int, total: int) -> None:
            whole = max(self._count, self._ended + 1) * total
            self._progress(self._ended * total + done, whole)

        return report

    def ends(self, key: Key, error: LabdataError | None) -> None:
        """Count it."""
        self._ended += 1

    def waits(self, keys: Sequence[Key]) -> None:
        """Give the progress a chance to stop the waiting."""
        self._progress(self._ended, max(self._count, self._ended + len(keys)))


def in_words(key: Mapping[str, Any]) -> str:
    """Name a transform: "M1/20260101_120000/brain/0"."""
    return "/".join(str(value) for value in key.values())
