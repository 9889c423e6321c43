"""A brain that is only in S3, opened in the window."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.lab.files import Files
from labdata_napari.widgets.rows import find_entries
from s3_server import put

pytestmark = [pytest.mark.gui, pytest.mark.one_qt]


def test_a_brain_in_s3_is_drawn_when_it_arrives(
    open_workspace, lab_folder, bucket, qtbot
):
    def move_away(lab):
        """Put every file into the bucket, and keep none here."""
        for row in lab.File.to_dicts():
            local = lab.files.locate(row["file_path"], row["storage"])
            put(bucket, row["file_path"], local.read_bytes())
        lab.files = Files([], storages={"data": bucket})
        return find_entries(lab)

    viewer, workspace = open_workspace(lab_folder)
    answers, told = [], []
    workspace.status.connect(told.append)
    workspace.submit(move_away, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
    entry = next(e for e in answers if (e.kind, e.subject) == ("FixedBrain", "M1"))
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        workspace.opener.open_entry(entry)
    layer = viewer.layers[0]
    for section in (3, 9):
        viewer.dims.set_current_step(0, section)
        wanted = lab_folder.volume[section, 0]
        # what is on the screen, not what the array would give
        qtbot.waitUntil(
            lambda w=wanted: np.array_equal(layer._data_view, w), timeout=20_000
        )
    assert not any("fast" in words for words in told)
