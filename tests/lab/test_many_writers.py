"""Many people write at once, each with a lab of their own; nothing is lost or doubled.

Environment
-----------
LABDATA_NAPARI_WRITERS_SECONDS
    How long eight writers go on, on both kinds of server; 10 s when not given.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from embedded_servers import wait_until
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import WriteConflict
from labdata_napari.lab.files import Files
from labdata_napari.lab.lab import Lab
from labdata_napari.lab.rows import fetched
from labelling import add_video, frames_of, stored_labels
from labs import add_brain, add_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WRITERS = 8
SECONDS = float(os.environ.get("LABDATA_NAPARI_WRITERS_SECONDS", "10"))
COUNT = "count"


class Retries(logging.Handler):
    """Counts what was begun again, by thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.counts[str(record.threadName).split("-")[0]] += 1


@pytest.fixture
def retries() -> Iterator[Counter[str]]:
    logger = logging.getLogger("labdata_napari.lab.writing")
    handler = Retries()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.counts
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def all_at_once(work: Callable[[int], None], name: str) -> None:
    """Run it in a thread for each writer; raise what any of them raised."""
    start = threading.Barrier(WRITERS)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(n,), name=f"{name}-{n}")
        for n in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_numbers_given_to_many_at_once_are_distinct_and_without_gaps(
    lab: Any, connect_again: Callable[..., Any], retries: Counter[str]
) -> None:
    give_numbers(lab, connect_again)
    print(f"{lab.connection.adapter.backend}: begun again {dict(retries)}")


WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock'",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx "
    "WHERE trx_state = 'LOCK WAIT'",
}


def number_after_waiting(place: Any, lab: Any, other: Any) -> int:
    """Add parameters while another, whom it has to wait for, adds some before."""
    brain = add_brain(lab)
    lab.FixedBrainTransformParameters.heading  # noqa: B018  (read beforehand)
    parameters = TransformParameters(cast="uint8")
    given: list[int] = []

    def work() -> None:
        given.append(other.brains.add_transform_parameters(brain, parameters))

    thread = threading.Thread(target=work, name="waiting")
    with lab.connection.transaction:
        fetched(lab.FixedBrain & brain, locked=True)
        thread.start()
        # MariaDB answers from its memory when it was asked in the last 0.1 s, be it by
        # the test before
        time.sleep(0.2)
        wait_until(lambda: place.sql(WAITING[place.backend])[0][0] > 0, pause=0.2)
        lab.FixedBrainTransformParameters.insert1(brain | {"transform_id": 0})
    thread.join()
    return given[0]


def test_what_others_wrote_while_one_waited_for_them_is_seen(
    lab_place: Any, connect_again: Callable[..., Any], retries: Counter[str]
) -> None:
    assert number_after_waiting(lab_place, connect_again(), connect_again()) == 1
    assert not retries


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_a_server_that_refuses_snapshots_grown_old_is_asked_again(
    lab_place: Any, connect_again: Callable[..., Any], retries: Counter[str]
) -> None:
    # as newer ones do unasked; it holds for connections made from now on
    lab_place.sql("SET GLOBAL innodb_snapshot_isolation = ON")
    try:
        one, other = connect_again(), connect_again()
        assert number_after_waiting(lab_place, one, other) == 1
    finally:
        lab_place.sql("SET GLOBAL innodb_snapshot_isolation = OFF")
    assert retries == {"waiting": 1}


def give_numbers(lab: Any, connect_again: Callable[..., Any]) -> None:
    brain = add_brain(lab)
    labs = [connect_again() for _ in range(WRITERS)]
    given: dict[str, list[int]] = {"parameters": [], "label sets": []}

    def work(number: int) -> None:
        mine = labs[number]
        for turn in range(4):
            ratio = 1 / (2 + turn + 4 * number)
            parameters = TransformParameters(downsample=(ratio, 1, ratio, ratio))
            given["parameters"].append(
                mine.brains.add_transform_parameters(brain, parameters)
            )
            given["label sets"].append(
                mine.poses.create_label_set(f"{number} {turn}", "ana")
            )

    all_at_once(work, "numbers")
    expected = list(range(4 * WRITERS))
    assert {kind: sorted(numbers) for kind, numbers in given.items()} == {
        "parameters": expected,
        "label sets": expected,
    }
    stored = lab.FixedBrainTransformParameters.to_arrays("transform_id")
    assert sorted(stored.tolist()) == expected
    assert len(lab.PoseEstimationLabelSet()) == len(expected)


