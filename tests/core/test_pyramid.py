from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from labdata_napari.core.halving import Reducer, area_means, area_weights, level_shapes
from labdata_napari.core.pyramid import (
    SUFFIX,
    build_pyramid,
    first_fast_level,
    multiscale,
    open_pyramid,
    pyramid_for,
    trim_cache,
    wants_pyramid,
)
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    UnreadableFile,
    WriteRefused,
)
from stack_files import labdata_zip


def volume(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 4000, shape).astype(np.uint16)


@pytest.fixture
def brain(tmp_path):
    array = volume((70, 2, 150, 260))
    path = labdata_zip(tmp_path / "brain.zarr.zip", array)
    return open_stack(path, um_per_pixel=(10, 10, 10)), array


def block_mean(array, factors):
    counts = [n // f for n, f in zip(array.shape, factors, strict=True)]
    pairs = list(zip(counts, factors, strict=True))
    cut = array[tuple(slice(n * f) for n, f in pairs)]
    split = [m for pair in pairs for m in pair]
    return cut.astype(float).reshape(split).mean(axis=tuple(range(1, 2 * cut.ndim, 2)))


@given(st.integers(1, 200))
def test_area_weights_keep_the_mean_and_the_centre(length):
    reduced = -(-length // 2)
    weights = area_weights(length, reduced).toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=0), reduced / length, rtol=1e-4)
    # A ramp of positions averages to where napari draws the coarse voxel's centre.
    factor = length / reduced
    centres = (np.arange(reduced) + 0.5) * factor - 0.5
    # Exact for even lengths; else a voxel cut by a border has its own centre.
    atol = 0.13 if length % 2 else 1e-4
    np.testing.assert_allclose(weights @ np.arange(length), centres, atol=atol)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(1, 12)] * 3), st.data())
