"""On a lab without all of labdata's tables, the docks show the rest and say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from qtpy.QtWidgets import QLabel

from brain_files import brain_voxels, store_brain
from databases import declare
from hands import child, double_click_row, row_of
from labdata_napari import settings
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.record_table import RecordTableView
from relay import reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import Place

pytestmark = [pytest.mark.gui, pytest.mark.one_qt]


@dataclass(frozen=True)
class OldLab:
    """A lab to connect to."""

    profile: Profile


@pytest.fixture
def old_lab(lab_place: Place, store: Path, monkeypatch) -> Iterator[OldLab]:
    """A brain, in a lab without computed tables and without a column of brains."""
    store_brain(declare(lab_place), store, brain_voxels())
    mysql = lab_place.backend == "mysql"
    what, tail = ("DATABASE", "") if mysql else ("SCHEMA", "CASCADE")
    lab_place.sql(
        f"DROP {what} lab_data_computed {tail}",
        "ALTER TABLE lab_data._fixed_brain DROP COLUMN hardware",
    )
    monkeypatch.setenv(settings.LOCAL_PATHS, str(store))
    for where in reached(lab_place):
        url = where.url()
        yield OldLab(Profile("Old lab", url, "lab_data", password=where.password))


def test_the_browser_says_what_is_not_available_and_opens_the_rest(
    open_browser, old_lab: OldLab, qtbot
):
    viewer, workspace, browser = open_browser(old_lab, show=True)
    line = browser.findChild(QLabel, "browser_unavailable")
    assert line.isVisible()
    assert line.text() == (
        "Not available in this lab: transforms, computing transforms, annotations, "
        "label sets, importing brains"
    )
    reasons = line.toolTip().splitlines()
    assert len(reasons) == 5
    assert "importing brains: The table FixedBrain has no column hardware" in reasons[4]
    importing = child(browser, "import_button")
    assert not importing.isEnabled()
    assert "hardware" in importing.toolTip()

    table = browser.findChild(RecordTableView, "entry_table")
    new = child(browser, "new_transform_button")
    qtbot.waitUntil(new.isVisible, timeout=10_000)
    assert not new.isEnabled()
    assert "FixedBrainTransform" in new.toolTip()
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        double_click_row(table, row_of(table, "M1"))
    assert [layer.data.shape for layer in viewer.layers] == [(12, 20, 16)] * 2


def test_nothing_is_said_of_a_whole_lab(open_browser, lab_folder):
    _, _, browser = open_browser(lab_folder, show=True)
    assert not browser.findChild(QLabel, "browser_unavailable").isVisible()
