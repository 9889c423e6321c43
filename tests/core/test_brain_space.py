"""Places for other tools: from bregma, and in an atlas, whatever leads there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from atlases import REGIONS, layered_atlas
from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.brain_space import atlas_bregma, brain_space, placed
from labdata_napari.core.draft import Draft
from labdata_napari.core.in_atlas import InAtlas
from labdata_napari.core.registration import registered
from labdata_napari.core.track_formats import read_annotations, write_annotations

if TYPE_CHECKING:
    from pathlib import Path

SHAPE, UM = (132, 80, 114), (100.0, 100.0, 100.0)
ALLEN = AtlasVolume("allen_mouse_100um", np.zeros(SHAPE, np.uint32), UM, "asr", REGIONS)
IN_ALLEN = InAtlas(ALLEN, registered(ALLEN, SHAPE, UM, "asr"))
# 1 mm behind bregma, 2 mm to the right, 3 mm deep; and its way in
TRACK = Draft(
    "NP1_shank0",
    "probe_track",
    np.array([[6400, 332, 3661], [6400, 3332, 3661]]) / 100 - 0.5,
)
PICKS = [[2000, -1000, 0], [2000, -1000, -3000]]


def test_picks_count_from_the_bregma_of_the_allen_atlas(tmp_path: Path) -> None:
    space = brain_space(UM, "asr", IN_ALLEN, [TRACK])
    drafts, atlas_space = placed([TRACK], space, IN_ALLEN, "bregma")
    [file] = write_annotations(tmp_path, drafts, atlas_space, "ibl")
    assert json.loads(file.read_text())["xyz_picks"] == PICKS
    [back] = read_annotations(file, space)
    np.testing.assert_allclose(back.points, TRACK.points, atol=1e-9)
    drafts, atlas_space = placed([TRACK], space, IN_ALLEN, "atlas")
    [file] = write_annotations(tmp_path, drafts, atlas_space, "brainrender")
    np.testing.assert_allclose(np.load(file), [[6400, 332, 3661], [6400, 3332, 3661]])
    [back] = read_annotations(file, space)
    np.testing.assert_allclose(back.points, TRACK.points, atol=1e-9)


def test_elsewhere_a_landmark_says_where_bregma_is(tmp_path: Path) -> None:
    layers = layered_atlas()
    brain = InAtlas(layers, registered(layers, (20, 16, 24), UM, "asr"))
    assert atlas_bregma(layers) is None
    assert brain_space(UM, "asr", brain).to_bregma is None
    bregma = np.array([[5400, 332, 5661]]) / 100 - 0.5
    for where in (brain, None):
        drafts = [TRACK, Draft("Bregma", "landmark", bregma)]
        space = brain_space(UM, "asr", where, drafts)
        tracks, same = placed([TRACK], space, where, "bregma")
        assert same is space
        folder = tmp_path / str(where is None)
        [file] = write_annotations(folder, tracks, space, "ibl")
        assert json.loads(file.read_text())["xyz_picks"] == PICKS
    assert brain_space(UM, None, None, drafts).to_bregma is None
