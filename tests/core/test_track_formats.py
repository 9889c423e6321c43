"""Annotations to files of other tools and back; files of other tools; damaged files."""

from __future__ import annotations

import base64
import csv
import io
import json
import zlib
from dataclasses import replace

import h5py
import numpy as np
import pytest

from labdata_napari.core.draft import Draft
from labdata_napari.core.orientation import between
from labdata_napari.core.track_formats import (
    FORMATS,
    fitted,
    read_annotations,
    write_annotations,
)
from labdata_napari.core.track_reading import is_annotation_file
from labdata_napari.core.track_space import Space, bregma_affine
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile, WriteRefused

UM = np.array([50.0, 20.0, 25.0])
BREGMA = np.array([100.0, 15.0, 200.0])
ATLAS = np.diag([2.0, 0.5, 1.5, 1.0])
ATLAS[:3, 3] = [100, -20, 7]
SPACE = Space(UM, "asr", bregma_affine("asr", UM, BREGMA), ATLAS)
# Tip first, as clicks come in any order; 2 mm behind bregma and 1 mm left of it.
TRACK = Draft(
    "np24_shank0",
    "probe_track",
    BREGMA + np.array([[40.0, 150, 40], [40, 75, 40], [40, 5, 40]]),
    3,
)
OTHER = Draft("np24_shank2", "probe_track", TRACK.points + np.array([0, 0, 20]))
SPOT = Draft("µ, “spot”\n", "landmark", np.array([[1.1, 1 / 3, 1e-7]]))
# pandas 3.1: DataFrame([[10, 20.5, 30], [12, 21, 31.25], [15, 22, 33]]).to_hdf(
# "track_0.points", key="df", mode="w"), which is how brainglobe-segmentation saves
POINTS_FILE = zlib.decompress(
    base64.b85decode(
        "c-rk)Pjk{h6yJnDO(}I!+fGq096aPA108fYS)v8$3>GHPPJ5yeQp^B>NrF>u9`Pgi4Lo}EsJ9;d2"
        "p;_i-jM9RglzazI*wCq^J`~bclo`%CHvm%Z}&rCKffM%7(o^|4h0d9+!z50kLa=e`59OS>=5iH)}"
        "9aJ&tfpo!}H?-GX4ScRVkOV*dq_@IA6oWa>&PBL?I`ZEqmhR5y2%(^BU)LJ{JBk?gm8i=5-Xso&2"
        "_{rg~5<juRMd@+3Bke=VNi;&JF@QLI#e7jmuhl~g(^Q+y8p9OtCULFo|l11^3lk%V<*fFHyB@@Z9"
        "kQOs3p`I7Wntk&lF?<P{<$Iq-!4hrovvs`^%k`CfL$H(2S&kWeNVVWmjs74a3m4R>C-FhoodndR1"
        "iZL0hrqVIobsV1)w{lq8XK=Luf^_{0FfN4sJz502?tg8OaT)z<eJ%<7DCYNMtsxsVbI?=pyf@CdE"
        "_W2lZx#C~TD{v)wWj^Oy?#g4{F4l|z7^u9>s{R-{IH8}n7Udw-El&Ag<3=H;P=Yenk7r+CF{Ij+w"
        "UHZgX?2l4!WwC16bdR%THID{kE)+$LnN{K~De2mLU@$uN-UdFAw|s6XrwXn0OyqmLd9zJSV{L(OD"
        "h+K71RC{O#jfYuSAlB}qKJ#=h?+($~sA(g%W0ANaC*RlY-C*j~&N>^}BjG0%QW7dyA3A9(Y0@%&?"
        "w-0#!GqUT@*uuqB2?!h<#_8ItPvscCS;lqayA3l8iJp|xBz^hxmdN^Mck4w_D&eQsx-hjH7Si^eQ"
        ")Md@+bq%FKcw3GSNB!St99=9pdfJNDQndz}p@&t?RGNxD#n*`ZN1LD}Z2n<_*2BV%_q;Q$$5Tt`@"
        "hG1AzN8+X_nznLapAwx<F_?mcsK`~Oyvtl&VBd-!<c*So7f2cd+6i~tcRVKFJ2qN{u}W<Cr)||rA"
        "L9Q&UM-7tea6kkLdee@4eCFx!ZUh?t3a%d$_^=F!cMw4fcoMU0WLM"
    )
)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_file_holds_everything_exactly(tmp_path, kind):
    path = tmp_path / f"all.{kind}"
    empty = Draft("no points", "", np.zeros((0, 3)))
    assert write_annotations(path, [TRACK, SPOT, empty], SPACE, kind) == [path]
    back = read_annotations(path, Space(UM))
    assert [d.name for d in back] == [TRACK.name, SPOT.name.strip()]
    assert [d.type for d in back] == ["probe_track", "landmark"]
    for got, sent in zip(back, (TRACK, SPOT), strict=True):
        np.testing.assert_array_equal(got.points, sent.points)
        assert got.annotation_id is None
    with pytest.raises(InvalidValue, match="made in"):
        read_annotations(path, Space(UM / 2))


