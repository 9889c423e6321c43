"""A new embedded lab on a disk that fills while its tables are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from small_disk import on_a_small_disk

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
import labdata_napari as ln
from labdata_napari.errors import WriteRefused
try:
    ln.connect("embedded:" + sys.argv[1])
except WriteRefused as error:
    print("refused:", error)
else:
    print("opened")
"""


@pytest.mark.parametrize("megabytes", [5, 30, 50])
def test_a_disk_too_small_for_a_lab_is_told_as_such(megabytes: int, tmp_path: Path):
    folder = tmp_path / "disk"
    folder.mkdir()
    said = on_a_small_disk(megabytes, folder, "-c", PROGRAM, str(folder / "db"))
    assert said.startswith("refused:")
    assert "free some space" in said
