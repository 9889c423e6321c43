"""What the browser says of where files are, and opening those that are in S3."""

from __future__ import annotations

import dataclasses
import shutil
import threading

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QLineEdit, QListWidget

from labdata_napari import settings
from labdata_napari.lab import entries
from labdata_napari.widgets.thumbnails import ThumbnailMaker
from moved_to_s3 import Moved, move, storages_in
from s3_server import admin

pytestmark = [pytest.mark.gui, pytest.mark.one_qt]


def filter_by(moved: Moved, text: str) -> None:
    moved.browser.findChild(QLineEdit, "filter_line").setText(text)


def subjects(moved: Moved) -> list[str]:
    model = moved.table.records()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_the_list_says_where_each_file_is_and_finds_it_by_those_words(moved):
    assert (moved.word("M1"), moved.hint("M1")) == ("local", "It is on this computer.")
    move(moved, M2="GLACIER")
    moved.wait_for("M1", "in S3")
    moved.wait_for("M2", "archived")
    assert "straight from S3" in moved.hint("M1")
    assert "cold storage (GLACIER)" in moved.hint("M2")
    for words, found in (("in S3", ["M1"]), ("archived", ["M2"]), ("missing", [])):
        filter_by(moved, words)
        assert subjects(moved) == found
    filter_by(moved, "")
    column = moved.table.model().columnCount() - 1
    moved.table.sortByColumn(
        column, moved.table.horizontalHeader().sortIndicatorOrder()
    )
    assert subjects(moved) == ["M2", "M1"]


def test_an_object_that_is_gone_is_missing_and_said_where_one_looks(moved):
    move(moved)
    moved.wait_for("M1", "in S3")
    client = admin(moved.bucket)
    for item in client.list_objects_v2(Bucket=moved.bucket.bucket)["Contents"]:
        client.delete_object(Bucket=moved.bucket.bucket, Key=item["Key"])
    moved.use(storages_in(moved.bucket))
    moved.wait_for("M1", "missing")
    assert "is not there" in moved.hint("M1")
    moved.choose("M1")
    moved.wait_until_said("is not there", "entry_place")
    moved.open("M1")
    moved.wait_until_said("is not there")
    assert not moved.viewer.layers


def test_without_storages_it_is_here_or_not(moved, monkeypatch):
    picture = moved.browser.findChild(QLabel, "entry_thumbnail")
    said = "The file is not on this computer."
    # which is not said where a picture was kept
    moved.qtbot.waitUntil(lambda: not picture.pixmap().isNull(), timeout=20_000)
    shutil.rmtree(settings.cache_home())
    for seconds in (entries._LOOK_SECONDS, 0):  # then as on a slow disk
        monkeypatch.setattr(entries, "_LOOK_SECONDS", seconds)
        picture.clear()
        moved.use({})
        moved.wait_for("M1", "not here")
        assert moved.hint("M1") == "It is not on this computer."
        moved.qtbot.waitUntil(lambda: picture.text() == said, timeout=5000)


def test_a_thumbnail_that_nobody_waits_for_any_more_says_nothing(moved):
    maker, said, held = moved.browser.findChild(ThumbnailMaker), [], threading.Event()
    entry = moved.with_lab(lambda lab: lab.entries.find("M1")[0])
    maker.failed.connect(said.append)
    moved.workspace.submit(lambda lab: held.wait(20))
    maker.ask(dataclasses.replace(entry, file_path="elsewhere.tif"))
    moved.qtbot.wait(300)  # its row waits behind the other work now
    maker.ask(None)
    held.set()
    moved.with_lab(lambda lab: None)
    assert not said


def test_a_double_click_streams_and_the_status_line_says_so(moved, shared_lab):
    move(moved)
    moved.wait_for("M1", "in S3")
    with moved.qtbot.waitSignal(moved.workspace.entry_opened, timeout=20_000):
        moved.open("M1")
    assert "M1 brain is open, straight from S3" in moved.said()
    layer, wanted = moved.viewer.layers[0], shared_lab.volume[3, 0]
    moved.viewer.dims.set_current_step(0, 3)
    moved.qtbot.waitUntil(
        lambda: np.array_equal(layer._data_view, wanted), timeout=20_000
    )
    assert not any(path.is_file() for path in moved.here.rglob("*"))


def has_picture(label):
    pixmap = label.pixmap()  # None from PyQt5 where there is none
    return pixmap is not None and not pixmap.isNull()


def test_a_picture_is_made_of_a_brain_in_s3(moved):
    move(moved)
    picture = moved.browser.findChild(QLabel, "entry_thumbnail")
    moved.choose("M2")  # M1 had one while it was here
    moved.qtbot.waitUntil(lambda: has_picture(picture), timeout=20_000)
    image = picture.pixmap().toImage()
    assert image.pixelColor(image.width() // 2, image.height() // 2).green() > 100


def test_a_transform_in_s3_opens_too(moved):
    move(moved)
    listed = moved.browser.findChild(QListWidget, "transform_list")
    moved.choose("M1")
    moved.qtbot.waitUntil(
        lambda: listed.count() == 1 and "in S3" in listed.item(0).text(), timeout=20_000
    )
    with moved.qtbot.waitSignal(moved.workspace.entry_opened, timeout=20_000):
        moved.button("open_transform_button").click()
    assert len(moved.viewer.layers) == 4


def test_a_server_that_is_away_is_said_and_the_window_goes_on(moved):
    moved.browser.window().show()
    wrong = dataclasses.replace(moved.bucket, endpoint="http://127.0.0.1:9")
    moved.use(storages_in(wrong))
    moved.wait_for("M1", "not known")
    assert "127.0.0.1:9" in moved.hint("M1")
    moved.choose("M2")
    moved.wait_until_said("127.0.0.1:9", "entry_place")
    moved.open("M2")
    moved.wait_until_said("127.0.0.1:9")
    assert not moved.viewer.layers


def test_a_bucket_that_is_gone_is_said_without_the_keys(moved):
    moved.use(storages_in(dataclasses.replace(moved.bucket, bucket="no-such-bucket")))
    moved.wait_for("M1", "not known")
    assert "has no bucket 'no-such-bucket'" in moved.hint("M1")
    assert moved.bucket.secret_key not in moved.hint("M1")


def test_a_right_that_is_missing_is_said(moved):
    move(moved)
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        f'"Action": "s3:*", "Resource": "arn:aws:s3:::{moved.bucket.bucket}/*"}}]}}'
    )
    admin(moved.bucket).put_bucket_policy(Bucket=moved.bucket.bucket, Policy=policy)
    moved.use(storages_in(moved.bucket))
    moved.wait_for("M1", "not known")
    assert "do not allow to read" in moved.hint("M1")


def test_a_file_whose_path_leads_out_of_its_store_is_refused_with_the_reason(moved):
    outside = moved.here.parent / "outside.tif"
    outside.write_bytes(b"secret")
    [path] = moved.with_lab(lambda lab: [e.file_path for e in lab.brains.find("M1")])
    link = moved.here / path
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    moved.use({})
    moved.wait_for("M1", "refused")
    assert "leads out of its store" in moved.hint("M1")
    moved.choose("M1")
    moved.wait_until_said("leads out of its store", "entry_place")
    assert moved.word("M2") == "not here"