def test_a_table_tells_micrometres_bregma_and_atlas(tmp_path):
    path = tmp_path / "t.csv"
    write_annotations(path, [TRACK], SPACE, "csv")
    header, first, *_ = (line.split(",") for line in path.read_text().splitlines())
    row = dict(zip(header, first, strict=True))
    assert (row["annotation"], row["point"]) == ("np24_shank0", "1")
    assert float(row["um_0"]) == TRACK.points[0, 0] * 50
    assert [float(row[k]) for k in ("ml_um", "ap_um", "dv_um")] == [-1000, -2000, -3000]
    assert float(row["atlas_um_1"]) == TRACK.points[0, 1] * 0.5 - 20


def test_picks_are_whole_micrometres_ml_ap_dv_from_bregma_entry_first(tmp_path):
    (path,) = write_annotations(tmp_path, [TRACK], SPACE, "ibl")
    assert path == tmp_path / "xyz_picks.json"
    picks = json.loads(path.read_text())["xyz_picks"]
    assert picks == [[-1000, -2000, -100], [-1000, -2000, -1500], [-1000, -2000, -3000]]
    assert all(type(v) is int for pick in picks for v in pick)
    (back,) = read_annotations(path, SPACE)
    np.testing.assert_allclose(back.points, TRACK.points[::-1], atol=0.05)
    assert (back.name, back.type) == (tmp_path.name[:36], "probe_track")


@pytest.mark.parametrize("code", ["asr", "sal", "lsa", "pil", "rip"])
def test_picks_are_the_same_however_the_stack_lies(tmp_path, code):
    order, flips = between("asr", code)
    um = UM[list(order)]
    sign = np.where(flips, -1, 1)
    points = 300 + (TRACK.points - BREGMA)[:, list(order)] * sign
    space = Space(um, code, bregma_affine(code, um, [300, 300, 300]))
    turned = Draft(TRACK.name, "", points)
    (path,) = write_annotations(tmp_path / "p.json", [turned], space, "ibl")
    assert json.loads(path.read_text())["xyz_picks"][-1] == [-1000, -2000, -3000]


def test_shanks_are_counted_from_one_and_probes_have_folders(tmp_path):
    write_annotations(tmp_path / "a", [TRACK, OTHER], SPACE, "ibl")
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == ["xyz_picks_shank1.json", "xyz_picks_shank3.json"]
    (back,) = read_annotations(tmp_path / "a" / names[1], SPACE)
    assert back.name == "a_shank2"
    single = Draft("../x", "probe_track", TRACK.points)
    paths = write_annotations(tmp_path / "b", [TRACK, OTHER, single], SPACE, "ibl")
    folders = {p.parent.relative_to(tmp_path / "b").as_posix() for p in paths}
    assert folders == {"np24", "_x"}


def test_what_cannot_be_a_pick_is_written_nowhere(tmp_path):
    one = Draft("np24_shank1", "probe_track", TRACK.points[:1])
    for drafts, space, said in (
        ([TRACK, one], SPACE, "np24_shank1.*one more"),
        ([TRACK], Space(UM), "bregma"),
        ([TRACK], Space(UM * 50, "asr", bregma_affine("asr", UM * 50, BREGMA)), "mm"),
        ([TRACK, Draft("np24_shank00", "", TRACK.points)], SPACE, "same shank"),
    ):
        with pytest.raises(InvalidValue, match=said):
            write_annotations(tmp_path / "x", drafts, space, "ibl")
    assert not (tmp_path / "x").exists()
    with pytest.raises(InvalidValue, match="choose a folder"):
        write_annotations(tmp_path / "x.json", [TRACK, OTHER], SPACE, "ibl")


