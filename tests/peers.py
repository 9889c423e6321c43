"""labdata 0.1.25 itself, as a process beside us on a MariaDB that it declared.

Where the fixture `backend` says ``"labdata"``, as everywhere in ``tests/labdata``,
`lab_place`, `lab` and `connect_again` are on the tables as labdata made them.

Fixtures
--------
labdata
    The process, with the lab's `store` as its local path.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from databases import MariaDB, Place, mariadbd
from labdata_napari.schema.contract import contract
from plain import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-labdata" / ("Scripts" if os.name == "nt" else "bin") / "python"


class Labdata:
    """A process in which labdata is imported.

    Attributes
    ----------
    folder
        labdata's own, with the settings as it has rewritten them.
    version
        What it says it is.

    Parameters
    ----------
    folder
        For its settings and what it prints.
    parameters
        What it needs to connect.

    Attributes
    ----------
    folder
        As given; labdata itself has rewritten the settings in it.
    """

    def __init__(self, folder: Path, parameters: dict[str, Any]) -> None:
        folder.mkdir()
        self.folder = folder
        database = {
            "database.host": parameters["host"],
            "database.port": parameters["port"],
            "database.user": parameters["user"],
            "database.password": parameters["password"],
            "database.name": "lab_data",
            "database.use_tls": False,
        }
        storage = {"protocol": "local", "folder": str(folder / "storage")}
        preferences = {
            "database": database,
            "local_paths": [str(folder / "files")],
            "scratch_path": str(folder / "scratch"),
            "storage": {"data": storage, "analysis": storage},
        }
        (folder / "user_preferences.json").write_text(json.dumps(preferences))
        self._log = (folder / "printed.txt").open("wb")
        kept = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")
        own = {"LABDATA_PATH": folder, "HOME": folder, "MPLCONFIGDIR": folder}
        (folder / "scratch").mkdir()
        self._process = subprocess.Popen(
            [PYTHON, ROOT / "tests" / "labdata_peer.py"],
            cwd=folder,
            env={n: os.environ[n] for n in kept if n in os.environ}
            | {name: str(path) for name, path in own.items()}
            | {"LABDATA_N_JOBS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.version = self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            said = (self.folder / "printed.txt").read_text(errors="replace")
            raise RuntimeError(f"labdata ended:\n{said[-2000:]}")
        return json.loads(line)

    def _ask(self, do: str, **request: Any) -> Any:
        print(json.dumps({"do": do, **request}), file=self._process.stdin, flush=True)
        return self._answer()

    def look_in(self, *folders: Path) -> None:
        """Set its local paths."""
        self._ask("local_paths", folders=[str(folder) for folder in folders])

    @contextlib.contextmanager
    def keeping_files_in(self, endpoint: str, **storages: Any) -> Iterator[None]:
        """Give its settings other storages for a while, reached at `endpoint`."""
        settings = self.folder / "user_preferences.json"
        before = settings.read_bytes()
        self._ask("storages", entries=storages, endpoint=endpoint)
        try:
            yield
        finally:
            there = json.loads(before)["storage"]
            self._ask("storages", entries=there, endpoint=endpoint)
            settings.write_bytes(before)

    @contextlib.contextmanager
    def in_project(self, name: str) -> Iterator[None]:
        """Have it work in a project for a while, whose tables it declares."""
        self._ask("project", name=name)
        try:
            yield
        finally:
            self._ask("project", name=None)

    def upload(self, storage: str, dataset: dict[str, str], *file_paths: str) -> str:
        """Have files of its first local path uploaded; what its job's log says."""
        return str(
            self._ask("upload", storage=storage, dataset=dataset, file_paths=file_paths)
        )

    def upload_files(self, dataset: dict[str, str], *sources: Path) -> Any:
        """Have it keep results of an analysis; the keys of their rows."""
        paths = [str(path) for path in sources]
        return self._ask("upload_files", sources=paths, dataset=dataset)

    def name_of(self, table: str) -> str:
        return str(self._ask("name_of", name=table))

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        self._ask("insert", name=table, rows=[to_plain(row) for row in rows])

    def delete(self, table: str, **key: Any) -> None:
        self._ask("delete", name=table, key=key)

    def plain_rows(self, table: str, **key: Any) -> list[Any]:
        """Rows in the order of their keys, each in its plain form."""
        return list(self._ask("fetch", name=table, key=key))

    def rows(self, table: str, **key: Any) -> list[dict[str, Any]]:
        return [from_plain(row) for row in self.plain_rows(table, **key)]

    def synced(self, method: str, **key: Any) -> list[dict[str, Any]]:
        """Events of the selected lines, on their clock."""
        answer = self._ask("synced", key=key, method=method)
        return [from_plain(row) for row in answer]

    def write_stack(self, path: Path, pixels: Any) -> None:
        """Write a stack as its upload of a recording does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ask("write_stack", path=str(path), pixels=to_plain(pixels))

    def populate(self, table: str, **key: Any) -> None:
        self._ask("populate", name=table, key=key)

    def get(self, table: str, **key: Any) -> Any:
        """Pixels of what is selected, by the table's own ``get``."""
        return from_plain(self._ask("get", name=table, key=key, how={}))

    def stream(self, table: str, **key: Any) -> Any:
        """Pixels of what is selected, read where they are."""
        how = {"download": False}
        return from_plain(self._ask("get", name=table, key=key, how=how))

    def opened_as(self, table: str, **key: Any) -> str:
        """Kind of what the table's own ``get`` gives, or why it gives nothing."""
        return str(self._ask("opened_as", name=table, key=key))

    def paths(self, table: str, **key: Any) -> list[Path]:
        """Where it finds the files that are selected."""
        found = self._ask("paths", name=table, key=key, download=False)
        return [Path(path) for path in found]

    def download(self, table: str, **key: Any) -> list[Path]:
        """Have it bring the files that are selected; where they are."""
        found = self._ask("paths", name=table, key=key, download=True)
        return [Path(path) for path in found]

    def local_and_missing(self, table: str, **key: Any) -> tuple[list[Path], list[str]]:
        """Which of the selected files it finds, and which it does not."""
        local, missing = self._ask("local_and_missing", name=table, key=key)
        return [Path(path) for path in local], missing

    def export_labeling(self, number: int) -> dict[str, Any]:
        """Export a label set; its file, columns, pictures and values."""
        found = dict(self._ask("export_labeling", number=number))
        return found | {"values": from_plain(found["values"])}

    def update_labeling(self, number: int, file: str, values: Any) -> dict[str, int]:
        """Give an exported file other values and write them back; what it counted."""
        return dict(
            self._ask(
                "update_labeling", number=number, file=file, values=to_plain(values)
            )
        )

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait(60)
        self._log.close()


