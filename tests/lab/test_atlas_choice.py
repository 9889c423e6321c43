"""What somebody said of a brain and an atlas is kept, and where; nothing is declared
in a database that is not this person's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from atlases import layered_atlas
from labdata_napari.core.registration import registered
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile, WriteRefused
from labdata_napari.lab.atlas_choice import AtlasChoice, keep_atlas, known_atlas
from labdata_napari.lab.files import Files
from labdata_napari.lab.lab import Lab
from labs import add_brain, add_transform, postgresql

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = registered(layered_atlas(), (20, 16, 24), (100, 100, 100), "asr")
CHOICE = AtlasChoice("layers", "asr", MAPPING, "allen")
SERVER = "mysql://me@server:3306"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def lab_at(place: Any, url: str, store: Path) -> Any:
    return Lab(place.instance(), url, "lab_data", None, Files([store]))


@postgresql
def test_an_embedded_lab_keeps_it_itself(
    lab_place: Any, tmp_path: Path, home: Path
) -> None:
    lab = lab_at(lab_place, f"embedded:{tmp_path / 'one'}", tmp_path)
    key = add_transform(lab, add_brain(lab))
    assert known_atlas(lab, key) is None
    keep_atlas(lab, key, None)
    keep_atlas(lab, key, AtlasChoice(orientation="PIR"))
    assert known_atlas(lab, key) == AtlasChoice(orientation="pir")
    keep_atlas(lab, key, CHOICE)
    moved = lab_at(lab_place, f"embedded:{tmp_path / 'elsewhere'}", tmp_path)
    assert known_atlas(moved, key | {"other": 1}) == CHOICE
    other = add_transform(lab, key, 1)
    assert known_atlas(lab, other) is None
    keep_atlas(moved, key, None)
    assert known_atlas(lab, key) is None
    assert not home.exists()


def test_elsewhere_it_is_a_file_and_no_table(
    lab_place: Any, tmp_path: Path, home: Path
) -> None:
    lab = lab_at(lab_place, SERVER, tmp_path)
    key = add_transform(lab, add_brain(lab))
    with lab_place.statements() as seen:
        keep_atlas(lab, key, CHOICE)
        assert known_atlas(lab, key) == CHOICE
    assert {statement.split()[0].upper() for statement in seen} <= {"SELECT", "SET"}
    (path,) = (home / "atlas").iterdir()
    assert lab_at(lab_place, SERVER.replace("me", "you"), tmp_path).url not in (
        path.read_text()
    )
    path.write_text("{")
    assert known_atlas(lab, key) is None
    path.unlink()
    path.mkdir()
    with pytest.raises(UnreadableFile, match="cannot be read"):
        known_atlas(lab, key)
    with pytest.raises(WriteRefused, match="LABDATA_NAPARI_HOME"):
        keep_atlas(lab, key, CHOICE)


@postgresql
def test_it_is_not_taken_for_that_of_another_transform_of_the_same_number(
    lab_place: Any, tmp_path: Path, home: Path
) -> None:
    lab = lab_at(lab_place, SERVER, tmp_path)
    key = add_transform(lab, add_brain(lab))
    keep_atlas(lab, key, CHOICE)
    lab.FixedBrainTransform.update1(key | {"shape": np.array([5, 2, 15, 21])})
    assert known_atlas(lab, key) is None
    with pytest.raises(NotFound):
        known_atlas(lab, key | {"transform_id": 7})
    (path,) = (home / "atlas").iterdir()
    assert json.loads(path.read_text())["of"]["key"]["transform_id"] == 0


def test_a_choice_says_why_there_are_no_regions() -> None:
    assert "No atlas is chosen" in AtlasChoice().why_no_regions
    assert "how this brain lies in layers" in AtlasChoice("layers").why_no_regions
    assert not CHOICE.why_no_regions
    with pytest.raises(InvalidValue, match="laid into the atlas layers, not into x"):
        AtlasChoice("x", "asr", MAPPING)
