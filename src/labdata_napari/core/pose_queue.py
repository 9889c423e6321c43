"""The problems that a person walks through: which are left, and which comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import Place, PoseDraft
from labdata_napari.core.pose_predictions import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_problems import Problem


class ProblemQueue:
    """Problems by rank, those of a frame together.

    One is over when its label is no longer as it was when the problem was found, or
    when somebody said that it is right.

    Parameters
    ----------
    problems
        The surest first.
    place_of
        Where each is.
    draft
        The working copy in which, or beside which, they were found.
    """

    def __init__(
        self,
        problems: Sequence[Problem] = (),
        place_of: Callable[[Problem], Place] | None = None,
        draft: PoseDraft | None = None,
    ) -> None:
        self._draft = PoseDraft() if draft is None else draft
        by_frame: dict[int, list[Problem]] = {}
        for problem in problems:
            by_frame.setdefault(problem.frame, []).append(problem)
        self.problems = tuple(each for found in by_frame.values() for each in found)
        places = [] if place_of is None else [place_of(each) for each in self.problems]
        self.places: tuple[Place, ...] = tuple(places)
        self._numbers: dict[Place, list[int]] = {}
        for number, place in enumerate(self.places):
            self._numbers.setdefault(place, []).append(number)
        self._over: set[Place] = set()
        self._right: set[Place] = set()
        self.current: int | None = None
        """Which is looked at."""

    def __len__(self) -> int:
        return len(self.problems)

    def is_open(self, number: int) -> bool:
        """Whether a problem is left."""
        place = self.places[number]
        return place not in self._over and place not in self._right

    @property
    def left(self) -> int:
        """How many problems are left."""
        gone = self._over | self._right
        return len(self.problems) - sum(len(self._numbers[place]) for place in gone)

    def of_place(self, place: Place) -> Problem | None:
        """Return the problem of a place that is left, if there is one."""
        for number in self._numbers.get(place, ()):
            if self.is_open(number):
                return self.problems[number]
        return None

    def note(self, draft: PoseDraft, places: Iterable[Place]) -> bool:
        """Take note that labels at some places changed; whether that ends one."""
        changed = False
        for place in places:
            if place not in self._numbers:
                continue
            changed = True
            if draft[place] == self._draft[place]:
                self._over.discard(place)
            else:
                self._over.add(place)
        return changed

    def say_right(self, places: Iterable[Place]) -> None:
        """Take the problems of some places out."""
        self._right |= self._numbers.keys() & set(places)

    def step(self, way: int) -> int | None:
        """Go to the next open problem, or the one before; its number.

        After the last comes the first.
        """
        count = len(self.problems)
        if not count:
            return None
        start = self.current
        if start is None:
            start = -1 if way > 0 else count
        for away in range(1, count + 1):
            number = (start + way * away) % count
            if self.is_open(number):
                self.current = number
                return number
        return None


def predictions_of_labels(
    labels: PoseLabels, frames: Sequence[FrameKey], bodyparts: Sequence[str]
) -> Predictions:
    """Give the labels of some frames as predictions, to look for problems in them.

    Frames of a label set do not follow each other, so only what compares the body
    parts of one frame makes sense: distances and the posture.
    """
    wanted = PoseLabels(tuple(bodyparts), tuple(frames))
    return Predictions.of(bodyparts, wanted.with_values_of(labels).xyz[..., :2])
