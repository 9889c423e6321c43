"""Annotations and labels: saved by one package, taken up by the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import imageio.v3 as imageio
import numpy as np
import pytest

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.label_hdf import read_hdf
from labdata_napari.core.pose_skeleton import Skeleton
from labelling import add_video, frames_of, labels_of, picture
from labs import add_brain, add_dataset, add_transform
from peers import assert_same_rows

if TYPE_CHECKING:
    from peers import Labdata

pytestmark = pytest.mark.mysql
TRACK = np.array([[2.0, 10.25, 15.0], [5.0, 14.5, 19.0], [8.0, 18.0, 1 / 3]])


def test_annotations_are_edited_by_both(lab, labdata: Labdata):
    key = add_transform(lab, add_brain(lab))
    ours = AnnotationSet(
        (
            Annotation("probe1_shank0", "probe_track", TRACK),
            Annotation("injection µ", "site", TRACK[:1]),
        )
    )
    lab.brains.save_annotations(key, AnnotationSet(), ours)
    assert "FixedBrainTransformAnnotation" in assert_same_rows(lab, labdata)
    first, second = labdata.rows("FixedBrainTransformAnnotation")
    assert (first["annotation_id"], second["annotation_id"]) == (0, 1)
    assert first["xyz"].dtype == np.float64
    np.testing.assert_array_equal(first["xyz"], TRACK)

    # as people write them in a script: a list of integers, an id with a gap
    theirs = {"annotation_name": "theirs", "annotation_type": "region"}
    points = {"annotation_id": 7, "xyz": [[1, 2, 3], [4, 5, 6]]}
    labdata.insert("FixedBrainTransformAnnotation", key | theirs | points)
    loaded = lab.brains.load_annotations(key)
    assert loaded.names == ("probe1_shank0", "injection µ", "theirs")
    np.testing.assert_array_equal(loaded["theirs"].points, points["xyz"])
    added = Annotation("after", "region", TRACK)
    lab.brains.save_annotations(key, loaded, AnnotationSet((*loaded, added)))
    rows = labdata.rows("FixedBrainTransformAnnotation")
    assert [row["annotation_id"] for row in rows] == [0, 1, 7, 8]
    # what nobody edited is as its author wrote it
    assert rows[2]["xyz"] == points["xyz"]


def test_labels_are_exported_and_edited_by_labdata(lab, labdata: Labdata, store: Path):
    frames = frames_of(add_video(lab), (3, 10, 7))
    labels = labels_of(frames).removed(frames[1], "tail")
    number = lab.poses.create_label_set("open field", "ana")
    pictures = {frame: picture(frame.frame_num) for frame in frames}
    lab.poses.add_frames(number, pictures, labels)
    lab.poses.make_tables()  # which labdata does not see
    before = lab.poses.load_draft(number)
    places = [(frame, "nose") for frame in frames]
    known = [replace(k, source=4) for k in before.at(places).values()]
    lab.poses.save_draft(number, before, before.with_keypoints(places, known))
    assert assert_same_rows(lab, labdata) >= {
        "DatasetVideo",
        "PoseEstimationLabelSet",
        "PoseEstimationLabelSet.Frame",
        "PoseEstimationLabelSet.Label",
    }

    exported = labdata.export_labeling(number)
    assert exported["columns"] == [
        ["ana", part, axis] for part in ("nose", "tail") for axis in "xy"
    ]
    in_order = sorted(frames)  # labdata exports in the order of the keys
    loaded = lab.poses.load_labels(number)
    assert loaded.frames == tuple(in_order)
    # labdata reads six digits of a float
    expected = loaded.coordinates.reshape(3, 4)
    np.testing.assert_allclose(exported["values"], expected, rtol=1e-5)
    assert np.isnan(exported["values"][2, 2:]).all()
    folder = Path(exported["file"]).parent
    assert folder.is_relative_to(store)
    assert Path(exported["file"]).name == "CollectedData_ana.h5"
    for frame, name in zip(in_order, exported["pictures"], strict=True):
        assert f"frame{frame.frame_num:06d}" in name
        np.testing.assert_array_equal(imageio.imread(folder / name), pictures[frame])

    counts = labdata.update_labeling(number, exported["file"], exported["values"])
    assert (counts["unchanged"], counts["updated"], counts["removed"]) == (5, 0, 0)
    assert lab.poses.load_labels(number) == loaded  # to the last bit
    moved = exported["values"].copy()
    moved[0, :2] = 12.5, 99.25
    moved[1, 2:] = np.nan
    moved[2, 2:] = 1, 2
    counts = labdata.update_labeling(number, exported["file"], moved)
    assert [counts[c] for c in ("updated", "added", "removed")] == [1, 1, 1]
    edited = (
        loaded.placed(in_order[0], "nose", 12.5, 99.25)
        .removed(in_order[1], "tail")
        .placed(in_order[2], "tail", 1, 2)
    )
    assert lab.poses.load_labels(number) == edited
    # a label that it moved is nobody's but a hand's
    assert set(lab.poses.load_draft(number).sources) == set(places[1:])

    # and we go on from there
    again = edited.placed(in_order[0], "ear", 5, 6, z=0.5)
    lab.poses.save_labels(number, edited, again)
    [ear] = labdata.rows("PoseEstimationLabelSet.Label", label_name="ear")
    assert (ear["x"], ear["y"], ear["z"]) == (5.0, 6.0, 0.5)
    assert_same_rows(lab, labdata)
    labdata.delete("PoseEstimationLabelSet", pose_label_set_num=number)
    assert not lab.PoseEstimationLabelSet()


def test_labels_are_exchanged_as_files(
    lab, labdata: Labdata, store: Path, tmp_path: Path
):
    # two cameras of one session, which have the number 7 in common
    frames = [
        *frames_of(add_video(lab), (7, 3)),
        *frames_of(add_video(lab, "side"), (7, 9)),
    ]
    number = lab.poses.create_label_set("two cameras", "ana")
    pictures = {frame: picture(n) for n, frame in enumerate(frames)}
    lab.poses.add_frames(number, pictures, labels_of(frames))
    loaded = lab.poses.load_labels(number)
    chosen = lab.PoseEstimationLabelSet & {"pose_label_set_num": number}
    same = {"updated": 0, "added": 0, "removed": 0, "unchanged": 8, "frames": 4}

    exported = labdata.export_labeling(number)
    counts = chosen.update_labeling(exported["file"])
    assert counts == same | {"duplicate_frames": 0}
    assert lab.poses.load_labels(number) == loaded  # to the last bit
    # labdata orders body parts by name, whatever order the set has here
    lab.poses.save_skeleton(number, Skeleton(("tail", "nose")))
    assert lab.poses.load_labels(number).bodyparts == ("tail", "nose")

    # ours is its layout, down to the names of pictures
    ours, table, _ = chosen.export_labeling(overwrite=True)
    assert ours == Path(exported["file"]).parent
    assert [Path(path).name for path in table["image_path"]] == exported["pictures"]
    columns = [
        [part, axis]
        for part in read_hdf(ours / "CollectedData_ana.h5").bodyparts
        for axis in "xy"
    ]
    assert [column[1:] for column in exported["columns"]] == columns
    other = lab.poses.create_label_set("one camera", "ana")
    lab.poses.add_frames(other, {f: pictures[f] for f in frames[:2]})
    lab.poses.add_frames(other, {}, labels_of(frames[:2]))
    before = lab.poses.load_labels(other)
    file = lab.poses.export_labels(other, tmp_path) / "CollectedData_ana.h5"
    values = before.coordinates.reshape(2, 4).astype(np.float64)
    counts = labdata.update_labeling(other, str(file), values)
    assert (counts["unchanged"], counts["updated"]) == (4, 0)
    assert lab.poses.load_labels(other) == before
    values[0, :2] = 12.5, 99.25
    counts = labdata.update_labeling(other, str(file), values)
    assert (counts["unchanged"], counts["updated"]) == (3, 1)
    # and its file, as it saved it, is taken up: there is nothing left to do
    done = lab.poses.update_labels(other, file)
    assert (done.unchanged, done.updated) == (4, 0)


def test_projections_are_read_by_labdata(lab, labdata: Labdata):
    key = add_dataset(lab, dataset_name="wide")
    sizes = {"n_channels": 2, "n_frames": 50, "width": 12, "height": 8}
    row = sizes | {"frame_rate": 30.0, "imaging_software": "labcams"}
    lab.Widefield.insert1(key | row, allow_direct_insert=True)
    mean = np.random.default_rng(0).random((2, 8, 12)).astype(np.float32)
    peak = (mean * 4000).astype(np.uint16)
    lab.widefield.save_projection(key, "mean", None, mean)
    lab.widefield.save_projection(key, "max", None, peak)
    for name, image in (("mean", mean), ("max", peak)):
        [row] = labdata.rows("Widefield.Projection", proj_name=name)
        assert row["proj"].dtype == image.dtype
        np.testing.assert_array_equal(row["proj"], image)
    labdata.insert("Widefield.Projection", key | {"proj_name": "std", "proj": mean})
    np.testing.assert_array_equal(lab.widefield.projections(key)["std"], mean)
    assert_same_rows(lab, labdata)
