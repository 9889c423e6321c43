"""Labs with a name of their own, as a line of napari's Preferences keeps them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labdata_napari as ln
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.saved_labs import SavedLab, read_saved, with_lab, without_lab

if TYPE_CHECKING:
    from pathlib import Path

LINE = (
    "Our lab = mysql://ana@db.lab.org:3310?tls=no our_lab px; "
    "Rig=postgresql://ana@rig/labdb\nMine = embedded:/data/mine;;"
)
LABS = (
    SavedLab("Our lab", "mysql://ana@db.lab.org:3310?tls=no", "our_lab", "px"),
    SavedLab("Rig", "postgresql://ana@rig/labdb"),
    SavedLab("Mine", "embedded:/data/mine"),
)


def test_labs_are_read_in_their_order_and_written_back():
    assert read_saved(LINE) == (LABS, ())
    text = ""
    for lab in LABS:
        text = with_lab(text, lab)
    assert read_saved(text) == (LABS, ())
    assert read_saved("") == ((), ())


def test_a_namesake_is_replaced_in_its_place_and_the_unreadable_stays():
    text = with_lab(f"{LINE}; not readable", SavedLab("Rig", "mysql://ben@rig"))
    labs, problems = read_saved(text)
    assert [lab.title for lab in labs] == ["Our lab", "Rig", "Mine"]
    assert labs[1].url == "mysql://ben@rig"
    assert len(problems) == 1
    text = without_lab(text, "Our lab")
    assert [lab.title for lab in read_saved(text)[0]] == ["Rig", "Mine"]
    assert "not readable" in text


@pytest.mark.parametrize(
    ("piece", "sentence"),
    [
        ("hunter2", "The saved lab cannot be read"),
        ("= mysql://me@h", "The saved lab cannot be read"),
        ("A =", "The saved lab 'A' cannot be read"),
        ("A = mysql://me@h a b hunter2", "The saved lab 'A' cannot be read"),
        ("A = mysql://me:hunter2@h", "has a password in its address"),
        ("A = mysql://me:hun#ter2@h", "cannot be read"),
        ("A = mysql://h", "names no user"),
        ("A = http://h", "not the address of a lab"),
        ("A = mysql://a@h; A = mysql://b@h", "Two saved labs are called 'A'"),
    ],
)
def test_what_cannot_be_read_is_told_without_repeating_a_secret(piece, sentence):
    labs, (problem,) = read_saved(f"{piece}; Good = mysql://me@good")
    assert labs[-1].title == "Good"
    assert sentence in problem
    assert "ter2" not in problem


@pytest.mark.parametrize("title", ["", "  ", "a=b", "a;b", "a\nb"])
def test_a_name_that_could_not_be_read_again_is_refused(title):
    with pytest.raises(InvalidValue, match="needs a name"):
        with_lab("", SavedLab(title, "mysql://me@h"))


def test_an_address_that_could_not_be_read_again_is_refused():
    with pytest.raises(InvalidValue, match="password"):
        with_lab("", SavedLab("A", "mysql://me:x@h"))
    with pytest.raises(InvalidValue):
        with_lab("", SavedLab("A", "mysql://me@h", "two words", "px"))


def test_reading_looks_at_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The menu is filled on the GUI thread, and a folder may be on a sleeping disk."""
    looked_at = []
    for name in ("stat", "lstat", "readlink"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda path, *a, _real=real, **o: (
                looked_at.append(path) or _real(path, *a, **o)
            ),
        )
    (lab,), problems = read_saved(f"Mine = embedded:{tmp_path}/mine")
    assert (lab.url, problems) == (f"embedded:{tmp_path}/mine", ())
    assert looked_at == []


def test_a_folder_that_cannot_be_is_told_when_it_is_opened():
    (lab,), _ = read_saved("Mine = embedded:~nobody-of-that-name/mine")
    with pytest.raises(InvalidValue, match="~nobody-of-that-name"):
        ln.connect(lab.url)


@given(st.text(max_size=40))
def test_any_text_is_read(text):
    labs, problems = read_saved(text)
    assert all(problem.endswith(".") for problem in problems)
    rebuilt = ""
    for lab in labs:
        rebuilt = with_lab(rebuilt, lab)
    assert read_saved(rebuilt)[0] == labs