def test_picks_in_millimetres_are_not_taken_for_micrometres(tmp_path):
    path = tmp_path / "xyz_picks.json"
    path.write_text('{"xyz_picks": [[-2.0, -1.0, -0.1], [-2.0, -1.0, -3.0]]}')
    with pytest.raises(UnreadableFile, match="mm or m"):
        read_annotations(path, SPACE)


def test_brainrender_gets_micrometres_of_the_atlas(tmp_path):
    paths = write_annotations(tmp_path, [TRACK, OTHER], SPACE, "brainrender")
    assert [p.name for p in paths] == ["np24_shank0.npy", "np24_shank2.npy"]
    places = np.load(paths[0])
    np.testing.assert_allclose(
        places[0], TRACK.points[0] * [2, 0.5, 1.5] + ATLAS[:3, 3]
    )
    back = read_annotations(paths, SPACE)
    np.testing.assert_allclose(back[0].points, TRACK.points, atol=1e-9)
    with pytest.raises(InvalidValue, match="atlas"):
        write_annotations(tmp_path / "y", [TRACK], Space(UM), "brainrender")


def test_a_table_of_a_napari_layer_is_read(tmp_path):
    path = tmp_path / "probe A.csv"
    path.write_text("index,axis-0,axis-1,axis-2\n0,1.5,2,3\n1,4,5,6\n")
    (draft,) = read_annotations(path, SPACE)
    assert draft.name == "probe A"
    np.testing.assert_array_equal(draft.points, [[1.5, 2, 3], [4, 5, 6]])


def test_a_table_of_a_spreadsheet_with_decimal_commas_is_read(tmp_path):
    path = tmp_path / "t.csv"
    write_annotations(path, [TRACK, SPOT], SPACE, "csv")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        cells = ([c.replace(".", ",") for c in row] for row in rows)
        csv.writer(file, delimiter=";").writerows(cells)
    assert is_annotation_file(path)
    for got, sent in zip(read_annotations(path, SPACE), (TRACK, SPOT), strict=True):
        assert got.name == sent.name.strip()
        np.testing.assert_array_equal(got.points, sent.points)


