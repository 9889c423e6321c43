"""From an address to a lab: on servers, and what can be wrong with an address."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import socket
import subprocess
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pymysql
import pytest

import labdata_napari as ln
from databases import MariaDB
from labdata_napari.errors import (
    ConnectionFailed,
    InvalidValue,
    NotFound,
)
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import Place

READS = ("SELECT", "SHOW", "SET", "BEGIN", "START", "COMMIT", "ROLLBACK")


@pytest.fixture(
    scope="module",
    params=["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)],
)
def server_with_tables(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server with the 88 tables, for all tests of this file."""
    place = request.getfixturevalue(f"{request.param}_server").with_tables()
    yield place
    place.close()


@pytest.fixture
def lab_server(server_with_tables: Place) -> Iterator[Where]:
    yield from reached(server_with_tables)


mysql = pytest.mark.parametrize("server_with_tables", ["mysql"], indirect=True)
postgresql = pytest.mark.parametrize(
    "server_with_tables", ["postgresql"], indirect=True
)


def test_a_lab_is_all_its_tables_and_says_where_and_who(lab_server: Where):
    with ln.connect(lab_server.url(), password=lab_server.password) as lab:
        assert lab.tables.missing == ()
        assert len(lab.FixedBrain()) == 0
        assert lab.Widefield.Projection.lab is lab
        assert lab.url == lab_server.url()
        assert (lab.name, lab.project) == ("lab_data", None)
        assert (lab.user, lab.read_only) == ("labdata", False)
        lab.Species.insert1({"species_name": "ox", "species_scientific_name": "Bos"})
        assert len(lab.Species & {"species_name": "ox"}) == 1
    assert not lab.connection.is_connected
    lab.close()


def test_connecting_and_reading_changes_nothing_on_the_server(lab_server: Where):
    with (
        lab_server.place.statements() as seen,
        ln.connect(lab_server.url(), password=lab_server.password) as lab,
    ):
        lab.tables.bind_all()
        lab.FixedBrain().to_dicts()
        assert not lab.read_only
    assert any("_fixed_brain" in s for s in seen)
    assert [s for s in seen if not s.upper().startswith(READS)] == []
    assert not [s for s in seen if s.upper().startswith("SET GLOBAL")]


def test_a_reader_is_known_to_be_one(lab_server: Where):
    reader = lab_server.place.reader()
    url = lab_server.url(user=reader["user"])
    with ln.connect(url, password=reader["password"]) as lab:
        assert lab.read_only
        assert lab.user == reader["user"]
        assert len(lab.Subject()) == 0


GRANTS = {
    "INSERT ON lab_data.subject": True,
    "ALL PRIVILEGES ON `lab\\_data`.*": True,
    "INSERT, UPDATE ON `lab%`.*": True,
    "INSERT (subject_name) ON lab_data.subject": True,
    "ALL PRIVILEGES ON `lab_data_computed`.*": False,
    "UPDATE, DELETE ON lab_data.*": False,
}


@mysql
def test_rights_on_mysql_are_read_from_the_grants(lab_server: Where):
    found = {}
    for grant in GRANTS:
        reader = lab_server.place.reader()
        lab_server.place.sql(f"GRANT {grant} TO {reader['user']}@'127.0.0.1'")
        url = lab_server.url(user=reader["user"])
        with ln.connect(url, password=reader["password"]) as lab:
            found[grant] = not lab.read_only
    assert found == GRANTS


@mysql
def test_rights_of_a_role_count(lab_server: Where):
    reader = lab_server.place.reader()
    user = f"{reader['user']}@'127.0.0.1'"
    lab_server.place.sql(
        "CREATE OR REPLACE ROLE writer",
        "GRANT INSERT ON lab_data.* TO writer",
        f"GRANT writer TO {user}",
        f"SET DEFAULT ROLE writer FOR {user}",
    )
    with ln.connect(
        lab_server.url(user=reader["user"]), password=reader["password"]
    ) as lab:
        assert not lab.read_only
    lab_server.place.sql("DROP ROLE writer")


@mysql
def test_a_server_that_only_lets_one_read_makes_the_lab_read_only(lab_server: Where):
    reader = lab_server.place.reader()
    lab_server.place.sql(
        f"GRANT ALL ON lab_data.* TO {reader['user']}@'127.0.0.1'",
        "SET GLOBAL read_only = 1",
    )
    try:
        with ln.connect(
            lab_server.url(user=reader["user"]), password=reader["password"]
        ) as lab:
            assert lab.read_only
    finally:
        lab_server.place.sql("SET GLOBAL read_only = 0")


@postgresql
def test_a_session_that_only_reads_makes_the_lab_read_only(lab_server: Where):
    lab_server.place.sql("ALTER ROLE labdata SET default_transaction_read_only = on")
    try:
        with ln.connect(lab_server.url(), password=lab_server.password) as lab:
            assert lab.read_only
    finally:
        lab_server.place.sql(
            "BEGIN READ WRITE; ALTER ROLE labdata RESET default_transaction_read_only; "
            "COMMIT"
        )


