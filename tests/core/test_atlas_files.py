"""Atlases as they lie on disks: BrainGlobe's layouts, volumes with tables, bad ones."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from atlases import REGIONS, VISA, VISA1, layered
from labdata_napari.core.atlas_files import open_atlas
from labdata_napari.core.atlas_regions import UNKNOWN_COLOR
from labdata_napari.core.atlas_tables import read_table, regions_from_rows
from labdata_napari.demo.atlas_writing import write_legacy, write_version3
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.atlas import AtlasVolume


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("brainglobe")
    volume = layered()
    table = root / "table.csv"
    lines = ["id,acronym,name,structure_id_path,color_hex_triplet"]
    for r in REGIONS:
        path, color = "/".join(map(str, r.path)), "{:02x}{:02x}{:02x}".format(*r.color)
        lines.append(f'{r.id},{r.acronym},"{r.name}",/{path}/,{color}')
    table.write_text("\n".join(lines) + "\n")
    tifffile.imwrite(root / "volume.tif", volume)
    nrrd(root / "raw.nrrd", volume, "raw")
    nrrd(root / "gzip.nrrd", volume.astype(">u4"), "gzip", "endian: big\n")
    return {
        "version3": write_version3(root, "layers", volume, REGIONS, 100.0),
        "legacy": write_legacy(root, "layers", volume, REGIONS, 100.0),
        "volume.tif": root / "volume.tif",
        "raw.nrrd": root / "raw.nrrd",
        "gzip.nrrd": root / "gzip.nrrd",
        "table": table,
    }


def nrrd(
    path: Path,
    volume: np.ndarray[Any, Any],
    encoding: str,
    more: str = "endian: little\n",
) -> None:
    sizes = " ".join(map(str, volume.shape))
    head = (
        f"NRRD0004\n# made for a test\ntype: unsigned int\ndimension: 3\n"
        f"sizes: {sizes}\nencoding: {encoding}\n{more}\n"
    )
    voxels = volume.tobytes(order="F")
    packed = gzip.compress(voxels) if encoding == "gzip" else voxels
    path.write_bytes(head.encode() + packed)


def opened(written: dict[str, Path], kind: str) -> AtlasVolume:
    if "." not in kind:
        return open_atlas(written[kind])
    return open_atlas(
        written[kind], written["table"], resolution_um=100, orientation="asr"
    )


@pytest.mark.parametrize(
    "kind", ["version3", "legacy", "volume.tif", "raw.nrrd", "gzip.nrrd"]
)
def test_every_kind_gives_every_voxel_and_every_name(
    written: dict[str, Path], kind: str
) -> None:
    atlas = opened(written, kind)
    volume = layered()
    index = np.argwhere(np.ones_like(volume))
    np.random.default_rng(1).shuffle(index)
    ids = atlas.region_ids((index + 0.5) * 100)
    np.testing.assert_array_equal(ids, volume[tuple(index.T)])
    assert {r: atlas.regions[r.id] for r in REGIONS} == {r: r for r in REGIONS}
    assert atlas.extent_um == (2000, 1600, 2400)
    held = atlas.loaded()
    assert isinstance(held.annotation, np.ndarray)
    np.testing.assert_array_equal(held.annotation, volume)
    assert atlas.loaded(most_bytes=10).annotation is atlas.annotation


def test_only_the_blocks_that_are_looked_at_are_read(
    tmp_path: Path, written: dict[str, Path]
) -> None:
    volume = np.full((150, 70, 70), VISA, np.uint32)
    folder = write_version3(tmp_path, "two", volume, REGIONS, 10.0)
    for far in folder.parents[2].glob("annotation-sets/**/c/2"):
        shutil.rmtree(far)  # what is not there reads as 0
    atlas = open_atlas(folder / "manifest.json")
    assert atlas.name == "two_10um"
    assert atlas.region_ids([[5, 5, 5], [1499, 5, 5]]).tolist() == [VISA, 0]


def test_a_volume_needs_to_be_told_what_it_does_not_say(
    written: dict[str, Path],
) -> None:
    with pytest.raises(InvalidValue, match=r"which way 'raw\.nrrd' lies"):
        open_atlas(written["raw.nrrd"], written["table"], resolution_um=100)
    with pytest.raises(InvalidValue, match="how many µm"):
        open_atlas(written["raw.nrrd"], written["table"], orientation="asr")
    with pytest.raises(UnreadableFile, match="give the table"):
        open_atlas(written["raw.nrrd"])
    with pytest.raises(NotFound, match="no atlas"):
        open_atlas(written["table"].parent / "nothing")


def changed(written: dict[str, Path], tmp_path: Path, **values: Any) -> Path:
    """A copy of the version 3 atlas whose manifest says something else."""
    root = tmp_path / "copy"
    shutil.copytree(written["version3"].parents[2], root)
    folder = root.joinpath(*written["version3"].parts[-3:])
    about = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(about | values))
    return folder


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"resolution": [100, 0, 100]}, "greater than zero"),
        ({"resolution": "x"}, "size of its voxels"),
        ({"resolution": [10**400, 1, 1]}, "size of its voxels"),
        ({"orientation": "xyz"}, "no orientation"),
        ({"shape": [1, 2, 3]}, "no level of the shape"),
        ({"terminology": {"location": "/../../../../etc"}}, "leads out of its folder"),
        ({"terminology": {"location": "/a\0b"}}, "names no place"),
        ({"annotation_set": None}, "does not tell where its annotation_set"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    written: dict[str, Path], tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnreadableFile, match=said):
        open_atlas(changed(written, tmp_path, **values))


def test_regions_that_were_never_downloaded_are_not_taken_for_empty(
    written: dict[str, Path], tmp_path: Path
) -> None:
    folder = changed(written, tmp_path)
    for voxels in folder.parents[2].glob("annotation-sets/**/c"):
        shutil.rmtree(voxels)
    with pytest.raises(UnreadableFile, match="not downloaded yet"):
        open_atlas(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "[" * 5000, '{"a": 1}'])
def test_a_damaged_manifest_is_said(
    written: dict[str, Path], tmp_path: Path, content: str
) -> None:
    folder = tmp_path / "atlases" / "x" / "1_0"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(content)
    with pytest.raises(UnreadableFile):
        open_atlas(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"NRRD", b"NRRX", "does not begin"),
        (b"encoding: raw", b"encoding: hex", "encoding is hex"),
        (b"sizes: 20 16 24", b"sizes: 20 16 25", "cut short"),
        (b"sizes: 20 16 24", b"sizes: 20 16", "sizes are"),
        (b"type: unsigned int", b"type: float", "no 'float'"),
        (b"type: unsigned int\n", b"", "no 'type'"),
        (b"encoding: raw", b"encoding: raw\nbyte skip: -1", "between its header"),
    ],
)
def test_a_damaged_nrrd_is_said(
    written: dict[str, Path], tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    path = tmp_path / "bad.nrrd"
    path.write_bytes(written["raw.nrrd"].read_bytes().replace(old, new))
    with pytest.raises(UnreadableFile, match=said):
        open_atlas(path, written["table"], resolution_um=100, orientation="asr")


def test_a_cut_gzip_is_said(written: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "bad.nrrd"
    path.write_bytes(written["gzip.nrrd"].read_bytes()[:-40])
    with pytest.raises(UnreadableFile, match="cut short"):
        open_atlas(path, written["table"], resolution_um=100, orientation="asr")


def test_allens_nested_graph_is_a_table(tmp_path: Path) -> None:
    leaf = {"id": VISA1, "acronym": "VISa1", "name": "a", "color_hex_triplet": "1F"}
    root = {
        "id": 997,
        "acronym": "root",
        "name": "r",
        "rgb_triplet": [float("inf")] * 3,
    }
    graph = {"msg": [root | {"children": [leaf]}]}
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(graph))
    regions = read_table(path)
    assert regions[VISA1].path == (997, VISA1)
    assert regions[VISA1].color == (0, 0, 31)
    assert regions[997].color == UNKNOWN_COLOR


def test_numbers_in_the_volume_go_before_identifiers() -> None:
    rows = [
        {"identifier": "1", "annotation_value": "70001", "abbreviation": "a"},
        {
            "identifier": "2.0",
            "parent_identifier": "1",
            "annotation_value": "",
            "abbreviation": "b",
        },
    ]
    regions = regions_from_rows(rows)
    assert [(r.id, r.path) for r in regions] == [(70001, (70001,)), (2, (70001, 2))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,acronym\n", "no regions"),
        ("id,name\n5,x\n", "no acronym"),
        ("id,acronym\nx,a\n", "'x' is no number"),
        ("id,acronym\n-5,a\n", "'-5' is no number"),
        ("id,acronym\n5,a\n5,b\n", "same number 5"),
        ("id,acronym,parent_id\n5,a,6\n6,b,5\n", "part of itself"),
        ("[1]", "where a region should be"),
        ('[{"id": 1, "acronym": "a", "children": ' * 300 + "[]" + "}]" * 300, "deep"),
    ],
)
def test_a_table_that_makes_no_sense_is_said(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "table"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match=said):
        read_table(path)
