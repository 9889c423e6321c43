"""The atlases on a computer are found; the lab's own names go before theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atlases import REGIONS, VISA, layered
from labdata_napari.demo.atlas_writing import write_legacy, write_version3
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.atlases import (
    atlas_folders,
    find_atlas,
    find_atlases,
    lab_atlases,
    lab_regions,
    open_found,
)
from labs import postgresql

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """BrainGlobe's folder, as its settings name it, with three atlases."""
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "bg_config.conf").write_text(
        f"[default_dirs]\nbrainglobe_dir = {tmp_path / 'bg'}\n"
    )
    made = tmp_path / "bg"
    for version in ("1_2", "1_10"):
        write_version3(made, "new", layered(), REGIONS, 100.0, version)
    write_legacy(made, "old", layered(), REGIONS, 100.0)
    bad = made / "bad_v1.0"
    bad.mkdir()
    (bad / "metadata.json").write_text("{")
    return made


def test_atlases_of_both_layouts_are_found_the_newest_first(folder: Path) -> None:
    found = find_atlases()
    assert [(a.name, a.version) for a in found] == [
        ("bad_v1.0", ""),
        ("new_100um", "1.10"),
        ("new_100um", "1.2"),
        ("old_100um", "1.0"),
    ]
    assert "cannot be read" in found[0].problem
    assert (found[1].resolution_um, found[1].species) == ((100.0,) * 3, "invented")
    assert find_atlas("new_100um") == found[1]
    for atlas in found[1:]:
        assert open_found(atlas).region_ids([[1000, 800, 1000]]).tolist() == [VISA]
    with pytest.raises(NotFound, match="new_100um, old_100um"):
        find_atlas("allen_mouse_25um")


def test_an_embedded_lab_has_a_folder_of_its_own(folder: Path, tmp_path: Path) -> None:
    url = f"embedded:{tmp_path / 'lab'}"
    assert atlas_folders(url)[0] == tmp_path / "lab" / "atlases"
    assert atlas_folders("mysql://me@server:3306") == [
        tmp_path / "home" / "atlases",
        folder,
    ]
    write_legacy(tmp_path / "lab" / "atlases", "own", layered(), REGIONS, 100.0)
    assert "own_100um" in [a.name for a in find_atlases(url)]


@postgresql
def test_the_labs_names_are_used_where_it_has_them(lab: Any, folder: Path) -> None:
    assert (lab_atlases(lab), lab_regions(lab, "ours")) == ({}, None)
    lab.Atlas.insert1({"atlas_id": "ours", "atlas_description": "of us"})
    row = {
        "atlas_id": "ours",
        "region_acronym": "thal",
        "region_name": "Our thalamus",
        "region_id": 549,
        "region_atlas_id": 549,
        "region_level": 1,
        "structure_id_path": "/997/549/",
        "color_hex": "#010203",
    }
    lab.Atlas.Region.insert1(row)
    assert lab_atlases(lab) == {"ours": "of us"}
    names = lab_regions(lab, "ours")
    regions = open_found(find_atlas("new_100um"), names).regions
    assert [regions.label(n) for n in (549, VISA)] == ["thal", "VISa"]
    assert regions.color_of(549) == (1, 2, 3)
    lab.Atlas.Region.insert1(row | {"region_acronym": "again"})
    with pytest.raises(InvalidValue, match=r"'ours' in the lab's table Atlas\.Region"):
        lab_regions(lab, "ours")