def test_planes_pushed_one_by_one_give_the_area_means(shape, data):
    reduced = tuple(data.draw(st.sampled_from([n, -(-n // 2)])) for n in shape)
    array = volume(shape).astype(np.float32)
    reducer = Reducer(shape, reduced)
    done = [d for p in array for d in reducer.push(reducer.within_plane(p))]
    expected = array
    for axis in range(3):
        weights = area_weights(shape[axis], reduced[axis]).toarray()
        expected = np.moveaxis(np.tensordot(weights, expected, (1, axis)), 0, axis)
    assert len(done) == reduced[0]
    np.testing.assert_allclose(np.stack(done), expected, rtol=1e-4)


def test_isotropic_levels_halve_every_axis():
    shapes = level_shapes((320, 1024, 1023), (10, 10, 10))
    assert shapes[:3] == [(320, 1024, 1023), (160, 512, 512), (80, 256, 256)]
    assert max(shapes[-1]) <= 128


def test_sections_far_apart_are_not_merged_before_the_pixels_caught_up():
    shapes = level_shapes((100, 2000, 2000), (50, 5, 5))
    assert [s[0] for s in shapes[:4]] == [100, 100, 100, 100]
    assert shapes[4][0] == 50
    assert level_shapes((9, 4000, 4000), (1000, 1, 1))[-1][0] == 9


@settings(deadline=None)
@given(st.tuples(*[st.integers(1, 3000)] * 3), st.tuples(*[st.floats(0.1, 100)] * 3))
def test_levels_always_shrink_and_end(shape, um):
    shapes = level_shapes(shape, um)
    for finer, coarser in itertools.pairwise(shapes):
        assert coarser != finer
        assert all(1 <= b <= a for a, b in zip(finer, coarser, strict=True))


def test_the_finest_level_is_the_brain_voxel_for_voxel(brain, tmp_path):
    stack, array = brain
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    np.testing.assert_array_equal(np.asarray(levels[0]), array)
    assert levels[0].um_per_pixel == pytest.approx((10, 10, 10))


def test_coarser_levels_are_block_means(brain, tmp_path):
    stack, array = brain
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    assert [s.shape for s in levels] == [
        (70, 2, 150, 260), (35, 2, 75, 130), (18, 2, 38, 65),
    ]  # fmt: skip
    for channel in range(2):
        expected = block_mean(array[:, channel], (2, 2, 2))
        assert np.abs(levels[1][:, channel] - expected).max() <= 0.51
    assert levels[1].um_per_pixel == pytest.approx((20, 20, 20))
    mean = array.mean()
    assert np.asarray(levels[2]).mean() == pytest.approx(mean, rel=0.002)


def test_a_point_stays_in_place_in_every_level(tmp_path):
    array = np.zeros((97, 1, 301, 211), np.uint16)
    at = np.array([61.0, 240.0, 33.0])
    grid = np.indices((97, 301, 211)).transpose(1, 2, 3, 0)
    array[:, 0] = 60000 * np.exp(-(((grid - at) / 6) ** 2).sum(-1))
    path = labdata_zip(tmp_path / "b.zarr.zip", array)
    stack = open_stack(path, um_per_pixel=(10, 10, 10))
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    assert len(levels) >= 3
    for level in levels:
        voxels = level[:, 0].astype(float)
        index = np.indices(voxels.shape).reshape(3, -1)
        centre = (index * voxels.ravel()).sum(1) / voxels.sum()
        # napari: factor from the ratio of shapes, edges of levels aligned.
        factor = np.array(array.shape)[[0, 2, 3]] / voxels.shape
        np.testing.assert_allclose((centre + 0.5) * factor - 0.5, at, atol=0.05)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8", "bool"])
def test_every_type_of_voxel_has_a_pyramid(tmp_path, dtype):
    array = volume((6, 1, 140, 150))
    array = array > 2000 if dtype == "bool" else array.astype(dtype)
    stack = open_stack(labdata_zip(tmp_path / "b.zip", array))
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    assert {s.dtype for s in levels} == {array.dtype}
    np.testing.assert_array_equal(np.asarray(levels[0]), array)
    if dtype != "bool":
        mean = array.astype("f8").mean()
        assert np.asarray(levels[1]).astype("f8").mean() == pytest.approx(
            mean, rel=0.01
        )


def test_a_pyramid_is_an_ome_zarr_that_zarr_itself_reads(brain, tmp_path):
    stack, array = brain
    path = build_pyramid(stack, pyramid_for(tmp_path / "c", stack))
    group = zarr.open_group(zarr.storage.ZipStore(path, mode="r"), mode="r")
    described = group.attrs["ome"]["multiscales"][0]
    names = [d["path"] for d in described["datasets"]]
    np.testing.assert_array_equal(group[names[0]][:].transpose(1, 0, 2, 3), array)
    second = described["datasets"][1]["coordinateTransformations"]
    assert second[0]["scale"] == [1, 20, 20, 20]
    assert second[1]["translation"] == [0, 5, 5, 5]


def test_very_large_brains_leave_the_full_resolution_out(brain, tmp_path):
    stack, array = brain
    target = pyramid_for(tmp_path / "c", stack)
    levels = open_pyramid(build_pyramid(stack, target, full_resolution=False))
    assert levels[0].shape == (35, 2, 75, 130)
    channels = multiscale(stack, levels)
    assert [level.shape for level in channels[1]] == [
        (70, 150, 260), (35, 75, 130), (18, 38, 65),
    ]  # fmt: skip
    np.testing.assert_array_equal(np.asarray(channels[1][0][:, 8]), array[:, 1, 8])


def test_multiscale_gives_lazy_levels_of_each_channel(brain, tmp_path):
    stack, array = brain
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    channels = multiscale(stack, levels)
    assert len(channels) == 2
    for number, ladder in enumerate(channels):
        assert ladder[0].shape == (70, 150, 260)
        for key in ((5,), (slice(None), 77), (slice(None), slice(None), 100)):
            found = np.asarray(ladder[0][key])
            np.testing.assert_array_equal(found, array[:, number][key])


def test_multiscale_without_a_pyramid_is_the_stack_alone(brain):
    stack, _ = brain
    assert [len(ladder) for ladder in multiscale(stack)] == [1, 1]


def test_the_pyramid_of_another_brain_is_refused(brain, tmp_path):
    stack, _ = brain
    other = open_stack(labdata_zip(tmp_path / "o.zip", volume((9, 3, 300, 300))))
    levels = open_pyramid(build_pyramid(other, pyramid_for(tmp_path / "c", other)))
    with pytest.raises(UnreadableFile, match="not the pyramid"):
        multiscale(stack, levels)


def test_only_stacks_with_a_slow_direction_want_a_pyramid(tmp_path):
    small = open_stack(labdata_zip(tmp_path / "s.zip", volume((8, 1, 64, 64))))
    assert not wants_pyramid(small)
    made = zarr.create_array(
        tmp_path / "l.zarr", shape=(400, 2, 900, 900), chunks=(4, 1, 900, 900),
        dtype="u2", zarr_format=2,
    )  # fmt: skip
    made[:4] = 1
    large = open_stack(tmp_path / "l.zarr")
    assert wants_pyramid(large)
    assert first_fast_level([large.channel_view(0)]) is None
    assert not wants_pyramid(open_stack(tmp_path / "l.zarr", axes="TCYX"))


def test_a_pyramid_makes_every_direction_fast(tmp_path):
    made = zarr.create_array(
        tmp_path / "l.zarr", shape=(400, 1, 900, 900), chunks=(4, 1, 900, 900),
        dtype="u2", zarr_format=2,
    )  # fmt: skip
    made[100:110] = 1
    stack = open_stack(tmp_path / "l.zarr")
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path / "c", stack)))
    assert first_fast_level(multiscale(stack, levels)[0]) == 0


def test_progress_counts_planes_up_to_all(brain, tmp_path):
    told = []
    stack, _ = brain
    build_pyramid(
        stack, pyramid_for(tmp_path / "c", stack), lambda *step: told.append(step)
    )
    assert told[0] == (0, 140)
    assert told[-1] == (140, 140)
    assert told == sorted(told)


def test_cancelling_leaves_nothing(brain, tmp_path):
    def stop(done, total):
        if done:
            raise Cancelled("Stopped.")

    stack, _ = brain
    with pytest.raises(Cancelled):
        build_pyramid(stack, pyramid_for(tmp_path / "c", stack), stop)
    assert list((tmp_path / "c").iterdir()) == []


def test_a_broken_source_leaves_nothing(tmp_path):
    labdata_zip(tmp_path / "b.zip", volume((8, 1, 150, 150)))
    (tmp_path / "b.folder" / "1.0.0.0").write_bytes(b"rubbish")
    stack = open_stack(tmp_path / "b.folder")
    with pytest.raises(UnreadableFile):
        build_pyramid(stack, pyramid_for(tmp_path / "c", stack))
    assert list((tmp_path / "c").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused(brain, tmp_path):
    stack, _ = brain
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteRefused, match="cannot be written"):
        build_pyramid(stack, pyramid_for(tmp_path / "file" / "c", stack))


def test_a_write_that_fails_half_way_is_refused_and_leaves_nothing(brain):
    pytest.importorskip("resource", reason="file size limits are Unix only")
    stack, _ = brain
    script = multiprocessing.get_context("spawn")
    queue = script.Queue()
    worker = script.Process(target=_build_with_limit, args=(str(stack.path), queue))
    worker.start()
    message, left = queue.get(timeout=60)
    worker.join(30)
    assert "cannot be written" in message
    assert left == []


def _build_with_limit(path, queue):
    """Build where no file may grow beyond 100 kB, as on a disk that fills up."""
    import resource
    import signal
    from pathlib import Path

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    folder = Path(path).parent / "full"
    try:
        build_pyramid(open_stack(path), folder / f"x{SUFFIX}")
        queue.put(("nothing was raised", []))
    except WriteRefused as error:
        queue.put((str(error), [p.name for p in folder.iterdir()]))


def _build(path, target):
    build_pyramid(open_stack(path), target)


def test_two_processes_building_the_same_pyramid_leave_one_good_one(brain, tmp_path):
    stack, array = brain
    target = tmp_path / "c" / f"same{SUFFIX}"
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_build, args=(stack.path, target)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert list(target.parent.iterdir()) == [target]
    np.testing.assert_array_equal(np.asarray(open_pyramid(target)[0]), array)


def test_a_pyramid_that_exists_is_not_built_again(brain, tmp_path):
    stack, _ = brain
    target = build_pyramid(stack, pyramid_for(tmp_path / "c", stack))
    before = target.stat().st_ino
    assert build_pyramid(stack, target) == target
    assert target.stat().st_ino == before


def test_a_changed_file_and_other_axes_have_pyramids_of_their_own(brain, tmp_path):
    stack, array = brain
    first = pyramid_for(tmp_path, stack)
    assert (
        pyramid_for(tmp_path, open_stack(stack.path, um_per_pixel=(10,) * 3)) == first
    )
    assert pyramid_for(tmp_path, open_stack(stack.path, axes="CZYX")) != first
    shutil.rmtree(tmp_path / "brain.zarr.folder")
    labdata_zip(stack.path, array + 1)
    again = open_stack(stack.path, um_per_pixel=(10,) * 3)
    assert pyramid_for(tmp_path, again) != first


def test_a_stack_in_memory_has_no_place_for_a_pyramid(tmp_path):
    with pytest.raises(InvalidValue):
        pyramid_for(tmp_path, Stack(np.zeros((2, 1, 4, 4)), "ZCYX"))


def test_trimming_deletes_what_was_unused_for_longest(tmp_path):
    names = [tmp_path / f"{n}{SUFFIX}" for n in "abcd"]
    for age, path in enumerate(reversed(names)):
        path.write_bytes(b"x" * 1000)
        os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / "notes.txt").write_text("mine")
    # From the oldest: a, b, c, d.
    assert trim_cache(tmp_path, 2500, keep=[names[0]]) == [names[1], names[2]]
    assert sorted(p.name[0] for p in tmp_path.iterdir()) == ["a", "d", "n"]


def test_opening_a_pyramid_marks_it_as_used(brain, tmp_path):
    stack, _ = brain
    target = build_pyramid(stack, pyramid_for(tmp_path / "c", stack))
    other = tmp_path / "c" / f"other{SUFFIX}"
    other.write_bytes(b"x")
    os.utime(target, (1e9, 1e9))
    os.utime(other, (1.1e9, 1.1e9))
    open_pyramid(target)
    assert trim_cache(tmp_path / "c", target.stat().st_size) == [other]


def test_trimming_removes_what_a_killed_process_left_after_a_day(tmp_path):
    old, new = (tmp_path / f"{n}{SUFFIX}.{n}.part" for n in "ab")
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    assert trim_cache(tmp_path, 10**9) == [old]
    assert new.exists()


def test_a_damaged_pyramid_is_unreadable_not_wrong(brain, tmp_path):
    stack, _ = brain
    target = build_pyramid(stack, pyramid_for(tmp_path / "c", stack))
    os.truncate(target, target.stat().st_size // 2)
    with pytest.raises(UnreadableFile):
        open_pyramid(target)


def test_the_real_brain_has_a_pyramid(shared_data, tmp_path):
    path = shared_data / "mouse_brain_50um.zarr.zip"
    if not path.exists():
        pytest.skip("the mouse brain is not among the real data")
    stack = open_stack(path, um_per_pixel=(50, 50, 50))
    levels = open_pyramid(build_pyramid(stack, pyramid_for(tmp_path, stack)))
    assert [s.shape[0] for s in levels] == [270, 135, 68]
    np.testing.assert_array_equal(np.asarray(levels[0]), np.asarray(stack))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("length", [8, 9])
def test_means_along_an_axis_are_the_weighted_sums_to_the_last_bit(axis, length):
    shape = (length, 7, 2) if axis == 0 else (7, length, 2)
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    reduced = -(-length // 2)
    moved = np.moveaxis(values, axis, 0).reshape(length, -1)
    expected = area_weights(length, reduced) @ moved
    found = np.moveaxis(area_means(values, reduced, axis), axis, 0)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.reshape(reduced, -1), expected)
