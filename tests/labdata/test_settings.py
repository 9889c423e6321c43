"""Where labdata has been used, connecting needs no word from anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import labdata_napari as ln
from databases import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from peers import Labdata

pytestmark = pytest.mark.mysql


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_we_connect_with_the_settings_as_labdata_left_them(
    labdata: Labdata, lab_place: Any, monkeypatch: pytest.MonkeyPatch
):
    before = contents(labdata.folder)
    rewritten = before["user_preferences.json"].decode()
    assert "encrypted:" in rewritten
    assert PASSWORD not in rewritten
    monkeypatch.setenv("LABDATA_PATH", str(labdata.folder))
    with ln.connect() as lab:
        assert lab.tables.missing == ()
        assert (lab.user, lab.name) == (lab_place.parameters["user"], "lab_data")
        assert not lab.read_only
        assert lab.files.storages["analysis"].protocol == "local"
        words = labdata.rows("DatasetType")
        assert lab.DatasetType.to_dicts(order_by="KEY") == words
    assert contents(labdata.folder) == before
