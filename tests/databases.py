"""Real servers for tests: an embedded PostgreSQL and a MariaDB of our own.

Both are started once, when the first test needs them. A test gets a `Place`: a
database to itself, empty or with the 88 tables, and as many connections as it wants.

Fixtures
--------
backend
    ``"postgresql"`` and ``"mysql"``, one after the other; override it with
    ``@pytest.mark.parametrize("backend", ["mysql"])`` for one alone.
place
    An empty `Place`.
lab_place
    A `Place` with the 88 tables.
instance, tables
    A connection to `place` and to `lab_place`; the latter as bound `Tables`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mariadb_server import MariaDB, mariadbd
from places import PASSWORD, Place, declare, declare_as_labdata
from postgresql_server import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = [
    "PASSWORD",
    "MariaDB",
    "Place",
    "PostgreSQL",
    "declare",
    "declare_as_labdata",
]


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    server = PostgreSQL(tmp_path_factory.mktemp("pg"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mysql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("my"), mariadbd())
    yield server
    server.stop()


@pytest.fixture(params=["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(backend: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{backend}_server")


@pytest.fixture
def place(server: Any) -> Iterator[Place]:
    made = server.empty()
    yield made
    made.close()


@pytest.fixture
def lab_place(server: Any) -> Iterator[Place]:
    made = server.with_tables()
    yield made
    made.close()


@pytest.fixture
def instance(place: Place) -> Any:
    return place.instance()


@pytest.fixture
def tables(lab_place: Place) -> Any:
    return declare(lab_place)
