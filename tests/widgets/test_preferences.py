"""Every preference does what its description says."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.settings import get_plugin_settings
from napari.utils import resize_dask_cache

from labdata_napari.core.pyramid import SUFFIX
from labdata_napari.core.stacks import open_stack
from labdata_napari.widgets import opening
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.preferences import (
    PLUGIN,
    preferences,
    remember_lab,
    start_profile,
)
from labdata_napari.widgets.rows import find_entries


@pytest.fixture
def settings_page():
    return get_plugin_settings(PLUGIN)


def test_the_preferred_lab_is_the_one_to_start_with(settings_page, monkeypatch):
    assert start_profile().url is None  # labdata's settings, else one's own
    settings_page.connection.url = "mysql://me@db.lab.org"
    settings_page.connection.name = "our_lab"
    settings_page.connection.project = "mine"
    profile = start_profile()
    assert (profile.url, profile.name, profile.project) == (
        "mysql://me@db.lab.org",
        "our_lab",
        "mine",
    )
    assert profile.title == "our_lab at db.lab.org"
    monkeypatch.setenv("LABDATA_NAPARI_URL", "embedded:/other")
    assert start_profile().url == "embedded:/other"
    assert start_profile("embedded:/argument").url == "embedded:/argument"


def test_a_server_is_remembered_without_its_password(settings_page):
    remember_lab(Profile("x", "mysql://me:secret@host:3306", "n", password="secret"))
    assert preferences().url == "mysql://me@host:3306"
    saved = settings_page.config_path.read_text()
    assert "mysql://me@host:3306" in saved
    assert "secret" not in saved


def test_the_cache_of_chunks_has_the_preferred_size(
    open_workspace, shared_lab, qtbot, settings_page
):
    settings_page.memory.dask_cache_mb = 123
    _, workspace = open_workspace(shared_lab)
    answers = []
    workspace.submit(find_entries, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
        workspace.opener.open_entry(answers[0])
    assert resize_dask_cache().cache.available_bytes == 123 * 2**20


def test_pyramids_beyond_the_preferred_size_are_deleted(tmp_path):
    file = tmp_path / "brain.tif"
    tifffile.imwrite(file, np.zeros((4, 1, 64, 64), np.uint16))
    stack = open_stack(file, axes="ZCYX")
    folder = opening._pyramids()
    folder.mkdir(parents=True)
    old = folder / f"old{SUFFIX}"
    old.write_bytes(bytes(1000))
    request = opening.Request("FixedBrain", {}, "brain", None)
    opening._build(request, stack, 10, lambda done, total: None)
    assert not old.exists()
    assert len(list(folder.glob(f"*{SUFFIX}"))) == 1
