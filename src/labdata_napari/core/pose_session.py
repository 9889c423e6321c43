"""A label set, or a model's predictions of a video, while somebody corrects it.

The session holds what is true; views are told by its signals and show it. It knows
neither napari nor Qt, so a script can do whatever a person does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from labdata_napari.core import pose_edits
from labdata_napari.core.history import History
from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import Place, PoseDraft, State
from labdata_napari.core.pose_looks import Looks, Mode, Order
from labdata_napari.core.pose_marks import Mark, VideoFrames, marks_of
from labdata_napari.core.pose_queue import ProblemQueue
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.core.pose_unsaved import unsaved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_edits import SetKeypoints
    from labdata_napari.core.pose_predictions import Predictions, VideoKey
    from labdata_napari.core.pose_problems import Problem


class PoseSession:
    """What a person does to labels, one method for each.

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

    frame_shown = Signal(object)
    """The `FrameKey` that is looked at now."""
    edited = Signal()
    """The working copy, what it is compared with, or the history is another."""
    chosen = Signal()
    """Another body part is chosen."""
    listed = Signal()
    """The problems, or which of them are left, are others."""
    looks_changed = Signal()
    """Mode, order or how things are shown is another."""
    hung = Signal()
    """The skeleton is another: a line, a body part or a colour."""
    told = Signal(str)
    """A line about what was just done, or why it was not."""

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
        seen = () if predictions is None else predictions.bodyparts
        names = (*seen, *baseline.labels.bodyparts)
        self.skeleton = (skeleton or Skeleton()).with_bodyparts(names)
        self.at = 0
        self._show_frames(frames)
        self.num = num
        self.baseline = self.draft = baseline
        self.history: History[PoseDraft] = History()
        self.predictions = predictions
        self.video = video
        self.bodypart = self.bodyparts[0] if self.bodyparts else ""
        self._before = ""  # the body part that was chosen before
        self.looks = Looks()
        if predictions is not None:
            self.looks = Looks(Mode.CONFIRM, Order.PROBLEMS)
        self.queue = ProblemQueue()
        self.why_not = ""
        """Why nothing may be edited; empty when it may."""

    # -- what is where

    @property
    def bodyparts(self) -> tuple[str, ...]:
        """Names, in the order in which they are labelled."""
        return self.skeleton.bodyparts

    @property
    def frame(self) -> FrameKey | None:
        """The frame that is looked at; None in an empty set."""
        return self.frames[self.at] if len(self.frames) else None

    @property
    def here(self) -> Place | None:
        """The chosen body part in the frame that is looked at."""
        frame = self.frame
        return (frame, self.bodypart) if frame is not None and self.bodypart else None

    def marks(self, frame: FrameKey | None = None) -> tuple[Mark, ...]:
        """Say what to draw in a frame, the one that is looked at unless another."""
        frame = self.frame if frame is None else frame
        if frame is None:
            return ()
        return marks_of(self.draft, frame, self.bodyparts, self._seen_in(frame))

    def number_of(self, frame: FrameKey) -> int | None:
        """Return where a frame is among `frames`; None when it is not."""
        if isinstance(self.frames, VideoFrames):
            return self.frames.number_of(frame)
        return self._numbers.get(frame)

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

    # -- going about

    def go_to(self, frame: FrameKey) -> None:
        """Look at a frame; nothing happens for one that is not in `frames`."""
        number = self.number_of(frame)
        if number is not None:
            self.go_to_number(number)

    def go_to_number(self, number: int) -> None:
        """Look at the frame of a number in `frames`; the nearest there is."""
        if not len(self.frames):
            return
        self.at = min(max(number, 0), len(self.frames) - 1)
        if self.looks.mode is Mode.SEQUENTIAL:
            self._choose_missing()
        self.frame_shown.emit(self.frame)

    def step(self, count: int) -> None:
        """Go some frames on, or back."""
        if 0 <= self.at + count < len(self.frames) or count not in (1, -1):
            self.go_to_number(self.at + count)

    def next_unlabelled(self, way: int = 1) -> None:
        """Go to the next frame in which something is not labelled, or the one before.

        In a video, that has no label at all.
        """
        for away in range(1, len(self.frames) + 1):
            number = (self.at + way * away) % len(self.frames)
            if not self._is_done(self.frames[number]):
                self.go_to_number(number)
                return
        self.told.emit("Every frame is labelled.")

    def next_problem(self, way: int = 1) -> None:
        """Go to the next problem that is left, and choose its body part."""
        number = self.queue.step(way)
        if number is None:
            none = "No problems are left." if len(self.queue) else "Look for problems."
            self.told.emit(none)
        else:
            self.look_at(number)

    def look_at(self, number: int) -> None:
        """Go to a problem by its number in `queue`."""
        frame, bodypart = self.queue.places[number]
        self.queue.current = number
        at = self.number_of(frame)
        if at is None:
            return
        if at != self.at:
            self.at = at
            self.bodypart = bodypart
            self.frame_shown.emit(frame)
        self.choose(bodypart)
        self.listed.emit()
        self.told.emit(self.queue.problems[number].words)

    def next_frame(self) -> None:
        """Go on to what comes next in the order that is chosen."""
        if self.looks.order is Order.PROBLEMS and self.queue.left:
            self.next_problem()
        elif self.looks.order is Order.UNLABELLED:
            self.next_unlabelled()
        else:
            self.step(1)

    def choose(self, bodypart: str) -> None:
        """Let the next click label a body part."""
        if bodypart in self.bodyparts:
            if bodypart != self.bodypart:
                self._before, self.bodypart = self.bodypart, bodypart
            self.chosen.emit()

    def choose_next(self, way: int = 1) -> None:
        """Choose the next body part, or the one before."""
        if self.bodyparts:
            at = self.bodyparts.index(self.bodypart)
            self.choose(self.bodyparts[(at + way) % len(self.bodyparts)])

    # -- looks

    def look(self, **changes: Any) -> None:
        """Choose other `Looks`, such as ``lowest=0.8``."""
        self.looks = replace(self.looks, **changes)
        self.looks_changed.emit()

    def next_mode(self) -> None:
        """Change to the next mode."""
        every = list(Mode)
        mode = every[(every.index(self.looks.mode) + 1) % len(every)]
        self.look(mode=mode)
        self.told.emit(f"Mode: {mode}.")

    # -- the skeleton

    def join(self) -> None:
        """Join the chosen body part to the one chosen before, or no longer."""
        pair, skeleton = (self._before, self.bodypart), self.skeleton
        if not self._before:
            self.told.emit("Choose the two body parts, one after the other.")
            return
        kept = tuple(edge for edge in skeleton.edges if {*edge} != {*pair})
        is_new = len(kept) == len(skeleton.edges)
        self._hang(replace(skeleton, edges=(*kept, pair) if is_new else kept))
        how = "are joined by a line" if is_new else "are no longer joined"
        self.told.emit(f"{pair[0]} and {pair[1]} {how}.")

    def add_bodypart(self, name: str) -> None:
        """Let a further body part be labelled.

        Raises
        ------
        InvalidValue
            When the name is too long, or none.
        """
        PoseLabels((name,))  # which says what is wrong with it
        self._hang(self.skeleton.with_bodyparts((name,)))
        self.choose(name)
        self.edited.emit()

    def paint(self, bodypart: str, colour: str) -> None:
        """Give a body part a colour, "#rrggbb"."""
        colours = {**self.skeleton.colours, bodypart: colour}
        self._hang(replace(self.skeleton, colours=colours))

    # -- problems

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Let these be walked through; their frames are numbers of `frames`."""
        self.queue = ProblemQueue(problems, self._place_of, self.draft)
        self.listed.emit()

    def say_right(self) -> None:
        """Say that the chosen body part is where it should be, and go on."""
        if self.here is None or self.queue.of_place(self.here) is None:
            self.told.emit(f"There is no problem with {self.bodypart} here.")
            return
        self.queue.say_right([self.here])
        self.listed.emit()
        self.next_problem()

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
        fresh = tuple(frame for frame in frames if self.number_of(frame) is None)
        if fresh:
            self._show_frames(tuple(sorted({*self.frames, *fresh})))
        self.skeleton = self.skeleton.with_bodyparts(bodyparts)
        if edit is not None:
            self.do(edit)

    # -- how

    def _hang(self, skeleton: Skeleton) -> None:
        if self.why_not:
            self.told.emit(self.why_not)
            return
        self.skeleton = skeleton
        self.hung.emit()
        self.looks_changed.emit()

    def _show_frames(self, frames: Sequence[FrameKey]) -> None:
        here = self.frame if hasattr(self, "frames") else None
        self.frames = frames
        virtual = isinstance(frames, VideoFrames)
        listed = () if virtual else enumerate(frames)
        self._numbers = {frame: number for number, frame in listed}
        if here is not None:
            self.at = self.number_of(here) or 0

    def _seen_in(self, frame: FrameKey) -> Predictions | None:
        return self.predictions if frame[:4] == self.video else None

    def _place_of(self, problem: Problem) -> Place:
        return self.frames[problem.frame], problem.bodypart

    def _is_done(self, frame: FrameKey) -> bool:
        states = [self.draft[frame, name].state for name in self.bodyparts]
        every = all if self.predictions is None else any
        return every(state is not State.ABSENT for state in states)

    def _go_on(self) -> None:
        """Do what the mode does after a click."""
        if self.looks.mode is Mode.LOOP:
            self.step(1)
        elif self.looks.mode is Mode.SEQUENTIAL:
            self._choose_next_missing()

    def _choose_next_missing(self) -> None:
        """Choose the next body part that is not labelled, or go on after the last."""
        if self.looks.mode is not Mode.SEQUENTIAL:
            return
        at = self.bodyparts.index(self.bodypart)
        rest = (*self.bodyparts[at + 1 :], *self.bodyparts[:at])
        missing = [name for name in rest if self._is_missing(name)]
        if missing:
            self.choose(missing[0])
        elif self.looks.goes_on:
            self.next_frame()

    def _choose_missing(self) -> None:
        missing = [name for name in self.bodyparts if self._is_missing(name)]
        if missing and not self._is_missing(self.bodypart):
            self.bodypart = missing[0]

    def _is_missing(self, bodypart: str) -> bool:
        frame = self.frame
        return frame is not None and self.draft[frame, bodypart].state is State.ABSENT

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