def test_nothing_is_replaced_unless_that_was_meant(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("precious")
    with pytest.raises(WriteRefused, match="exists"):
        write_annotations(path, [TRACK], SPACE, "csv")
    assert path.read_text() == "precious"
    write_annotations(path, [TRACK], SPACE, "csv", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    (tmp_path / "np24_shank2.npy").mkdir()
    with pytest.raises(WriteRefused, match="exists"):  # before one of two is replaced
        write_annotations(
            tmp_path, [TRACK, OTHER], SPACE, "brainrender", overwrite=True
        )
    for bad in (path / "below.csv", tmp_path / "a\0.csv", tmp_path / ("a" * 300)):
        with pytest.raises(WriteRefused, match="cannot be written"):
            write_annotations(bad, [TRACK], SPACE, "csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "np24_shank2.npy"]


BOMB = (
    b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
    b"'shape': (9999999999, 3), }".ljust(127)
    + b"\n"
)
PICKLE = b"\x93NUMPY\x01\x00v\x00" + (
    b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "neither"),
        ("a.csv", b"x,y,z\n1,2,3\n", "neither"),
        ("a.csv", b"pixel_0,pixel_1,pixel_2\n1,2\n", "Line 2"),
        ("a.csv", b"pixel_0,pixel_1,pixel_2\n1,2,nan\n", "not finite"),
        ("a.csv", b"pixel_0,pixel_1,pixel_2\n1,2,three\n", "not numbers"),
        ("a.csv", b"index,axis-0,axis-1,axis-2,axis-3\n0,1,2,3,4\n", "three axes"),
        ("a.csv", b"pixel_0,pixel_1,pixel_2\n1,2,-1e9\n", "no place: it is at 1e"),
        ("a.csv", b"\xff\xfe\x00", "no text"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.json", b"[1, 2]", "no picks"),
        ("a.json", b'{"xyz_picks": [[1, 2], [3, 4]]}', "three numbers"),
        ("a.json", b'{"xyz_picks": [[1, 2, 3], [3]]}', "not numbers"),
        ("a.json", b'{"xyz_picks": [[1000, 2, Infinity]]}', "not finite"),
        ("a.json", b'{"xyz_picks": [[1000, 2, 1%s]]}' % (b"0" * 400), "not numbers"),
        ("a.json", b'{"format": "labdata-napari annotations"}', "version"),
        (
            "a.json",
            b'{"format": "labdata-napari annotations", "version": 1}',
            "damaged",
        ),
        ("a.npy", b"PK\x03\x04", "no array"),
        ("a.npy", BOMB, "no array"),
        ("a.npy", PICKLE, "no array"),
        ("a.points", b"\x89HDF\r\n\x1a\n", "no track of brainglobe"),
        ("a.txt", b"1 2 3", "no file of annotations"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        read_annotations(path, SPACE)


def test_json_of_others_is_refused_whether_bregma_is_known_or_not(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    for space in (SPACE, Space(UM)):
        with pytest.raises(UnreadableFile, match="of ours and no picks"):
            read_annotations(path, space)


def test_tracks_of_brainglobe_are_pixels_or_voxels_of_the_atlas(tmp_path):
    here = tmp_path / "segmentation" / "sample_space" / "tracks" / "track_0.points"
    there = tmp_path / "segmentation" / "atlas_space" / "tracks" / "probe.points"
    for path in (here, there):
        path.parent.mkdir(parents=True)
        path.write_bytes(POINTS_FILE)
    clicked = [[10, 20.5, 30], [12, 21, 31.25], [15, 22, 33]]
    [track] = read_annotations(here, SPACE)
    assert (track.name, track.type) == ("track_0", "probe_track")
    np.testing.assert_array_equal(track.points, clicked)
    with pytest.raises(InvalidValue, match="lay the brain into it"):
        read_annotations(there, SPACE)
    [track] = read_annotations(there, replace(SPACE, atlas_voxel_um=(25, 10, 10)))
    in_atlas = track.points @ ATLAS[:3, :3].T + ATLAS[:3, 3]  # µm from its edges
    np.testing.assert_allclose(in_atlas / (25, 10, 10) - 0.5, clicked)


@pytest.mark.parametrize("way", ["link", "external", "wide", "words", "two"])
def test_points_files_may_not_reach_beyond_themselves(tmp_path, way):
    path, other = tmp_path / "a.points", tmp_path / "other.points"
    other.write_bytes(POINTS_FILE)
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = "frame"
        if way == "link":
            group["block0_values"] = h5py.ExternalLink(other, "df/block0_values")
        elif way == "external":
            outside = [(str(other), 0, 72)]
            group.create_dataset("block0_values", (3, 3), "f8", external=outside)
        elif way == "wide":
            group.create_dataset("block0_values", (10**6, 10**6), "f8", chunks=(9, 9))
        elif way == "words":
            group["block0_values"] = np.array([[b"a", b"b", b"c"]])
        else:
            file.copy("df", "again")
    with pytest.raises(UnreadableFile, match="no track of brainglobe"):
        read_annotations(path, SPACE)


def test_what_makes_no_sense_is_refused_in_words(tmp_path):
    with pytest.raises(NotFound):
        read_annotations(tmp_path / "none.csv", SPACE)
    with pytest.raises(InvalidValue, match="click some"):
        write_annotations(tmp_path / "a.csv", [], SPACE, "csv")
    with pytest.raises(InvalidValue, match=", ".join(FORMATS)):
        write_annotations(tmp_path / "a.csv", [TRACK], SPACE, "docx")
    with pytest.raises(InvalidValue, match="to_atlas"):
        Space(UM, to_atlas=np.zeros((4, 4)))
    with pytest.raises(InvalidValue, match="Bregma"):
        bregma_affine("asr", UM, [1, 2])


def test_names_that_the_table_cannot_keep_are_made_to_fit():
    points = np.zeros((1, 3))
    drafts = [Draft("x" * 40, "t" * 40, points), Draft("x" * 36, "", points)]
    names = [d.name for d in fitted([*drafts, Draft(" ", "", points)])]
    assert names == ["x" * 36, "x" * 32 + " (2)", "unnamed"]
