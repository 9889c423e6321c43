"""On a computer with labdata's settings, connecting goes to that lab."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import labdata_napari as ln
from labdata_napari import settings
from labdata_napari.cli import main
from labdata_napari.errors import (
    ConnectionFailed,
    InvalidValue,
    KeyringFailed,
    LoginRefused,
)
from labdata_napari.lab import passwords, preferences
from labdata_napari.lab.address import ServerAddress, parse

if TYPE_CHECKING:
    from pathlib import Path

    from databases import Place
    from labdata_home import LabdataHome, MemoryKeyring

pytestmark = [pytest.mark.mysql, pytest.mark.parametrize("backend", ["mysql"])]


def facts(place: Place, **changed: Any) -> dict[str, Any]:
    here = place.parameters
    host = f"{here['host']}:{here['port']}"
    return {"host": host, "user": here["user"]} | changed


def address_of(place: Place, user: str) -> ServerAddress:
    here = place.parameters
    address = parse(f"mysql://{user}@{here['host']}:{here['port']}")
    assert isinstance(address, ServerAddress)
    return address


def test_plain_connect_goes_to_labdatas_lab_with_all_that_belongs_to_it(
    lab_place: Place, labdata_home: LabdataHome, tmp_path: Path
):
    secret = labdata_home.encrypted(lab_place.parameters["password"])
    labdata_home.write(
        facts(lab_place, password=secret),
        local_paths=[str(tmp_path / "data")],
        storage={"data": {"protocol": "local", "folder": "/mnt/data"}},
    )
    before = labdata_home.state()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with ln.connect() as lab:
            assert lab.url == preferences.read().url
            assert (lab.name, lab.project) == ("lab_data", None)
            assert lab.files.local_paths == (tmp_path / "data",)
            assert lab.files.storages["data"].folder == "/mnt/data"
            assert len(lab.Subject()) == 0
    assert labdata_home.state() == before


def test_what_is_said_counts_more_than_labdatas_settings(
    lab_place: Place, labdata_home: LabdataHome, monkeypatch: pytest.MonkeyPatch
):
    labdata_home.write(
        facts(lab_place, name="our_lab", project="px"), local_paths=["/x"]
    )
    labdata = preferences.read()
    assert settings.target(labdata=labdata) == settings.Target(
        labdata.url or "", "our_lab", "px"
    )
    own = settings.target("embedded:", labdata=labdata)
    assert own == settings.Target("embedded:", "lab_data", None)
    same = settings.target(labdata.url, labdata=labdata)
    assert (same.name, same.project) == ("our_lab", "px")
    assert settings.target(project="", labdata=labdata).project is None
    assert settings.target(project="py", labdata=labdata).project == "py"
    other = settings.target(name="other_lab", labdata=labdata)
    assert (other.name, other.project) == ("other_lab", None)
    preferred = settings.target(None, None, None, ("embedded:", "", ""), labdata)
    assert preferred.url == "embedded:"
    monkeypatch.setenv("LABDATA_NAPARI_URL", "mysql://me@elsewhere")
    assert settings.target(labdata=labdata) == settings.Target(
        "mysql://me@elsewhere", "lab_data", None
    )


def test_another_lab_of_the_same_server_gets_neither_paths_nor_storages(
    lab_place: Place, labdata_home: LabdataHome
):
    labdata_home.write(
        facts(lab_place, name="other_lab", password=lab_place.parameters["password"]),
        local_paths=["/x"],
        storage={"data": {"protocol": "local", "folder": "/mnt/data"}},
    )
    with ln.connect(name="lab_data") as lab:
        assert lab.files.local_paths == ()
        assert lab.files.storages == {}


def test_a_lab_of_another_name_is_opened_with_its_project(
    lab_place: Place, labdata_home: LabdataHome
):
    names = ("our_lab", "our_lab_px")
    for name in names:
        lab_place.sql(
            f"CREATE DATABASE {name}",
            f"CREATE TABLE {name}.subject LIKE lab_data.subject",
        )
    password = lab_place.parameters["password"]
    labdata_home.write(
        facts(lab_place, name="our_lab", project="px", password=password)
    )
    with ln.connect() as lab:
        assert (lab.name, lab.project) == ("our_lab", "px")
        assert lab.tables.schemas == {
            "global": "our_lab",
            "data": "our_lab_px",
            "computed": "our_lab_px_computed",
        }
        assert lab.Subject.full_table_name == "`our_lab_px`.`subject`"
    with ln.connect(project="") as lab:
        assert lab.Subject.full_table_name == "`our_lab`.`subject`"
    lab_place.sql(*(f"DROP DATABASE {name}" for name in names))


def test_a_missing_password_is_said_with_the_address_to_ask_for(
    lab_place: Place, labdata_home: LabdataHome
):
    labdata_home.write(facts(lab_place))
    with pytest.raises(LoginRefused, match="without a password") as refused:
        ln.connect()
    assert refused.value.url == preferences.read().url


@pytest.mark.parametrize("missing", [False, True])
def test_settings_that_cannot_be_read_lead_to_no_other_lab(
    labdata_home: LabdataHome,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    missing: bool,
    backend: str,
):
    labdata_home.folder.mkdir(exist_ok=True)
    if missing:
        monkeypatch.setenv("LABDATA_PREFERENCES", "gone.json")
        why = "There is no file"
    else:
        labdata_home.file.write_text('{"database": ')
        why = "are not valid JSON"
    own = tmp_path / "own"
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(own))
    with pytest.raises(InvalidValue, match=why):
        ln.connect()
    assert main(["db", "check", "--no-files"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count(why) == 1
    assert not own.exists()
    ln.connect(f"embedded:{tmp_path / 'mine'}").close()


def test_settings_that_cannot_be_read_are_said_though_an_address_is_given(
    lab_place: Place,
    labdata_home: LabdataHome,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    labdata_home.folder.mkdir(exist_ok=True)
    labdata_home.file.write_text('{"database": ')
    address = address_of(lab_place, lab_place.parameters["user"])
    monkeypatch.setenv("LABDATA_NAPARI_PASSWORD", lab_place.parameters["password"])
    with pytest.warns(UserWarning, match="are not valid JSON") as told:
        ln.connect(address.url).close()
    assert len(told) == 1
    main(["db", "check", "--no-files", "--url", address.url])
    assert capsys.readouterr().err.count("are not valid JSON") == 1


def test_an_unreadable_password_is_warned_of_and_the_keyrings_used(
    lab_place: Place, labdata_home: LabdataHome, keyring_memory: MemoryKeyring
):
    labdata_home.write(facts(lab_place, password=labdata_home.encrypted("old")))
    labdata_home.key_file.unlink()
    address = address_of(lab_place, lab_place.parameters["user"])
    passwords.remember(address, lab_place.parameters["password"])
    with pytest.warns(UserWarning, match="key file"), ln.connect() as lab:
        assert lab.user == "labdata"


def test_the_keyrings_password_is_tried_when_labdatas_is_out_of_date(
    lab_place: Place, labdata_home: LabdataHome, keyring_memory: MemoryKeyring
):
    labdata_home.write(facts(lab_place, password="out of date"))
    with pytest.raises(LoginRefused, match="with this password"):
        ln.connect()
    address = address_of(lab_place, lab_place.parameters["user"])
    passwords.remember(address, lab_place.parameters["password"])
    with ln.connect() as lab:
        assert lab.user == "labdata"
    passwords.forget(address)
    assert keyring_memory.held == {}
    passwords.forget(address)


def test_a_locked_keyring_is_a_sentence_and_a_given_password_still_works(
    lab_place: Place, keyring_memory: MemoryKeyring
):
    address = address_of(lab_place, lab_place.parameters["user"])
    keyring_memory.locked = "the collection is locked\nand more"
    sentence = r"could not be read \(the collection is locked\); unlock it"
    with pytest.raises(LoginRefused, match=sentence):
        ln.connect(address.url)
    with ln.connect(address.url, password=lab_place.parameters["password"]) as lab:
        assert lab.user == "labdata"
    with pytest.raises(KeyringFailed, match="could not be written") as failed:
        passwords.remember(address, "hunter2")
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


def test_without_a_keyring_nothing_is_remembered_and_the_reason_said(lab_place: Place):
    address = address_of(lab_place, "ana")
    assert "no keyring" in passwords.keyring_problem()
    assert passwords.remembered(address) is None
    with pytest.raises(KeyringFailed, match="no keyring"):
        passwords.remember(address, "x")


def test_passwords_and_users_may_have_any_letters(
    lab_place: Place, labdata_home: LabdataHome
):
    user, secret = "ana p@%r", 'p@ss:w/ör %"d#?脳'
    quoted = secret.replace('"', '\\"')
    lab_place.sql(
        f"CREATE OR REPLACE USER `{user}`@'127.0.0.1' IDENTIFIED BY \"{quoted}\"",
        f"GRANT SELECT ON lab_data.* TO `{user}`@'127.0.0.1'",
    )
    labdata_home.write(
        facts(lab_place, user=user, password=labdata_home.encrypted(secret))
    )
    with ln.connect() as lab:
        assert lab.user == user
        assert parse(lab.url).user == user  # type: ignore[union-attr]


# 127.1 is this computer by a name that does not tell; the server cannot encrypt
@pytest.mark.parametrize("choice", [None, False])
def test_labdatas_choice_of_encryption_is_kept(
    lab_place: Place, labdata_home: LabdataHome, choice: bool | None
):
    port = lab_place.parameters["port"]
    labdata_home.write(
        facts(
            lab_place,
            host=f"127.1:{port}",
            password=lab_place.parameters["password"],
            use_tls=choice,
        )
    )
    with ln.connect() as lab:
        assert lab.user == "labdata"
    with pytest.raises(ConnectionFailed, match="no encrypted"):
        ln.connect(tls=True)
    with pytest.raises(ConnectionFailed, match="no encrypted"):
        ln.connect(f"{preferences.read().url}?tls=yes")
