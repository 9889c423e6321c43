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

import contextlib
import itertools
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "a test's own"


@dataclass
class Place:
    """A database of one test.

    Attributes
    ----------
    backend
        ``"postgresql"`` or ``"mysql"``.
    parameters
        What `datajoint.Instance` needs to connect as its owner.
    """

    server: Any
    parameters: dict[str, Any]
    _instances: list[Any] = field(default_factory=list)

    @property
    def backend(self) -> str:
        return str(self.parameters["backend"])

    def instance(self, **changed: Any) -> Any:
        """A connection, closed when the test ends."""
        from labdata_napari.lab.instances import new_instance

        made = new_instance(**self.parameters | changed)
        self._instances.append(made)
        return made

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Rows of the last of some statements, run by an administrator."""
        return self.server.sql(self.parameters, *statements)

    def reader(self) -> dict[str, str]:
        """What to change in `parameters` to be somebody who may only read."""
        return self.server.reader(self.parameters)

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Every statement that clients send meanwhile; filled at the end."""
        with self.server.statements(self.parameters) as seen:
            yield seen

    def disconnect(self) -> None:
        from labdata_napari.lab.instances import close

        while self._instances:
            close(self._instances.pop().connection)

    def close(self) -> None:
        self.disconnect()
        self.server.drop(self.parameters)


class PostgreSQL:
    """An embedded PostgreSQL; each place is a database in it."""

    def __init__(self, folder: Path) -> None:
        from labdata_napari.lab.embedded import EmbeddedPostgres

        self._server = EmbeddedPostgres(folder).start()
        self._numbers = itertools.count()
        self._with_tables: tuple[Place, list[Any]] | None = None
        # what survives a power cut is tested elsewhere
        here = self._server.parameters()
        self.sql(here, "ALTER SYSTEM SET fsync = off")
        self.sql(here, "SELECT pg_reload_conf()")

    def stop(self) -> None:
        self._server.release()

    def empty(self) -> Place:
        parameters = self._server.parameters(f"t{next(self._numbers)}")
        name = parameters["database__name"]
        self.sql(
            self._server.parameters(), f"CREATE DATABASE {name} TEMPLATE template0"
        )
        return Place(self, parameters)

    def with_tables(self) -> Place:
        """Making 88 tables takes a second: kept as long as no test changed them."""
        if self._with_tables is None:
            place = self.empty()
            declare(place)
            place.disconnect()
            self._with_tables = place, self._described(place.parameters)
        return Place(self, self._with_tables[0].parameters)

    def drop(self, parameters: dict[str, Any]) -> None:
        """Leave the tables, if they are the ones we know, but none of their rows."""
        if self._with_tables and self._with_tables[0].parameters == parameters:
            described = self._described(parameters)
            if described == self._with_tables[1]:
                rows = [f'DELETE FROM "{s}"."{t}"' for s, t, *_ in described]
                quick = "SET session_replication_role = replica"
                self.sql(parameters, ";".join([quick, *dict.fromkeys(rows)]))
                return
            self._with_tables = None
        name = parameters["database__name"]
        self.sql(self._server.parameters(), f"DROP DATABASE {name} WITH (FORCE)")

    def _described(self, parameters: dict[str, Any]) -> list[Any]:
        """Columns, keys and triggers of every table but ``~lineage``."""
        return self.sql(
            parameters,
            """
            SELECT n.nspname, r.relname, d.words FROM pg_class r
            JOIN pg_namespace n ON n.oid = r.relnamespace
            JOIN (
                SELECT a.attrelid AS oid, concat_ws(' ', a.attname, a.attnum,
                       format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       pg_get_expr(v.adbin, v.adrelid)) AS words
                FROM pg_attribute a LEFT JOIN pg_attrdef v
                ON v.adrelid = a.attrelid AND v.adnum = a.attnum WHERE a.attnum > 0
                UNION ALL SELECT conrelid, pg_get_constraintdef(oid) FROM pg_constraint
                UNION ALL SELECT tgrelid, pg_get_triggerdef(oid) FROM pg_trigger
                WHERE NOT tgisinternal
            ) d ON d.oid = r.oid
            WHERE r.relkind = 'r' AND r.relname <> '~lineage'
            AND n.nspname !~ '^(pg_|information_)' ORDER BY 1, 2, 3
            """,
        )

    def sql(self, parameters: dict[str, Any], *statements: str) -> list[Any]:
        import psycopg2

        connection = psycopg2.connect(
            host=parameters["host"],
            port=parameters["port"],
            user=parameters["user"],
            password=parameters["password"],
            dbname=parameters["database__name"],
        )
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def reader(self, parameters: dict[str, Any]) -> dict[str, str]:
        user = f"reader_{secrets.token_hex(4)}"
        schemas = self.sql(
            parameters,
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)'",
        )
        grants = [
            f'GRANT USAGE ON SCHEMA "{name}" TO {user};'
            f'GRANT SELECT ON ALL TABLES IN SCHEMA "{name}" TO {user}'
            for (name,) in schemas
        ]
        self.sql(parameters, f"CREATE ROLE {user} LOGIN PASSWORD '{user}'", *grants)
        return {"user": user, "password": user}

    @contextlib.contextmanager
    def statements(self, parameters: dict[str, Any]) -> Iterator[list[str]]:
        seen: list[str] = []
        log = self._server.cluster.log
        self._log_statements(parameters, "all")
        start = log.stat().st_size
        try:
            yield seen
        finally:
            with log.open("rb") as file:
                file.seek(start)
                text = file.read().decode()
            self._log_statements(parameters, "none")
            # the further lines of one statement begin with a tab
            found = re.findall(r"LOG:  statement: (.*(?:\n\t.*)*)", text)
            seen += [one.strip() for one in found if "log_statement" not in one]

    def _log_statements(self, parameters: dict[str, Any], which: str) -> None:
        self.sql(parameters, f"ALTER SYSTEM SET log_statement = '{which}'")
        self.sql(parameters, "SELECT pg_reload_conf()")
        while self.sql(parameters, "SHOW log_statement") != [(which,)]:
            time.sleep(0.01)


