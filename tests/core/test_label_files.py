"""Labels as files of other tools: what is written is read again, alike and safely."""

from __future__ import annotations

import json
import pickle
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from labdata_napari.core.coco import write_coco
from labdata_napari.core.dlc import write_dlc
from labdata_napari.core.label_csv import csv_bytes, read_csv
from labdata_napari.core.label_export import LabelExport
from labdata_napari.core.label_files import frame_number, read_label_files, read_table
from labdata_napari.core.label_hdf import read_hdf, write_hdf
from labdata_napari.core.label_manifest import read_manifest
from labdata_napari.core.label_table import LabelTable, shortest
from labdata_napari.core.lightning import write_lightning
from labdata_napari.core.pictures import read_picture, write_picture
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import PoseDraft, State
from labdata_napari.core.pose_edits import occlude
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from pathlib import Path

NAN = np.nan
PARTS = ("nose", "tail µ", "ear")


def frames() -> tuple[FrameKey, ...]:
    """Of two cameras with a number in common."""
    top = FrameKey("M1", "20260101_120000", "pose", "top", 7)
    return top, top._replace(frame_num=120), top._replace(video_name="side")


def pictures(size: tuple[int, ...] = (12, 16, 3)) -> list:
    rng = np.random.default_rng(0)
    return [(f, rng.integers(0, 255, size, np.uint8)) for f in frames()]


def export(**changed: object) -> LabelExport:
    xy = np.full((3, 3, 2), NAN)
    xy[0, 0], xy[0, 1], xy[1, 0], xy[2, 2] = (21.521, 0), (1 / 3, 5), (3, 4), (0, 0)
    draft = PoseDraft(PoseLabels(PARTS, frames(), xy))
    for place in ((frames()[0], "tail µ"), (frames()[1], "ear")):
        draft = occlude(draft, place).apply(draft)
    return LabelExport(**{
        "label_set": 4, "scorer": "ana", "draft": draft, "pictures": pictures(),
    } | changed)  # fmt: skip


def assert_same(table: LabelTable, other: LabelExport, states: bool = True) -> None:
    labels = other.draft.labels
    assert table.bodyparts == labels.bodyparts
    np.testing.assert_array_equal(np.float32(table.xy), labels.xyz[..., :2])
    if states:
        np.testing.assert_array_equal(table.states, other.draft.states())


def test_a_deeplabcut_project_is_read_as_it_was_written(tmp_path: Path) -> None:
    out = write_dlc(tmp_path / "p", export())
    assert out == tmp_path / "p" / "labeled-data" / "label_set_4"
    [found] = read_label_files(tmp_path / "p")
    assert found.path == out / "CollectedData_ana.h5"
    assert_same(found.table, export(), states=False)
    assert found.table.xy[0, 0, 0] == 21.521  # not 21.520999908447266
    csv = read_csv(out / "CollectedData_ana.csv")
    assert (csv.rows, csv.scorer) == (found.table.rows, "ana")
    np.testing.assert_array_equal(csv.xy, found.table.xy)
    name = "im_000001_session20260101_120000_frame000120.png"
    assert found.table.rows[1] == f"labeled-data/label_set_4/{name}"
    for row, (frame, picture) in zip(found.table.rows, pictures(), strict=True):
        np.testing.assert_array_equal(read_picture(found.pictures[row]), picture)
        assert found.manifest.frames[found.manifest.picture(row)] == frame
    assert found.manifest.labels == export().draft.labels
    config = (tmp_path / "p" / "config.yaml").read_text()
    assert 'scorer: "ana"' in config
    assert 'bodyparts: ["nose", "tail µ", "ear"]' in config


