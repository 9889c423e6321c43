"""A label set, or a model's predictions of a video, while somebody corrects it.

The session holds what is true; views are told by its signals and show it. It knows
neither napari nor Qt, so a script can do whatever a person does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from labdata_napari.core import pose_edits
from labdata_napari.core.history import History
from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_looks import Mode
from labdata_napari.core.pose_unsaved import unsaved
from labdata_napari.core.pose_walk import PoseWalk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import Place, PoseDraft
    from labdata_napari.core.pose_edits import SetKeypoints
    from labdata_napari.core.pose_predictions import Predictions, VideoKey
    from labdata_napari.core.pose_skeleton import Skeleton


class PoseSession(PoseWalk):
    """What a person does to labels, one method for each; going about is `PoseWalk`'s.

    Parameters
    ----------
    frames
        To walk through: those of a label set in their order, or all of a video.
    baseline
        What the label set holds.
    num
        Number of the label set; None for one that is to be made.
    skeleton
        Body parts in the order in which they are labelled, to which those of labels
        and predictions are added; lines between them.
    predictions, video
        What a model made of a video, which the frames are then all of.
    """

    edited = Signal()
    """The working copy, what it is compared with, or the history is another."""
    hung = Signal()
    """The skeleton is another: a line, a body part or a colour."""

    def __init__(
        self,
        frames: Sequence[FrameKey],
        baseline: PoseDraft,
        *,
        num: int | None = None,
        skeleton: Skeleton | None = None,
        predictions: Predictions | None = None,
        video: VideoKey | None = None,
    ) -> None:
        super().__init__(
            frames, baseline, skeleton=skeleton, predictions=predictions, video=video
        )
        self.num = num
        self.baseline = baseline
        self.history: History[PoseDraft] = History()
        self.why_not = ""
        """Why nothing may be edited; empty when it may."""

    @property
    def unsaved(self) -> int:
        """How many labels a save would write, hidden ones and sources included."""
        return len(unsaved(self.baseline, self.draft))

    @property
    def new_frames(self) -> tuple[FrameKey, ...]:
        """The frames with labels whose pictures the set does not have."""
        labels = self.draft.labels
        known = set(self.baseline.labels.frames)
        there = np.flatnonzero((~np.isnan(labels.xyz[..., 0])).any(axis=1))
        frames = (labels.frames[number] for number in there)
        return tuple(frame for frame in frames if frame not in known)

    # -- edits

    def do(self, edit: SetKeypoints | None, nothing: str = "") -> bool:
        """Do an edit; whether anything was done.

        Parameters
        ----------
        edit
            None where there is nothing to do.
        nothing
            What to tell then.
        """
        if self.why_not or edit is None:
            self.told.emit(self.why_not or nothing)
            return False
        before = self.draft
        self.draft = edit.apply(before)
        self.history = self.history.did(edit, before)
        self._note(edit.places)
        return True

    def put(self, bodypart: str, x: float, y: float) -> bool:
        """Put a body part somewhere in the frame that is looked at."""
        if self.frame is None:
            return False
        return self.do(pose_edits.place(self.draft, (self.frame, bodypart), x, y))

    def click(self, x: float, y: float) -> None:
        """Label the chosen body part where somebody clicked, as the mode says."""
        here = self.here
        if here is None:
            return
        labelled = self.draft[here].is_placed
        if self.looks.mode is Mode.SEQUENTIAL and labelled:
            self.told.emit(
                f"{self.bodypart} is labelled: drag it, or choose another mode to "
                "place it by a click."
            )
        elif self.put(self.bodypart, x, y):
            self._go_on()

    def occlude(self) -> None:
        """Say that the chosen body part is hidden; again, that it is not."""
        if self.here is not None and self.do(pose_edits.occlude(self.draft, self.here)):
            self._choose_next_missing()

    def delete(self, bodyparts: Iterable[str] | None = None) -> None:
        """Take labels away, of the chosen body part unless of others.

        What only a model sees is said to be hidden: else it would come back.
        """
        if self.frame is None:
            return
        names = (self.bodypart,) if bodyparts is None else tuple(bodyparts)
        places = [(self.frame, name) for name in names]
        edit = pose_edits.delete(self.draft, places)
        seen = {mark.bodypart for mark in self.marks() if not mark.is_label}
        if edit is None and len(names) == 1 and names[0] in seen:
            edit = pose_edits.occlude(self.draft, places[0])
        self.do(edit, f"{', '.join(names)} is not labelled here.")

    def copy_previous(self, overwrite: bool = False) -> None:
        """Copy what is missing from the labelled frame before, or everything."""
        if self.frame is not None:
            edit = pose_edits.copy_previous(self.draft, self.frame, overwrite)
            self.do(edit, "There is nothing to copy from a labelled frame before.")

    def interpolate(self, overwrite: bool = False) -> None:
        """Put what is missing between the labelled frames around this one."""
        if self.frame is not None:
            edit = pose_edits.interpolate(self.draft, self.frame, overwrite)
            self.do(edit, "There are no labelled frames on both sides, or no gap.")

    def accept(self) -> None:
        """Take what the model sees here as labels, as far as it is sure; and go on."""
        frame = self.frame
        if frame is None or self.why_not:
            self.told.emit(self.why_not)
            return
        seen = self._seen_in(frame)
        if seen is not None:
            self.do(pose_edits.accept(self.draft, frame, seen, self.looks.lowest))
        # whoever accepts a frame has looked at the whole of it
        self.queue.say_right([(frame, name) for name in self.bodyparts])
        self._let_go(frame)
        self.listed.emit()
        self.next_frame()

    def undo(self) -> None:
        """Take the last edit back, and look at its frame."""
        if not self.history.done:
            self.told.emit("There is nothing to undo.")
            return
        step = self.history.done[-1]
        self.draft, self.history = self.history.undo(self.draft)
        self._after(step.edit, "Undone")

    def redo(self) -> None:
        """Do again what was taken back, and look at its frame."""
        if not self.history.undone:
            self.told.emit("There is nothing to redo.")
            return
        step = self.history.undone[-1]
        self.draft, self.history = self.history.redo(self.draft)
        self._after(step.edit, "Done again")

    # -- the skeleton

    def join(self) -> None:
        """Join the chosen body part to the one chosen before, or no longer."""
        pair, skeleton = (self._before, self.bodypart), self.skeleton
        if not self._before:
            self.told.emit("Choose the two body parts, one after the other.")
            return
        kept = tuple(edge for edge in skeleton.edges if {*edge} != {*pair})
        is_new = len(kept) == len(skeleton.edges)
        how = "are joined by a line" if is_new else "are no longer joined"
        if self._hang(replace(skeleton, edges=(*kept, pair) if is_new else kept)):
            self.told.emit(f"{pair[0]} and {pair[1]} {how}.")

    def add_bodypart(self, name: str) -> None:
        """Let a further body part be labelled.

        Raises
        ------
        InvalidValue
            When the name is too long, or none.
        """
        PoseLabels((name,))  # which says what is wrong with it
        if self._hang(self.skeleton.with_bodyparts((name,))):
            self.choose(name)
            self.edited.emit()

    def paint(self, bodypart: str, colour: str) -> None:
        """Give a body part a colour, "#rrggbb"."""
        colours = {**self.skeleton.colours, bodypart: colour}
        self._hang(replace(self.skeleton, colours=colours))

    # -- saving

    def adopt_saved(self, baseline: PoseDraft, draft: PoseDraft, num: int) -> None:
        """Go on from what the lab holds now; the history stays.

        Parameters
        ----------
        baseline
            What the label set holds.
        draft
            The working copy: others may have changed what is not changed here.
        num
            Number of the set.
        """
        self.num, self.baseline, self.draft = num, baseline, draft
        self.skeleton = self.skeleton.with_bodyparts(draft.labels.bodyparts)
        known = frozenset(baseline.labels.frames)
        self.suggested = tuple(f for f in self.suggested if f not in known)
        self.edited.emit()

    def restore(
        self,
        edit: SetKeypoints | None,
        frames: tuple[FrameKey, ...] = (),
        bodyparts: tuple[str, ...] = (),
    ) -> None:
        """Do an edit of another time again, as one step.

        Parameters
        ----------
        edit
            What was unsaved.
        frames
            Those of it that the set does not hold.
        bodyparts
            Those of it that the set has no label of.
        """
        self.add_frames(frames)
        self.skeleton = self.skeleton.with_bodyparts(bodyparts)
        if edit is not None:
            self.do(edit)

    # -- how

    def _hang(self, skeleton: Skeleton) -> bool:
        if self.why_not:
            self.told.emit(self.why_not)
            return False
        self.skeleton = skeleton
        self.hung.emit()
        self.looks_changed.emit()
        return True

    def _go_on(self) -> None:
        """Do what the mode does after a click."""
        if self.looks.mode is Mode.LOOP:
            self.step(1)
        elif self.looks.mode is Mode.SEQUENTIAL:
            self._choose_next_missing()

    def _note(self, places: Iterable[Place]) -> None:
        is_listed = self.queue.note(self.draft, places)
        self.edited.emit()
        if is_listed:
            self.listed.emit()

    def _after(self, edit: object, verb: str) -> None:
        assert isinstance(edit, pose_edits.SetKeypoints)
        frame, bodypart = edit.places[0]
        if frame != self.frame:
            self.go_to(frame)
        self._note(edit.places)
        if len(edit.places) == 1:
            self.choose(bodypart)
        self.told.emit(f"{verb}: {edit.words}.")
