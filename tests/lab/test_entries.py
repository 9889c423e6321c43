"""The list of what there is to open: complete, filtered, quick."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.entries import KINDS
from labs import (
    KEY,
    WHEN,
    add_brain,
    add_dataset,
    add_file,
    add_transform,
    postgresql,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def add_recording(lab: Any, kind: str, **columns: Any) -> dict[str, str]:
    key = add_dataset(lab, dataset_name=kind.lower())
    common = {
        "n_channels": 2,
        "n_frames": 1200,
        "width": 40,
        "height": 30,
        "frame_rate": 30.0,
        "um_per_pixel": np.array([5.0, 6.0]),
    }
    place = add_file(lab, key, f"{kind}.zarr.zip", size=2e6)
    row = key | place | common | columns
    getattr(lab, kind).insert1(row, allow_direct_insert=True)
    return key


def add_video(lab: Any, name: str = "cam0") -> dict[str, str]:
    key = add_dataset(lab, dataset_name="video")
    row = {"video_name": name, "frame_rate": 25.0, "n_frames": 500.0}
    lab.DatasetVideo.insert1(key | row)
    for number, size in enumerate((3e6, 1e6)):
        place = add_file(lab, key, f"{name}_{number}.avi", size)
        lab.DatasetVideo.File.insert1(key | {"video_name": name} | place)
    return key | {"video_name": name}


def fill(lab: Any) -> None:
    """One entry of each kind."""
    key = add_brain(lab)
    for number in range(2):
        transform = add_transform(lab, key, number)
        for annotation in range(3):
            lab.FixedBrainTransformAnnotation.insert1(
                transform
                | {
                    "annotation_id": annotation,
                    "annotation_name": f"a{annotation}",
                    "annotation_type": "",
                    "xyz": np.zeros((4, 3)),
                }
            )
    add_recording(lab, "Widefield", imaging_software="labcams")
    add_recording(lab, "TwoPhoton", imaging_software="scanimage", n_planes=3)
    add_recording(lab, "Miniscope", lens_tuning=0)
    video = add_video(lab)
    lab.PoseEstimationLabelSet.insert1(
        {"pose_label_set_num": 3, "description": "side view"}
    )
    for frame in (5, 9):
        place = {"pose_label_set_num": 3, "frame_num": frame} | video
        picture = np.zeros((3, 4), np.uint8)
        lab.PoseEstimationLabelSet.Frame.insert1(place | {"frame": picture})
        for part in ("nose", "tail"):
            lab.PoseEstimationLabelSet.Label.insert1(
                place | {"label_name": part, "x": 1.0, "y": 2.0}
            )


def test_every_kind_is_listed_with_its_columns(lab: Any, store: Path) -> None:
    fill(lab)
    path = store / "M1" / "20260101_120000" / "brain" / "brain.ome.tif"
    path.parent.mkdir(parents=True)
    path.touch()
    entries = {entry.kind: entry for entry in lab.entries.find()}
    assert set(entries) == set(KINDS)
    brain = entries["FixedBrain"]
    assert brain.key == KEY
    assert (brain.subject, brain.session, brain.dataset) == tuple(KEY.values())
    assert brain.session_datetime == WHEN
    assert brain.um_per_pixel == (25, 10, 5)
    assert (brain.channels, brain.size) == (2, 1e6)
    assert (brain.transforms, brain.annotations) == (2, 6)
    assert brain.file_path == "M1/20260101_120000/brain/brain.ome.tif"
    assert (brain.storage, brain.local) == ("data", True)
    widefield = entries["Widefield"]
    assert widefield.um_per_pixel == (6, 5)  # the row keeps x, y
    assert widefield.description == "1,200 frames, 30 Hz"
    assert (widefield.local, widefield.channels, widefield.size) == (False, 2, 2e6)
    assert entries["TwoPhoton"].description == "3 planes, 1,200 frames, 30 Hz"
    assert entries["Miniscope"].dataset == "miniscope"
    video = entries["DatasetVideo"]
    assert video.dataset == "video/cam0"
    assert video.key["video_name"] == "cam0"
    assert video.size == 4e6
    assert video.file_path == "M1/20260101_120000/video/cam0_0.avi"
    labels = entries["PoseEstimationLabelSet"]
    assert labels.key == {"pose_label_set_num": 3}
    assert (labels.subject, labels.session) == ("M1", "20260101_120000")
    assert (labels.dataset, labels.annotations) == ("label set 3", 4)
    assert labels.description == "2 frames, side view"
    assert (labels.session_datetime, labels.local) == (WHEN, None)


def test_an_empty_lab_has_an_empty_list(lab: Any) -> None:
    assert lab.entries.find() == []
    assert lab.entries.unavailable == ()


@postgresql
def test_the_newest_comes_first_and_words_filter(lab: Any) -> None:
    add_brain(lab)
    add_brain(lab, subject_name="M2", session_name="20260301_090000")
    add_recording(lab, "Widefield", imaging_software="labcams")
    found = lab.entries.find()
    assert [e.subject for e in found] == ["M2", "M1", "M1"]
    assert [e.subject for e in lab.entries.find("m2 BRAIN")] == ["M2"]
    assert [e.kind for e in lab.entries.find("30 hz")] == ["Widefield"]
    assert [e.session for e in lab.entries.find("2026-03")] == ["20260301_090000"]
    assert lab.entries.find("m2 widefield") == []
    assert [e.kind for e in lab.entries.find(kinds=["Widefield"])] == ["Widefield"]
    assert [e.subject for e in lab.brains.find("M1")] == ["M1"]
    assert [e.kind for e in lab.recordings.find()] == ["Widefield"]
    with pytest.raises(InvalidValue, match="'Ephys'"):
        lab.entries.find(kinds=["Ephys"])


@postgresql
def test_rows_with_empty_columns_are_listed(lab: Any) -> None:
    columns = dict.fromkeys(("file_path", "storage", "num_channels", "um_per_pixel"))
    add_brain(lab, **columns)
    key = add_dataset(lab, dataset_name="v")
    lab.DatasetVideo.insert1(key | {"video_name": "cam"})
    lab.PoseEstimationLabelSet.insert1({"pose_label_set_num": 1})
    brain, video, labels = sorted(lab.entries.find(), key=lambda e: KINDS.index(e.kind))
    assert (brain.size, brain.channels, brain.um_per_pixel) == (None, None, None)
    assert (brain.file_path, brain.local) == (None, None)
    assert (video.file_path, video.size, video.description) == (None, None, "")
    assert (labels.subject, labels.session_datetime) == ("", None)
    for entry in (brain, video, labels):
        assert lab.entries.details(entry).lines


@postgresql
@pytest.mark.parametrize(
    ("value", "um"),
    [
        (7.0, (7, 7, 7)),
        ([4.0, 1.0, 2.0, 3.0], (4, 2, 3)),
        ([1.0, 2.0], None),
        ("?", None),
    ],
)
def test_odd_voxel_sizes_do_not_hide_a_brain(lab: Any, value: Any, um: Any) -> None:
    add_brain(lab, um_per_pixel=value)
    [entry] = lab.entries.find()
    assert entry.um_per_pixel == um


def test_tables_that_one_may_not_read_are_left_out_and_named(
    lab: Any, lab_place: Any, connect_again: Callable[..., Any]
) -> None:
    fill(lab)
    user = lab_place.reader()
    if lab_place.backend == "mysql":
        who = f"{user['user']}@'127.0.0.1'"
        lab_place.sql(f"REVOKE SELECT ON `lab_data_computed`.* FROM {who}")
    else:
        lab_place.sql(f'REVOKE USAGE ON SCHEMA "lab_data_computed" FROM {user["user"]}')
    partial = connect_again(**user)
    entries = {entry.kind: entry for entry in partial.entries.find()}
    assert "PoseEstimationLabelSet" not in entries
    assert entries["FixedBrain"].size == 1e6
    assert (entries["FixedBrain"].transforms, entries["FixedBrain"].annotations) == (
        0,
        0,
    )
    assert set(partial.entries.unavailable) == {
        "PoseEstimationLabelSet",
        "PoseEstimationLabelSet.Frame",
        "PoseEstimationLabelSet.Label",
        "FixedBrainTransform",
        "FixedBrainTransformAnnotation",
    }
    assert partial.entries.details(entries["FixedBrain"]).lines
    assert partial.entries.details(entries["FixedBrain"]).transforms == ()


@postgresql
def test_details_say_everything(lab: Any, store: Path) -> None:
    fill(lab)
    lab.FixedBrain.Channel.insert1(
        KEY
        | {
            "channel_index": 0,
            "channel_wavelength": 565.0,
            "channel_description": "DiI",
        },
        allow_direct_insert=True,
    )
    lab.FixedBrainTransformParameters.insert1(
        KEY | {"transform_id": 7, "downsample": [1, 2]}
    )
    entries = {entry.kind: entry for entry in lab.entries.find()}
    details = lab.entries.details(entries["FixedBrain"])
    lines = dict(details.lines)
    assert lines["subject"] == "M1 (female, born 2025-06-01, C57BL/6J)"
    assert lines["session"] == "20260101_120000 (2026-01-01 12:00)"
    assert lines["experimenter"] == "ana"
    assert lines["µm per pixel"] == "25 × 10 × 5"
    assert lines["channel 0"] == "DiI, 565 nm"
    assert lines["size"] == "1.0 MB"
    assert str(store) in lines["on this machine"]
    first, second, third = details.transforms
    assert (first.transform_id, first.computed, first.annotations) == (0, True, 3)
    assert first.um_per_pixel == (50, 20, 10)
    assert first.shape == (5, 2, 15, 20)
    assert second.transform_id == 1
    assert (third.transform_id, third.computed, third.parameters) == (7, False, None)
    assert "downsample" in (third.problem or "")
    assert dict(lab.entries.details(entries["TwoPhoton"]).lines)["planes"] == "3"
    files = [
        v for k, v in lab.entries.details(entries["DatasetVideo"]).lines if k == "file"
    ]
    assert [f[-10:] for f in files] == ["cam0_0.avi", "cam0_1.avi"]
    lab.DatasetVideo.File.delete(prompt=False, part_integrity="ignore")
    lab.PoseEstimationLabelSet.delete(prompt=False)
    with pytest.raises(NotFound, match="label set num"):
        lab.entries.details(entries["PoseEstimationLabelSet"])


@pytest.mark.alone
@postgresql
def test_ten_thousand_entries_take_less_than_half_a_second(
    lab: Any, lab_place: Any
) -> None:
    add_brain(lab)
    schema = lab.FixedBrain.database
    spread = "FROM generate_series(0, 9999) AS n"
    subject, session = "'S' || n % 200", "'s' || n"
    columns = "um_per_pixel, num_channels, width, height"
    lab_place.sql(
        f"INSERT INTO {schema}.subject SELECT DISTINCT {subject}, subject_dob, "
        f"subject_sex, strain_name, user_name FROM {schema}.subject, "
        "generate_series(0, 199) AS n WHERE subject_name = 'M1'",
        f"INSERT INTO {schema}.session SELECT {subject}, {session}, "
        f"timestamp '2025-01-01' + n * interval '1 hour', 'ana' {spread}",
        f"INSERT INTO {schema}.dataset SELECT {subject}, {session}, 'brain' {spread}",
        f"INSERT INTO {schema}.file SELECT 'S/' || n, 'data', now(), n {spread}",
        f"INSERT INTO {schema}._fixed_brain (subject_name, session_name, dataset_name, "
        f"file_path, storage, {columns}) SELECT {subject}, {session}, 'brain', "
        f"'S/' || n, 'data', {columns} {spread}, {schema}._fixed_brain "
        "WHERE subject_name = 'M1'",
        f"INSERT INTO {schema}_computed.fixed_brain_transform_parameters "
        f"(subject_name, session_name, dataset_name, transform_id) "
        f"SELECT {subject}, {session}, 'brain', 0 {spread} WHERE n % 2 = 0",
        "ANALYZE",
    )
    seconds = []
    for _ in range(6):
        began = time.perf_counter()
        entries = lab.entries.find()
        seconds.append(time.perf_counter() - began)
    assert len(entries) == 10_001
    assert entries[0].session_datetime > datetime.datetime(2026, 2, 1)
    assert min(seconds) < 0.5
    began = time.perf_counter()
    words = ["s17", "2025-03"]
    found = [e for e in entries if e.matches(words)]
    assert time.perf_counter() - began < 0.5
    assert found


@postgresql
def test_looking_for_files_far_away_stops_after_a_moment(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labdata_napari.lab import entries

    add_brain(lab)
    monkeypatch.setattr(entries, "_LOOK_SECONDS", 0.0)
    found = lab.entries.find()
    assert [e.local for e in found] == [None]
    assert [e.local for e in lab.entries.looked_up(found)] == [False]