def test_an_export_is_replaced_only_if_it_is_said(tmp_path: Path) -> None:
    out = write_dlc(tmp_path, export())
    (out / "mine.txt").write_text("work")
    (tmp_path / "config.yaml").write_text("scorer: ana # mine\n")
    with pytest.raises(WriteRefused, match=r"not brought back yet.*--overwrite"):
        write_dlc(tmp_path, export())
    assert (out / "mine.txt").exists()

    def stopped(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dlc(tmp_path, export(), overwrite=True, progress=stopped)
    assert (out / "mine.txt").exists()
    write_dlc(tmp_path, export(), overwrite=True)
    assert not (out / "mine.txt").exists()
    assert "mine" in (tmp_path / "config.yaml").read_text()
    left = {p.name for p in tmp_path.rglob("*") if p.name.startswith(".")}
    assert not left


def test_pictures_are_padded_and_body_parts_dispersed(tmp_path: Path) -> None:
    mixed = pictures()
    mixed[1] = mixed[1][0], mixed[1][1][:10, :11, 0]
    out = write_dlc(tmp_path, export(pictures=mixed, disperse=True))
    shapes = [read_picture(p).shape for p in sorted(out.glob("*.png"))]
    assert shapes == [(12, 16, 3), (12, 16), (12, 16, 3)]
    [found] = read_label_files(out)
    first = found.manifest.picture(found.table.rows[0])
    assert found.manifest.handles == {
        (first, "ear"): tuple(found.table.xy[0, 2].tolist())
    }


def test_a_lightning_pose_project_keeps_what_is_hidden(tmp_path: Path) -> None:
    table = write_lightning(tmp_path / "p", export())
    lines = table.read_text().splitlines()
    assert lines[2] == "coords" + ",x,y,visible" * 3
    row = "labeled-data/20260101_120000_top/frame00000007.png"
    assert lines[3] == f"{row},21.521,0.0,2,0.33333334,5.0,1,,,0"
    [found] = read_label_files(tmp_path / "p")
    assert_same(found.table, export())
    assert found.video_name(found.table.rows[2]) == "20260101_120000_side"
    assert len(found.pictures) == 3


def test_coco_keeps_what_is_hidden_and_the_skeleton(tmp_path: Path) -> None:
    edges = (("nose", "ear"),)
    path = write_coco(tmp_path / "c", export(edges=edges))
    [found] = read_label_files(path)
    assert_same(found.table, export())
    assert found.edges == edges
    assert found.manifest.frames[found.table.rows[2]] == frames()[2]
    record = json.loads(path.read_text())
    assert record["annotations"][0]["num_keypoints"] == 2
    record["annotations"].append(record["annotations"][0] | {"id": 9})
    path.write_text(json.dumps(record))
    [several] = read_label_files(path)
    assert several.table.bodyparts[:1] == ("1/nose",)


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ("labeled-data/m4s1/img0027.png", 27),
        ("im_000003_session20260101_120000_frame000120.png", 120),
        ("labeled-data/s/frame00000007.png", 7),
        ("cam1.png", 1),
        ("picture.png", None),
        (5, 5),
    ],
)
def test_numbers_of_frames_are_in_the_names_of_pictures(
    row: str | int, number: int | None
) -> None:
    assert frame_number(row) == number


def animals() -> LabelTable:
    xy = np.array([[[1, 2], [3, 4], [5, 6]], [[NAN] * 2, [7, 8], [9, 10.25]]])
    rows = ("labeled-data/v/a.png", "labeled-data/v/b.png")
    return LabelTable("ana", ("m1/nose", "m2/nose", "led"), rows, xy)


def test_several_animals_have_a_level_of_their_own(tmp_path: Path) -> None:
    write_hdf(tmp_path / "t.h5", animals())
    (tmp_path / "t.csv").write_bytes(csv_bytes(animals(), split_names=True))
    assert "individuals,,,m1,m1,m2,m2,single" in (tmp_path / "t.csv").read_text()
    for name in ("t.h5", "t.csv"):
        table = read_table(tmp_path / name)
        assert (table.bodyparts, table.rows) == (animals().bodyparts, animals().rows)
        np.testing.assert_array_equal(table.xy, animals().xy)


def test_predictions_are_rows_of_frames_with_likelihoods(tmp_path: Path) -> None:
    path = tmp_path / "vDLC_resnet.csv"
    path.write_text(
        "scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"
        "0,1.5,2.5,0.25\n1,,,\n"
    )
    table = read_table(path)
    assert (table.rows, table.is_of_frames) == ((0, 1), True)
    np.testing.assert_array_equal(table.likelihood, [[0.25], [NAN]])