class MariaDB:
    """A MariaDB with the server charset of old labs; each place is all of it."""

    _SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

    def __init__(self, folder: Path, program: str, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._tables: list[tuple[Any, ...]] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._program = program
        self.parameters = {
            "host": "127.0.0.1",
            "port": self._port,
            "user": "labdata",
            "password": PASSWORD,
            "use_tls": False,
            "backend": "mysql",
        }
        self._install()
        self.start()

    @property
    def _always(self) -> list[str]:
        import getpass

        data = f"--datadir={self._folder / 'data'}"
        return ["--no-defaults", data, f"--user={getpass.getuser()}"]

    def _install(self) -> None:
        (self._folder / "users.sql").write_text(
            'CREATE USER IF NOT EXISTS labdata@"127.0.0.1" '
            f'IDENTIFIED BY "{PASSWORD}";\n'
            'GRANT ALL ON *.* TO labdata@"127.0.0.1" WITH GRANT OPTION;\n'
        )
        subprocess.run(
            [
                "mariadb-install-db",
                *self._always,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
            env=self._environment,
        )

    @property
    def _environment(self) -> dict[str, str]:
        # one that starts removes the temporary tables of others in the same folder
        return {**os.environ, "TMPDIR": str(self._folder)}

    def start(self) -> None:
        """Start it, again if it was stopped; it keeps its rows and its port."""
        self._process = subprocess.Popen(
            [
                self._program,
                *self._always,
                f"--socket={self._folder / 's'}",
                f"--tmpdir={self._folder}",  # others who start would empty /tmp
                f"--port={self._port}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--character-set-server=latin1",
                f"--init-file={self._folder / 'users.sql'}",
                f"--general-log-file={self._folder / 'general.log'}",
                "--innodb-buffer-pool-size=32M",
                "--innodb-file-per-table=0",
                "--innodb-flush-method=nosync",
                "--innodb-flush-log-at-trx-commit=0",
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "error.log").open("wb"),
            env=self._environment,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        self._await()

    def _await(self) -> None:
        import pymysql

        deadline = time.monotonic() + 60
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(pymysql.err.OperationalError):
                self.sql(self.parameters, "SELECT 1")
                return
            time.sleep(0.05)
        self.stop()
        said = (self._folder / "error.log").read_text(errors="replace")
        raise RuntimeError(f"MariaDB did not start:\n{said[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)

    def empty(self) -> Place:
        drops = [f"DROP DATABASE `{name}`" for name in self._databases()]
        self.sql(self.parameters, "SET foreign_key_checks = 0", *drops)
        return Place(self, dict(self.parameters))

    def with_tables(self) -> Place:
        """Making 88 tables takes a second: kept as long as no test changed them."""
        if self._tables is None or self._tables != self._described():
            place = self.empty()
            declare(place)
            place.disconnect()
            self._tables = self._described()
        return Place(self, dict(self.parameters))

    def drop(self, parameters: dict[str, Any]) -> None:
        """Leave the tables, if they are the ones we know, but none of their rows."""
        if self._tables is not None and self._tables == self._described():
            names = {f"`{row[0]}`.`{row[1]}`" for row in self._tables[2:]}
            rows = [f"DELETE FROM {name}" for name in names if "~" not in name]
            self.sql(self.parameters, "SET foreign_key_checks = 0", *rows)

    def _described(self) -> list[tuple[Any, ...]]:
        names = ", ".join(f"'{name}'" for name in self._SYSTEM)
        lineage = "`lab_data`.`~lineage`, `lab_data_computed`.`~lineage`"
        return self.sql(self.parameters, f"CHECKSUM TABLE {lineage}") + self.sql(
            self.parameters,
            "SELECT table_schema, table_name, column_name, column_type, "
            "column_default, column_key, NULL FROM information_schema.columns "
            f"WHERE table_schema NOT IN ({names}) UNION ALL "
            "SELECT table_schema, table_name, column_name, constraint_name, "
            "referenced_table_schema, referenced_table_name, referenced_column_name "
            "FROM information_schema.key_column_usage "
            f"WHERE table_schema NOT IN ({names}) ORDER BY 1, 2, 3, 4",
        )

    def _databases(self) -> list[str]:
        names = [name for (name,) in self.sql(self.parameters, "SHOW DATABASES")]
        return [name for name in names if name not in self._SYSTEM]

    def sql(self, parameters: dict[str, Any], *statements: str) -> list[Any]:
        import pymysql

        connection = pymysql.connect(
            host=parameters["host"],
            port=parameters["port"],
            user=parameters["user"],
            password=parameters["password"],
            autocommit=True,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def reader(self, parameters: dict[str, Any]) -> dict[str, str]:
        user = f"reader_{secrets.token_hex(4)}"
        self.sql(
            parameters,
            f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{user}'",
            *(
                f"GRANT SELECT ON `{name}`.* TO {user}@'127.0.0.1'"
                for name in self._databases()
            ),
        )
        return {"user": user, "password": user}

    @contextlib.contextmanager
    def statements(self, parameters: dict[str, Any]) -> Iterator[list[str]]:
        seen: list[str] = []
        self.sql(
            parameters,
            "SET GLOBAL log_output = 'TABLE'",
            "TRUNCATE mysql.general_log",
            "SET GLOBAL general_log = 1",
        )
        try:
            yield seen
        finally:
            self.sql(parameters, "SET GLOBAL general_log = 0")
            rows = self.sql(
                parameters,
                "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log "
                "WHERE command_type IN ('Query', 'Execute') "
                "AND argument NOT LIKE 'SET GLOBAL %' ORDER BY event_time",
            )
            seen += [text.strip() for (text,) in rows]


def _end_with_parent() -> None:
    """Have the kernel end the server when the tests are killed."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def declare(place: Place) -> Any:
    """Declare the 88 tables in a place."""
    from labdata_napari.schema import Tables

    return Tables(place.instance(), create=True).bind_all()


def declare_as_labdata(place: Place, name: str = "lab_data") -> None:
    """Make the 88 tables on MariaDB as labdata 0.1.25 leaves them.

    No type markers, no ``~lineage``, short blobs, the server's charset; and empty.
    """
    from labdata_napari.schema.contract import contract

    schemas = {"global": name, "data": name, "computed": f"{name}_computed"}
    made = [f"CREATE DATABASE {schema}" for schema in dict.fromkeys(schemas.values())]
    for table in contract().values():
        lines = [_column(name, rule) for name, rule in table["columns"].items()]
        lines.append(f"PRIMARY KEY ({_quoted(table['primary_key'])})")
        for key in table["foreign_keys"]:
            parent = contract()[key["parent"]]
            lines.append(
                f"FOREIGN KEY ({_quoted(key['columns'])}) "
                f"REFERENCES {schemas[parent['scope']]}.`{parent['table']}` "
                f"({_quoted(key['parent_columns'])}) ON UPDATE CASCADE"
            )
        full = f"{schemas[table['scope']]}.`{table['table']}`"
        made.append(f"CREATE TABLE {full} ({', '.join(lines)})")
    place.sql("SET foreign_key_checks = 0", *made)


def _column(name: str, rule: dict[str, Any]) -> str:
    null = "NULL" if rule.get("nullable") else "NOT NULL"
    default = f"DEFAULT '{rule['default']}'" if "default" in rule else ""
    return f"`{name}` {rule['type']} {null} {default}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    server = PostgreSQL(tmp_path_factory.mktemp("pg"))
    yield server
    server.stop()


def mariadbd() -> str:
    """Program of the server; without it a test is skipped, in CI it fails."""
    program = shutil.which(
        "mariadbd", path=os.defpath + ":/usr/sbin:" + os.environ["PATH"]
    )
    if program is None:
        reason = "no mariadbd on the PATH; install mariadb-server to run these tests"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return program


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
