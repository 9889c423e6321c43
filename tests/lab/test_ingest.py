"""Import: what is stored, and what is asked for before."""

from __future__ import annotations

import datetime
import hashlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from importing import VOXELS, ome_tiff, request
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.files import Files
from labdata_napari.lab.ingest import BrainImport, import_brain, plan_import
from labs import (
    KEY,
    WHEN,
    files_below,
    postgresql,
    rows_everywhere,
)
from stack_files import labdata_zip, ome_set, ome_zarr

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    return ome_tiff(tmp_path / "scope" / "brain.ome.tif")


# -- what is stored ----------------------------------------------------------------


def test_an_import_makes_every_row_and_a_copy(
    lab: Any, brain: Path, store: Path
) -> None:
    key = import_brain(lab, request(brain, experimenter="ana", hardware="lightsheet"))
    assert key == KEY
    place = {"file_path": "M1/20260101_120000/brain/brain.ome.tif", "storage": "data"}
    copy = store / place["file_path"]
    assert copy.read_bytes() == brain.read_bytes()
    file = lab.File.fetch1()
    assert place.items() <= file.items()
    assert file["file_size"] == brain.stat().st_size
    assert file["file_md5"] == hashlib.md5(brain.read_bytes()).hexdigest()
    changed = datetime.datetime.fromtimestamp(brain.stat().st_mtime)
    assert file["file_datetime"] == changed.replace(microsecond=0)
    row = lab.FixedBrain.fetch1()
    um = row.pop("um_per_pixel")
    assert row == KEY | place | {
        "num_channels": 2,
        "height": 30,
        "width": 40,
        "hardware": "lightsheet",
    }
    np.testing.assert_array_equal(um, [25, 10, 5])
    channels = lab.FixedBrain.Channel.to_dicts(order_by="KEY")
    assert [c["channel_description"] for c in channels] == ["autofluorescence", "DiI"]
    assert [c["channel_wavelength"] for c in channels] == [520, 565]
    assert lab.Dataset.DataFiles.fetch1() == KEY | place
    assert lab.Session.fetch1("session_datetime", "experimenter") == (WHEN, "ana")
    assert lab.Dataset.fetch1("dataset_type") == "fixed-brain"
    subject = lab.Subject.fetch1()
    assert subject["subject_dob"] == WHEN.date()
    assert (subject["subject_sex"], subject["strain_name"]) == ("U", "unknown")
    assert lab.LabMember.fetch1("user_name") == "ana"


def test_what_is_imported_opens_as_it_was(lab: Any, brain: Path) -> None:
    stack = lab.brains.open(import_brain(lab, request(brain)))
    assert stack.axes == "ZCYX"
    np.testing.assert_array_equal(np.asarray(stack), VOXELS)
    assert stack.um_per_pixel == (25, 10, 5)
    assert stack.channel_names == ("autofluorescence", "DiI")
    assert stack.channel_wavelengths_nm == (520, 565)


@postgresql
@pytest.mark.parametrize(
    "form",
    ["tiff", "imagej", "zarr.zip", "ome-zarr 0.4", "ome-zarr 0.5", "file in a zarr"],
)
def test_every_format_is_imported(
    lab: Any, tmp_path: Path, store: Path, form: str
) -> None:
    um: Any = (25, 10, 5)
    if form == "tiff":
        path, name = tmp_path / "a.tif", "a.tif"
        tifffile.imwrite(path, VOXELS[:, 0], photometric="minisblack")
    elif form == "imagej":
        path, name = tmp_path / "a.tif", "a.tif"
        tifffile.imwrite(path, VOXELS, imagej=True, metadata={"axes": "ZCYX"})
    elif form == "zarr.zip":
        path, name = labdata_zip(tmp_path / "a.zarr.zip", VOXELS), "a.zarr.zip"
    else:
        path = ome_zarr(
            tmp_path / "a.ome.zarr", VOXELS, version=form[-3:].replace("arr", "0.4")
        )
        name, um = "a.ome.zarr.zip", None
    chosen = path / ".zattrs" if form == "file in a zarr" else path
    key = import_brain(lab, request(chosen, um_per_pixel=um))
    assert (store / "M1" / "20260101_120000" / "brain" / name).is_file()
    stack = lab.brains.open(key)
    np.testing.assert_array_equal(
        np.asarray(stack), VOXELS[:, :1] if form == "tiff" else VOXELS
    )
    assert stack.um_per_pixel == (25, 10, 5)
    assert files_below(store / "M1" / "20260101_120000" / "brain") == {name}