class Writer:
    """Somebody who annotates and labels as fast as it goes, and keeps a ledger.

    Each save also changes an annotation and a label that all share: it counts one
    further in the one, and puts the other where it has never been. Who overwrote
    another's would lose a count, or leave a place that nobody moved it away from.
    """

    def __init__(self, number: int, lab: Any, key: dict[str, Any], set_: int) -> None:
        self._random = random.Random(number)
        self._own = itertools.count(1 + number, WRITERS)
        self._name = f"w{number}"
        self._lab = lab
        self._key = key
        self._set = set_
        self.annotations: dict[str, list[list[float]]] = {}
        self.labels: dict[tuple[int, str], tuple[float, float, None]] = {}
        self.moves: dict[float, float] = {}
        self.saves: Counter[str] = Counter()
        self.conflicts: Counter[str] = Counter()

    def save_both(self, frame: FrameKey, shared: FrameKey) -> None:
        """Save annotations, then labels that were open all the while.

        So others have saved labels since, however the server makes them queue.
        """
        opened = self._lab.poses.load_labels(self._set)
        self._annotate()
        self._label(opened, frame, shared)

    def _annotate(self) -> None:
        baseline = self._lab.brains.load_annotations(self._key)
        edit = self._next_edit()
        while True:
            count = baseline[COUNT].points + np.array([[1, 0, 0]])
            edited = edit(baseline.with_points(COUNT, count))
            try:
                self._lab.brains.save_annotations(self._key, baseline, edited)
            except WriteConflict as conflict:
                self.conflicts["annotations"] += 1
                baseline = conflict.theirs
                continue
            break
        self.saves["annotations"] += 1

    def _next_edit(self) -> Callable[[AnnotationSet], AnnotationSet]:
        """Add one of my own, move one, or remove one."""
        points = [[self._random.random() * 100 for _ in "zyx"] for _ in range(3)]
        mine = sorted(self.annotations)
        if len(mine) > 3:
            name = self._random.choice(mine)
            if self._random.random() < 0.5:
                del self.annotations[name]
                return lambda shown: shown.removed(name)
            self.annotations[name] = points
            return lambda shown: shown.with_points(name, points)
        name = f"{self._name} {self.saves['annotations']}"
        self.annotations[name] = points
        return lambda shown: shown.with_added(Annotation(name, "", points))

    def _label(self, baseline: PoseLabels, frame: FrameKey, shared: FrameKey) -> None:
        x, y = (float(np.float32(self._random.random() * 1000)) for _ in "xy")
        part = self._random.choice(("nose", "tail"))
        there = float(next(self._own))
        gone = (frame.frame_num, part) in self.labels and self._random.random() < 0.3
        while True:
            edited = baseline.placed(shared, COUNT, there, 0)
            edited = (
                edited.removed(frame, part)
                if gone
                else edited.placed(frame, part, x, y)
            )
            try:
                self._lab.poses.save_labels(self._set, baseline, edited)
            except WriteConflict as conflict:
                self.conflicts["labels"] += 1
                baseline = conflict.theirs
                continue
            break
        self.moves[baseline[shared, COUNT].x] = there
        self.saves["labels"] += 1
        place = (frame.frame_num, part)
        self.labels.pop(place, None)
        if not gone:
            self.labels[place] = (x, y, None)


def way_through(writers: list[Writer]) -> float:
    """Follow the shared label from 0 through every move of everybody, to its end."""
    moves = [move for writer in writers for move in writer.moves.items()]
    onward = dict(moves)
    assert len(onward) == len(moves)
    place = 0.0
    for _ in moves:
        place = onward[place]
    assert place not in onward
    return place


def write_for(seconds: float, place: Any, store: Path, told: dict[str, str]) -> None:
    """Let all writers loose on one server, and look what is there in the end."""

    def connect() -> Any:
        return Lab(
            place.instance(), "mysql://test@host:3306", "lab_data", None, Files([store])
        )

    lab = connect()
    key = add_transform(lab, add_brain(lab))
    zero = AnnotationSet((Annotation(COUNT, "", [[0, 0, 0]]),))
    lab.brains.save_annotations(key, AnnotationSet(), zero)
    shared, *frames = frames_of(add_video(lab), range(WRITERS + 1))
    set_ = lab.poses.create_label_set("shared")
    lab.poses.add_frames(set_, {}, PoseLabels().placed(shared, COUNT, 0, 0))
    writers = [Writer(n, connect(), key, set_) for n in range(WRITERS)]
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < until:
            writers[number].save_both(frames[number], shared)

    all_at_once(work, place.backend)
    saves = sum((w.saves for w in writers), Counter())
    conflicts = sum((w.conflicts for w in writers), Counter())
    told[place.backend] = f"{dict(saves)} saved, {dict(conflicts)} conflicts"

    expected = {COUNT: [[float(saves["annotations"]), 0.0, 0.0]]}
    for writer in writers:
        expected |= writer.annotations
    rows = (lab.FixedBrainTransformAnnotation & key).to_dicts()
    assert len(rows) == len(expected)
    assert {r["annotation_name"]: r["xyz"].tolist() for r in rows} == expected
    labels = stored_labels(lab, set_)
    last = labels.pop((shared.frame_num, COUNT))
    assert last == (way_through(writers), 0.0, None)
    assert labels == {k: v for writer in writers for k, v in writer.labels.items()}
    assert min(saves.values()) > WRITERS
    assert conflicts["annotations"]
    assert conflicts["labels"]


@pytest.mark.mysql
def test_eight_writers_at_once_lose_nothing_and_duplicate_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, retries: Counter[str]
) -> None:
    places = []
    for backend in ("postgresql", "mysql"):
        with contextlib.suppress(pytest.skip.Exception):  # no MariaDB here
            server = request.getfixturevalue(f"{backend}_server")
            places.append(server.with_tables())
            request.addfinalizer(places[-1].close)
    errors: list[BaseException] = []
    told: dict[str, str] = {}

    def write(place: Any) -> None:
        try:
            write_for(SECONDS, place, tmp_path, told)
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    # both servers at the same time
    threads = [threading.Thread(target=write, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{told}, begun again {dict(retries)}")
    if errors:
        raise errors[0]
