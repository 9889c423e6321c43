"""The settings that labdata itself wrote lead to its lab, and stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import labdata_napari as ln
from labdata_napari.lab import preferences

if TYPE_CHECKING:
    import pytest

    from databases import Place
    from peers import Labdata


def test_plain_connect_goes_to_labdatas_lab_by_the_file_it_encrypted(
    labdata: Labdata, lab_place: Place, lab: Any, monkeypatch: pytest.MonkeyPatch
):
    folder = labdata.folder
    file = folder / "user_preferences.json"
    written = file.read_text()
    assert "encrypted:" in written
    assert lab_place.parameters["password"] not in written
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.glob("*.json")}
    labdata.insert("LabMember", {"user_name": "ana", "date_joined": "2026-01-01"})
    monkeypatch.setenv("LABDATA_PATH", str(folder))
    found = preferences.read()
    assert found.problems == ()
    assert found.path_rules == "{subject_name}/{session_name}/{dataset_name}"
    with ln.connect() as ours:
        assert ours.url == found.url
        assert ours.user == lab_place.parameters["user"]
        assert ours.LabMember().to_arrays("user_name").tolist() == ["ana"]
        assert ours.files.local_paths == (folder / "files",)
        assert ours.files.storages["analysis"].folder == str(folder / "storage")
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.glob("*.json")}
    assert after == before