@postgresql
def test_the_real_brain_is_imported_in_both_its_forms(
    lab: Any, shared_data: Path
) -> None:
    for number, name in enumerate(
        ("mouse_brain_50um.ome.tif", "mouse_brain_50um.zarr.zip")
    ):
        key = import_brain(
            lab,
            request(
                shared_data / name, dataset=f"b{number}", um_per_pixel=(50, 50, 50)
            ),
        )
        stack = lab.brains.open(key)
        assert stack.shape == (270, 1, 193, 271)
        assert stack.um_per_pixel == (50, 50, 50)
        assert stack[135, 0].max() > 0


@postgresql
def test_axes_that_a_person_names_are_kept_by_the_row(lab: Any, tmp_path: Path) -> None:
    path = labdata_zip(tmp_path / "a.zarr.zip", VOXELS.transpose(1, 0, 2, 3))
    key = import_brain(lab, request(path, um_per_pixel=(1, 1, 1), axes="CZYX"))
    np.testing.assert_array_equal(np.asarray(lab.brains.open(key)), VOXELS)


@postgresql
def test_axes_that_the_row_cannot_keep_are_refused(
    lab: Any, tmp_path: Path, store: Path
) -> None:
    ambiguous = VOXELS[:2]  # as many sections as channels
    path = labdata_zip(tmp_path / "a.zarr.zip", ambiguous.transpose(1, 0, 2, 3))
    with pytest.raises(UnreadableFile, match="cannot keep the order"):
        import_brain(lab, request(path, um_per_pixel=(1, 1, 1), axes="CZYX"))
    assert files_below(store) == set()


@postgresql
def test_a_file_in_place_is_not_copied(lab: Any, brain: Path, store: Path) -> None:
    files = Files.for_embedded(store.parent / "root", [store])
    lab.files = files
    key = import_brain(lab, request(brain, in_place=True))
    assert lab.FixedBrain.fetch1("file_path") == "brain.ome.tif"
    assert brain.parent in files.local_paths
    assert files_below(store) == set()
    np.testing.assert_array_equal(np.asarray(lab.brains.open(key)), VOXELS)
    inside = ome_tiff(store / "M1" / "other.ome.tif", VOXELS + 1)
    import_brain(lab, request(inside, dataset="other", in_place=True))
    assert lab.files.local_paths == files.local_paths
    paths = set(lab.FixedBrain.to_arrays("file_path"))
    assert paths == {"brain.ome.tif", "M1/other.ome.tif"}


@postgresql
def test_in_place_says_why_it_cannot(
    lab: Any, brain: Path, store: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue, match="preferences"):
        import_brain(lab, request(brain, in_place=True))
    lab.files = Files.for_embedded(tmp_path / "root", [store])
    folder = ome_zarr(tmp_path / "a.ome.zarr", VOXELS)
    with pytest.raises(InvalidValue, match="zip"):
        import_brain(lab, request(folder, in_place=True))
    ome_tiff(store / "brain.ome.tif", VOXELS + 1)
    with pytest.raises(WriteRefused, match="another file"):
        import_brain(lab, request(brain, in_place=True))
    assert rows_everywhere(lab) == {}
    assert not (tmp_path / "root").exists()


# -- what is asked for ----------------------------------------------------------------


