"""Recordings of a lab: widefield, two-photon, miniscope and video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.opening import RECORDINGS, recording_opening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.stacks import Stack
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.opening import Opening


class Recordings:
    """Finds and opens recordings. Belongs to its lab, and so to one thread.

    Parameters
    ----------
    lab
        The `Lab`.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    def find(self, text: str = "") -> list[Entry]:
        """List the recordings and videos, the newest first; see `Entries.find`."""
        entries: list[Entry] = self._lab.entries.find(text, tuple(RECORDINGS))
        return entries

    def open(self, kind: str, key: Mapping[str, Any]) -> Stack:
        """Open a recording lazily.

        Parameters
        ----------
        kind
            ``"Widefield"``, ``"Miniscope"``, ``"TwoPhoton"`` or ``"DatasetVideo"``.
        key
            Primary key; other entries are ignored.

        Returns
        -------
        Stack
            (T, C, Y, X), for two-photon (T, P, C, Y, X), for videos (T, Y, X, S);
            with the row's frame rate (Hz) and µm along y, x.

        Raises
        ------
        NotFound
            When the row or its file is not there.
        UnreadableFile
            When the file is broken or is not what the row says.
        InvalidValue
            For another kind, an incomplete key, or a path that leaves its store.
        """
        return self.opening(kind, key)()

    def opening(self, kind: str, key: Mapping[str, Any]) -> Opening:
        """Read what the database says of a recording; see `Brains.opening`."""
        with translate_errors():
            return recording_opening(self._lab, kind, key)
