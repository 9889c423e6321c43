"""Label sets go to other tools and come back: nothing lost, nothing misplaced."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.label_files import read_label_files
from labdata_napari.core.label_hdf import read_hdf, write_hdf
from labdata_napari.core.label_table import LabelTable
from labdata_napari.core.pictures import read_picture, write_picture
from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_edits import occlude
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    UnreadableFile,
    WriteConflict,
    WriteRefused,
)
from labdata_napari.lab.pose_update import Updated
from labdata_napari.lab.video_import import VideoImport, import_video
from labelling import (
    add_video,
    frames_of,
    label_set,
    labels_of,
    part_of_open_field,
    picture,
    stored_labels,
    write_video,
)
from labs import add_dataset, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.core.pose import PoseLabels

pytestmark = postgresql
NAN = np.nan
WHERE = {"subject": "M9", "session": "20260102_120000", "dataset": "pose"}


def two_cameras(lab: Any) -> tuple[int, PoseLabels]:
    """A set of two videos of one session, a number of a frame in common."""
    frames = [
        *frames_of(add_video(lab), [7, 5]),
        *frames_of(add_video(lab, "side"), [5, 9]),
    ]
    num = lab.poses.create_label_set("two cameras", "ana")
    images = {frame: picture(n) for n, frame in enumerate(frames)}
    lab.poses.add_frames(num, images, labels_of(frames))
    return num, lab.poses.load_labels(num)


def changed(path: Path, change: Callable[[Any], None]) -> None:
    """Put other values into a file, as another tool does."""
    table = read_hdf(path)
    change(table)
    write_hdf(path, table, key="keypoints")


def test_an_export_comes_back_without_any_change(lab: Any, tmp_path: Path) -> None:
    num, labels = two_cameras(lab)
    hidden = labels.frames[0], "tail"
    draft = lab.poses.load_draft(num)
    lab.poses.save_draft(num, draft, occlude(draft, hidden).apply(draft))
    lab.poses.save_skeleton(num, Skeleton(("tail", "nose")))
    for format, table in (  # noqa: A001
        ("dlc", "CollectedData_ana.h5"),
        ("dlc", "CollectedData_ana.csv"),
        ("lightning", "CollectedData.csv"),
        ("coco", "annotations.json"),
    ):
        out = lab.poses.export_labels(num, tmp_path / format, format, overwrite=True)
        file = out if out.is_file() else out / table
        assert lab.poses.update_labels(num, file) == Updated(0, 0, 0, 8, 4)
        [read] = read_label_files(file)
        assert read.table.bodyparts == ("tail", "nose")
        assert format == "dlc" or read.table.states[0].tolist() == [1, 2]
        (file.parent / "labels_manifest.json").unlink()
        if format != "coco":  # whose table and names say less
            assert lab.poses.update_labels(num, file) == Updated(0, 0, 0, 8, 4)
    now = lab.poses.load_labels(num)
    assert (now.bodyparts, now.by_place()) == (("tail", "nose"), labels.by_place())
    [file] = read_label_files(tmp_path / "dlc")
    first = file.pictures[file.table.rows[0]]
    np.testing.assert_array_equal(read_picture(first), picture(1))  # frame 5 is first


def test_the_tables_of_labdata_have_its_methods(
    lab: Any, store: Path, tmp_path: Path
) -> None:
    num, labels = two_cameras(lab)
    lab.poses.save_skeleton(num, Skeleton(("tail", "nose")))
    chosen = lab.PoseEstimationLabelSet & {"pose_label_set_num": num}
    out, frames, rows = chosen.export_labeling(bodyparts=["tail", "ear"])
    models = store / "pose_estimation_models"
    folder = models / f"pose_label_set_num_{num}"
    assert out == folder / "labeled-data" / f"label_set_{num}" == chosen.export_path()
    assert list(frames["frame_num"]) == [5, 7, 5, 9]
    assert (len(rows), rows["label_name"][0]) == (8, "nose")
    with pytest.raises(WriteRefused, match="holds files already"):
        chosen.export_labeling()
    other, _, _ = chosen.export_labeling(model_num=3, disperse_labels=True)
    assert read_hdf(other / "CollectedData_ana.h5").bodyparts == ("nose", "tail")
    assert other == models / "model_3" / "labeled-data" / f"label_set_{num}"
    at = out / "CollectedData_ana.h5"
    assert read_hdf(at).bodyparts == ("tail", "ear")

    def edit(table: Any) -> None:
        table.xy[0, 0] = 1, 2
        table.xy[1, 0] = NAN
        table.xy[2, 1] = 3, 4

    changed(at, edit)
    said: list[str] = []
    counts = chosen.update_labeling(at, lambda done, total, stage: said.append(stage))
    assert (counts["updated"], counts["added"], counts["removed"]) == (1, 1, 1)
    assert (counts["unchanged"], counts["frames"]) == (2, 4)
    assert said == ["reading", "writing", "writing"]
    now = lab.poses.load_labels(num)
    expected = (
        labels.placed(labels.frames[0], "tail", 1, 2)
        .removed(labels.frames[1], "tail")
        .placed(labels.frames[2], "ear", 3, 4)
    )
    assert not now.differences_to(expected)  # noses, which were left out, are there
    empty = lab.poses.create_label_set("empty")
    with pytest.raises(InvalidValue, match="no labels yet"):
        lab.poses.export_labels(empty, tmp_path, only_labelled=True)


def test_what_others_did_meanwhile_stays(
    lab: Any, tmp_path: Path, connect_again: Callable[..., Any]
) -> None:
    num, labels = two_cameras(lab)
    at = lab.poses.export_labels(num, tmp_path) / "CollectedData_ana.h5"
    one, two, *_ = labels.frames
    other = labels.placed(one, "nose", 1, 1).placed(one, "ear", 2, 2)
    connect_again().poses.save_labels(num, labels, other)
    changed(at, lambda table: table.xy.__setitem__((1, 0), (8, 8)))
    assert lab.poses.update_labels(num, at) == Updated(1, 0, 0, 7, 4)
    now = lab.poses.load_labels(num)
    assert not now.differences_to(other.placed(two, "nose", 8, 8))
    changed(at, lambda table: table.xy.__setitem__((0, 0), (9, 9)))
    with pytest.raises(WriteConflict, match="Somebody else changed labels"):
        lab.poses.update_labels(num, at)
    assert lab.poses.load_labels(num) == now


def test_handles_that_were_not_dragged_are_no_labels(lab: Any, tmp_path: Path) -> None:
    num, labels = two_cameras(lab)
    out = lab.poses.export_labels(
        num, tmp_path, bodyparts=["nose", "ear", "paw"], disperse=True
    )
    at = out / "CollectedData_ana.h5"
    assert not np.isnan(read_hdf(at).xy[0]).any()
    changed(at, lambda table: table.xy.__setitem__((0, 2), (8, 8)))
    assert lab.poses.update_labels(num, at) == Updated(0, 1, 0, 4, 4)
    now = lab.poses.load_labels(num)
    assert not now.differences_to(labels.placed(labels.frames[0], "paw", 8, 8))


def test_what_does_not_belong_to_a_set_is_refused(lab: Any, tmp_path: Path) -> None:
    num, labels = two_cameras(lab)
    out = lab.poses.export_labels(num, tmp_path)
    at = out / "CollectedData_ana.h5"
    other = lab.poses.create_label_set("another")
    with pytest.raises(InvalidValue, match=f"from label set {num}, not {other}"):
        lab.poses.update_labels(other, at)
    table = read_hdf(at)
    write_hdf(at, table.selected([0, 3]))
    (out / "labels_manifest.json").unlink()
    with pytest.raises(InvalidValue, match="its name does not tell"):
        lab.poses.update_labels(num, at)  # which of the two frames 5?
    write_hdf(at, table.selected([1, 3]))
    assert lab.poses.update_labels(num, at).frames == 2
    with pytest.raises(InvalidValue, match="No frame of label set"):
        lab.poses.update_labels(other, at)
    with pytest.raises(InvalidValue, match="'png' is no format of labels"):
        lab.poses.export_labels(num, tmp_path, "png")
    with pytest.raises(NotFound, match="no PoseEstimationLabelSet"):
        lab.poses.export_labels(99, tmp_path)
    assert lab.poses.load_labels(num) == labels


def deeplabcut_project(folder: Path) -> Path:
    """Two videos with three labelled pictures each, of different sizes."""
    for n, video in enumerate(("left", "right")):
        data = folder / "labeled-data" / video
        data.mkdir(parents=True)
        rows = []
        for number in (3, 4, 10):
            name = f"img{number:03d}.png"
            write_picture(data / name, picture(number + n, (12 + n, 16)))
            rows.append(f"labeled-data/{video}/{name}")
        frames = [FrameKey("", "", "", video, n) for n in (3, 4, 10)]
        xy = labels_of(frames, seed=n).coordinates.astype(np.float64)
        xy[1, 1] = NAN
        write_hdf(
            data / "CollectedData_bo.h5", LabelTable("bo", ("snout", "ear"), rows, xy)
        )
    (folder / "config.yaml").write_text(
        "Task: {\nscorer: bo\nskeleton:\n- - snout\n  - ear\n- - ear\n  - paw\nx: y\n"
        "pcutoff: 0.35  # of ours\n"
    )
    return folder


def test_a_project_becomes_a_label_set(lab: Any, tmp_path: Path) -> None:
    project = deeplabcut_project(tmp_path / "p")
    with pytest.raises(InvalidValue, match="subject, session and dataset"):
        lab.poses.import_labels(project)
    add_dataset(lab)
    with pytest.raises(NotFound, match=r"'bo' is no member.* are ana\..*insert1"):
        lab.poses.import_labels(project, **WHERE, labeler="bo")
    assert not lab.Subject & {"subject_name": WHERE["subject"]}
    made = lab.poses.import_labels(project, **WHERE)
    assert (made.frames, made.labels, made.without_picture) == (6, 10, 0)
    labels = lab.poses.load_labels(made.num)
    skeleton = Skeleton(("snout", "ear"), (("snout", "ear"),), pcutoff=0.35)
    assert labels.bodyparts == lab.poses.load_draft(made.num).labels.bodyparts
    assert lab.poses.load_skeleton(made.num) == skeleton
    right = FrameKey("M9", "20260102_120000", "pose", "right", 10)
    assert right in labels.frames
    np.testing.assert_array_equal(
        lab.poses.load_frame(made.num, right), picture(11, (13, 16))
    )
    table = read_hdf(project / "labeled-data" / "right" / "CollectedData_bo.h5")
    np.testing.assert_array_equal(
        labels.xyz[labels.frames.index(right), :, :2], np.float32(table.xy[2])
    )
    # files of the project itself, corrected there, go into the set they became
    at = project / "labeled-data" / "right" / "CollectedData_bo.h5"
    changed(at, lambda table: table.xy.__setitem__((1, 1), (5, 6)))
    assert lab.poses.update_labels(made.num, at) == Updated(0, 1, 0, 5, 3)
    # an export of ours knows where it belongs
    out = lab.poses.export_labels(made.num, tmp_path / "out")
    again = lab.poses.import_labels(out, description="again")
    assert lab.poses.load_labels(again.num) == lab.poses.load_labels(made.num)
    assert lab.poses.load_skeleton(again.num) == skeleton
    assert len(lab.DatasetVideo()) == 2
    draft = lab.poses.load_draft(made.num)
    frame = draft.labels.frames[1]
    for place in ((frame, "snout"), (frame, "ear")):  # the ear has no place there
        draft = occlude(draft, place).apply(draft)
    lab.poses.save_draft(made.num, lab.poses.load_draft(made.num), draft)
    lightning = tmp_path / "both"
    lab.poses.export_labels(made.num, lightning, "lightning")
    (lightning / "labels_manifest.json").unlink()
    with pytest.raises(InvalidValue, match="would both be frame 3"):
        lab.poses.import_labels(lightning, **WHERE, video="one")
    other = lab.poses.load_draft(lab.poses.import_labels(lightning, **WHERE).num)
    hidden = {(frame.frame_num, part) for frame, part in other.occluded}
    assert hidden == {(frame.frame_num, "snout"), (frame.frame_num, "ear")}


def test_what_a_file_says_is_hidden_comes_back_too(lab: Any, tmp_path: Path) -> None:
    num, labels = two_cameras(lab)
    one, two, *_ = labels.frames
    before = lab.poses.load_draft(num)
    draft = occlude(before, (one, "nose")).apply(before)
    draft = occlude(draft, (two, "ear")).apply(draft)  # nobody knows where it is
    lab.poses.save_draft(num, before, draft)
    coco = lab.poses.export_labels(num, tmp_path / "coco", "coco")
    lightning = lab.poses.export_labels(num, tmp_path / "lp", "lightning")
    dlc = lab.poses.export_labels(num, tmp_path / "dlc") / "CollectedData_ana.h5"
    same = Updated(0, 0, 0, len(labels), 4)
    for file in (coco, lightning, dlc):
        assert lab.poses.update_labels(num, file) == same
    record = json.loads(coco.read_text())
    names = record["categories"][0]["keypoints"]
    first, second = (a["keypoints"] for a in record["annotations"][:2])
    first[3 * names.index("nose") + 2] = 2  # seen
    first[3 * names.index("tail") + 2] = 1
    second[3 * names.index("ear") + 2] = 0
    coco.write_text(json.dumps(record))
    for marked in (3, 0):
        done = lab.poses.update_labels(num, coco)
        assert done == replace(same, marked=marked)
    assert lab.poses.load_draft(num).occluded == {(one, "tail")}
    # a file that was written before says what was hidden then, and changes nothing
    assert lab.poses.update_labels(num, lightning) == same
    # without what we wrote beside it, what it says holds
    for folder in (lightning.parent, coco.parent):
        (folder / "labels_manifest.json").unlink()
    assert lab.poses.update_labels(num, lightning).marked == 3
    assert lab.poses.load_draft(num).occluded == draft.occluded
    assert lab.poses.load_details(num)[one, "nose"].user == lab.user


def test_a_project_with_a_damaged_picture_leaves_no_set(
    lab: Any, tmp_path: Path
) -> None:
    project = deeplabcut_project(tmp_path / "p")
    (project / "labeled-data" / "right" / "img010.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableFile, match="img010"):
        lab.poses.import_labels(project, **WHERE)
    assert not lab.PoseEstimationLabelSet()


def test_labels_of_a_video_get_their_pictures_from_it(
    lab: Any, store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "my video.mp4"
    write_video(file)
    request = VideoImport(file, **WHERE)
    key = import_video(lab, request)
    assert key["video_name"] == "my_video"
    assert import_video(lab, request) == key  # once is enough
    row = (lab.DatasetVideo & key).to_dicts()[0]
    assert (row["frame_rate"], row["n_frames"]) == (25, 8)
    assert (store / "M9" / "20260102_120000" / "pose" / file.name).exists()
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n"
        "labeled-data/my_video/img5.png,1.5,2.5\nlabeled-data/my_video/img70.png,1,2\n"
    )
    made = lab.poses.import_labels(labels, **WHERE)
    assert (made.frames, made.labels, made.without_picture) == (2, 2, 1)
    frame = FrameKey(*key.values(), 5)
    stack = lab.recordings.open("DatasetVideo", key)
    np.testing.assert_array_equal(lab.poses.load_frame(made.num, frame), stack[5])
    with pytest.raises(NotFound, match="no picture of frame 70"):
        lab.poses.export_labels(made.num, tmp_path / "out")
    other = tmp_path / "other.mp4"
    other.write_bytes(b"no video")
    with pytest.raises(UnreadableFile):
        import_video(lab, VideoImport(other, **WHERE))
    write_video(other)
    other.write_bytes(other.read_bytes() + b"\0")
    with pytest.raises(WriteRefused, match="holds another file"):
        import_video(lab, VideoImport(other, **WHERE, video="my_video"))


def test_the_real_project_goes_there_and_back(
    lab: Any, shared_data: Path, tmp_path: Path
) -> None:
    real = shared_data / "openfield-Pranav-2018-10-30"
    if not (real / "config.yaml").exists():
        pytest.skip("the open-field project is not among the real data")
    kept = part_of_open_field(shared_data, tmp_path / "p").table
    data = tmp_path / "p" / "labeled-data" / "m4s1"
    made = lab.poses.import_labels(tmp_path / "p", **WHERE)
    assert (made.frames, made.without_picture) == (10, 0)
    out = lab.poses.export_labels(made.num, tmp_path / "out")
    [after] = read_label_files(out)
    assert after.table.bodyparts == kept.bodyparts
    np.testing.assert_allclose(after.table.xy, kept.xy, rtol=1e-15, atol=0)
    assert lab.poses.update_labels(made.num, out).unchanged == made.labels
    for row in after.table.rows[:3]:
        number = after.manifest.frames[after.manifest.picture(row)].frame_num
        np.testing.assert_array_equal(
            read_picture(after.pictures[row]),
            read_picture(data / f"img{number:04d}.png"),
        )


def test_nothing_is_written_by_who_may_only_read(
    lab: Any, lab_place: Any, connect_again: Callable[..., Any], tmp_path: Path
) -> None:
    num = label_set(lab)
    before = stored_labels(lab, num)
    reader = connect_again(**lab_place.reader())
    at = reader.poses.export_labels(num, tmp_path) / "CollectedData_ana.h5"
    changed(at, lambda table: table.xy.__setitem__((0, 0), (9, 9)))
    with pytest.raises(WriteRefused, match="may only read"):
        reader.poses.update_labels(num, at)
    assert stored_labels(lab, num) == before
