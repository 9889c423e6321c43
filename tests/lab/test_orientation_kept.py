"""The orientation of a brain is asked once and kept outside the lab's own places."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from labdata_napari.errors import InvalidValue, UnreadableFile, WriteRefused
from labdata_napari.lab.annotation_notes import Notes, keep_notes, known_notes
from labdata_napari.lab.orientation import keep_orientation, known_orientation

if TYPE_CHECKING:
    from pathlib import Path

LAB = ("mysql://me:secret@server:3306", "lab_data", None)
KEY = {"subject_name": "M1", "session_name": "20260101_1200", "dataset_name": "brain"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_it_is_unknown_until_somebody_says_it() -> None:
    assert known_orientation(LAB, KEY) is None
    keep_orientation(LAB, KEY, "ASR")
    assert known_orientation(LAB, KEY) == "asr"
    keep_orientation(LAB, KEY, "pil")
    assert known_orientation(LAB, KEY) == "pil"
    keep_orientation(LAB, KEY, None)
    keep_orientation(LAB, KEY, None)
    assert known_orientation(LAB, KEY) is None


def test_it_is_of_one_brain_in_one_lab() -> None:
    keep_orientation(LAB, KEY, "asr")
    assert known_orientation(LAB, {**KEY, "subject_name": "M2"}) is None
    assert known_orientation((LAB[0], "lab_data", "px"), KEY) is None
    assert known_orientation(LAB, {**KEY, "transform_id": 3}) == "asr"
    other_password = ("mysql://me@server:3306", "lab_data", None)
    assert known_orientation(other_password, KEY) == "asr"


def test_notes_on_annotations_are_added_to_and_damage_is_no_news(home: Path) -> None:
    key, at = {**KEY, "transform_id": 1}, datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert known_notes(LAB, key) == Notes()
    keep_notes(LAB, key, saved={"a": at, "gone": at})
    keep_notes(LAB, key, curve="spline")
    keep_notes(LAB, key, colours={"a": "#123456", "gone": "#000000", "b": "red"})
    keep_notes(LAB, key, saved={"b": at}, names=["a", "b"])
    expected = Notes("spline", {"a": at, "b": at}, {"a": "#123456"})
    assert known_notes(LAB, key) == expected
    assert known_notes(LAB, KEY) == Notes()
    (path,) = (home / "annotation_notes").iterdir()
    for damaged in ('{"saved": 3}', '{"saved": {"a": "soon"}, "curve": "x"}', "\0"):
        path.write_text(damaged)
        assert known_notes(LAB, key) == Notes()


def test_what_is_no_orientation_or_no_brain_is_refused(home: Path) -> None:
    with pytest.raises(InvalidValue, match="one letter per axis"):
        keep_orientation(LAB, KEY, "aar")
    with pytest.raises(InvalidValue, match="dataset_name is missing"):
        keep_orientation(LAB, {k: KEY[k] for k in list(KEY)[:2]}, "asr")
    assert not home.exists()


def test_no_password_is_written_and_only_the_owner_reads(home: Path) -> None:
    keep_orientation(LAB, KEY, "asr")
    (path,) = (home / "orientation").iterdir()
    assert "secret" not in path.read_text()
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"orientation": "aar"}', "3"])
def test_a_damaged_file_is_asked_anew(home: Path, content: str) -> None:
    keep_orientation(LAB, KEY, "asr")
    (path,) = (home / "orientation").iterdir()
    path.write_text(content)
    assert known_orientation(LAB, KEY) is None
    keep_orientation(LAB, KEY, "asl")
    assert known_orientation(LAB, KEY) == "asl"


def test_a_folder_in_the_way_is_said(home: Path) -> None:
    keep_orientation(LAB, KEY, "asr")
    (path,) = (home / "orientation").iterdir()
    path.unlink()
    path.mkdir()
    with pytest.raises(UnreadableFile, match="cannot be read"):
        known_orientation(LAB, KEY)
    with pytest.raises(WriteRefused, match="LABDATA_NAPARI_HOME"):
        keep_orientation(LAB, KEY, "asr")
    assert os.listdir(home / "orientation") == [path.name]
