"""Each way a database can fail, caused for real, and its sentence."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from databases import MariaDB
from embedded_servers import end_all
from labdata_napari.errors import (
    ConnectionLost,
    InvalidValue,
    LabdataError,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.files import Files
from labdata_napari.lab.lab import Lab
from relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import Place

OX = {"species_name": "ox", "species_scientific_name": "Bos"}
LOST = "The connection to the database was lost"

mysql = pytest.mark.parametrize("shared_place", ["mysql"], indirect=True)
postgresql = pytest.mark.parametrize("shared_place", ["postgresql"], indirect=True)


@pytest.fixture(
    scope="module",
    params=["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)],
)
def shared_place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server with the 88 tables, for all tests of this file."""
    place = request.getfixturevalue(f"{request.param}_server").with_tables()
    yield place
    place.close()


@pytest.fixture
def place(shared_place: Place) -> Iterator[Place]:
    """The server, without the rows of the test before."""
    yield shared_place
    shared_place.disconnect()
    quote = "`" if shared_place.backend == "mysql" else '"'
    shared_place.sql(
        f"DELETE FROM lab_data.{quote}#strain{quote} WHERE strain_name = 'a'",
        f"DELETE FROM lab_data.{quote}#species{quote} "
        "WHERE species_scientific_name = 'Bos'",
    )


@pytest.fixture
def wire(place: Place) -> Iterator[Relay]:
    """The way to the server, to be cut."""
    with Relay(place.parameters["host"], place.parameters["port"]) as relay:
        yield relay


@pytest.fixture
def lab_of(place: Place) -> Callable[..., Lab]:
    def make(**changed: Any) -> Lab:
        instance = place.instance(**changed)
        return Lab(instance, "mysql://test@host:3306", "lab_data", None, Files([]))

    return make


@pytest.fixture
def lab(lab_of: Callable[..., Lab]) -> Lab:
    return lab_of()


@contextlib.contextmanager
def fails(kind: type[LabdataError], sentence: str) -> Iterator[None]:
    """The block fails so, in one sentence that begins with what was being done."""
    with pytest.raises(kind, match=sentence) as failed, translate_errors("Saving"):
        yield
    text = str(failed.value)
    assert type(failed.value) is kind
    assert text.startswith("Saving: ")
    assert text.endswith(".")
    assert "\n" not in text
    assert failed.value.__cause__ is not None


def test_what_works_passes_and_our_own_errors_are_not_touched(lab: Lab):
    with translate_errors("Saving"):
        lab.Species.insert1(OX)
    own = InvalidValue("It is too long.")
    with pytest.raises(InvalidValue) as failed, translate_errors("Saving"):
        raise own
    assert failed.value is own
    with pytest.raises(ZeroDivisionError), translate_errors("Saving"):
        1 / 0  # noqa: B018


def test_a_key_that_is_there_already(lab: Lab):
    lab.Species.insert1(OX)
    with fails(InvalidValue, r"this key is there already \(.*ox.*\), so nothing was"):
        lab.Species.insert1(OX)


def test_a_key_that_is_there_already_within_a_transaction(lab: Lab):
    lab.Species.insert1(OX)
    with (
        fails(InvalidValue, "this key is there already"),
        lab.connection.transaction,
    ):
        lab.Species.insert1(OX | {"species_name": "yak"})
        lab.Species.insert1(OX)
    assert len(lab.Species & {"species_name": "yak"}) == 0


def test_a_row_that_refers_to_nothing(lab: Lab):
    with fails(InvalidValue, "refers to one that does not exist"):
        lab.Strain.insert1({"strain_name": "a", "species_name": "unicorn"})


def test_a_row_that_others_refer_to(lab: Lab):
    lab.Species.insert1(OX)
    lab.Strain.insert1({"strain_name": "a", "species_name": "ox"})
    with fails(WriteRefused, "Other rows refer to this one"):
        (lab.Species & OX).delete_quick()


def test_a_text_that_is_too_long(lab: Lab):
    with fails(InvalidValue, "does not fit its column"):
        lab.Species.insert1(OX | {"species_name": "o" * 33})


def test_a_number_that_is_too_large(lab: Lab):
    with fails(InvalidValue, "does not fit its column"):
        lab.LabMember.insert1(
            {"user_name": "ana", "date_joined": "2026-01-01", "is_active": 10**6}
        )


def test_a_value_of_another_kind(lab: Lab):
    with fails(InvalidValue, "does not fit its column"):
        lab.LabMember.insert1({"user_name": "ana", "date_joined": "soon"})


