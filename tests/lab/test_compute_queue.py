"""The queue of computations, and what is kept of it for another start; no window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import Cancelled, InvalidValue, WriteRefused
from labdata_napari.lab.compute_queue import ComputeQueue, State
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.lab.queue_file import Left, QueueFile, sentence
from labs import KEY

LAB = ("embedded:/lab", "lab_data", None)
HALF = TransformParameters(downsample=(1, 1, 0.5, 0.5), crop=((0, 5), None, None, None))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def words(queue: ComputeQueue) -> list[str]:
    return [one.words for one in queue.computations]


def test_one_after_the_other_with_a_line_for_each() -> None:
    clock = Clock()
    queue = ComputeQueue(clock=clock)
    done: list[str] = []
    queue.finished.connect(lambda one: done.append(one.name))
    first = queue.add(KEY | {"transform_id": 0}, "first")
    second = queue.add(KEY, "second", parameters=HALF)
    assert queue.add(KEY | {"transform_id": 0}, "first again") == first
    assert queue.next_due() == queue[first]
    queue.begun(first)
    assert queue.next_due() is None
    assert words(queue) == ["running 0 %", "waiting"]
    clock.now += 30
    queue.progressed(first, 1, 3)
    assert words(queue)[0] == "running 33 %, 2 min left"
    queue.progressed(first, 0, 0)
    assert words(queue)[0] == "being computed by another program"
    clock.now += 1000  # those do not count
    queue.progressed(first, 1, 2)
    clock.now += 10
    queue.progressed(first, 3, 4)
    assert words(queue)[0] == "running 75 %, 4 s left"
    queue.ended(first, KEY | {"transform_id": 0}, None)
    assert (words(queue), done) == (["done", "waiting"], ["first"])
    assert queue.next_due() == queue[second]
    queue.begun(second)
    queue.ended(second, None, InvalidValue("The crop leaves nothing."))
    assert words(queue) == ["done", "failed: The crop leaves nothing."]
    assert queue.unfinished == ()


def test_cancelled_tried_again_and_forgotten() -> None:
    queue = ComputeQueue()
    asked: list[int] = []
    queue.stop_asked.connect(asked.append)
    running, waiting = (queue.add({"n": n}, f"{n}") for n in range(2))
    queue.begun(running)
    queue.cancel(waiting)
    queue.cancel(running)
    queue.cancel(running)
    queue.progressed(running, 1, 2)
    assert asked == [running]
    assert words(queue) == ["stopping", "cancelled; nothing was kept"]
    assert queue.next_due() is None  # the engine is not free yet
    queue.ended(running, None, Cancelled("stopped"))
    queue.again(running)
    assert [one.number for one in queue.computations] == [waiting, running]
    assert queue.next_due() == queue[running]
    queue.forget(running)  # it is not over
    queue.forget(waiting)
    assert [one.number for one in queue.computations] == [running]
    assert queue[running].state is State.WAITING


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidValue, match="left, right or both"):
        ComputeSettings(hemisphere="left half")
    with pytest.raises(InvalidValue, match="standard, linear or labdata"):
        ComputeSettings(mode="fast")
    for threads in (0, 1.5, "2"):
        with pytest.raises(InvalidValue, match="one thread"):
            ComputeSettings(threads=threads)


_LEAVES = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_compute_queue import left
from labdata_napari.lab.queue_file import QueueFile
file = QueueFile(Path(sys.argv[1]))
file.keep([left("running", was_running=True)])
file.keep([left("running", was_running=True), left("waiting")])
print(os.listdir(sys.argv[1]), flush=True)
os.kill(os.getpid(), 9)
"""


def left(
    name: str, lab: tuple[str, str, None] = LAB, was_running: bool = False
) -> Left:
    settings = ComputeSettings(hemisphere="left")
    return Left(lab, dict(KEY), name, HALF, settings, was_running)


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_what_a_killed_window_left_is_offered_once(tmp_path: Path) -> None:
    here = Path(__file__).parent
    words = [sys.executable, "-c", _LEAVES, str(tmp_path), str(here), str(here.parent)]
    assert subprocess.run(words, check=False, capture_output=True).returncode == -9
    mine, theirs = QueueFile(tmp_path), QueueFile(tmp_path)
    assert mine.left_behind(("embedded:/other", "lab_data", None)) == ()
    found = mine.left_behind(LAB)
    assert found == (left("running", was_running=True), left("waiting"))
    assert sentence(found) == (
        "napari ended while it computed running, and waiting waited."
    )
    assert theirs.left_behind(LAB) == ()
    mine.close()  # undecided: it is offered again
    assert theirs.left_behind(LAB) == found
    theirs.keep([left("running")])
    theirs.settle()
    assert len(list(tmp_path.glob("*.json"))) == 1
    assert mine.left_behind(LAB) == ()  # it is being computed
    theirs.keep([])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_no_offer(tmp_path: Path) -> None:
    (tmp_path / "1-a.json").write_text('[{"lab": 3}]')
    (tmp_path / "1-b.json").write_bytes(b"\xff\xfe")
    assert QueueFile(tmp_path).left_behind(LAB) == ()
    assert sentence(()) == ""


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    file = QueueFile(tmp_path / "file" / "below")
    with pytest.raises(WriteRefused, match="cannot be kept for another start"):
        file.keep([left("one")])
