"""Regions from places: numbers, names, roll-up, halves, surface, distance."""

from __future__ import annotations

import numpy as np
import pytest

from atlases import REGIONS, VISA, VISA1, layered_atlas
from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.atlas_regions import Region, Regions
from labdata_napari.errors import InvalidValue, NotFound

ATLAS = layered_atlas()


def test_a_place_is_in_the_voxel_whose_edges_hold_it() -> None:
    places = [[1000, 400, 1000], [1000, 599.9, 1000], [1000, 600, 1000]]
    assert ATLAS.region_ids(places).tolist() == [VISA1, VISA1, VISA]


def test_outside_the_volume_is_outside_the_brain_never_the_other_side() -> None:
    places = [[-1, 500, 1000], [2000, 500, 1000], [1000, 500, -0.01], [np.nan, 1, 1]]
    assert ATLAS.region_ids(places).tolist() == [0, 0, 0, 0]
    assert ATLAS.hemisphere(places).tolist() == ["", "", "", ""]
    full = AtlasVolume(
        "full", np.ones((2, 2, 2), np.uint8), (10, 10, 10), "asr", REGIONS
    )
    assert full.region_ids([[-0.1, 5, 5], [19.9, 5, 5], [20, 5, 5]]).tolist() == [
        0,
        1,
        0,
    ]


def test_voxels_need_not_be_cubes() -> None:
    volume = np.arange(24, dtype=np.int64).reshape(2, 3, 4) + 2**40
    atlas = AtlasVolume("flat", volume, (100.0, 50.0, 10.0), "asr", Regions(()))
    assert atlas.extent_um == (200, 150, 40)
    assert atlas.region_ids([[150, 125, 35]]).tolist() == [2**40 + 23]


def test_halves_are_named_after_the_animal() -> None:
    places = [[1000, 500, 1199.9], [1000, 500, 1200.1]]
    assert ATLAS.hemisphere(places).tolist() == ["right", "left"]
    mirrored = AtlasVolume("m", ATLAS.annotation, (100, 100, 100), "asl", REGIONS)
    assert mirrored.hemisphere(places).tolist() == ["left", "right"]
    halves = np.full((20, 16, 24), 2, np.uint8)
    halves[:, :, 5:] = 1
    uneven = AtlasVolume(
        "u", ATLAS.annotation, (100, 100, 100), "asr", REGIONS, hemispheres=halves
    )
    assert uneven.hemisphere([[0, 0, 499], [0, 0, 501]]).tolist() == ["right", "left"]


def test_the_surface_is_where_a_line_first_meets_the_brain() -> None:
    found = ATLAS.surface_along([1000, -500, 1000], [1000, 1500, 1000])
    np.testing.assert_allclose(found, [1000, 200, 1000], atol=4)
    inside = ATLAS.surface_along([1000, 500, 1000], [1000, 1500, 1000])
    np.testing.assert_array_equal(inside, [1000, 500, 1000])
    assert ATLAS.surface_along([0, 0, 0], [0, 0, 2400]) is None
    assert ATLAS.surface_along([0, 0, np.nan], [0, 0, 2400]) is None


def test_the_nearest_other_region_is_as_far_as_its_border() -> None:
    places = [[1000, 800, 1200], [1000, 970, 1200], [-900, 0, 0], [1000, 1200, 1200]]
    found = ATLAS.distance_to_other(places, reach_um=300)
    np.testing.assert_allclose(found[:2], [200, 30], atol=30)
    assert found[2] == np.inf
    np.testing.assert_allclose(found[3], 200, atol=30)


def test_regions_roll_up_to_a_level_or_to_a_set() -> None:
    ids = np.array([[0, VISA1], [549, 12345]])
    assert REGIONS.roll_up(ids, 2).tolist() == [[0, 315], [549, 12345]]
    assert REGIONS.roll_up(ids, 0).tolist() == [[0, 997], [997, 12345]]
    assert REGIONS.roll_up(ids, ["VISa", 8]).tolist() == [[0, VISA], [8, 0]]
    assert REGIONS.below("CTX") == (315, VISA, VISA1)
    with pytest.raises(NotFound, match="called 'XYZ'"):
        REGIONS.roll_up(ids, ["XYZ"])
    with pytest.raises(InvalidValue, match="count from 0"):
        REGIONS.roll_up(ids, -1)


def test_names_come_with_numbers_or_the_number_itself() -> None:
    assert [REGIONS.label(n) for n in (VISA1, 0, 77)] == ["VISa1", "", "#77"]
    assert REGIONS.by_acronym("visa").id == VISA
    ours = Regions((Region(549, "thal", "Ours", (1, 2, 3), (549,)),))
    renamed = REGIONS.renamed(ours)
    assert (renamed.label(549), renamed.color_of(549)) == ("thal", (1, 2, 3))
    assert renamed[549].path == (997, 8, 549)
    assert renamed.label(VISA) == "VISa"
    coarse = Regions((Region(315, "ctx", "Cortex", (1, 2, 3), (315,)), *ours))
    acronym = REGIONS.acronyms_in(coarse)
    assert [acronym(n) for n in (VISA1, 549, 8, 77)] == ["ctx", "thal", None, None]


def test_what_is_no_atlas_is_refused() -> None:
    with pytest.raises(InvalidValue, match="whole numbers"):
        AtlasVolume("f", np.zeros((2, 2, 2)), (1, 1, 1), "asr", REGIONS)
    with pytest.raises(InvalidValue, match="no orientation"):
        AtlasVolume("f", ATLAS.annotation, (1, 1, 1), "aar", REGIONS)
    with pytest.raises(InvalidValue, match="same number"):
        Regions((*REGIONS, REGIONS[8]))
    with pytest.raises(InvalidValue, match=r"\(N, 3\)"):
        ATLAS.region_ids(np.zeros((4, 2)))
