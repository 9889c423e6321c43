"""Memory for chunks that is used again."""

from __future__ import annotations

import threading

import numpy as np

from labdata_napari.core.rooms import LEAST_BYTES, MOST, Rooms

SIZE = 3 * LEAST_BYTES


def address(room: np.ndarray) -> int:
    return room.__array_interface__["data"][0]


def test_memory_is_used_again_once_the_last_view_of_it_is_gone():
    rooms = Rooms()
    room = rooms.take(SIZE)
    first = address(room)
    view = room.view(np.uint16).reshape(-1, 4)[1:, 1:3]
    view[...] = 7
    del room
    other = rooms.take(SIZE)
    assert address(other) != first
    other[...] = 1
    assert (view == 7).all()
    del view
    again = rooms.take(SIZE - 5)
    assert address(again) == first
    assert again.size == SIZE - 5


def test_a_small_chunk_does_not_take_the_memory_of_a_large_one():
    rooms = Rooms()
    first = address(rooms.take(4 * SIZE))
    small = rooms.take(SIZE)
    assert small.size == SIZE
    assert address(rooms.take(4 * SIZE)) == first


def test_little_is_kept_that_nobody_uses_and_nothing_after_clearing():
    rooms = Rooms()
    many = [rooms.take(SIZE) for _ in range(MOST + 3)]
    addresses = [address(room) for room in many]
    while many:
        many.pop(0)
    assert [address(room) for room in rooms._free] == addresses[-MOST:]
    rooms.clear()
    assert not rooms._free


def test_memory_may_come_back_while_the_lock_is_held():
    rooms = Rooms()
    room = rooms.take(SIZE)
    first = address(room)
    with rooms._lock:  # as when garbage is collected within `take`
        del room
    assert address(rooms.take(SIZE)) == first


def test_threads_never_share_memory():
    rooms = Rooms()
    wrong = []

    def work(number: int) -> None:
        for _ in range(200):
            room = rooms.take(SIZE)
            room[::4096] = number
            if (room[::4096] != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
