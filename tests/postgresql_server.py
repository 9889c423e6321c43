"""An embedded PostgreSQL for tests."""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from places import Place, declare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class PostgreSQL:
    """An embedded PostgreSQL; each place is a database in it."""

    def __init__(self, folder: Path) -> None:
        from labdata_napari.lab.embedded import EmbeddedPostgres

        self._server = EmbeddedPostgres(folder).start()
        self._numbers = itertools.count()
        self._template: str | None = None
        self._with_tables: tuple[Place, list[Any]] | None = None
        # what survives a power cut is tested elsewhere
        here = self._server.parameters()
        self.sql(here, "ALTER SYSTEM SET fsync = off")
        self.sql(here, "SELECT pg_reload_conf()")

    def stop(self) -> None:
        self._server.release()

    def empty(self, template: str = "template0") -> Place:
        parameters = self._server.parameters(f"t{next(self._numbers)}")
        name = parameters["database__name"]
        self.sql(
            self._server.parameters(), f"CREATE DATABASE {name} TEMPLATE {template}"
        )
        return Place(self, parameters)

    def with_tables(self) -> Place:
        """Make the 88 tables once; copy them when a test changed those before."""
        if self._template is None:
            made = self.empty()
            declare(made)
            made.disconnect()
            self._template = str(made.parameters["database__name"])
        if self._with_tables is None:
            place = self.empty(self._template)
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
