"""What is far away is drawn when it arrives; the thread that draws never waits."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from far_files import FarFile
from labdata_napari.core.awaited import Awaited
from labdata_napari.core.lazy import LazyArray, decoded_bytes
from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import ConnectionLost
from stack_files import labdata_zip

BRAIN = np.random.default_rng(3).integers(0, 4000, (60, 1, 128, 128)).astype(np.uint16)


@pytest.fixture
def far(tmp_path):
    return FarFile(labdata_zip(tmp_path / "b.zarr.zip", BRAIN))


def arrivals():
    told, came = [], threading.Event()

    def arrived(error):
        told.append(error)
        came.set()

    return told, came, arrived


@pytest.mark.alone
def test_zeros_first_then_what_arrived(far):
    view = open_stack(far).channel_view(0)
    told, came, arrived = arrivals()
    shown = LazyArray.of(Awaited(view, arrived))
    assert (shown.shape, shown.dtype, shown.chunks) == (
        view.shape,
        view.dtype,
        view.chunks,
    )
    assert decoded_bytes(shown[30]) == decoded_bytes(view[30])
    far.gate.clear()
    began = time.perf_counter()
    assert not np.asarray(shown[30]).any()
    assert time.perf_counter() - began < 0.05
    far.gate.set()
    assert came.wait(10)
    assert told == [None]
    far.asked.clear()
    np.testing.assert_array_equal(np.asarray(shown[30]), BRAIN[30, 0])
    assert far.asked == []


def test_other_threads_wait_for_it(far):
    _, _, arrived = arrivals()
    shown = LazyArray.of(Awaited(open_stack(far).channel_view(0), arrived))
    found = []
    reading = threading.Thread(target=lambda: found.append(np.asarray(shown[:, 60])))
    reading.start()
    reading.join(10)
    np.testing.assert_array_equal(found[0], BRAIN[:, 0, 60])


def test_what_nobody_looks_at_any_more_is_not_fetched(far):
    told, _, arrived = arrivals()
    shown = LazyArray.of(Awaited(open_stack(far).channel_view(0), arrived))
    far.asked.clear()
    far.gate.clear()
    for section in range(20, 60):
        np.asarray(shown[section])
        time.sleep(0.002)
    far.gate.set()
    for _ in range(200):
        if np.asarray(shown[59]).any():
            break
        time.sleep(0.02)
    np.testing.assert_array_equal(np.asarray(shown[59]), BRAIN[59, 0])
    assert len(told) <= 4


def test_a_failure_is_told_and_may_pass(far):
    told, came, arrived = arrivals()
    shown = LazyArray.of(Awaited(open_stack(far).channel_view(0), arrived))
    far.broken = True
    assert not np.asarray(shown[30]).any()
    assert came.wait(10)
    (error,) = told
    assert isinstance(error, ConnectionLost)
    far.broken = False
    came.clear()
    np.asarray(shown[30])
    assert came.wait(10)
    np.testing.assert_array_equal(np.asarray(shown[30]), BRAIN[30, 0])
