"""Write schema/postgresql.sql, which makes the tables of an embedded lab at once.

Run it after a change to a table's definition or to the vocabulary.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from labdata_napari.lab.cluster import DATABASE, USER
from labdata_napari.lab.declaring import declare_each
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.settings import DEFAULT_NAME

FILE = Path(__file__).parents[1] / "src/labdata_napari/schema/postgresql.sql"
HEAD = "-- Written by scripts/snapshot.py from the definitions in this folder.\n"
# settings of pg_dump's own session, and what only psql understands
SESSION = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")


def sql_of(server: EmbeddedPostgres, database: str = DATABASE) -> str:
    """Return the SQL that makes a database again, rows included."""
    host, port = server.cluster.address
    code, output = server.cluster.programs.run(
        *("pg_dump", "--no-owner", "--inserts", "--rows-per-insert=1000"),
        *(f"--host={host}", f"--port={port}", f"--username={USER}", database),
        password=server.cluster.password,
    )
    if code:
        raise SystemExit(output)
    lines = [line for line in output.splitlines() if line.strip()]
    return HEAD + "".join(f"{s}\n" for s in lines if not s.startswith(SESSION))


def main() -> None:
    """Declare everything in a new database with DataJoint, and write it down."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(folder) as server:
        instance = server.instance()
        declare_each(instance, DEFAULT_NAME, None)
        instance.connection.close()
        FILE.write_text(sql_of(server), "utf-8")


if __name__ == "__main__":
    main()
