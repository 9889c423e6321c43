"""Whatever path a row holds: what is accepted stays inside its store."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.lab.files import Files, posix_parts
from labdata_napari.lab.storage import StorageEntry
from labdata_napari.lab.stores import open_store

PART = st.one_of(
    st.sampled_from(
        ["..", ".", "", "...", "~", "C:", "c:x", "\\", "..\\", "a\\b", "\0", "link",
         "M1", "nul", "con", "a b", "%2e%2e", "%00", "é", "𝒳", "-rf", "$HOME", "*",
         "\n", "\u2025", "\uff0e\uff0e", "\u2215", "x" * 300]
    ),
    st.text(max_size=12),
)  # fmt: skip
PATHS = st.builds(
    lambda start, parts: start + "/".join(parts),
    st.sampled_from(["", "", "/", "//", "./", "../", "\\\\host\\"]),
    st.lists(PART, max_size=6),
)

given_any_path = given(path=PATHS)
quickly = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "store"
    (folder / "M1").mkdir(parents=True)
    (folder / "M1" / "a.tif").write_bytes(b"here")
    (folder.parent / "secret").write_bytes(b"there")
    (folder / "link").symlink_to(folder.parent)
    (folder / "M1" / "link").symlink_to(folder.parent / "secret")
    return folder


@quickly
@given_any_path
@example(path="link/secret")
@example(path="M1/link")
@example(path="M1/a.tif")
@example(path="M1/../../secret")
@example(path="\ud800")
def test_no_accepted_path_leaves_a_local_store(store, path):
    files = Files([store])
    folder = open_store(StorageEntry("data", "local", str(store)))
    for place in (files.locate, files.planned, folder.path, folder.head, files.find):
        try:
            found = place(path)
        except LabdataError:
            continue
        if isinstance(found, Path):
            inside = Path(os.path.realpath(found))
            assert inside.is_relative_to(store.resolve())
            assert inside != store.resolve()
    assert files.is_local(path) in (True, False)


@quickly
@given_any_path
def test_no_accepted_path_leaves_its_folder_of_a_bucket(path):
    entry = StorageEntry("data", "s3", "lab/data", bucket="bucket")
    try:
        key = open_store(entry).key(path)
    except InvalidValue:
        return
    assert key.startswith("lab/data/")
    assert ".." not in key.split("/")
    assert "\0" not in key
    assert "\\" not in key
    assert open_store(entry).url(path) == f"s3://bucket/{key}"


@quickly
@given_any_path
def test_parts_are_names_and_nothing_else(path):
    try:
        parts = posix_parts(path)
    except InvalidValue:
        return
    assert parts
    for part in parts:
        assert part not in ("", ".", "..")
        assert not set(part) & set("/\\\0")
    assert not PurePosixPath(*parts).is_absolute()


def test_a_name_longer_than_any_disk_takes_is_a_sentence(store):
    files = Files([store])
    with pytest.raises(InvalidValue, match="longer than 255 bytes"):
        files.locate("M1/" + "x" * 300)
    with pytest.raises(InvalidValue, match="longer than 255 bytes"):
        files.target("y" * 300 + "/b")