def test_one_sentence_names_all_that_is_missing(tmp_path: Path) -> None:
    path = labdata_zip(tmp_path / "a.zarr.zip", VOXELS)
    with pytest.raises(InvalidValue) as error:
        plan_import(BrainImport(path, "", "today", ""))
    sentence = str(error.value)
    for what in ("subject", "dataset", "voxel size", "date and time", "'today'"):
        assert what in sentence
    assert sentence.count(".") <= 3
    plan = plan_import(
        BrainImport(
            path, "M1", "today", "b", um_per_pixel=(1, 2, 3), session_datetime=WHEN
        )
    )
    assert plan.session_datetime == WHEN
    assert plan.um_per_pixel == (1, 2, 3)


def test_a_voxel_size_given_overrules_the_file_and_that_is_said(brain: Path) -> None:
    assert plan_import(request(brain)).notes == ()
    assert plan_import(request(brain, um_per_pixel=(25, 10, 5.00001))).notes == ()
    plan = plan_import(request(brain, um_per_pixel=(50, 10, 5)))
    assert plan.um_per_pixel == (50, 10, 5)
    [note] = plan.notes
    assert "25 × 10 × 5" in note
    assert "50 × 10 × 5" in note


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"um_per_pixel": (1, 2)}, "3 spatial axes"),
        ({"um_per_pixel": (0, 1, 1)}, "greater than zero"),
        ({"channel_names": ("one",)}, "1 channel names were given for the 2 channels"),
        ({"axes": "ZQYX"}, "'Q'"),
        ({"subject": "M1/../.."}, "'/'"),
        ({"session": "..", "session_datetime": WHEN}, "session cannot be called"),
        ({"dataset": "a\\b"}, "not allowed everywhere"),
        ({"dataset": "brain "}, "at its end"),
        ({"session": "20261301_120000"}, "20261301_120000"),
    ],
)
def test_values_that_cannot_be_used_get_their_sentence(
    brain: Path, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=None) as error:
        plan_import(request(brain, **changed))
    assert sentence in str(error.value)


@postgresql
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"subject": "M" * 21}, "holds 20"),
        ({"sex": "X"}, "one of M, F, U"),
        ({"strain": "s" * 57}, "holds 56"),
        ({"hardware": "h" * 57}, "holds 56"),
        ({"storage": "s" * 13}, "holds 12"),
        ({"channel_names": ("a", "b" * 65)}, "holds 64"),
        ({"dob": "yesterday"}, "must be a date"),
    ],
)
def test_values_that_do_not_fit_are_refused_before_copying(
    lab: Any, brain: Path, store: Path, changed: dict[str, Any], sentence: str
) -> None:
    def copying(done: int, total: int) -> None:
        raise AssertionError("it began to copy")

    with pytest.raises(InvalidValue) as error:
        import_brain(lab, request(brain, **changed), copying)
    assert sentence in str(error.value)
    assert rows_everywhere(lab) == {}
    assert files_below(store) == set()


def test_files_that_are_no_brains_are_refused(tmp_path: Path) -> None:
    flat = tmp_path / "flat.tif"
    tifffile.imwrite(flat, VOXELS[0, 0])
    text = tmp_path / "notes.txt"
    text.write_text("not a brain")
    cut = tmp_path / "cut.tif"
    ome_tiff(cut)
    os.truncate(cut, cut.stat().st_size // 2)
    for path in (flat, text, cut):
        with pytest.raises(UnreadableFile):
            plan_import(request(path))
    with pytest.raises(NotFound):
        plan_import(request(tmp_path / "nothing.tif"))
    five = tmp_path / "five.tif"
    tifffile.imwrite(five, np.stack([VOXELS] * 2), ome=True, metadata={"axes": "TZCYX"})
    with pytest.raises(UnreadableFile, match="recording with the axes TPCYX, not"):
        plan_import(request(five))


@postgresql
def test_one_of_several_files_of_an_image_is_refused(
    lab: Any, tmp_path: Path, store: Path
) -> None:
    (tmp_path / "set").mkdir()
    ome_set(tmp_path / "set", np.zeros((10, 2, 30, 40), np.uint16))
    with pytest.raises(UnreadableFile, match="one file"):
        import_brain(lab, request(tmp_path / "set" / "part0.ome.tif"))
    assert files_below(store) == set()
    assert rows_everywhere(lab) == {}
