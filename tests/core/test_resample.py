"""The pixels of a transform: against scipy step by step, by landmarks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from labdata_napari.core import resample, sampling
from labdata_napari.core.resample import plane, prepare, slabs
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue
from resampling import Chunked, noise, whole
from transform_cases import labdata_chain, output_indices, random_case


def smooth(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """A brain without edges: what a camera that sees no detail would record."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=shape), (9, 0, 9, 9), mode="wrap")
    return (20000 + 10000 * field / np.abs(field).max()).astype(np.uint16)


# --- right ------------------------------------------------------------------------


def test_every_sample_of_a_ramp_is_its_own_coordinate():
    rng = np.random.default_rng(11)
    worst, samples = 0.0, 0
    for _ in range(30):
        shape, parameters = random_case(rng)
        geometry = plan(shape, None, parameters)
        axis = geometry.channel_axis
        source = geometry.points_to_source(output_indices(geometry.shape_out, axis))
        grid = np.array([shape[0], shape[2], shape[3]]) - 1
        inside = np.all((source > 1e-6) & (source < grid - 1e-6), axis=1)
        ramp = np.indices(shape, dtype=float)
        for k, ramp_axis in enumerate((0, 2, 3)):
            found = whole(ramp[ramp_axis], geometry, order=1)
            found = found.take(0, axis).ravel()
            error = np.abs(found - source[:, k])[inside]
            worst, samples = max(worst, error.max(initial=0)), samples + error.size
    assert worst <= 1e-9
    assert samples > 100_000


def test_smooth_stacks_come_out_as_labdata_computes_them():
    # Labdata rounds after each of its four interpolations and cuts the corners at
    # each rotation; away from the borders both must agree to 1 % of the contrast.
    rng = np.random.default_rng(5)
    compared = 0
    for seed in range(12):
        shape = (40, 2, 44, 48)
        angles = [float(a) for a in rng.uniform(-8, 8, 3)]
        parameters = TransformParameters(
            downsample=(0.5, 1, 0.6, 0.55),
            rotate=(*angles, bool(seed % 2), bool(seed % 3)),
            crop=((4, 15), None, (6, 20), (6, 20, 2)),
            transpose=tuple(int(a) for a in rng.permutation(4)),
        )
        stack = smooth(shape, seed)
        geometry = plan(shape, None, parameters)
        ours = whole(stack, geometry).astype(float)
        theirs = labdata_chain(stack, parameters).astype(float)
        assert ours.shape == theirs.shape
        valid = theirs > 0
        contrast = float(stack.max()) - float(stack.min())
        assert np.abs(ours - theirs)[valid].max() < 0.01 * contrast
        compared += int(valid.sum())
    assert compared > 10_000


