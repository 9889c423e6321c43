"""Downloads from the browser: begun, stopped, gone on with, refused."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

import pytest
from qtpy.QtWidgets import QListWidget, QMenu

from hands import choose, press
from moved_to_s3 import Moved, move, storages_in
from relay import Relay
from s3_server import admin, put

pytestmark = pytest.mark.gui


def files_here(moved: Moved) -> list[str]:
    return sorted(path.name for path in moved.here.rglob("*") if path.is_file())


def brain_key(moved: Moved, subject: str) -> str:
    listed = admin(moved.bucket).list_objects_v2(Bucket=moved.bucket.bucket)
    return next(
        item["Key"] for item in listed["Contents"] if item["Key"].startswith(subject)
    )


def test_a_brain_is_downloaded_and_opens_from_here(moved):
    move(moved)
    moved.choose("M1")
    moved.wait_for("M1", "in S3")
    press(moved.button("entry_download_button"))
    moved.wait_for("M1", "local")
    moved.wait_until_said("M1 brain is on this computer.")
    assert files_here(moved) == ["brain.ome.tif"]
    assert not moved.button("entry_download_button").isVisible()
    with moved.qtbot.waitSignal(moved.workspace.entry_opened, timeout=20_000):
        moved.open("M1")
    assert moved.said() == "M1 brain is open."
    assert moved.word("M2") == "in S3"


def test_the_menu_and_the_transforms_download_too(moved):
    move(moved)
    moved.wait_for("M2", "in S3")
    place = moved.table.visualRect(moved.table.model().index(moved.row("M2"), 0))
    moved.choose("M2")
    moved.table.customContextMenuRequested.emit(place.center())
    choose(moved.browser.findChild(QMenu, "entry_menu"), "Download")
    moved.wait_for("M2", "local")
    moved.choose("M1")
    button = moved.button("transform_download_button")
    moved.qtbot.waitUntil(button.isVisible, timeout=20_000)
    press(button)
    moved.wait_until_said("M1 brain T0 is on this computer.")
    listed = moved.browser.findChild(QListWidget, "transform_list")
    moved.qtbot.waitUntil(
        lambda: listed.count() == 1 and "S3" not in listed.item(0).text(),
        timeout=20_000,
    )
    assert files_here(moved) == ["brain.ome.tif", "transform_0.ome.tif"]


def test_one_that_is_stopped_leaves_nothing_but_what_it_goes_on_from(moved):
    move(moved)
    server = urlsplit(moved.bucket.endpoint)
    with Relay(server.hostname, server.port) as relay:
        wired = dataclasses.replace(
            moved.bucket, endpoint=f"http://127.0.0.1:{relay.port}"
        )
        moved.use(storages_in(wired))
        moved.choose("M1")
        moved.wait_for("M1", "in S3")
        relay.delay(0.5)
        press(moved.button("entry_download_button"))
        stop = moved.button("entry_stop_button")
        moved.qtbot.waitUntil(stop.isVisible, timeout=5000)
        assert moved.said("entry_place") == "It is being downloaded."
        press(stop)
        moved.wait_until_said("The download of M1 brain was stopped")
        assert "brain.ome.tif" not in files_here(moved)
        relay.delay(0.0)
        moved.qtbot.waitUntil(
            moved.button("entry_download_button").isVisible, timeout=20_000
        )
        press(moved.button("entry_download_button"))
        moved.wait_for("M1", "local")


def test_what_is_damaged_or_has_no_place_is_said(moved):
    move(moved)
    moved.choose("M1")
    moved.wait_for("M1", "in S3")
    key = brain_key(moved, "M1")
    found = admin(moved.bucket).get_object(Bucket=moved.bucket.bucket, Key=key)
    put(moved.bucket, key, found["Body"].read()[::-1])
    press(moved.button("entry_download_button"))
    moved.wait_until_said("is damaged: its MD5 is")
    assert files_here(moved) == []
    moved.here.rmdir() if moved.here.exists() else None
    moved.here.write_bytes(b"a file where the folder should be")
    moved.choose("M2")
    moved.wait_for("M2", "in S3")
    moved.qtbot.wait(300)  # the details follow
    press(moved.button("entry_download_button"))
    moved.wait_until_said("here/")
    assert moved.word("M2") == "in S3"
