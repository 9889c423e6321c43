"""Locks that the database server keeps: between connections, threads and processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_servers import wait_until
from labdata_napari.lab.server_locks import ServerLock

if TYPE_CHECKING:
    from collections.abc import Callable

SESSIONS = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'labdata-napari (computing)'",
    "mysql": "SELECT CONCAT('KILL ', id) FROM information_schema.processlist "
    "WHERE command = 'Sleep' AND id = IS_USED_LOCK(%s)",
}


def end_session_of(lock: ServerLock, place: Any) -> None:
    """As when a network goes, or an administrator ends it."""
    if place.backend == "postgresql":
        place.sql(SESSIONS["postgresql"])
        return
    [[number]] = place.sql(f"SELECT IS_USED_LOCK('{lock._name}')")
    place.sql(f"KILL {number}")


def test_a_lock_is_held_by_one_and_given_back(
    lab: Any, connect_again: Callable[..., Any]
) -> None:
    mine = ServerLock(lab.connection, "brain " * 40)
    theirs = ServerLock(connect_again().connection, "brain " * 40)
    other = ServerLock(lab.connection, "another brain")
    assert not mine.held()
    assert mine.acquire()
    assert mine.acquire()
    assert mine.held()
    assert not theirs.acquire()
    assert other.acquire()
    mine.release()
    mine.release()
    assert not mine.held()
    assert theirs.acquire()
    assert not mine.acquire()
    theirs.release()
    other.release()


def test_a_lock_whose_connection_went_is_lost_and_known_to_be(
    lab: Any, lab_place: Any, connect_again: Callable[..., Any]
) -> None:
    mine = ServerLock(lab.connection, "brain")
    theirs = ServerLock(connect_again().connection, "brain")
    assert mine.acquire()
    end_session_of(mine, lab_place)
    assert not mine.held()
    wait_until(theirs.acquire)
    assert not mine.acquire()
    theirs.release()
    assert mine.acquire()
    mine.release()


def test_it_needs_no_right_but_to_connect(
    lab_place: Any, lab: Any, connect_again: Callable[..., Any]
) -> None:
    reader = connect_again(**lab_place.reader())
    lock = ServerLock(reader.connection, "brain")
    with lab_place.statements() as seen:
        assert lock.acquire()
        lock.release()
    declaring = ("CREATE", "INSERT", "UPDATE", "DELETE", "ALTER")
    assert seen
    assert not [one for one in seen if one.upper().startswith(declaring)]
