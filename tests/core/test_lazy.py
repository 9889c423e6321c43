from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labdata_napari.core.chunk_cache import ChunkCache
from labdata_napari.core.lazy import LazyArray, decoded_bytes, gather


class ArrayReader:
    """A reader over an array in memory that notes which chunks are decoded."""

    def __init__(self, array, chunks):
        self.array = array
        self.chunks = chunks
        self.shape = array.shape
        self.dtype = array.dtype
        self.cache = ChunkCache()
        self.decoded = []

    def read(self, selection):
        return gather(selection, self.chunks, self.dtype, self.decode, self.cache)

    def decode(self, number):
        self.decoded.append(number)
        chunk = np.zeros(self.chunks, self.dtype)
        pairs = zip(number, self.chunks, strict=True)
        box = self.array[tuple(slice(n * c, (n + 1) * c) for n, c in pairs)]
        chunk[tuple(slice(n) for n in box.shape)] = box
        return chunk


@st.composite
def views_with_keys(draw):
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple))
    chunks = tuple(draw(st.integers(1, 8)) for _ in shape)
    array = np.arange(np.prod(shape)).reshape(shape)
    key = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    return array, LazyArray.of(ArrayReader(array, chunks)), key


@settings(max_examples=150, deadline=None)
@given(views_with_keys())
def test_any_basic_index_gives_what_numpy_gives(case):
    array, view, key = case
    expected = array[key]
    found = view[key]
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.asarray(found), expected)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_index_of_an_index_gives_what_numpy_gives(data):
    array, view, key = data.draw(views_with_keys())
    for _ in range(2):
        array, view = array[key], view[key]
        if not array.ndim or not array.size:
            break
        key = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True))
    np.testing.assert_array_equal(np.asarray(view), array)


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(4)))
def test_a_transposed_view_gives_what_numpy_gives(order):
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    view = LazyArray.of(ArrayReader(array, (2, 1, 3, 2)))
    expected = array.transpose(order)
    np.testing.assert_array_equal(np.asarray(view.transpose(order)), expected)
    np.testing.assert_array_equal(
        np.asarray(view.transpose(order)[1:, ::-1]), expected[1:, ::-1]
    )


def test_indexing_reads_nothing_and_converting_only_the_chunks_it_needs():
    reader = ArrayReader(np.arange(1000).reshape(10, 10, 10), (2, 5, 5))
    part = LazyArray.of(reader)[3, :, 2:4]
    assert reader.decoded == []
    np.asarray(part)
    assert sorted(reader.decoded) == [(1, 0, 0), (1, 1, 0)]
    assert decoded_bytes(part) == 2 * 2 * 5 * 5 * 8


def test_stepping_within_a_chunk_decodes_it_once():
    reader = ArrayReader(np.zeros((8, 4, 4)), (4, 4, 4))
    view = LazyArray.of(reader)
    for plane in range(4):
        np.asarray(view[plane])
    assert reader.decoded == [(0, 0, 0)]


def test_the_cache_never_holds_more_than_it_may():
    cache = ChunkCache(max_bytes=1000)
    for number in range(20):
        cache.put((number,), np.zeros(300, np.uint8))
    held = [n for n in range(20) if cache.get((n,)) is not None]
    assert held == [17, 18, 19]
    cache.put((99,), np.zeros(2000, np.uint8))
    assert cache.get((99,)) is None


def test_large_boxes_are_put_together_rightly_by_several_threads():
    array = np.random.default_rng(0).integers(0, 99, (40, 300, 300))
    reader = ArrayReader(array, (4, 100, 300))
    np.testing.assert_array_equal(np.asarray(LazyArray.of(reader)), array)
    assert len(reader.decoded) == len(set(reader.decoded)) == 30


def test_an_error_in_one_chunk_reaches_the_caller():
    def broken(number):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        gather((range(100), range(1000), range(100)), (1, 1000, 100), int, broken)


def test_wrong_indices_raise_as_in_numpy():
    view = LazyArray.of(ArrayReader(np.zeros((3, 4)), (3, 4)))
    for key in (3, -4, (0, 0, 0), (..., ...)):
        with pytest.raises(IndexError):
            view[key]


def test_lists_of_indices_and_masks_work_as_in_numpy():
    array = np.arange(12).reshape(3, 4)
    view = LazyArray.of(ArrayReader(array, (2, 2)))
    np.testing.assert_array_equal(view[[2, 0]], array[[2, 0]])
    np.testing.assert_array_equal(view[array > 5], array[array > 5])


def test_many_threads_read_the_same_array_rightly():
    array = np.random.default_rng(0).integers(0, 9999, (32, 64, 64))
    view = LazyArray.of(ArrayReader(array, (4, 16, 16)))
    wrong = []

    def work(seed):
        for plane in np.random.default_rng(seed).integers(0, 32, 30):
            if not np.array_equal(np.asarray(view[plane]), array[plane]):
                wrong.append(plane)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