def test_a_value_that_is_missing(lab: Lab):
    with fails(InvalidValue, "that every row needs is missing .*scientific"):
        lab.Species.insert1({"species_name": "ox"})


def test_a_column_that_is_not_there(lab: Lab):
    with fails(NotFound, "has no such column"):
        lab.connection.query("SELECT horns FROM lab_data.subject")


def test_a_table_that_is_gone(lab: Lab, place: Place):
    lab.Death().to_dicts()
    home = "lab_data." if place.backend == "mysql" else ""
    place.sql(f"ALTER TABLE lab_data.death RENAME TO {home}undeath")
    with fails(NotFound, "has no such table"):
        lab.Death().to_dicts()
    place.sql(f"ALTER TABLE lab_data.undeath RENAME TO {home}death")


def test_what_datajoint_itself_refuses(lab: Lab):
    with fails(InvalidValue, "DataJoint refused: "):
        lab.Species.update1({"species_description": "horned"})


def test_a_statement_that_cannot_be_understood(lab: Lab):
    with fails(WriteRefused, "The database refused"):
        lab.connection.query("SELECT FROM WHERE")


# -- rights --------------------------------------------------------------------


def test_a_user_who_may_only_read(place: Place, lab_of: Callable[..., Lab]):
    lab = lab_of(**place.reader())
    assert lab.read_only
    with fails(WriteRefused, r"does not let this user do that \(.*species"):
        lab.Species.insert1(OX)


@mysql
def test_a_server_that_only_lets_one_read(place: Place, lab_of: Callable[..., Lab]):
    reader = place.reader()
    user = f"{reader['user']}@'127.0.0.1'"
    place.sql(f"GRANT ALL ON lab_data.* TO {user}", "SET GLOBAL read_only = 1")
    try:
        with fails(WriteRefused, "only lets one read at present"):
            lab_of(**reader).Species.insert1(OX)
    finally:
        place.sql("SET GLOBAL read_only = 0")


@postgresql
def test_a_session_that_only_reads(lab: Lab):
    lab.connection.query("SET default_transaction_read_only = on")
    with fails(WriteRefused, "only lets one read at present"):
        lab.Species.insert1(OX)


# -- others at the same rows ---------------------------------------------------


def _short_patience(lab: Lab) -> None:
    postgresql = lab.connection.adapter.backend == "postgresql"
    lab.connection.query(
        "SET lock_timeout = '0.3s'"
        if postgresql
        else "SET SESSION innodb_lock_wait_timeout = 1"
    )


def test_rows_that_somebody_else_is_changing(lab_of: Callable[..., Lab]):
    mine, theirs = lab_of(), lab_of()
    mine.Species.insert1(OX)
    _short_patience(mine)
    with theirs.connection.transaction:
        theirs.Species.update1(OX | {"species_description": "theirs"})
        with fails(WriteRefused, "Somebody else is changing the same rows"):
            mine.Species.update1(OX | {"species_description": "mine"})
    mine.Species.update1(OX | {"species_description": "mine"})


def test_the_wait_for_somebody_else_has_an_end(lab: Lab):
    postgresql = lab.connection.adapter.backend == "postgresql"
    setting = "lock_timeout" if postgresql else "innodb_lock_wait_timeout"
    row = lab.connection.query(
        f"SHOW {setting}" if postgresql else f"SHOW VARIABLES LIKE '{setting}'"
    ).fetchone()
    assert row[-1].removesuffix("s") == "20"


