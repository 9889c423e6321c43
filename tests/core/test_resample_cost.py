"""A transform reads each chunk once, in little memory, and ends when it is told to."""

from __future__ import annotations

import threading
import tracemalloc
from dataclasses import replace

import pytest

from labdata_napari.core import resample, sampling
from labdata_napari.core.exact import exact_slabs
from labdata_napari.core.resample import plane, slabs
from labdata_napari.core.threads import Part, Step, counted
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import Cancelled, InvalidValue, WriteRefused
from resampling import SLANTED, Chunked, Endless, noise, whole


def test_every_chunk_is_read_once_and_only_where_it_is_needed():
    stack = Chunked(noise((40, 4, 60, 50)), (4, 2, 60, 50))
    parameters = TransformParameters(
        downsample=(0.4, 1, 0.5, 0.5),
        rotate=(1, 2, 3, True, True),
        crop=((9, None), (2, None), None, None),
        transpose=(3, 1, 2, 0),
    )
    whole(stack, plan(stack.shape, None, parameters), threads=2)
    assert set(stack.touched.values()) == {1}
    assert {c for _, c, _, _ in stack.touched} == {1}
    assert max(z for z, _, _, _ in stack.touched) == 9
    cropped = Chunked(stack.array, stack.chunks)
    whole(cropped, plan(stack.shape, None, parameters), order=1)
    assert 2 <= min(z for z, _, _, _ in cropped.touched) <= 5


def test_memory_does_not_grow_with_the_number_of_frames(monkeypatch, tmp_path):
    # What NumPy works with would hide what a stack of this size may take; and small
    # stacks stay below the usual bounds: lower them, so that they matter here.
    pytest.importorskip("numba")
    monkeypatch.setattr(resample, "_SLAB_BYTES", 1 << 15)
    monkeypatch.setattr(sampling, "WINDOW_BYTES", 1 << 20)

    def peak(frames: int) -> int:
        stack = Endless(frames, 192)
        geometry = plan(stack.shape, None, SLANTED)
        options = {"memory": 1 << 20, "threads": 2, "folder": tmp_path}
        options["engine"] = "numba"
        tracemalloc.start()
        lit = sum(bool(slab.any()) for slab in slabs(stack, geometry, **options))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert lit
        return used

    peak(200)  # what is only made once
    small = max(peak(200) for _ in range(2))  # threads do not always meet
    large = min(peak(800) for _ in range(3))  # what grows with them is in each
    assert large < 1.15 * small + 600 * 2048  # lists of frames and planes
    assert large < 800 * 192 * 192 * 2


@pytest.mark.parametrize("step", [1, 6, 25])
def test_a_cancelled_run_ends_with_its_threads_and_its_file(step, tmp_path):
    stack = Chunked(noise((60, 1, 64, 64)), (4, 1, 64, 64))
    geometry = plan(stack.shape, None, SLANTED)

    def stop(done: int, total: int) -> None:
        assert total > 25
        if done == step:
            raise Cancelled("stopped")

    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as small:
        small.setattr(resample, "_SLAB_BYTES", 700)
        with pytest.raises(Cancelled):
            list(slabs(stack, geometry, stop, memory=0, folder=tmp_path))
    assert set(threading.enumerate()) <= before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", ["in memory", "in a file", "read again", "labdata"])
def test_a_cancel_is_heard_within_a_slab(way, tmp_path):
    stack = Chunked(noise((48, 1, 100, 100)), (4, 1, 100, 100))
    parameters = TransformParameters(rotate=(0, 0, 3.5, False, False))
    options = {"memory": 0 if way in ("in a file", "read again") else 1 << 30}
    if way == "in a file":
        parameters = replace(parameters, transpose=(2, 1, 0, 3))
    geometry = plan(stack.shape, None, parameters)

    def pieces(progress):
        if way == "labdata":
            return exact_slabs(stack.array, parameters, progress, folder=tmp_path)
        return slabs(stack, geometry, progress, folder=tmp_path, **options)

    told = []

    def note(done: int, total: int) -> None:
        told.append((done, total))

    whole_slabs = list(pieces(note))
    total = told[0][1]
    assert told == [(k, total) for k in range(1, total + 1)]
    assert len(whole_slabs) == 1
    assert total >= len(stack.array) + 4  # frames, and parts of the slab

    def stop(done: int, total: int) -> None:
        if done == total - 1:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        next(pieces(stop))
    assert not list(tmp_path.iterdir())


def test_work_that_nobody_waits_for_any_more_ends_with_its_next_step():
    made, turn = [], threading.Semaphore(1)

    def work(job: int, step: Step) -> int:
        for k in range(100):
            assert turn.acquire(timeout=10)
            made.append((job, k))
            step()
        return job

    def tell() -> None:
        if len(made) == 5:
            turn.release(2)
            raise Cancelled("stopped")
        turn.release()

    with pytest.raises(Cancelled, match="stopped"):
        list(counted(work, range(2), 1, tell))
    assert len(made) <= 7


def test_a_job_tells_as_many_steps_as_were_announced():
    def work(amounts: list[float], step: Step) -> None:
        part = Part(1.0, 7, step)
        for amount in amounts:
            part(amount)
        part.end()

    jobs = [[1.0], [0.1] * 10, [0.3, 0.3], [], [2.0], [0.01] * 100]
    told = []
    assert [j for j, _ in counted(work, jobs, 2, lambda: told.append(1))] == jobs
    assert len(told) == 7 * len(jobs)


def test_slabs_that_are_not_used_up_end_with_their_threads():
    stack = noise((60, 1, 64, 64))
    before = set(threading.enumerate())
    pieces = slabs(stack, plan(stack.shape, None, SLANTED))
    next(pieces)
    pieces.close()
    assert set(threading.enumerate()) <= before


def test_progress_counts_to_its_total():
    steps = []
    stack = noise((30, 1, 40, 40))
    geometry = plan(stack.shape, None, SLANTED)
    list(slabs(stack, geometry, lambda done, total: steps.append((done, total))))
    total = steps[0][1]
    assert steps == [(k, total) for k in range(1, total + 1)]


def test_an_error_of_the_source_comes_through():
    class Broken(Chunked):
        def __getitem__(self, key):
            if key[0].start > 30:
                raise OSError("bad sector")
            return super().__getitem__(key)

    stack = Broken(noise((60, 1, 32, 32)), (4, 1, 32, 32))
    with pytest.raises(OSError, match="bad sector"):
        list(slabs(stack, plan(stack.shape, None, SLANTED)))


def test_a_missing_temporary_folder_is_told_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(resample, "_SLAB_BYTES", 500)
    stack = noise((30, 1, 40, 40))
    geometry = plan(stack.shape, None, SLANTED)
    with pytest.raises(WriteRefused, match="temporary file"):
        list(slabs(stack, geometry, memory=0, folder=tmp_path / "nowhere"))


def test_a_stack_of_another_shape_or_a_plane_that_is_not_there_is_refused():
    stack = noise((5, 1, 6, 7))
    geometry = plan(stack.shape, None, TransformParameters())
    with pytest.raises(InvalidValue, match="planned for"):
        plane(stack[:4], geometry, 0)
    with pytest.raises(InvalidValue, match="no plane 5"):
        plane(stack, geometry, 5)
    with pytest.raises(InvalidValue, match="no plane -1"):
        plane(stack, geometry, -1)
    with pytest.raises(InvalidValue, match="order must be"):
        plane(stack, geometry, 0, order=2)
