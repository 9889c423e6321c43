"""A MariaDB of our own for tests."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from places import PASSWORD, Place, declare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Statement = str | tuple[str, tuple[Any, ...]]


class MariaDB:
    """A MariaDB with the server charset of old labs; each place is all of it."""

    _SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

    def __init__(self, folder: Path, program: str, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._making: list[Statement] = []
        self._tables: list[tuple[Any, ...]] = []
        self._are_ours = False
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

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does; `start` lets it recover."""
        self._process.kill()
        self._process.wait(60)

    def empty(self) -> Place:
        self._are_ours = False
        drops = [f"DROP DATABASE `{name}`" for name in self._databases()]
        self.sql(self.parameters, "SET foreign_key_checks = 0", *drops)
        return Place(self, dict(self.parameters))

    def with_tables(self) -> Place:
        """Declare the 88 tables once; when a test changed them, repeat the words."""
        if not self._are_ours:
            place = self.empty()
            if self._making:
                self.sql(self.parameters, "SET foreign_key_checks = 0", *self._making)
            else:
                declare(place)
                place.disconnect()
                self._making, self._tables = self._written(), self._described()
            self._are_ours = True
        return Place(self, dict(self.parameters))

    def drop(self, parameters: dict[str, Any]) -> None:
        """Leave the tables, if they are the ones we know, but none of their rows."""
        self._are_ours = self._are_ours and self._tables == self._described()
        if self._are_ours:
            names = {f"`{row[0]}`.`{row[1]}`" for row in self._tables[2:]}
            rows = [f"DELETE FROM {name}" for name in names if "~" not in name]
            self.sql(self.parameters, "SET foreign_key_checks = 0", *rows)

    def _written(self) -> list[Statement]:
        """What makes the databases anew as they are now, ``~lineage`` with its rows."""
        made: list[Statement] = []
        for name in self._databases():
            [(_, create)] = self.sql(self.parameters, f"SHOW CREATE DATABASE `{name}`")
            made += [create, f"USE `{name}`"]
            for (table,) in self.sql(self.parameters, f"SHOW TABLES FROM `{name}`"):
                full = f"`{name}`.`{table}`"
                [(_, create)] = self.sql(self.parameters, f"SHOW CREATE TABLE {full}")
                made.append(create)
                if table == "~lineage":
                    rows = self.sql(self.parameters, f"SELECT * FROM {full}")
                    places = ", ".join(["%s"] * len(rows))
                    made.append((f"INSERT INTO {full} VALUES {places}", tuple(rows)))
        return made

    def _described(self) -> list[tuple[Any, ...]]:
        names = ", ".join(f"'{name}'" for name in self._SYSTEM)
        lineage = "`lab_data`.`~lineage`, `lab_data_computed`.`~lineage`"
        return self.sql(self.parameters, f"CHECKSUM TABLE {lineage}") + self.sql(
            self.parameters,
            "SET group_concat_max_len = 1000000",
            "SELECT table_schema, table_name, GROUP_CONCAT(CONCAT_WS(' ', column_name, "
            "column_type, IFNULL(column_default, ''), column_key) "
            "ORDER BY ordinal_position) FROM information_schema.columns "
            f"WHERE table_schema NOT IN ({names}) GROUP BY 1, 2 UNION ALL "
            "SELECT table_schema, table_name, GROUP_CONCAT(CONCAT_WS(' ', column_name, "
            "constraint_name, referenced_table_schema, referenced_table_name, "
            "referenced_column_name) ORDER BY 1) "
            "FROM information_schema.key_column_usage "
            f"WHERE table_schema NOT IN ({names}) GROUP BY 1, 2 ORDER BY 1, 2, 3",
        )

    def _databases(self) -> list[str]:
        names = [name for (name,) in self.sql(self.parameters, "SHOW DATABASES")]
        return [name for name in names if name not in self._SYSTEM]

    def sql(self, parameters: dict[str, Any], *statements: Statement) -> list[Any]:
        import pymysql

        connection = pymysql.connect(
            host=parameters["host"],
            port=parameters["port"],
            user=parameters["user"],
            password=parameters["password"],
            autocommit=True,
            # what TLS needs takes longer than all else
            ssl_disabled=not self._options,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            for statement in statements:
                words, values = (
                    (statement, None) if isinstance(statement, str) else statement
                )
                cursor.execute(words, values)
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


def mariadbd() -> str:
    """Program of the server; without it a test is skipped, in CI it fails."""
    program = shutil.which(
        "mariadbd", path=os.defpath + ":/usr/sbin:" + os.environ["PATH"]
    )
    if program is None:
        reason = "no mariadbd on the PATH; install mariadb-server to run these tests"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return program
