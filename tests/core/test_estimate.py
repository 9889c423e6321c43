"""What a transform is said to take, before it is started."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from labdata_napari.core.estimate import Speed, estimate, measured_speed, seconds_words
from labdata_napari.core.kernels import will_compile
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue


class Promise(NamedTuple):
    """As much of a stack as an estimate looks at."""

    shape: tuple[int, int, int, int]
    dtype: str = "uint16"
    chunks: tuple[int, int, int, int] | None = None


SMALL = Promise((400, 2, 1024, 1024), chunks=(4, 1, 1024, 1024))
LARGE = Promise((800, 2, 2048, 2048), chunks=(4, 1, 2048, 2048))
HUGE = Promise((3000, 2, 2900, 2900), chunks=(4, 1, 2900, 2900))
PARAMETERS = TransformParameters((0.4, 1, 0.4, 0.4), (2, -3, 5, False, True))


def of(stack: Promise, parameters: TransformParameters = PARAMETERS, **options):
    return estimate(stack, plan(stack.shape, (5, 2, 2), parameters), **options)


def test_it_says_what_the_result_will_be():
    told = of(SMALL)
    assert told.shape == (160, 2, 410, 410)
    assert told.um_per_pixel == pytest.approx((5 * 399 / 159, *[2 * 1023 / 409] * 2))
    assert told.voxel_bytes == 160 * 2 * 410 * 410 * 2
    assert 0 < told.file_bytes < told.voxel_bytes
    for said in ("160 × 2 × 410 × 410 voxels", "12.55 × 5.002 × 5.002 µm", " MB", " s"):
        assert said in told.words()


def test_more_to_do_takes_longer_and_memory_stays_bounded():
    small, large, huge = (of(stack) for stack in (SMALL, LARGE, HUGE))
    assert small.seconds < large.seconds / 4 < huge.seconds / 16
    assert huge.memory_bytes < 700e6
    assert large.scratch_bytes == 320 * 2 * 819 * 819 * 4  # float32, on disk
    assert small.scratch_bytes > 0
    assert of(SMALL, order=1).seconds < small.seconds
    still = TransformParameters((0.4, 1, 0.4, 0.4))
    assert of(SMALL, still).seconds < of(SMALL, order=1).seconds
    few = TransformParameters((0.4, 1, 0.4, 0.4), crop=((0, 9), (0, 1), None, None))
    assert of(LARGE, few).seconds < of(LARGE, still).seconds / 10
    assert of(LARGE, few).scratch_bytes == 0
    assert of(LARGE, threads=1).seconds > large.seconds


def test_compiled_kernels_are_faster_and_take_memory_of_their_own():
    plain, compiled = (of(LARGE, compiled=way) for way in (False, True))
    assert compiled.seconds < 0.6 * plain.seconds
    assert 60e6 < compiled.memory_bytes - plain.memory_bytes < 120e6
    assert compiled.scratch_bytes == plain.scratch_bytes
    tiny = Promise((30, 1, 40, 50))
    assert of(tiny, compiled=True).seconds > of(tiny, compiled=False).seconds
    assert of(LARGE) == (compiled if will_compile(8 * 400 * 2 << 20) else plain)


def test_the_speed_of_this_computer_and_of_the_last_run_count():
    told = of(LARGE)
    faster = Speed().after(told, told.seconds / 2, told.file_bytes // 2)
    again = of(LARGE, speed=faster)
    assert again.seconds == pytest.approx(told.seconds / 2, rel=0.02)
    assert again.file_bytes == pytest.approx(told.file_bytes / 2, rel=0.01)
    assert Speed.from_json(faster.to_json()) == faster
    assert Speed().after(told, 0.3) == Speed()  # start-up tells nothing
    for text in ("", "[]", "{}", '{"slowness": "a", "compression": 1}'):
        assert Speed.from_json(text) == Speed()
    assert Speed.from_json('{"slowness": 1e9, "compression": 1}').slowness == 20
    assert 0.05 <= measured_speed().slowness <= 20


def test_a_result_outside_of_the_stack_costs_little():
    away = TransformParameters(
        rotate=(0, 0, 90, False, False), crop=(None, None, (0, 9), (0, 9))
    )
    told = of(Promise((9, 1, 10, 4000)), away)
    assert told.scratch_bytes == 0
    assert told.seconds < 1


def test_what_cannot_be_transformed_has_no_estimate():
    with pytest.raises(InvalidValue, match="uint64"):
        of(Promise((4, 1, 5, 6), "uint64"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.1, "1 s"), (54.2, "55 s"), (59, "1 min"), (150, "3 min"), (4000, "1 h 7 min")],
)
def test_durations_in_words(seconds, said):
    assert seconds_words(seconds) == said


def test_every_kind_of_voxel_has_a_size():
    for dtype in ("uint8", "int16", "uint32", "float32", "float64"):
        told = of(Promise((30, 1, 40, 50), dtype))
        assert 0 < told.file_bytes <= told.voxel_bytes
        assert told.voxel_bytes == np.prod(told.shape) * np.dtype(dtype).itemsize
