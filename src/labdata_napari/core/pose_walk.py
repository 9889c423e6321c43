"""Going about in a label set, or in a model's predictions of a video."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from labdata_napari.core.pose_draft import Place, PoseDraft, State
from labdata_napari.core.pose_looks import Looks, Mode, Order
from labdata_napari.core.pose_marks import Mark, VideoFrames, marks_of
from labdata_napari.core.pose_problems import SUGGESTED, Problem
from labdata_napari.core.pose_queue import ProblemQueue
from labdata_napari.core.pose_skeleton import Skeleton

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_predictions import Predictions, VideoKey


class PoseWalk:
    """Which frame and body part a person looks at, and what comes next; edits nothing.

    Parameters
    ----------
    frames
        To walk through: those of a label set in their order, or all of a video.
    draft
        The labels.
    skeleton
        Body parts in the order in which they are labelled, to which those of labels
        and predictions are added; lines between them.
    predictions, video
        What a model made of a video, which the frames are then all of.
    """

    frame_shown = Signal(object)
    """The `FrameKey` that is looked at now."""
    chosen = Signal()
    """Another body part is chosen."""
    listed = Signal()
    """The problems, or which of them are left, are others."""
    looks_changed = Signal()
    """Mode, order or how things are shown is another."""
    told = Signal(str)
    """A line about what was just done, or why it was not."""

    def __init__(
        self,
        frames: Sequence[FrameKey],
        draft: PoseDraft,
        *,
        skeleton: Skeleton | None = None,
        predictions: Predictions | None = None,
        video: VideoKey | None = None,
    ) -> None:
        seen = () if predictions is None else predictions.bodyparts
        names = (*seen, *draft.labels.bodyparts)
        self.skeleton = (skeleton or Skeleton()).with_bodyparts(names)
        self.at = 0
        self._show_frames(frames)
        self.draft = draft
        self.predictions = predictions
        self.video = video
        self.bodypart = self.bodyparts[0] if self.bodyparts else ""
        self._before = ""  # the body part that was chosen before
        self.looks = Looks()
        if predictions is not None:
            self.looks = Looks(Mode.CONFIRM, Order.PROBLEMS)
        self.queue = ProblemQueue()
        self.suggested: tuple[FrameKey, ...] = ()
        """Frames worth labelling that nobody labelled and saved, or let go."""

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

    def add_frames(self, frames: Iterable[FrameKey]) -> None:
        """Let a set's walk lead through further frames, each at its place in order.

        One through a video leads through all of it already, and through no other.
        """
        fresh = {frame for frame in frames if self.number_of(frame) is None}
        if fresh and not isinstance(self.frames, VideoFrames):
            self._show_frames(tuple(sorted({*self.frames, *fresh})))
            self.frame_shown.emit(self.frame)  # which has another number now

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

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Those that there are: only what a model sees can be confirmed."""
        of_model = self.predictions is not None
        return tuple(mode for mode in Mode if of_model or mode is not Mode.CONFIRM)

    def next_mode(self) -> None:
        """Change to the next mode."""
        every = self.modes
        mode = every[(every.index(self.looks.mode) + 1) % len(every)]
        self.look(mode=mode)
        self.told.emit(f"Mode: {mode}.")

    # -- problems

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Let these be walked through; their frames are numbers of `frames`."""
        self.queue = ProblemQueue(problems, self._place_of, self.draft)
        self.listed.emit()

    def suggest(self, frames: Sequence[FrameKey]) -> None:
        """Let frames that are worth labelling be walked through as problems are.

        With them those that were suggested before and are walked through already.
        """
        self.suggested = tuple(sorted({*self.suggested, *frames}))
        self.add_frames(frames)
        first = next(iter(self.bodyparts), "")
        numbers = [n for n in map(self.number_of, self.suggested) if n is not None]
        words = "looks unlike the other frames"
        self.show_problems([Problem(n, first, SUGGESTED, 1.0, words) for n in numbers])

    def say_right(self) -> None:
        """Say that the chosen body part is where it should be, and go on."""
        here = self.here
        problem = None if here is None else self.queue.of_place(here)
        if here is None or problem is None:
            self.told.emit(f"There is no problem with {self.bodypart} here.")
            return
        if problem.kind == SUGGESTED:
            self._let_go(here[0])
        self.queue.say_right([here])
        self.listed.emit()
        self.next_problem()

    # -- how

    def _show_frames(self, frames: Sequence[FrameKey]) -> None:
        here = self.frame if hasattr(self, "frames") else None
        self.frames = frames
        virtual = isinstance(frames, VideoFrames)
        listed = () if virtual else enumerate(frames)
        self._numbers = {frame: number for number, frame in listed}
        if here is not None:
            self.at = self.number_of(here) or 0

    def _let_go(self, frame: FrameKey) -> None:
        """Take note that somebody has looked at a frame, whether he labelled it."""
        self.suggested = tuple(other for other in self.suggested if other != frame)

    def _seen_in(self, frame: FrameKey) -> Predictions | None:
        return self.predictions if frame[:4] == self.video else None

    def _place_of(self, problem: Problem) -> Place:
        return self.frames[problem.frame], problem.bodypart

    def _is_done(self, frame: FrameKey) -> bool:
        states = [self.draft[frame, name].state for name in self.bodyparts]
        every = all if self.predictions is None else any
        return every(state is not State.ABSENT for state in states)

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
