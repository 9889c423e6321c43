"""The atlas a brain lies in is opened from what was kept, and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from atlases import REGIONS, layered, layered_atlas
from labdata_napari.core.registration import registered
from labdata_napari.demo.atlas_writing import write_version3
from labdata_napari.errors import NotFound
from labdata_napari.lab.atlas_choice import AtlasChoice
from labdata_napari.lab.brain_facts import BrainFacts, open_in_atlas

if TYPE_CHECKING:
    from pathlib import Path

URL = "mysql://me@server:3306"
UM = (100.0, 100.0, 100.0)
NAME = "layers_100um"
MAPPING = registered(layered_atlas(), (20, 16, 24), UM, "asr")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path))
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path / "none"))
    return tmp_path


def facts() -> BrainFacts:
    kept = MAPPING.to_dict() | {"atlas": NAME}
    mapping = type(MAPPING).from_dict(kept)
    return BrainFacts(choice=AtlasChoice(NAME, "asr", mapping))


def test_regions_count_from_where_the_track_enters_the_brain(home: Path) -> None:
    write_version3(home / "atlases", "layers", layered(), REGIONS, 100.0)
    brain = open_in_atlas(facts(), URL)
    assert brain is not None
    assert isinstance(brain.atlas.annotation, np.ndarray)
    path = np.array([[1000, 450, 1200], [1000, 1250, 1200]]) / UM - 0.5
    found = brain.regions_along(path, UM)
    said = [(i.acronym, round(i.entry_um), round(i.exit_um)) for i in found.intervals]
    assert said == [
        ("root", 0, 200),
        ("VISa1", 200, 400),
        ("VISa", 400, 800),
        ("TH", 800, 1050),
    ]
    # another transform of the lab needs it no second time
    again = open_in_atlas(facts(), URL, brain.atlas)
    assert again is not None
    assert again.atlas is brain.atlas


def test_without_an_atlas_it_is_said_why_there_are_only_lengths() -> None:
    nothing = BrainFacts()
    assert "only lengths" in nothing.why_no_regions
    assert open_in_atlas(nothing, URL) is None
    assert "damaged" in BrainFacts(problem="It is damaged.").why_no_regions
    assert not facts().why_no_regions
    with pytest.raises(NotFound, match="no atlas 'layers_100um' on this computer"):
        open_in_atlas(facts(), URL, layered_atlas())
