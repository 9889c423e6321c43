"""Blobs that lie: refused with a sentence, in no time and no memory."""

from __future__ import annotations

import contextlib
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from datajoint import blob
from hypothesis import given, settings
from hypothesis import strategies as st

from labdata_napari.errors import InvalidValue
from labdata_napari.schema.blobs import unpacked


def u64(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def u32(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def nested(levels):
    inner = b"\xff"
    for _ in range(levels):
        inner = b"\2" + u64(1, len(inner)) + inner
    return b"dj0\0" + inner


LIES = {
    "nothing": b"",
    "words": b"hello" * 100,
    "a pickle": b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94.",
    "a kind and no value": b"mYm\0",
    "a bomb that says so": b"ZL123\0" + u64(10**12) + zlib.compress(bytes(10**7)),
    "a bomb that does not": b"ZL123\0"
    + u64(1000)
    + zlib.compress(b"mYm\0" + bytes(10**8)),
    "packed twice": b"ZL123\0" + u64(100) + zlib.compress(b"ZL123\0".ljust(100, b"\0")),
    "4e18 values to an axis": b"mYm\0A" + u64(3, 2**62, 2**62, 2**62) + u32(6, 0),
    "a million million axes": b"mYm\0A" + u64(2**40),
    "a product that overflows": b"mYm\0A" + u64(2, 2**32, 2**32) + u32(6, 0),
    "names without end": b"dj0\0F" + u32(2**32 - 1) + b"ab\0" * 3 + b"c",
    "fields without end": b"mYm\0S" + u64(1, 1) + u32(2**32 - 1) + b"ab\0" + b"c",
    "a list without end": b"dj0\0\2" + u64(2**60),
    "cells without end": b"mYm\0C" + u64(1, 2**40),
    "objects without end": b"dj0\0A" + u64(1, 2**40) + u32(5, 0),
    "a list in a list in a list": nested(20_000),
    "an unknown type": b"mYm\0A" + u64(1, 1) + u32(77, 0),
    "a set of lists": b"dj0\0\3" + u64(1, 9) + b"\2" + u64(0),
    "no number": b"dj0\0d" + u64(3) + b"xyz",
    "cut short": blob.pack(np.arange(6))[:-3],
    "a letter of no kind": b"mYm\0\x96" + bytes(9),
    "followed by more": blob.pack(np.arange(6)) + b"x",
    "text of the driver": "mYm",
    "a number of the driver": 10**12,
}

CODE = """
import resource, sys
sys.path[:0] = sys.argv[1:]
from test_blobs import LIES
from labdata_napari.errors import InvalidValue
from labdata_napari.schema.blobs import unpacked
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
for name, lie in LIES.items():
    try:
        unpacked(lie)
    except InvalidValue as error:
        assert "damaged (" in str(error) and len(str(error)) < 400, error
        assert str(error).isprintable() and "Upgrade" not in str(error), error
    else:
        raise SystemExit(f"{name} was believed")
print("refused", len(LIES))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_no_lie_is_believed_nor_takes_memory():
    run = [sys.executable, "-c", CODE, __file__.rpartition("/")[0]]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"refused {len(LIES)}\n", done.stderr[-2000:]


VALUES = [
    np.arange(6.0).reshape(2, 3),
    np.zeros(10**6),
    [1, 2.5, "x", None, {"a": (1, {2})}],
    np.array(["a", "bb"], object),
    "é" * 5000,
    True,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_what_datajoint_writes_reads_as_before(value):
    packed = blob.pack(value)
    for stored in (packed, memoryview(packed)):
        assert repr(unpacked(stored)) == repr(blob.unpack(packed))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_blob_is_read_or_refused_with_a_sentence(data):
    packed = bytearray(blob.pack(data.draw(st.sampled_from(VALUES))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(packed), 60) - 1))
        packed[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidValue):
        unpacked(bytes(packed))
