"""From an address to a lab: the embedded database and its tables."""

from __future__ import annotations

import contextlib
import runpy
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import labdata_napari as ln
from embedded_servers import AT_REST, another_process, processes_of, wait_until
from labdata_napari import settings
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.declaring import declare_each, declare_embedded
from labdata_napari.lab.embedded import DATABASE, EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator

OX = {"species_name": "ox", "species_scientific_name": "Bos"}
CONNECT = """
import sys
import labdata_napari as ln
lab = ln.connect("embedded:" + sys.argv[1], name=sys.argv[2])
print(len(lab.tables.missing), len(lab.DatasetType()), flush=True)
"""


@pytest.fixture
def url(root: Path) -> str:
    """The address of a database without tables."""
    return f"embedded:{root}"


def test_a_new_folder_becomes_a_lab_with_all_tables_and_words(tmp_path: Path):
    root = tmp_path / "my lab"
    with ln.connect(f"embedded:{root}") as lab:
        assert lab.tables.missing == ()
        assert len(lab.DatasetType & {"dataset_type": "fixed-brain"}) == 1
        assert (lab.user, lab.read_only) == ("labdata", False)
        assert lab.url == f"embedded:{root}"
        assert repr(lab) == f"Lab('embedded:{root}', name='lab_data')"
        assert lab.files.local_paths == (root / "files",)
        lab.Species.insert1(OX)
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST
    with ln.connect(f"embedded:{root}") as lab:
        assert len(lab.Species & OX) == 1


def test_the_default_lab_is_the_embedded_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(root.parent))
    monkeypatch.delenv("LABDATA_NAPARI_URL", raising=False)
    with ln.connect() as lab:
        assert lab.url == "embedded:"
        assert lab.files.local_paths == (root / "files",)
        assert processes_of(root)


def test_a_close_that_is_repeated_does_nothing(root: Path, url: str):
    lab = ln.connect(url)
    lab.close()
    lab.close()
    assert not processes_of(root)


def test_labs_with_other_names_and_projects_stand_side_by_side(url: str):
    with (
        ln.connect(url) as lab,
        ln.connect(url, project="px") as project,
        ln.connect(url, name="other") as other,
    ):
        assert other.tables.missing == project.tables.missing == ()
        lab.Species.insert1(OX)
        assert (len(project.Species & OX), len(other.Species & OX)) == (1, 0)
        assert project.Subject is not lab.Subject
        assert project.Subject.full_table_name == '"lab_data_px"."subject"'
        assert len(project.Subject()) == 0


def test_the_environment_names_the_lab_unless_it_is_named(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LABDATA_NAPARI_URL", url)
    monkeypatch.setenv("LABDATA_NAPARI_NAME", "mine")
    monkeypatch.setenv("LABDATA_NAPARI_PROJECT", "px")
    assert settings.target() == settings.Target(url, "mine", "px")
    assert settings.target("embedded:", "a", "b") == settings.Target(
        "embedded:", "a", "b"
    )
    monkeypatch.setenv("LABDATA_NAPARI_PROJECT", "")
    with ln.connect(name="lab_data") as lab:
        assert (lab.url, lab.name, lab.project) == (url, "lab_data", None)


def test_connecting_again_changes_nothing(root: Path, url: str):
    ln.connect(url).close()
    with EmbeddedPostgres(root) as server:
        with contextlib.closing(server.cluster.connect()) as plain:
            plain.cursor().execute(
                f"ALTER DATABASE {DATABASE} SET log_statement = 'mod'"
            )
        before = server.cluster.log.stat().st_size
        with ln.connect(url) as lab:
            lab.tables.bind_all()
            assert not lab.read_only
        said = server.cluster.log.read_text()[before:]
    assert [line for line in said.splitlines() if "statement:" in line] == []


def test_two_who_open_a_new_database_at_once_make_its_tables_once(root: Path):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CONNECT, str(root), "lab_data"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in started]
    assert [out for out, _ in said] == ["0 8\n"] * 2, said
    assert not processes_of(root)


def test_tables_that_a_killed_program_left_undone_are_made_by_the_next(root: Path):
    with EmbeddedPostgres(root) as server:
        process = subprocess.Popen([sys.executable, "-c", CONNECT, root, "another"])
        wait_until(lambda: _count_tables(server, "another") > 20)
        process.kill()
        process.wait()
        with ln.connect(f"embedded:{root}", name="another") as lab:
            assert lab.tables.missing == ()
            assert len(lab.DatasetType()) == 8


def _count_tables(server: EmbeddedPostgres, schema: str) -> int:
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname ~ %s", (f"^{schema}",)
        )
        return int(cursor.fetchone()[0])


def test_a_failure_on_the_way_leaves_no_server(root: Path, url: str):
    with pytest.raises(InvalidValue, match="cannot be part of a database's name"):
        ln.connect(url, name="Not A Name")
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_a_lab_goes_on_when_another_process_leaves(root: Path, url: str):
    with another_process(root):
        lab = ln.connect(url)
    with lab:
        assert len(lab.Subject()) == 0
    assert not processes_of(root)


def test_each_thread_has_a_lab_of_its_own(url: str):
    with ln.connect(url) as lab:
        names = [f"m{number}" for number in range(4)]
        found: dict[str, Any] = {}

        def work(name: str) -> None:
            with ln.connect(url) as own:
                own.Species.insert1(OX | {"species_name": name})
                found[name] = (own.Species & {"species_name": name}).fetch1(
                    "species_name"
                )

        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {name: name for name in names}
        assert len(lab.Species & {"species_scientific_name": "Bos"}) == 4


def test_restoring_a_backup_brings_a_lab_back(tmp_path: Path, url: str):
    with ln.connect(url) as lab:
        lab.Species.insert1(OX)
    file = tmp_path / "lab.dump"
    server = EmbeddedPostgres(url.removeprefix("embedded:"))
    assert server.backup(file).tables == 88
    assert EmbeddedPostgres(tmp_path / "new").restore(file).tables == 88
    with ln.connect(f"embedded:{tmp_path / 'new'}") as lab:
        assert lab.tables.missing == ()
        assert len(lab.Species & OX) == 1


# -- the tables made at once ---------------------------------------------------


@pytest.fixture
def sql_of() -> Any:
    script = Path(__file__).parents[2] / "scripts" / "snapshot.py"
    return runpy.run_path(str(script))["sql_of"]


@pytest.fixture
def server(root: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(root) as made:
        yield made


def test_tables_made_at_once_are_those_that_datajoint_declares(
    server: EmbeddedPostgres, sql_of: Any
):
    with contextlib.closing(server.cluster.connect()) as plain:
        plain.cursor().execute("CREATE DATABASE slow")
    slow, quick = server.instance("slow"), server.instance()
    declare_each(slow, "lab_data", None)
    declare_embedded(server.cluster, quick, "lab_data", None)
    for instance in (slow, quick):
        instance.connection.close()
    assert sql_of(server) == sql_of(server, "slow"), (
        "the definitions changed: run scripts/snapshot.py"
    )