def test_a_wrong_name_is_not_found_and_the_right_one_named(lab_server: Where):
    with pytest.raises(NotFound, match=r"no lab 'nolab' .* shows you 'lab_data'\."):
        ln.connect(lab_server.url(), name="nolab", password=lab_server.password)
    with pytest.raises(NotFound, match=r"no lab 'lab_data_px' .*'lab_data'\."):
        ln.connect(lab_server.url(), project="px", password=lab_server.password)


def test_a_name_that_cannot_be_one_is_refused(lab_server: Where):
    with pytest.raises(InvalidValue, match="cannot be part of a database's name"):
        ln.connect(lab_server.url(), name="a;b", password=lab_server.password)


# -- not getting in ------------------------------------------------------------


def test_a_wrong_password_is_a_sentence(lab_server: Where):
    with pytest.raises(ConnectionFailed, match="does not accept the user 'labdata'"):
        ln.connect(lab_server.url(), password="wrong")
    with pytest.raises(ConnectionFailed, match="does not accept the user 'labdata'"):
        ln.connect(lab_server.url())


def test_an_unknown_user_is_a_sentence(lab_server: Where):
    with pytest.raises(ConnectionFailed, match="does not accept the user 'nobody'"):
        ln.connect(lab_server.url(user="nobody"), password="x")


def test_a_server_that_is_down_is_a_sentence(lab_server: Where):
    lab_server.relay.cut()
    with pytest.raises(ConnectionFailed, match="No database listens at '127"):
        ln.connect(lab_server.url(), password=lab_server.password)


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_an_unknown_computer_is_a_sentence(scheme: str):
    with pytest.raises(ConnectionFailed, match=r"no computer 'no-such-rig\.invalid'"):
        ln.connect(f"{scheme}://me@no-such-rig.invalid", password="x")


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_something_else_that_listens_is_a_sentence(scheme: str):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        hangs_up = subprocess.Popen(
            ["python3", "-c", _HANGS_UP, str(other.fileno())],
            pass_fds=[other.fileno()],
        )
        with pytest.raises(ConnectionFailed, match="could not be reached: "):
            ln.connect(f"{scheme}://me@127.0.0.1:{port}", password="x")
        hangs_up.kill()
        hangs_up.wait()


