"""Connections that break or fall silent, at every stage, and labs that come back."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import psycopg2
import pymysql
import pytest

import labdata_napari as ln
from embedded_servers import end_all
from labdata_napari import settings
from labdata_napari.errors import (
    ConnectionFailed,
    ConnectionLost,
    LoginRefused,
    OutcomeUnknown,
)
from labdata_napari.lab import connections, wires
from labdata_napari.lab.failures import translate_errors
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import Place
    from labdata_napari.lab.lab import Lab

OX = {"species_name": "ox", "species_scientific_name": "Bos"}
YAK = OX | {"species_name": "yak"}
PATIENCE_S = 0.6


@pytest.fixture(
    scope="module",
    params=["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)],
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A server with the 88 tables, for all tests of this file."""
    place = request.getfixturevalue(f"{request.param}_server").with_tables()
    yield place
    place.close()


@pytest.fixture
def server(place: Place) -> Iterator[Where]:
    """The server as one reaches it through a wire; without rows afterwards."""
    yield from reached(place)
    quote = "`" if place.backend == "mysql" else '"'
    place.sql(f"DELETE FROM lab_data.{quote}#species{quote}")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.PATIENCE, str(PATIENCE_S))
    monkeypatch.setattr(wires, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(connections, "_PING_S", PATIENCE_S)


@pytest.fixture
def lab(server: Where) -> Iterator[Lab]:
    with ln.connect(server.url(), password=server.password) as lab:
        yield lab


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def species(server: Where) -> list[str]:
    """What is in the table, as somebody else sees it."""
    mysql = server.place.backend == "mysql"
    table = "lab_data.`#species`" if mysql else 'lab_data."#species"'
    rows = server.place.sql(f"SELECT species_name FROM {table} ORDER BY 1")
    return [name for (name,) in rows]


def kill(server: Where, lab: Lab) -> None:
    """End the connection from the server's side."""
    number = lab.connection.connection_id
    mysql = server.place.backend == "mysql"
    ending = "KILL {}" if mysql else "SELECT pg_terminate_backend({}, 5000)"
    server.place.sql(ending.format(number))


def fall_silent(server: Where, lab: Lab) -> None:
    """Stop passing anything on what there is; new connections pass."""
    server.relay.blackhole()
    server.relay.go_round()


def drop(server: Where, lab: Lab) -> None:
    server.relay.drop()


losses = pytest.mark.parametrize("lose", [kill, drop, fall_silent])


# -- while connecting ----------------------------------------------------------


def test_a_server_that_takes_connections_and_says_nothing(server: Where):
    server.relay.blackhole()
    with within(5), pytest.raises(ConnectionFailed, match="Nothing answers at '127"):
        ln.connect(server.url(), password=server.password)


def test_a_server_that_falls_silent_while_one_logs_in(server: Where):
    server.relay.blackhole(after=20)
    with within(5), pytest.raises(ConnectionFailed):
        ln.connect(server.url(), password=server.password)


def test_a_slow_way_is_no_silence(server: Where):
    server.relay.delay(PATIENCE_S / 3)
    with ln.connect(server.url(), password=server.password) as lab:
        assert len(lab.Species()) == 0


def test_a_password_that_is_wrong_by_now_is_told_apart(server: Where, lab: Lab):
    reader = server.place.reader()
    url = server.url(user=reader["user"])
    with ln.connect(url, password=reader["password"]) as theirs:
        user, word = reader["user"], "IDENTIFIED BY 'new'"
        mysql = server.place.backend == "mysql"
        server.place.sql(
            f"ALTER USER {user}@'127.0.0.1' {word}"
            if mysql
            else f"ALTER ROLE {user} PASSWORD 'new'"
        )
        kill(server, theirs)
        with pytest.raises(LoginRefused, match="does not accept the user") as refused:
            theirs.reconnect()
        assert reader["password"] not in str(refused.value).replace(user, "")


# -- while idle ----------------------------------------------------------------


@losses
def test_a_connection_that_broke_while_idle_is_renewed_unseen(
    server: Where,
    lab: Lab,
    lose: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
):
    table = lab.Species
    table.insert1(OX)
    monkeypatch.setattr(connections, "_IDLE_S", 0.0)
    lose(server, lab)
    with within(5):
        table.insert1(YAK)
        assert len(table()) == 2
    assert species(server) == ["ox", "yak"]


@losses
def test_a_check_tells_of_the_loss_and_of_nothing_else(
    server: Where,
    lab: Lab,
    lose: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(connections, "_IDLE_S", 0.0)
    lab.check()
    lose(server, lab)
    with within(5), pytest.raises(ConnectionLost, match="while nothing was done"):
        lab.check()
    lab.reconnect()
    lab.check()


def test_a_server_that_is_away_is_a_loss_until_it_is_back(server: Where, lab: Lab):
    table = lab.Species()
    server.relay.cut()
    for _ in range(2):
        with pytest.raises(ConnectionLost), translate_errors():
            len(table)
    with pytest.raises(ConnectionFailed, match="No database listens"):
        lab.reconnect()
    server.relay.resume()
    lab.reconnect()
    assert len(table) == 0


def test_a_lab_that_was_closed_stays_closed(server: Where, lab: Lab):
    lab.close()
    with pytest.raises(ConnectionLost), translate_errors():
        len(lab.Species())


# -- while reading -------------------------------------------------------------


@losses
def test_a_connection_that_breaks_before_an_answer(
    server: Where, lab: Lab, lose: Callable[..., None]
):
    table = lab.Species
    table.insert1(OX)
    lose(server, lab)
    with within(5), pytest.raises(ConnectionLost, match="lost"), translate_errors():
        table.to_dicts()
    lab.reconnect()
    assert [row["species_name"] for row in table.to_dicts()] == ["ox"]


CALLS: dict[str, Callable[[Any], Any]] = {
    "len": lambda table: len(table()),
    "bool": lambda table: bool(table()),
    "in": lambda table: OX in table(),
    "iter": lambda table: list(table()),
    "keys": lambda table: table.keys(),
    "to_dicts": lambda table: table.to_dicts(),
    "to_arrays": lambda table: table.to_arrays("species_name"),
    "to_pandas": lambda table: table.to_pandas(),
    "fetch1": lambda table: (table & OX).fetch1(),
    "join": lambda table: (table * table.lab.Strain).to_dicts(),
    "insert1": lambda table: table.insert1(OX),
    "insert": lambda table: table.insert([OX]),
    "update1": lambda table: table.update1(OX),
    "delete": lambda table: (table & OX).delete(prompt=False),
    "delete_quick": lambda table: (table & OX).delete_quick(),
    "transaction": lambda table: table.connection.start_transaction(),
}


def test_every_call_on_a_table_tells_of_a_loss_in_our_words(server: Where, lab: Lab):
    table = lab.Species
    assert len(table()) == 0
    server.relay.cut()
    for name, call in CALLS.items():
        with pytest.raises(ConnectionLost) as lost:
            call(table)
        assert lost.value.__cause__ is not None, name
        assert "lost" in str(lost.value), name
        assert server.password not in repr(lost.value.__cause__), name
    server.relay.resume()
    assert len(table()) == 0


def test_a_server_that_falls_silent_within_an_answer(server: Where, lab: Lab):
    server.relay.blackhole(after=30_000)
    with within(5), pytest.raises(ConnectionLost), translate_errors():
        lab.connection.query("SELECT REPEAT('x', 1000000)").fetchall()
    server.relay.resume()
    lab.reconnect()
    assert len(lab.Species()) == 0


def test_an_answer_may_take_its_time_while_it_comes(lab: Lab):
    mysql = lab.connection.adapter.backend == "mysql"
    piece = "SELECT SLEEP({0})" if mysql else "SELECT pg_sleep({0})::text"
    piece = f"{piece}, REPEAT('x', 200000)".format(PATIENCE_S / 2)
    start = time.monotonic()
    rows = lab.connection.query(" UNION ALL ".join([piece] * 5)).fetchall()
    assert len(rows) == 5
    assert time.monotonic() - start > 2 * PATIENCE_S


def test_the_wait_for_locks_is_no_silence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(settings.PATIENCE)
    assert settings.patience() > 2 * connections._LOCK_PATIENCE_S


# -- while writing -------------------------------------------------------------


@losses
def test_a_change_that_was_not_sealed_is_not_there(
    server: Where, lab: Lab, lose: Callable[..., None]
):
    table = lab.Species

    def change() -> None:
        with translate_errors(), lab.connection.transaction:
            table.insert1(OX)
            lose(server, lab)
            table.insert1(YAK)

    with within(5), pytest.raises(ConnectionLost) as lost:
        change()
    assert not isinstance(lost.value, OutcomeUnknown)
    assert species(server) == []
    lab.reconnect()
    with within(5), lab.connection.transaction:
        table.insert([OX, YAK])
    assert species(server) == ["ox", "yak"]


@pytest.mark.parametrize("again", [False, True])
def test_a_loss_that_was_swallowed_within_a_change_is_no_riddle(
    server: Where, lab: Lab, again: bool
):
    def change() -> None:
        with lab.connection.transaction:
            lab.Species.insert1(OX)
            server.relay.drop()
            with pytest.raises(ConnectionLost):
                len(lab.Subject())
            if again:
                lab.reconnect()

    with within(5), pytest.raises(ConnectionLost, match="within this change") as lost:
        change()
    assert not isinstance(lost.value, OutcomeUnknown)
    assert species(server) == []
    lab.reconnect()
    with lab.connection.transaction:
        lab.Species.insert1(YAK)
    assert species(server) == ["yak"]


def test_an_error_of_ones_own_within_a_lost_change_is_what_is_raised(
    server: Where, lab: Lab
):
    def change() -> None:
        with lab.connection.transaction:
            lab.Species.insert1(OX)
            server.relay.drop()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    lab.reconnect()
    assert len(lab.Species()) == 0


def test_locks_of_a_change_one_vanished_from_do_not_keep_one_out(
    server: Where, lab: Lab
):
    lab.Species.insert1(OX)

    def change() -> None:
        with translate_errors(), lab.connection.transaction:
            lab.Species.update1(OX | {"species_description": "first"})
            fall_silent(server, lab)
            lab.Species.update1(OX | {"species_description": "second"})

    with pytest.raises(ConnectionLost):
        change()
    lab.reconnect()
    with within(5):
        lab.Species.update1(OX | {"species_description": "third"})


def insert_alone(server: Where, lab: Lab) -> None:
    server.relay.blackhole(questions_pass=True)
    lab.Species.insert1(OX)


def insert_in_a_transaction(server: Where, lab: Lab) -> None:
    with lab.connection.transaction:
        lab.Species.insert1(OX)
        server.relay.blackhole(questions_pass=True)


@pytest.mark.parametrize("insert", [insert_alone, insert_in_a_transaction])
def test_what_was_sent_and_not_answered_is_said_to_be_unknown(
    server: Where, lab: Lab, insert: Callable[..., None]
):
    table = lab.Species
    assert len(table()) == 0
    with within(5), pytest.raises(OutcomeUnknown, match="whether the change was saved"):
        insert(server, lab)
    server.relay.resume()
    lab.reconnect()
    assert species(server) == ["ox"]
    with lab.connection.transaction:
        table.insert1(YAK)
    assert species(server) == ["ox", "yak"]


# -- servers that end ----------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="kills the POSIX way")
def test_an_embedded_server_that_was_killed_is_started_again(root: Path):
    with ln.connect(f"embedded:{root}", create=True) as lab:
        table = lab.Species
        before = len(table())
        end_all(root)
        with pytest.raises(ConnectionLost), translate_errors():
            len(table())
        lab.reconnect()
        assert len(table()) == before


def test_an_embedded_server_that_was_stopped_by_force_is_held_again(root: Path):
    from labdata_napari.lab.embedded import EmbeddedPostgres

    with ln.connect(f"embedded:{root}") as lab:
        EmbeddedPostgres(root).stop(force=True)
        lab.reconnect()
        with EmbeddedPostgres(root):
            pass  # somebody else comes and goes, and must not take it with them
        assert len(lab.Subject()) == 0


@pytest.mark.mysql
def test_a_mariadb_that_is_stopped_and_started(mysql_server: Any):
    place = mysql_server.with_tables()
    parameters = place.parameters
    url = f"mysql://{parameters['user']}@127.0.0.1:{parameters['port']}"
    with ln.connect(url, password=parameters["password"]) as lab:
        table = lab.Species
        table.insert1(OX)
        mysql_server.stop()
        try:
            with pytest.raises(ConnectionLost), translate_errors():
                len(table())
            with pytest.raises(ConnectionFailed, match="No database listens"):
                lab.reconnect()
        finally:
            mysql_server.start()
        assert len(table()) == 1
    place.close()


def test_plain_drivers_of_others_wait_as_ever():
    """What is set is set on our connections alone."""
    assert psycopg2.extensions.get_wait_callback() is None
    assert pymysql.Connection(defer_connect=True).connect_timeout == 10