class LabdataServer(MariaDB):
    """A MariaDB whose tables labdata declared; they stay for the session."""

    def __init__(self, folder: Path, program: str) -> None:
        super().__init__(folder, program)
        self.labdata = Labdata(folder / "labdata", self.parameters)
        self._tables = self._described()
        self._words = [
            f"INSERT IGNORE INTO {name} VALUES ('{word}')"
            for name in {f"`{row[0]}`.`{row[1]}`" for row in self._tables[2:]}
            if "#" in name
            for (word,) in self.sql(self.parameters, f"SELECT * FROM {name}")
        ]

    def with_tables(self) -> Place:
        if self._tables != self._described():
            raise RuntimeError("a test changed the tables that labdata declared")
        self._are_ours = True
        return Place(self, dict(self.parameters))

    def drop(self, parameters: dict[str, Any]) -> None:
        """Leave what was there when labdata had declared the tables."""
        beside = self.sql(
            parameters,
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_name LIKE '~napari%'",
        )
        drops = [f"DROP TABLE `{schema}`.`{name}`" for schema, name in beside]
        self.sql(parameters, "SET foreign_key_checks = 0", *drops)
        super().drop(parameters)
        self.sql(parameters, *self._words)

    def stop(self) -> None:
        self.labdata.stop()
        super().stop()


def ours(lab: Any, name: str) -> Any:
    """Our class of a table called ``Master`` or ``Master.Part``."""
    master, _, part = name.partition(".")
    return getattr(getattr(lab, master), part) if part else getattr(lab, master)


def plain_rows(lab: Any, name: str) -> list[Any]:
    """Rows as `Labdata.plain_rows`, read by us."""
    return [to_plain(row) for row in ours(lab, name)().to_dicts(order_by="KEY")]


def assert_same_rows(lab: Any, labdata: Labdata) -> set[str]:
    """Compare all 88 tables as both read them; the names of those that have rows."""
    filled = set()
    for name in contract():
        rows = plain_rows(lab, name)
        assert rows == labdata.plain_rows(name), name
        if rows:
            filled.add(name)
    return filled


@pytest.fixture(scope="session")
def labdata_installed() -> None:
    """Skip where labdata is not there; in CI fail."""
    if not PYTHON.exists():
        reason = "labdata is not there to run beside us; 'make labdata-env' installs it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def labdata_server(
    labdata_installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabdataServer]:
    server = LabdataServer(tmp_path_factory.mktemp("labdata"), mariadbd())
    yield server
    server.stop()


@pytest.fixture
def labdata(labdata_server: LabdataServer, store: Path) -> Labdata:
    labdata_server.labdata.look_in(store)
    return labdata_server.labdata
