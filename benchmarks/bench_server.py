"""The embedded database: made and started, started again, and with its 88 tables."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import labdata_napari as ln
from labdata_napari.lab.declaring import declare_each
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.postgres_binaries import account, installed
from labdata_napari.lab.private_files import give_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COLD = "embedded database, made and started"
WARM = "embedded database, started again"
LAB_COLD = "connect to a new lab: also 88 tables"
LAB_WARM = "connect to a lab that is there"
BARE = "initdb + pg_ctl start"


class Bare:
    """A data folder handled by PostgreSQL's own two commands."""

    def __init__(self, folder: Path) -> None:
        self.programs = max(installed().items())[1]
        self.data = folder / "data"
        folder.mkdir()
        give_to(folder, account().owner)

    def create(self) -> None:
        self._run("initdb", "-D", self.data, "-U", "labdata", "-A", "trust")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(
                "\nlisten_addresses = ''\n"
                f"unix_socket_directories = '{self.data.parent}'\n"
            )

    def start(self) -> None:
        log = self.data.parent / "log"
        self._run("pg_ctl", "start", "-w", "-D", self.data, "-l", log)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "fast", "-D", self.data)

    def _run(self, *command: object) -> None:
        name, *arguments = command
        code, said = self.programs.run(str(name), *arguments)
        assert code == 0, said


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """New folders, one after the other."""
    return (tmp_path / str(n) for n in itertools.count())


class Using:
    """What is started in a round and let go of before the next, unmeasured."""

    def __init__(self) -> None:
        self.release: Callable[[], object] = lambda: None

    def end(self) -> None:
        release, self.release = self.release, lambda: None
        release()


@pytest.fixture
def using() -> Iterator[Using]:
    held = Using()
    yield held
    held.end()


def test_cold(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    def work() -> None:
        server = EmbeddedPostgres(next(folders)).start()
        using.release = server.release

    measure(COLD, work, target="< 2 s", setup=using.end, rounds=3)


def test_cold_bare(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    def work() -> None:
        server = Bare(next(folders))
        server.create()
        server.start()
        using.release = server.stop

    measure(COLD, work, peer=BARE, setup=using.end, rounds=3)


def test_warm(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    server = EmbeddedPostgres(next(folders))
    using.release = server.release
    server.start()

    def end() -> None:
        server.release()

    measure(WARM, server.start, target="< 0.5 s", setup=end, rounds=5)


def test_warm_bare(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    server = Bare(next(folders))
    server.create()

    def work() -> None:
        server.start()
        using.release = server.stop

    measure(WARM, work, peer="pg_ctl start", setup=using.end, rounds=5)


def test_lab_cold(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    def work() -> None:
        lab = ln.connect(f"embedded:{next(folders)}")
        using.release = lab.close

    measure(LAB_COLD, work, target="< 2 s", setup=using.end, rounds=3)


def test_lab_cold_bare(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    from labdata_napari.lab.instances import new_instance

    def work() -> None:
        folder = next(folders)
        server = Bare(folder)
        server.create()
        server.start()
        instance = new_instance(
            host=str(folder),
            port=5432,
            user="labdata",
            password="",
            use_tls=False,
            backend="postgresql",
            database__name="postgres",
        )
        declare_each(instance, "lab_data", None)

        def release() -> None:
            instance.connection.close()
            server.stop()

        using.release = release

    peer = f"{BARE} + DataJoint declaring"
    measure(LAB_COLD, work, peer=peer, setup=using.end, rounds=2, warm=0)


def test_lab_warm(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    folder = next(folders)
    ln.connect(f"embedded:{folder}").close()

    def work() -> None:
        lab = ln.connect(f"embedded:{folder}")
        using.release = lab.close

    measure(LAB_WARM, work, target="< 0.5 s", setup=using.end, rounds=5)


def test_lab_warm_bare(
    measure: Callable[..., Any], folders: Iterator[Path], using: Using
) -> None:
    server = Bare(next(folders))
    server.create()

    def work() -> None:
        server.start()
        using.release = server.stop

    measure(LAB_WARM, work, peer="pg_ctl start alone", setup=using.end, rounds=5)
