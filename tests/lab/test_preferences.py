"""labdata's own settings: everything in them is found, nothing in them is touched."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labdata_napari as ln
from labdata_napari import settings
from labdata_napari.errors import InvalidValue, LoginRefused
from labdata_napari.lab.preferences import LabdataSettings, read

if TYPE_CHECKING:
    from labdata_home import LabdataHome

SECRET = "a b@:/%\"'é脳"


def read_with(home: LabdataHome, **variables: str) -> LabdataSettings:
    return read({"LABDATA_PATH": str(home.folder), **variables})


def test_everything_a_lab_sets_is_found(labdata_home: LabdataHome):
    labdata_home.write(
        {
            "host": "DB.lab.org:3310",
            "user": "ana",
            "password": labdata_home.encrypted(SECRET),
            "name": "our_lab",
            "project": "px",
            "use_tls": False,
        },
        local_paths=["~/data", "/mnt/raid"],
        path_rules="{subject_name}/{dataset_name}",
        storage={
            "data": {
                "protocol": "s3",
                "endpoint": "s3.amazonaws.com:9000",
                "bucket": "our-data",
                "folder": "raw",
                "access_key": labdata_home.encrypted("AK"),
                "secret_key": labdata_home.encrypted("SK/+="),
            },
            "analysis": {"bucket": "b", "endpoint": "minio.lab.org:9000"},
            "rig": {"protocol": "local", "folder": "/mnt/rig"},
        },
    )
    found = read()
    assert found.file == labdata_home.file
    assert (found.host, found.port, found.user) == ("db.lab.org", 3310, "ana")
    assert (found.name, found.project, found.tls) == ("our_lab", "px", False)
    assert found.password == SECRET
    assert found.url == "mysql://ana@db.lab.org:3310"
    assert found.local_paths == (settings.absolute("~/data"), Path("/mnt/raid"))
    assert found.path_rules == "{subject_name}/{dataset_name}"
    data, analysis, rig = (found.storages[n] for n in ("data", "analysis", "rig"))
    assert (data.protocol, data.bucket) == ("s3", "our-data")
    assert data.endpoint == "s3.amazonaws.com:9000"
    assert (data.folder, data.access_key, data.secret_key) == ("raw", "AK", "SK/+=")
    assert (analysis.protocol, analysis.endpoint) == ("s3", "minio.lab.org:9000")
    assert (analysis.access_key, analysis.secret_key) == (None, None)
    assert (rig.protocol, rig.folder) == ("local", "/mnt/rig")
    assert found.problems == ()
    assert SECRET not in repr(found)
    assert "SK" not in repr(found)


def test_a_file_that_nobody_filled_in_names_no_lab(labdata_home: LabdataHome):
    labdata_home.write()
    found = read()
    assert (found.url, found.local_paths, found.problems) == (None, (), ())
    assert found.storages == {}
    assert read_with(labdata_home).file == labdata_home.file


def test_no_file_is_no_lab_and_nothing_is_made(labdata_home: LabdataHome):
    assert read() == LabdataSettings()
    assert labdata_home.state() == {}
    home = labdata_home.folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        assert read({}) == LabdataSettings()
    assert not home.exists()


def test_the_environment_counts_more_than_the_file(labdata_home: LabdataHome):
    labdata_home.write({"host": "db", "user": "ana", "project": "px"})
    found = read_with(
        labdata_home,
        LABDATA_DATABASE_HOST="other:33",
        LABDATA_DATABASE_USER="ben",
        LABDATA_DATABASE_PASS=labdata_home.encrypted(SECRET),
        LABDATA_DATABASE="lab2",
        LABDATA_DATABASE_PROJECT="py",
        LABDATA_OVERRIDE_DATAPATH="/override",
    )
    assert found.url == "mysql://ben@other:33"
    assert (found.name, found.project, found.password) == ("lab2", "py", SECRET)
    assert found.local_paths == (Path("/override"),)
    assert read_with(labdata_home, LABDATA_DATABASE_PROJECT="").project is None
    assert read_with(labdata_home, LABDATA_DATABASE_PASS="plain").password == "plain"


def test_a_job_on_a_cluster_uses_the_credentials_that_were_sent_with_it(
    labdata_home: LabdataHome,
):
    labdata_home.write(
        {"host": "db", "user": "cluster", "password": "the cluster's"},
        storage={"data": {"bucket": "b", "access_key": "old", "secret_key": "old"}},
    )
    keys = {"access_key": "AK", "secret_key": "SK"}
    sent = {
        "database.user": "ana",
        "database.password": SECRET,
        "storage": {"data": keys, "not there": keys},
    }
    token = labdata_home.encrypted(json.dumps(sent))
    for written in (token, token.removeprefix("encrypted:")):
        found = read_with(labdata_home, LABDATA_CREDENTIALS=written)
        assert (found.user, found.password) == ("ana", SECRET)
        (data,) = found.storages.values()
        assert (data.bucket, data.access_key, data.secret_key) == ("b", "AK", "SK")
        assert found.problems == ()
    said = read_with(
        labdata_home, LABDATA_CREDENTIALS=token, LABDATA_DATABASE_USER="ben"
    )
    assert (said.user, said.password) == ("ben", SECRET)


def test_credentials_that_cannot_be_read_are_told_and_the_file_counts(
    labdata_home: LabdataHome,
):
    labdata_home.write({"host": "db", "user": "ana", "password": "hers"})
    for sent in ("garbage", labdata_home.encrypted("[1]"), labdata_home.encrypted("{")):
        found = read_with(labdata_home, LABDATA_CREDENTIALS=sent)
        (problem,) = found.problems
        assert "LABDATA_CREDENTIALS" in problem
        assert sent not in problem
        assert (found.user, found.password) == ("ana", "hers")


def test_another_file_is_read_where_one_is_named(
    labdata_home: LabdataHome, tmp_path: Path
):
    labdata_home.write({"host": "db", "user": "ana"})
    labdata_home.file.rename(labdata_home.folder / "admin.json")
    named = read_with(labdata_home, LABDATA_PREFERENCES="admin.json")
    assert named.user == "ana"
    (labdata_home.folder / "admin.json").rename(tmp_path / "far.json")
    path = str(tmp_path / "far.json")
    assert read_with(labdata_home, LABDATA_PREFERENCES=path).user == "ana"
    (problem,) = read_with(labdata_home, LABDATA_PREFERENCES="gone.json").problems
    assert "gone.json" in problem
    assert "LABDATA_PREFERENCES" in problem


def test_a_folder_that_is_not_there_opens_no_other_lab(
    labdata_home: LabdataHome, monkeypatch: pytest.MonkeyPatch
):
    assert read().problems == ()  # before labdata was used first
    monkeypatch.setenv("LABDATA_PATH", str(labdata_home.folder / "away"))
    found = read()
    assert found.problems == (found.broken,)
    assert re.search("There is no folder '.*away', which LABDATA_PATH", found.broken)
    with pytest.raises(InvalidValue, match=r"LABDATA_PATH names.*no lab is opened"):
        ln.connect()


def test_a_user_without_a_host_is_on_this_computer_as_labdata_has_it(
    labdata_home: LabdataHome,
):
    labdata_home.write({"host": None, "user": "ana", "port": 3307})
    assert read().url == "mysql://ana@localhost:3307"


def test_a_missing_user_is_said(labdata_home: LabdataHome):
    labdata_home.write({"host": "db.lab.org"})
    with pytest.raises(LoginRefused, match=r"name the server 'db.lab.org' but no user"):
        ln.connect()


def test_a_server_without_a_user_is_a_server(labdata_home: LabdataHome):
    labdata_home.write({"host": "db"})
    found = read()
    assert found.url == "mysql://db:3306"
    assert found.serves("mysql://db:3306")
    assert found.serves("mysql://anybody@db")
    assert not found.serves("mysql://anybody@db:3307")
    assert not found.serves("postgresql://anybody@db:3306/x")
    assert not found.serves("embedded:")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (None, r"key file '.*\.labdata_encrypted\.key' is missing"),
        ("not a key", "does not hold a key"),
        ("é", "does not hold a key"),
        ("p1rVKBs3JgFT1Mmj3JZmTrLUQ1Dkz1Xrt5MULyYlkcI=", "another key"),
    ],
)
def test_without_the_right_key_the_password_is_missing_and_the_rest_counts(
    labdata_home: LabdataHome, key: str | None, sentence: str
):
    token = labdata_home.encrypted(SECRET)
    labdata_home.write({"host": "db", "user": "ana", "password": token})
    labdata_home.key_file.unlink()
    if key is not None:
        labdata_home.key_file.write_text(key)
    before = labdata_home.state()
    found = read()
    (problem,) = found.problems
    assert re.search(sentence, problem)
    assert "the database password" in problem
    assert token not in problem
    assert key is None or key not in problem
    assert (found.password, found.url) == (None, "mysql://ana@db:3306")
    assert labdata_home.state() == before


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b'{"database": {"database.password": "hunter2",}}', r"JSON (line 1)"),
        (b"", "JSON"),
        (b"\xff\xfe{}", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'["hunter2"]', "list"),
    ],
)
def test_a_broken_file_is_one_sentence_and_no_lab(
    labdata_home: LabdataHome, content: bytes, word: str
):
    labdata_home.file.write_bytes(content)
    found = read()
    (problem,) = found.problems
    assert word in problem
    assert str(labdata_home.file) in problem
    assert "hunter2" not in problem
    assert found.url is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"local_paths": {"a": 1}}, "'local_paths' is of kind dict"),
    ({"local_paths": ["/a", 3]}, "'local_paths'"),
    ({"database": ["hunter2"]}, "'database' is of kind list"),
    ({"storage": "hunter2"}, "'storage' is of kind str"),
    ({"storage": {"x": {"protocol": "globus", "bucket": "b"}}}, "'globus'"),
    ({"storage": {"x": {"protocol": "s3"}}}, "names no bucket"),
    ({"storage": {"x": 3}}, "'x' is of kind int"),
    ({"path_rules": 7}, "'path_rules' is of kind int"),
    ({"path_rules": "{subject_name}_{session_name}"}, "'path_rules' in labdata's"),
    ({"path_rules": "/{subject_name}"}, "'path_rules' in labdata's"),
    ({"path_rules": "../{subject_name}"}, "'path_rules' in labdata's"),
    ({"path_rules": "{rig}/{day}"}, "'path_rules' in labdata's"),
]


@pytest.mark.parametrize(("changed", "word"), WRONG)
def test_a_value_of_the_wrong_kind_is_told_and_the_others_count(
    labdata_home: LabdataHome, changed: dict[str, Any], word: str
):
    labdata_home.write({"host": "db", "user": "ana"}, **changed, news={"not": "known"})
    found = read_with(labdata_home, LABDATA_DATABASE_HOST="db")
    (problem,) = found.problems
    assert word in problem
    assert "hunter2" not in problem
    assert found.host == "db"


@pytest.mark.parametrize("port", ["x", True, 99999, [1]])
def test_a_port_that_is_none_is_told(labdata_home: LabdataHome, port: object):
    labdata_home.write({"host": "db", "user": "ana", "port": port})
    assert "'database.port'" in read().problems[0]
    assert read().port == 3306


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, None), (True, True), (False, False), ({"ca": "x"}, True), ("no", True)],
)
def test_tls_is_labdatas_choice(labdata_home: LabdataHome, value: Any, wanted: Any):
    labdata_home.write({"host": "db", "user": "ana", "use_tls": value})
    assert read().tls is wanted
    assert len(read().problems) == (value not in (None, True, False))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ("host", "port", "user", "password", "use_tls", "name", "project")


@given(
    database=st.dictionaries(
        st.sampled_from([f"database.{k}" for k in KEYS]), anything
    ),
    rest=st.dictionaries(
        st.sampled_from(["storage", "local_paths", "path_rules"]),
        anything,
    ),
)
def test_whatever_is_in_the_file_reading_says_and_never_fails(
    tmp_path_factory: pytest.TempPathFactory, database, rest
):
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    file = folder / "user_preferences.json"
    file.write_text(json.dumps({"database": database, **rest}))
    found = read({"LABDATA_PATH": str(folder)})
    assert all(p.endswith(".") and "\n" not in p for p in found.problems)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX rights")
def test_reading_works_in_a_folder_that_may_not_be_written(labdata_home: LabdataHome):
    labdata_home.write({"host": "db", "user": "ana"})
    token = labdata_home.encrypted(SECRET)
    labdata_home.write({"host": "db", "user": "ana", "password": token})
    labdata_home.file.chmod(0o400)
    labdata_home.folder.chmod(0o500)
    before = labdata_home.state()
    try:
        assert read().password == SECRET
        assert labdata_home.state() == before
    finally:
        labdata_home.folder.chmod(0o700)
