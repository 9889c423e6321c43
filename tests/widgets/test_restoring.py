"""Brains in cold storage: said, priced, asked back, and opened when they are back."""

from __future__ import annotations

import dataclasses

import pytest
from moto.moto_api import state_manager
from qtpy.QtWidgets import QFrame

from hands import press
from labdata_napari.widgets import file_places
from moved_to_s3 import Moved, move, storages_in

pytestmark = pytest.mark.gui
RESTORE = "s3::keyrestore"


@pytest.fixture
def slow_restores(monkeypatch):
    """A restore is under way at the first look, and done at the second."""
    monkeypatch.setattr(file_places, "_AGAIN_S", 0.0)
    state_manager.set_transition(RESTORE, {"progression": "manual", "times": 1})
    yield
    state_manager.unset_transition(RESTORE)


def question(moved: Moved) -> QFrame:
    return moved.browser.findChild(QFrame, "question")


def test_an_archived_brain_is_priced_restored_and_opened_later(moved, slow_restores):
    move(moved, M1="GLACIER")
    moved.wait_for("M1", "archived")
    moved.open("M1")
    moved.qtbot.waitUntil(question(moved).isVisible, timeout=20_000)
    assert "is in cold storage (GLACIER)" in moved.said()
    assert "cold storage (GLACIER)" in moved.said("entry_place")
    asked = moved.said("question_text")
    assert "Restore M1 brain from cold storage? That is 1 file, 235 kB" in asked
    assert "readable for 7 days" in asked
    for line in (
        "Bulk: 5 to 12 hours, less than $0.01",
        "Standard: 3 to 5 hours, less than $0.01",
        "Expedited: 1 to 5 minutes, about $0.01",
    ):
        assert line in asked
    # Enter costs nothing
    assert moved.button("restore_no").hasFocus() or not moved.browser.isActiveWindow()
    press(moved.button("restore_standard"))
    moved.wait_for("M1", "restoring")
    assert "M1 brain is being restored (Standard) and can be opened after 3 to 5" in (
        moved.said()
    )
    assert "being restored" in moved.said("entry_place")
    assert not moved.button("entry_restore_button").isVisible()
    moved.choose("M2")
    moved.qtbot.wait(300)
    moved.choose("M1")  # the list looks again when an entry is chosen
    moved.wait_for("M1", "in S3")
    assert "readable until" in moved.hint("M1")
    with moved.qtbot.waitSignal(moved.workspace.entry_opened, timeout=20_000):
        moved.open("M1")


def test_not_now_asks_for_nothing(moved):
    move(moved, M1="DEEP_ARCHIVE")
    moved.choose("M1")
    moved.wait_for("M1", "archived")
    press(moved.button("entry_restore_button"))
    moved.qtbot.waitUntil(question(moved).isVisible, timeout=20_000)
    assert moved.button("restore_expedited") is None  # not for this class
    press(moved.button("restore_no"))
    assert not question(moved).isVisible()
    moved.use(storages_in(moved.bucket))
    moved.qtbot.wait(300)
    moved.wait_for("M1", "archived")


def test_a_restore_that_does_not_reach_the_server_is_said(moved):
    move(moved, M1="GLACIER")
    moved.choose("M1")
    moved.wait_for("M1", "archived")
    press(moved.button("entry_restore_button"))
    moved.qtbot.waitUntil(question(moved).isVisible, timeout=20_000)
    files = moved.with_lab(lambda lab: lab.files)
    wrong = dataclasses.replace(moved.bucket, endpoint="http://127.0.0.1:9")
    files.storages = storages_in(wrong)
    files._stores.clear()
    press(moved.button("restore_bulk"))
    moved.wait_until_said("The restore was not asked for: ")
    assert "127.0.0.1:9" in moved.said()