_HANGS_UP = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    listener.accept()[0].close()
"""


def test_a_computer_that_does_not_answer_is_a_sentence():
    # nobody accepts, and its queue is full: further attempts hang
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy:
        port = busy.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        with pytest.raises(ConnectionFailed, match="Nothing answers at '127"):
            ln.connect(f"mysql://me@127.0.0.1:{port}?tls=no", password="x")
        for each in waiting:
            each.close()


@postgresql
def test_an_unknown_database_is_a_sentence(lab_server: Where):
    url = lab_server.url().rpartition("/")[0] + "/elsewhere"
    with pytest.raises(ConnectionFailed, match="has no database 'elsewhere'"):
        ln.connect(url, password=lab_server.password)


@mysql
def test_a_full_server_is_a_sentence(lab_server: Where):
    before = lab_server.place.sql("SELECT @@global.max_connections")[0][0]
    place = lab_server.place
    reader = place.reader()
    parameters = {k: place.parameters[k] for k in ("host", "port")} | reader
    place.sql("SET GLOBAL max_connections = 10")
    try:
        with contextlib.ExitStack() as held:
            while True:
                try:
                    made = pymysql.connect(**parameters)
                except pymysql.err.OperationalError:
                    break
                held.callback(made.close)
            with pytest.raises(ConnectionFailed, match="has no free connection"):
                ln.connect(lab_server.url(reader["user"]), password=reader["user"])
    finally:
        place.sql(f"SET GLOBAL max_connections = {before}")


# -- secrets -------------------------------------------------------------------


def test_the_password_comes_from_the_address_or_the_environment(
    lab_server: Where, monkeypatch: pytest.MonkeyPatch
):
    with ln.connect(lab_server.url(secret=quote(lab_server.password))) as lab:
        assert lab.url == lab_server.url()
    monkeypatch.setenv("LABDATA_NAPARI_PASSWORD", lab_server.password)
    monkeypatch.setenv("LABDATA_NAPARI_URL", lab_server.url())
    with ln.connect() as lab:
        assert lab.tables.missing == ()


def test_a_password_may_have_any_letters(lab_server: Where):
    user, secret = f"user_{secrets.token_hex(4)}", "pâss: wörd/脳@%"
    on_mysql = lab_server.place.backend == "mysql"
    lab_server.place.sql(
        *(
            f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{secret}'",
            f"GRANT SELECT ON lab_data.* TO {user}@'127.0.0.1'",
        )
        if on_mysql
        else (
            f"CREATE ROLE {user} LOGIN PASSWORD '{secret}'",
            f"GRANT USAGE ON SCHEMA lab_data TO {user}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA lab_data TO {user}",
        )
    )
    with ln.connect(lab_server.url(user=user), password=secret) as lab:
        assert lab.user == user
    with ln.connect(lab_server.url(user=user, secret=quote(secret, safe=""))) as lab:
        # what this user may not see is missing, and the rest works
        assert "FixedBrainTransformAnnotation" in lab.tables.missing
        assert len(lab.Subject()) == 0


def test_a_password_is_shown_nowhere(
    lab_server: Where, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
):
    caplog.set_level(logging.DEBUG)
    secret = "hunter2hunter2"
    with pytest.raises(ConnectionFailed) as failed:
        ln.connect(lab_server.url(secret=secret))
    shown = "".join(traceback.format_exception(failed.value))
    with ln.connect(lab_server.url(), password=lab_server.password) as lab:
        shown += repr(lab) + str(lab) + lab.url + repr(lab.connection)
    shown += caplog.text + "".join(capfd.readouterr())
    assert secret not in shown
    assert lab_server.password not in shown


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hun/ter2@host",
        "mysql://me:hun#ter2@host:3306",
        "mysql://me:hun?ter2@host:3306",
        "mysql://me:hunter2@host:port",
        "postgresql://me:hun[ter2@host",
        "mysql//me:hunter2@host",
    ],
)
def test_an_unreadable_address_is_refused_without_repeating_it(url: str):
    with pytest.raises(InvalidValue) as failed:
        ln.connect(url)
    shown = "".join(traceback.format_exception(failed.value, chain=True))
    sentence = str(failed.value)
    assert "ter2" not in sentence
    assert "mysql://user@host:3306" in sentence
    assert "ter2" not in shown.replace(url, "")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///lab.db", "not the address of a lab"),
        ("lab_data", "not the address of a lab"),
        ("mysql://host:3306", "names no user"),
        ("mysql://me@host:3306/lab_data", r"name='lab_data' \(--name lab_data\)"),
        ("mysql://me@host?tsl=no", "cannot be read"),
        ("mysql://me@host?tls=maybe", "'tls=maybe', which says neither yes nor no"),
        ("mysql://me@[::1]:3306", r"DataJoint cannot use \(IPv6\)"),
    ],
)
def test_an_address_that_says_too_little_or_too_much_is_refused(
    url: str, sentence: str
):
    with pytest.raises(InvalidValue, match=sentence):
        ln.connect(url)


# -- encryption ----------------------------------------------------------------

# the computer itself by a name that does not tell
ELSEWHERE = "127.1"


def test_without_encryption_another_computer_is_refused_unless_told(lab_server: Where):
    elsewhere = lab_server.url(host=ELSEWHERE)
    with pytest.raises(ConnectionFailed, match=r"no encrypted connection; only if"):
        ln.connect(elsewhere, password=lab_server.password)
    with ln.connect(elsewhere, password=lab_server.password, tls=False) as lab:
        assert lab.tables.missing == ()
    url = lab_server.url(host=ELSEWHERE, tail="?tls=no")
    with ln.connect(url, password=lab_server.password) as lab:
        assert lab.url == elsewhere


@pytest.fixture(scope="module")
def encrypting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB that can encrypt."""
    folder = tmp_path_factory.mktemp("tls")
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    openssl = shutil.which("openssl")
    if program is None or openssl is None:
        pytest.skip("no mariadbd or no openssl on the PATH")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=test", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    server = MariaDB(folder, program, f"--ssl-cert={certificate}", f"--ssl-key={key}")
    yield server
    server.stop()


@pytest.mark.mysql
@pytest.mark.parametrize("host", [ELSEWHERE, "127.0.0.1"])
@pytest.mark.parametrize("insist", [True, False])
def test_where_the_server_can_the_connection_is_encrypted(
    host: str, insist: bool, encrypting: MariaDB
):
    place = encrypting.with_tables()
    try:
        url = f"mysql://labdata@{host}:{place.parameters['port']}"
        secret = place.parameters["password"]
        with ln.connect(url, password=secret, tls=insist) as lab:
            row: Any = lab.connection.query("SHOW STATUS LIKE 'Ssl_cipher'").fetchone()
            assert row[1].startswith("TLS")
    finally:
        place.close()


# -- files ---------------------------------------------------------------------


def test_the_local_paths_come_from_the_argument_or_the_environment(
    lab_server: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    places = [tmp_path / "a", tmp_path / "b"]
    with ln.connect(
        lab_server.url(), password=lab_server.password, local_paths=places
    ) as lab:
        assert list(lab.files.local_paths) == places
    monkeypatch.setenv("LABDATA_NAPARI_LOCAL_PATHS", f"{places[1]}:{places[0]}")
    with ln.connect(lab_server.url(), password=lab_server.password) as lab:
        assert list(lab.files.local_paths) == places[::-1]