def test_landmarks_are_where_the_plan_says():
    shape, sigma = (48, 2, 70, 64), 2.2
    centres = np.array([[14.3, 20.7, 17.2], [24.6, 36.1, 33.9], [31.8, 47.4, 44.6]])
    z, y, x = np.indices((shape[0], shape[2], shape[3]), dtype=float)
    volume = sum(
        np.exp(-((z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2) / (2 * sigma**2))
        for a, b, c in centres
    )
    stack = np.repeat((volume * 40000).astype(np.uint16)[:, None], 2, axis=1)
    rng = np.random.default_rng(4)
    errors = []
    for _ in range(25):
        angles = [float(a) for a in rng.uniform(-12, 12, 3)]
        flips = [bool(flip) for flip in rng.random(2) < 0.5]
        parameters = TransformParameters(
            downsample=(float(rng.uniform(0.5, 1)), 1, *rng.uniform(0.5, 1.1, 2)),
            rotate=(*angles, *flips),
            transpose=tuple(int(a) for a in rng.permutation(4)),
        )
        geometry = plan(shape, None, parameters)
        volume = whole(stack, geometry).take(1, geometry.channel_axis).astype(float)
        for expected in geometry.points_to_result(centres):
            errors.append(np.linalg.norm(centre_of_mass(volume, expected) - expected))
    assert max(errors) < 0.1


def centre_of_mass(volume: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Find a spot, starting from where it should be, with a soft window."""
    indices = np.indices(volume.shape, dtype=float)
    place = near
    for _ in range(8):
        distance = sum((i - p) ** 2 for i, p in zip(indices, place, strict=True))
        weight = volume * np.exp(-distance / (2 * 2.0**2))
        found = np.array([(weight * i).sum() / weight.sum() for i in indices])
        # The window pulls towards itself by half when spot and window are as wide.
        place = place + 2 * (found - place)
    return place


def test_small_bright_spots_keep_their_light_wherever_they_fall():
    rng = np.random.default_rng(8)
    shape = (40, 1, 60, 60)
    geometry = plan(shape, None, TransformParameters(downsample=(0.4, 1, 0.4, 0.4)))
    sums = []
    z, y, x = np.indices((40, 60, 60), dtype=float)
    for centre in rng.uniform(15, 25, (40, 3)):
        offsets = zip((z, y, x), centre, strict=True)
        distance = sum((axis - c) ** 2 for axis, c in offsets)
        spot = 30000 * np.exp(-distance / (2 * 0.8**2))
        sums.append(whole(spot.astype(np.float32)[:, None], geometry).sum())
    assert np.std(sums) / np.mean(sums) < 0.02


def test_nothing_to_do_gives_the_stack_itself():
    for dtype in ("uint8", "uint16", "int16", "int32"):
        stack = noise((5, 2, 7, 9), dtype)
        geometry = plan(stack.shape, None, TransformParameters())
        result = whole(stack, geometry)
        assert result.dtype == stack.dtype
        np.testing.assert_array_equal(result, stack)


def test_flips_crops_and_quarter_turns_move_voxels_untouched():
    stack = noise((12, 3, 12, 12))
    parameters = TransformParameters(
        rotate=(90, 180, -90, True, False),
        crop=((None, None, -2), (2, 0, -1), (1, 9), (3, None, 3)),
        transpose=(3, 2, 1, 0),
    )
    geometry = plan(stack.shape, None, parameters)
    np.testing.assert_array_equal(
        whole(stack, geometry), labdata_chain(stack, parameters)
    )


def test_what_lies_outside_the_stack_is_zero():
    stack = np.full((20, 1, 20, 20), 100, np.uint8)
    geometry = plan(stack.shape, None, TransformParameters(rotate=(0, 0, 45, 0, 0)))
    result = whole(stack, geometry)[:, 0]
    assert np.all(result[:, 0, 0] == 0)
    assert np.all(result[:, 9:11, 9:11] == 100)
    far = TransformParameters(rotate=(0, 0, 45, 0, 0), crop=(None, None, [0, 2], [2]))
    corner = plan(stack.shape, None, far)
    assert not whole(stack, corner).any()
    assert not plane(stack, corner, 0).any()


# --- one resampler for planes and slabs -------------------------------------------


@pytest.mark.parametrize("order", [1, 3])
def test_planes_and_slabs_agree_to_the_last_bit_however_they_are_computed(
    monkeypatch, tmp_path, order
):
    rng = np.random.default_rng(2)
    ways = set()
    for name in ("_direct", "_through_scratch"):
        original = getattr(resample, name)

        def noted(*arguments, _name=name, _original=original):
            ways.add(_name)
            return _original(*arguments)

        monkeypatch.setattr(resample, name, noted)
    for _ in range(12):
        shape, parameters = random_case(rng)
        stack = noise(shape)
        geometry = plan(shape, None, parameters)
        expected = whole(stack, geometry, threads=1, order=order)
        for axis, length in enumerate(geometry.shape_out):
            index = int(rng.integers(length))
            np.testing.assert_array_equal(
                plane(stack, geometry, index, axis, order=order),
                expected.take(index, axis),
            )
        # Small slabs, a file in between, chunks in all axes, several threads.
        with monkeypatch.context() as small:
            small.setattr(resample, "_SLAB_BYTES", 3000)
            small.setattr(sampling, "WINDOW_BYTES", 4000)
            for memory in (1 << 20, 0):
                chunked = Chunked(stack, (3, 2, 5, 7))
                options = {"memory": memory, "threads": 3, "folder": tmp_path}
                found = whole(chunked, geometry, order=order, **options)
                np.testing.assert_array_equal(found, expected)
    straight = TransformParameters(downsample=(1, 1, 0.5, 0.5), crop=([2, 30],))
    stack = noise((40, 2, 30, 32))
    geometry = plan(stack.shape, None, straight)
    expected = whole(stack, geometry)
    monkeypatch.setattr(resample, "_SLAB_BYTES", 20000)
    found = whole(Chunked(stack, (2, 1, 30, 32)), geometry, memory=0)
    np.testing.assert_array_equal(found, expected)
    assert ways == {"_direct", "_through_scratch"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order", [1, 3])
def test_planes_of_a_prepared_stack_are_the_computed_ones(order):
    rng = np.random.default_rng(5)
    stack = noise((30, 3, 40, 36))
    ratios = (0.5, 1, 0.4, 0.45)
    prepared = prepare(
        stack, plan(stack.shape, None, TransformParameters(ratios)), order=order
    )
    for rotate in ((0, 0, 0, True, False), (0, 0, 7.5, False, True), (3, -2, 9, 0, 0)):
        crop = (None, (2, None, -2), None, (1, -1))
        transpose = tuple(int(a) for a in rng.permutation(4))
        parameters = TransformParameters(ratios, rotate, crop, transpose)
        geometry = plan(stack.shape, None, parameters)
        for axis, length in enumerate(geometry.shape_out):
            found = prepared.plane(geometry, length // 2, axis)
            expected = plane(stack, geometry, length // 2, axis, order=order)
            np.testing.assert_array_equal(found, expected)
    finer = plan(stack.shape, None, TransformParameters())
    with pytest.raises(InvalidValue, match="needs one of"):
        prepared.plane(finer, 0)


# --- types ------------------------------------------------------------------------


def test_a_cast_rounds_and_clips():
    stack = np.array([-3.0, 0.4, 0.5, 1.5, 2.5, 254.6, 255.4, 300, np.nan, np.inf])
    stack = stack.astype(np.float32).reshape(1, 1, 1, -1)
    to_bytes = plan(stack.shape, None, TransformParameters(cast="uint8"))
    assert whole(stack, to_bytes).ravel().tolist() == [
        *(0, 0, 0, 2, 2, 255, 255, 255, 0, 255)
    ]
    to_int32 = plan(stack.shape, None, TransformParameters(cast="int32"))
    assert whole(stack, to_int32).ravel().tolist() == [
        *(-3, 0, 0, 2, 2, 255, 255, 300, 0, 2**31 - 1)
    ]


@pytest.mark.parametrize("source", ["bool", "uint8", "uint16", "int16", "int32"])
@pytest.mark.parametrize("cast", ["uint8", "int8", "int16", "uint32", "float64"])
def test_a_cast_between_whole_types_clips_and_never_wraps(source, cast):
    limits = (0, 1) if source == "bool" else (np.iinfo(source).min, 77)
    stack = np.array([[[list(limits)]]], dtype=source)
    geometry = plan(stack.shape, None, TransformParameters(cast=cast))
    result = whole(stack, geometry).ravel()
    held = (-np.inf, np.inf) if cast == "float64" else np.iinfo(cast)
    low, high = held if cast == "float64" else (held.min, held.max)
    assert result.dtype == cast
    assert result.tolist() == [min(max(v, low), high) for v in limits]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_every_type_is_interpolated_in_its_own_range(dtype):
    low = 0 if dtype.startswith("u") else -100
    ramp = np.rint(np.linspace(low, 120, 40))
    stack = np.broadcast_to(ramp, (10, 1, 12, 40)).astype(dtype)
    parameters = TransformParameters(downsample=(1, 1, 0.5, 0.5), rotate=(0, 9, 0))
    geometry = plan(stack.shape, None, parameters)
    result = whole(stack, geometry, order=1)
    assert result.dtype == dtype
    grid = output_indices(geometry.shape_out, 1)
    x = geometry.points_to_source(grid)[:, 2]
    inside = (result.ravel() != 0) & (x > 1) & (x < 38)
    expected = low + (120 - low) * x / 39
    assert np.abs(result.ravel() - expected)[inside].max() < 1.2
    assert inside.sum() > 500


def test_types_that_no_file_holds_need_a_cast():
    stack = np.arange(24, dtype=np.uint64).reshape(2, 1, 3, 4)
    geometry = plan(stack.shape, None, TransformParameters())
    with pytest.raises(InvalidValue, match="choose another type of values"):
        slabs(stack, geometry)
    cast = plan(stack.shape, None, TransformParameters(cast="uint8"))
    np.testing.assert_array_equal(whole(stack, cast), stack)
    with pytest.raises(InvalidValue, match="complex128 cannot be transformed"):
        slabs(stack.astype(complex), cast)


class Remembering(Chunked):
    """An array that remembers which rows and columns were read together."""

    def __init__(self, data: np.ndarray) -> None:
        super().__init__(data, (4, 1, *data.shape[2:]))
        self.parts: set[tuple[int, ...]] = set()

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        self.parts.add((key[2].start, key[2].stop, key[3].start, key[3].stop))
        return super().__getitem__(key)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("ratio", [1, 0.4, 0.12])
def test_chunks_are_read_whole_where_most_of_them_is_wanted(engine, ratio):
    if engine == "numba":
        pytest.importorskip("numba", reason="numba is not installed (the extra `fast`)")
    data = noise((9, 2, 40, 50))
    for rows, is_whole in (((0.1, 0.9), True), ((0.1, 0.4), False)):
        low, high = (round(end * 40 * ratio) for end in rows)
        wanted = TransformParameters(
            downsample=(1, 1, ratio, ratio), crop=(None, None, (low, high), (1, None))
        )
        geometry = plan(data.shape, None, wanted)
        stack = Remembering(data)
        found = whole(stack, geometry, engine=engine)
        assert (stack.parts == {(0, 40, 0, 50)}) == is_whole
        np.testing.assert_array_equal(found, whole(data, geometry, engine="numpy"))


@pytest.mark.parametrize("dtype", ["f4", "u2"])
def test_the_order_of_bytes_makes_no_difference(dtype):
    data = (np.random.default_rng(0).random((8, 1, 30, 30)) * 1000).astype(dtype)
    geometry = plan(data.shape, None, TransformParameters((0.5, 1, 0.5, 0.5)))
    swapped = data.astype(data.dtype.newbyteorder())
    np.testing.assert_array_equal(whole(swapped, geometry), whole(data, geometry))