def test_two_who_wait_for_each_other(lab_of: Callable[..., Lab]):
    one, two = lab_of(), lab_of()
    for name in ("ox", "yak"):
        one.Species.insert1(OX | {"species_name": name})
    both_hold = threading.Barrier(2)
    outcome: list[LabdataError | None] = []

    def change(lab: Lab, first: str, second: str) -> None:
        try:
            with translate_errors("Saving"), lab.connection.transaction:
                lab.Species.update1(OX | {"species_name": first})
                both_hold.wait(10)
                lab.Species.update1(OX | {"species_name": second})
            outcome.append(None)
        except LabdataError as error:
            outcome.append(error)

    threads = [
        threading.Thread(target=change, args=(one, "ox", "yak")),
        threading.Thread(target=change, args=(two, "yak", "ox")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (loser,) = [error for error in outcome if error is not None]
    assert type(loser) is WriteRefused
    assert "Somebody else is changing the same rows" in str(loser)


@postgresql
def test_what_follows_a_failure_in_the_same_transaction(lab: Lab):
    lab.Species.insert1(OX)
    with (
        fails(WriteRefused, "An earlier step of the same change failed"),
        lab.connection.transaction,
    ):
        with contextlib.suppress(InvalidValue), translate_errors():
            lab.Species.insert1(OX)
        lab.Species.insert1(OX | {"species_name": "yak"})


# -- connections that break ----------------------------------------------------


def test_a_connection_that_breaks_within_a_change(
    lab_of: Callable[..., Lab], wire: Relay, lab: Lab
):
    cut = lab_of(host="127.0.0.1", port=wire.port)
    with fails(ConnectionLost, LOST), cut.connection.transaction:
        cut.Species.insert1(OX)
        wire.cut()
        cut.Species.insert1(OX | {"species_name": "yak"})
    assert len(lab.Species & {"species_scientific_name": "Bos"}) == 0
    cut.close()
    cut.close()


def test_a_connection_that_breaks_between_two_readings(
    lab_of: Callable[..., Lab], wire: Relay
):
    lab = lab_of(host="127.0.0.1", port=wire.port)
    assert len(lab.Subject()) == 0
    wire.cut()
    with fails(ConnectionLost, LOST):
        len(lab.Subject())
    lab.close()


@pytest.mark.parametrize("use", ["open", "get", "populate"])
def test_what_tables_do_themselves_says_that_the_connection_broke(
    lab_of: Callable[..., Lab], wire: Relay, use: str
):
    lab = lab_of(host="127.0.0.1", port=wire.port)
    table = lab.FixedBrainTransform()
    assert len(table) == 0
    wire.cut()
    with pytest.raises(ConnectionLost, match=LOST):
        getattr(table, use)()
    lab.close()


def test_a_connection_that_the_server_ends(lab_of: Callable[..., Lab], lab: Lab):
    ended = lab_of()
    number = ended.connection.connection_id
    ending = (
        f"SELECT pg_terminate_backend({number}, 5000)"
        if lab.connection.adapter.backend == "postgresql"
        else f"KILL {number}"
    )
    with fails(ConnectionLost, LOST), ended.connection.transaction:
        ended.Species.insert1(OX)
        lab.connection.query(ending)
        ended.Species.insert1(OX | {"species_name": "yak"})
    assert len(lab.Species & {"species_scientific_name": "Bos"}) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="kills the POSIX way")
def test_a_server_that_is_killed(root: Path):
    with EmbeddedPostgres(root) as server:
        instance = server.instance()
        connection = instance.connection
        with fails(ConnectionLost, LOST):
            end_all(root)
            connection.query("SELECT 1")


# -- full disks and large values -----------------------------------------------


@contextlib.contextmanager
def _disk(place: Path, megabytes: int) -> Iterator[Path]:
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m"]
    mount = ["mount", *options, "labdata-test", str(place)]
    if shutil.which("mount") is None:
        pytest.skip("no mount")
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_below_postgresql(root: Path, tmp_path: Path):
    with _disk(tmp_path / "disk", 120) as disk:
        shutil.copytree(root, disk / "db")
        with EmbeddedPostgres(disk / "db") as server:
            connection = server.instance().connection
            with fails(WriteRefused, "disk of the database server is full"):
                connection.query(
                    "CREATE TABLE note AS SELECT repeat(md5(n::text), 40) "
                    "FROM generate_series(1, 400000) AS n"
                )
            assert connection.query("SELECT 1").fetchone() == (1,)
            connection.close()


@pytest.mark.mysql
def test_a_full_disk_below_mariadb(tmp_path: Path):
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no mariadbd on the PATH")
    with _disk(tmp_path / "disk", 320) as disk:
        server = MariaDB(disk, program, "--innodb-log-file-size=8M")
        try:
            connection = server.empty().instance().connection
            connection.query("CREATE DATABASE small")
            connection.query("CREATE TABLE small.note (value longblob)")
            filler = disk / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(disk).free - 2**21))
            with fails(WriteRefused, "disk of the database server is full"):
                for _ in range(64):
                    connection.query("INSERT INTO small.note VALUES (REPEAT('x', 1e6))")
            filler.unlink()
            connection.close()
        finally:
            server.stop()


@mysql
def test_a_value_larger_than_the_server_takes(lab: Lab, place: Place):
    limit = int(place.sql("SELECT @@global.max_allowed_packet")[0][0])
    with pytest.raises((InvalidValue, ConnectionLost)), translate_errors("Saving"):
        lab.connection.query("SELECT LENGTH(%s)", ("x" * (limit + 1),))
