"""Fixed brains of a lab: stacks, transforms, annotations."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.lab import parameters as parameters_of
from labdata_napari.lab import transforms
from labdata_napari.lab.annotations import load_annotations, save_annotations
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings
from labdata_napari.lab.computing import compute_transform
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of
from labdata_napari.lab.opening import brain_opening, transform_opening
from labdata_napari.lab.populating import InAll, Populated, populate, waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.annotation import Annotation, AnnotationSet
    from labdata_napari.core.changes import Changes
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.stacks import Stack
    from labdata_napari.core.transform_parameters import (
        ParameterSet,
        TransformParameters,
    )
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.opening import Opening
    from labdata_napari.lab.transforms import TransformRecord


class Brains:
    """Finds, opens and writes what belongs to fixed brains.

    Belongs to its lab, and so to one thread.

    Parameters
    ----------
    lab
        The `Lab`.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    def find(self, text: str = "") -> list[Entry]:
        """List the brains, the newest session first; see `Entries.find`."""
        entries: list[Entry] = self._lab.entries.find(text, ("FixedBrain",))
        return entries

    def open(self, key: Mapping[str, Any]) -> Stack:
        """Open a brain lazily.

        Parameters
        ----------
        key
            ``subject_name``, ``session_name``, ``dataset_name``; others are ignored.

        Returns
        -------
        Stack
            (Z, C, Y, X) whatever the file says; µm per pixel and the channels' names
            and wavelengths are the row's, the file's where the row has none.

        Raises
        ------
        NotFound
            When the row or its file is not there.
        UnreadableFile
            When the file is broken, or does not hold what the row says.
        InvalidValue
            When the key is incomplete or the file's path leaves its store.
        """
        return self.opening(key)()

    def opening(self, key: Mapping[str, Any]) -> Opening:
        """Read what the database says of a brain; opening its file is left to you.

        The file may be far away: what comes back needs no database, so it may be
        called on another thread. Together they are `open`.
        """
        with translate_errors():
            return brain_opening(self._lab, key)

    def transforms(self, key: Mapping[str, Any]) -> list[TransformRecord]:
        """List a brain's parameter sets, computed or not, by their numbers."""
        with translate_errors():
            return transforms.transforms_of(self._lab, key)

    def open_transform(self, key: Mapping[str, Any]) -> Stack:
        """Open a computed transform lazily.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.

        Returns
        -------
        Stack
            (Z, C, Y, X); the three spatial axes in the order they are stored in,
            which is the order of annotation points.

        Raises
        ------
        NotFound, UnreadableFile, InvalidValue
            As `open`.
        """
        return self.transform_opening(key)()

    def transform_opening(self, key: Mapping[str, Any]) -> Opening:
        """Read what the database says of a transform; see `opening`."""
        with translate_errors():
            return transform_opening(self._lab, key)

    def add_transform_parameters(
        self, key: Mapping[str, Any], parameters: TransformParameters
    ) -> int:
        """Store a set of transform parameters of a brain.

        May be called again after `ConnectionLost`; one set comes of it.

        Returns
        -------
        int
            Its ``transform_id``: that of an equal set that is there already, else
            the next number.

        Raises
        ------
        NotFound
            When there is no such brain.
        InvalidValue
            When a value does not fit its column.
        WriteRefused
            When this user may not write.
        """
        return parameters_of.add_parameters(self._lab, key, parameters)

    def duplicate_transform_parameters(
        self, key: Mapping[str, Any], to: Mapping[str, Any] | None = None
    ) -> int:
        """Store a copy of a set of parameters under a number of its own.

        Unlike `add_transform_parameters` it makes a new set even where an equal one
        is there: to be changed, or computed another way.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        to
            Another brain to store it for; None: the same.

        Returns
        -------
        int
            Its ``transform_id``.

        Raises
        ------
        NotFound, InvalidValue, WriteRefused
            As `load_transform_parameters` and `add_transform_parameters`.
        """
        parameters = self.load_transform_parameters(key)
        return parameters_of.add_parameters(
            self._lab, key if to is None else to, parameters, even_if_there=True
        )

    def load_transform_parameters(self, key: Mapping[str, Any]) -> TransformParameters:
        """Read one set of transform parameters.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.

        Raises
        ------
        NotFound
            When there is no such set.
        InvalidValue
            When the row holds something that is none.
        """
        with translate_errors():
            return parameters_of.load_parameters(self._lab, key)

    def save_transform_parameters(
        self,
        key: Mapping[str, Any],
        baseline: TransformParameters,
        edited: TransformParameters | None,
    ) -> Changes[ParameterSet]:
        """Change or remove a set of parameters that nothing was computed from.

        The row is read again first, and locked. After `ConnectionLost` call it again
        with the same arguments on a new connection: what an earlier call has written
        already counts as saved.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        baseline
            What was loaded.
        edited
            What it is to become; None removes it.

        Raises
        ------
        WriteConflict
            When somebody else changed it meanwhile; its `theirs` is what the database
            holds now, None when it was removed.
        WriteRefused
            When a transform was computed with it, or this user may not write.
        InvalidValue
            When a value does not fit its column.
        NotFound
            When the brain is gone.
        ConnectionLost
            When the connection broke, maybe after everything was written: save again.
        """
        return parameters_of.save_parameters(self._lab, key, baseline, edited)

    def compute_transform(
        self,
        key: Mapping[str, Any],
        progress: Progress = silent,
        hemisphere: str | None = None,
        settings: ComputeSettings = STANDARD,
    ) -> dict[str, Any]:
        """Compute a transform: the file first, then its two rows in one transaction.

        Does nothing when it is computed already, and is done by one program at a time
        in the whole lab. Whatever stops it, also `Cancelled` raised in `progress`,
        leaves neither a file nor a row; `Interrupted` leaves what the next call goes
        on with. When the connection is lost at the end it is
        brought back for ten minutes before that counts as a failure.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        progress
            Called with steps done and in all.
        hemisphere
            What to note: "left", "right" or "both". When not given, "both" where the
            result reaches over the middle of the brain along every axis, else
            nothing.
        settings
            How else to compute it; a `hemisphere` given there holds too.

        Returns
        -------
        dict
            The transform's key.

        Raises
        ------
        NotFound
            When the parameters or the brain's file are not there.
        InvalidValue
            When the parameters do not go with the brain.
        WriteConflict
            When somebody changed the parameters meanwhile.
        WriteRefused
            When the file or the rows cannot be written.
        BeingComputed
            When another program is at it, here or on another machine.
        """
        if hemisphere is not None:
            settings = replace(settings, hemisphere=hemisphere)
        compute_transform(self._lab, key, progress, settings)
        return key_of(self._lab.FixedBrainTransform, key)

    def populate_transforms(
        self,
        *restrictions: Any,
        progress: Progress = silent,
        hemisphere: str | None = None,
        suppress_errors: bool = False,
        max_calls: int | None = None,
        wait: bool = True,
        settings: ComputeSettings | None = None,
    ) -> Populated:
        """Compute the transforms that wait; see `FixedBrainTransform.populate`."""
        settings = settings or STANDARD
        if hemisphere is not None:
            settings = replace(settings, hemisphere=hemisphere)
        count = len(waiting(self._lab, *restrictions)[:max_calls])
        return populate(
            self._lab,
            *restrictions,
            listener=InAll(progress, count),
            settings=settings,
            suppress_errors=suppress_errors,
            max_calls=max_calls,
            wait=wait,
        )

    def load_annotations(self, key: Mapping[str, Any]) -> AnnotationSet:
        """Read the annotations of a transform.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.

        Returns
        -------
        AnnotationSet
            In the order of their ids; points (N, 3) in pixels along the stored axes.
            A row that cannot be read is none of them but of its `unreadable`, with
            a warning.

        Raises
        ------
        NotFound
            When there is no such transform.
        """
        with translate_errors():
            annotations = load_annotations(self._lab, key)
        for each in annotations.unreadable:
            warnings.warn(str(each), UserWarning, stacklevel=2)
        return annotations

    def save_annotations(
        self, key: Mapping[str, Any], baseline: AnnotationSet, edited: AnnotationSet
    ) -> Changes[Annotation]:
        """Write what changed between two sets, in one transaction.

        The rows are read again first, and locked: if they are no longer the baseline,
        nothing is written. After `ConnectionLost` call it again with the same sets on
        a new connection: what an earlier call has written already counts as saved, and
        is not written twice.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        baseline
            What was loaded.
        edited
            What it is to become.

        Returns
        -------
        Changes
            What was written; what was added carries its new ids.

        Raises
        ------
        WriteConflict
            When somebody else changed the annotations meanwhile; its `theirs` is what
            the database holds now. To write over it, save with that as the baseline;
            `core.annotation_merging.merged` keeps theirs and mine of each, or both.
        InvalidValue
            When a name or type is too long, or there are more points than a row holds.
        WriteRefused
            When this user may not write.
        ConnectionLost
            When the connection broke, maybe after everything was written: save again.
        """
        return save_annotations(self._lab, key, baseline, edited)