WRONG = {
    "no.csv": (b"a,b\n1,2\n", "must begin with the lines scorer"),
    "short.csv": (b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\nimg1.png,1\n", "2 columns"),
    "words.csv": (
        b"scorer,a,a\nbodyparts,n,n\ncoords,x,y\nimg1.png,1,b\n",
        "no number",
    ),
    "half.csv": (b"scorer,a\nbodyparts,n\ncoords,x\nimg1.png,1\n", "no x and y"),
    "two.csv": (b"scorer,a,b\nbodyparts,n,n\ncoords,x,y\nimg1.png,1,1\n", "a and b"),
    "no.h5": (b"\x89HDF\r\n\x1a\n and nothing", "damaged"),
    "no.txt": (b"labels", "no file of labels"),
    "no.json": (b'{"images": 3}', "no COCO file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_file_of_labels_is_said(tmp_path: Path, name: str) -> None:
    content, said = WRONG[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        read_label_files(tmp_path / name)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        read_label_files(tmp_path / "none")
    with pytest.raises(NotFound, match="choose the folder of a project"):
        read_label_files(tmp_path)
    for scorer in ("ana", "bo"):
        write_hdf(tmp_path / f"CollectedData_{scorer}.h5", animals())
    with pytest.raises(UnreadableFile, match="CollectedData_ana, CollectedData_bo"):
        read_label_files(tmp_path)
    (tmp_path / "config.yaml").write_text("Task: x\nscorer: bo\n")
    [found] = read_label_files(tmp_path)
    assert found.path.stem == "CollectedData_bo"


class _Runs:
    """What a file from elsewhere may hold: it writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return open, (self.path, "w")


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    import h5py

    path, written = tmp_path / "t.h5", tmp_path / "it-ran"
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = "frame_table"
        kinds = [("index", "S5"), ("values_block_0", "<f8", (2,))]
        table = group.create_dataset("table", data=np.zeros(1, kinds))
        bad = pickle.dumps([_Runs(str(written))], protocol=0)
        table.attrs["values_block_0_kind"] = np.bytes_(bad)
    with pytest.raises(UnreadableFile, match="names"):
        read_hdf(path)
    assert not written.exists()
    pickle.loads(bad)[0].close()
    assert written.exists()  # it would have


@pytest.mark.parametrize("way", ["link", "external", "virtual", "wide", "names"])
def test_a_table_may_not_reach_beyond_its_file(tmp_path: Path, way: str) -> None:
    import h5py

    path, other = tmp_path / "t.h5", tmp_path / "other.h5"
    for file in (path, other):
        write_hdf(file, LabelTable("a", ("n",), ("img1.png",), np.ones((1, 1, 2))))
    values, names = "df_with_missing/block0_values", "df_with_missing/axis0_level1"
    with h5py.File(path, "a") as file:
        kept = dict(file[values].attrs)
        del file[names if way == "names" else values]
        if way == "link":
            file[values] = h5py.ExternalLink(other, values)
        elif way == "external":
            file.create_dataset(values, (1, 2), "f8", external=[(str(other), 0, 16)])
        elif way == "virtual":
            layout = h5py.VirtualLayout((1, 2), "f8")
            layout[:] = h5py.VirtualSource(other, values, (1, 2))
            file.create_virtual_dataset(values, layout)
        elif way == "wide":
            file.create_dataset(values, (10**6, 10**6), "f8", chunks=(9, 9))
        else:
            node = file.create_dataset(names, (10**6,), "S100000", chunks=(1,))
            node.attrs["kind"] = "string"
        if way != "names":
            file[values].attrs.update(kept)
    with pytest.raises(UnreadableFile, match=r"elsewhere|in other files|too large"):
        read_hdf(path)


@pytest.mark.parametrize("way", ["link", "external", "virtual", "wide"])
@pytest.mark.parametrize("ending", [".slp", ".nwb"])
def test_what_sleap_io_reads_may_not_either(
    tmp_path: Path, ending: str, way: str
) -> None:
    import h5py

    path, other = tmp_path / f"t{ending}", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["points"] = np.ones(4)
    with h5py.File(path, "w") as file:
        file["metadata"] = np.zeros(3)
        deep = file.create_group("processing/behavior")
        deep["back"] = h5py.SoftLink("/metadata")  # which NWB files have
        deep["round"] = file  # a circle
        if way == "link":
            deep["points"] = h5py.ExternalLink(other, "points")
        elif way == "external":
            deep.create_dataset("points", (4,), "f8", external=[(str(other), 0, 32)])
        elif way == "virtual":
            layout = h5py.VirtualLayout((4,), "f8")
            layout[:] = h5py.VirtualSource(other, "points", (4,))
            deep.create_virtual_dataset("points", layout)
        else:
            deep.create_dataset("points", (10**6, 10**6), "f8", chunks=(9, 9))
    with pytest.raises(UnreadableFile, match=r"elsewhere|in other files|too large"):
        read_label_files(path)


def test_pictures_outside_of_a_project_are_not_taken(tmp_path: Path) -> None:
    write_picture(tmp_path / "secret.png", pictures()[0][1])
    project = tmp_path / "p"
    project.mkdir()
    table = LabelTable("a", ("n",), ("../secret.png",), np.ones((1, 1, 2)))
    (project / "CollectedData.csv").write_bytes(csv_bytes(table))
    [found] = read_label_files(project)
    assert found.pictures == {}


def test_a_damaged_manifest_is_said(tmp_path: Path) -> None:
    for content in ("{}", "[1]", '{"format": "labdata-napari labels", "version": 1}'):
        (tmp_path / "m.json").write_text(content)
        with pytest.raises(UnreadableFile, match="export the label set again"):
            read_manifest(tmp_path / "m.json")


def test_decimals_are_as_short_as_they_may_be() -> None:
    values = np.array([21.521, 1 / 3, NAN, 1e-8, 123456.79], np.float32)
    found = shortest(values)
    assert found[0] == 21.521
    np.testing.assert_array_equal(np.float32(found), values)


def test_the_real_project_is_read(shared_data: Path) -> None:
    project = shared_data / "openfield-Pranav-2018-10-30"
    if not (project / "config.yaml").exists():
        pytest.skip("the open-field project is not among the real data")
    [found] = read_label_files(project)
    table = found.table
    assert table.bodyparts == ("snout", "leftear", "rightear", "tailbase")
    assert (len(table.rows), len(found.pictures)) == (116, 116)
    csv = read_csv(found.path.with_suffix(".csv"))
    assert csv.rows == table.rows
    np.testing.assert_array_equal(csv.xy, table.xy)
    assert read_picture(found.pictures[table.rows[5]]).shape == (480, 640, 3)
    assert found.video_name(table.rows[0]) == "m4s1"


def small_video(path: Path) -> None:
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height = 16, 16
        picture = np.zeros((16, 16, 3), np.uint8)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("ending", [".slp", ".nwb"])
def test_sleap_and_nwb_files(tmp_path: Path, ending: str) -> None:
    from labdata_napari.core.sleap import write_sleap

    path = tmp_path / f"labels{ending}"
    videos = {f[:4]: tmp_path / f"{f.video_name}.mp4" for f in frames()}
    if "sleap_io" not in sys.modules:
        try:
            import sleap_io  # noqa: F401
        except ImportError:
            with pytest.raises(
                NotFound, match=r"pip install 'labdata-napari\[sleap\]'"
            ):
                write_sleap(path, export(), videos)
            return
    for video in videos.values():
        small_video(video)
    edges = (("nose", "ear"),)
    write_sleap(path, export(edges=edges), videos)
    [found] = read_label_files(path)
    order = [found.video_name(row) for row in found.table.rows]
    assert order == ["top", "top", "side"]
    assert [frame_number(row) for row in found.table.rows] == [7, 120, 7]
    assert_same(found.table, export(), states=False)
    assert found.edges == edges
    if ending == ".slp":
        assert found.table.states[0, 1] == State.OCCLUDED
    with pytest.raises(WriteRefused, match="exists already"):
        write_sleap(path, export(), videos)
