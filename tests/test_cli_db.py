"""``labdata-napari db``, as it is typed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from embedded_servers import AT_REST, another_process, processes_of, read, write
from labdata_napari.cli import main
from labdata_napari.lab.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def db(root: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Runs a db command on the test's database: exit code, stdout, stderr."""
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(root.parent))
    monkeypatch.delenv("LABDATA_NAPARI_URL", raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["db", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_path_prints_the_folder_and_nothing_else(db, root: Path):
    assert db("path") == (0, f"{root}\n", "")


def test_path_follows_the_address(db, tmp_path: Path):
    assert db("path", "--url", f"embedded:{tmp_path}/b")[1] == f"{tmp_path}/b\n"
    assert main(["--url", f"embedded:{tmp_path}/b", "db", "path"]) == 0


def test_start_status_stop(db, root: Path):
    code, said, _ = db("start")
    assert code == 0
    assert f"'{root}' runs until 'labdata-napari db stop'" in said
    assert processes_of(root)
    code, said, _ = db("status")
    assert code == 0
    assert f"folder:  {root}\n" in said
    assert "state:   running, until it is stopped\n" in said
    assert "version: PostgreSQL 1" in said
    assert "used by: nobody\n" in said
    assert db("stop")[:2] == (0, f"The database in '{root}' is stopped.\n")
    assert not processes_of(root)
    assert "state:   stopped\n" in db("status")[1]
    assert db("stop")[:2] == (0, f"The database in '{root}' was not running.\n")
    assert {p.name for p in root.iterdir()} == AT_REST


def test_status_names_who_uses_it(db, root: Path):
    with EmbeddedPostgres(root) as server:
        connection = server.instance().connection
        assert "used by: labdata-napari (process " in db("status")[1]
        connection.close()


def test_looking_does_not_create_anything(db, tmp_path: Path):
    url = f"embedded:{tmp_path / 'none'}"
    assert "state:   not created\n" in db("status", "--url", url)[1]
    db("path", "--url", url)
    db("stop", "--url", url)
    assert not (tmp_path / "none").exists()


def test_stop_is_refused_in_one_sentence_while_others_use_it(db, root: Path):
    with another_process(root):
        code, said, complaint = db("stop")
        assert (code, said) == (1, "")
        assert complaint.startswith("labdata-napari: The local database in")
        assert complaint.endswith("or stop it all the same with --force.\n")
        assert processes_of(root)
        assert db("stop", "--force")[0] == 0
        assert not processes_of(root)


def test_backup_and_restore(db, root: Path, tmp_path: Path):
    with EmbeddedPostgres(root) as server:
        write(server, 1)
    file = tmp_path / "lab.dump"
    code, said, _ = db("backup", file)
    assert code == 0
    assert said.startswith("Saved 1 tables (0.00 MB) to '")
    assert f"not the pixels: copy the folder '{root / 'files'}' as well." in said
    with EmbeddedPostgres(root) as server:
        write(server, 2)
    code, said, _ = db("restore", file)
    assert code == 0
    assert f"Restored 1 tables from '{file}'." in said
    assert f"there before is saved in '{root / 'backups'}" in said
    assert "not the pixels" in said
    with EmbeddedPostgres(root) as server:
        assert read(server) == [1]


def test_a_backup_over_another_file_needs_a_word(db, tmp_path: Path):
    file = tmp_path / "lab.dump"
    file.touch()
    code, _, complaint = db("backup", file)
    assert code == 1
    assert complaint.endswith("choose another name, or --overwrite.\n")
    assert db("backup", file, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "does not exist"), (b"mice", "is not a backup"), (b"PGDMP", "is damaged")],
)
def test_a_restore_that_cannot_be_is_one_sentence(
    db, tmp_path: Path, content: bytes | None, sentence: str
):
    file = tmp_path / "lab.dump"
    if content is not None:
        file.write_bytes(content)
    code, said, complaint = db("restore", file)
    assert (code, said) == (1, "")
    assert sentence in complaint
    assert complaint.count("\n") == 1


def test_a_servers_address_is_refused_without_its_password(db):
    code, _, complaint = db("status", "--url", "mysql://me:secret@rig/?tls=no")
    assert code == 1
    assert "mysql://me@rig:3306 is a server's" in complaint
    assert "secret" not in complaint


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as left:
        main(["db", "explode"])
    assert left.value.code == 2
    assert "invalid choice: 'explode'" in capsys.readouterr().err


def test_every_command_takes_the_address_the_name_and_the_project(db, tmp_path: Path):
    target = ("--url", f"embedded:{tmp_path}/b", "--name", "a", "--project", "p")
    for command in ("start", "status", "path", "stop"):
        assert db(command, *target)[0] == 0


def test_the_installed_command_answers_without_importing_datajoint_or_qt(root: Path):
    code = (
        "import sys\n"
        "from labdata_napari.cli import main\n"
        "main(sys.argv[1:])\n"
        "print({'datajoint', 'napari', 'qtpy', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "db", "status", "--url", f"embedded:{root}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("state:   stopped\nset()\n")


def test_the_version_is_printed(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("labdata-napari 0.")
