"""``labdata-napari db create``, as it is typed, on real servers."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import labdata_napari as ln
from databases import declare_as_labdata
from labdata_napari.cli import main
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.errors import WriteRefused
from labdata_napari.schema.contract import contract, differences
from labs import add_brain, add_transform
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from databases import Place

    Typed = Callable[..., tuple[int, str, str]]

COUNT = len(contract())
ANNOTATED = AnnotationSet((Annotation("a", "track", np.array([[1.0, 2.0, 3.0]])),))


@pytest.fixture
def server(place: Place) -> Iterator[Where]:
    yield from reached(place)


@pytest.fixture
def create(
    server: Where, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Typed:
    """Type ``db create``: exit code, stdout, stderr."""
    monkeypatch.setenv("LABDATA_NAPARI_URL", server.url())
    monkeypatch.setenv("LABDATA_NAPARI_PASSWORD", server.password)

    def typed(*words: str) -> tuple[int, str, str]:
        code = main(["db", "create", *words])
        said = capsys.readouterr()
        assert server.password not in said.out + said.err
        return code, said.out, said.err

    return typed


def attached(server: Where, user: str | None = None, **which: str) -> Any:
    """A lab as its owner, or as a user whose password is the name."""
    return ln.connect(server.url(user), password=user or server.password, **which)


def databases(place: Place) -> set[str]:
    rows = place.sql("SELECT schema_name FROM information_schema.schemata")
    return {name for (name,) in rows}


def test_a_lab_is_made_once_and_what_it_holds_is_left_alone(
    server: Where, create: Typed
):
    code, said, _ = create()
    assert code == 0
    assert said.startswith(f"Made {COUNT} tables in 'lab_data' and 'lab_data_computed'")
    code, said, _ = create()
    assert code == 0
    assert said.startswith("All tables are there already, in 'lab_data' and ")
    with attached(server) as lab:
        assert lab.tables.missing == ()
        assert differences(lab.tables) == ()
        assert lab.DatasetType & {"dataset_type": "fixed-brain"}
    _what_is_there_is_left_alone(server, create)


def _what_is_there_is_left_alone(server: Where, create: Typed) -> None:
    server.place.sql("DROP TABLE lab_data.death")
    with attached(server) as lab:
        lab.LabMember.insert1({"user_name": "ana", "date_joined": "2026-01-01"})
    for words in ((), ("--dry-run",)):
        code, said, error = create(*words)
        assert (code, said) == (1, "")
        assert "is not empty" in error
        assert "1 of the lab's are missing" in error
    with attached(server) as lab:
        assert lab.tables.missing == ("Death",)


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(
    server: Where, create: Typed
):
    before = databases(server.place)
    with server.place.statements() as seen:
        code, said, _ = create("--dry-run")
    assert code == 0
    assert said.startswith(f"Would make {COUNT} tables in 'lab_data' and ")
    assert all(f"\n  {name}\n" in said for name in contract())
    assert "READER" in said
    assert {statement.split()[0].upper() for statement in seen} <= {
        *("SELECT", "SHOW", "SET", "BEGIN", "COMMIT", "ROLLBACK"),
    }
    assert databases(server.place) == before


def test_tables_of_another_kind_are_left_alone(server: Where, create: Typed):
    server.place.sql("CREATE SCHEMA lab_data", "CREATE TABLE lab_data.mine (a int)")
    code, _, error = create()
    assert code == 1
    assert "'lab_data' is not empty (it has 1 tables)" in error


def test_what_was_cut_short_is_completed(server: Where, create: Typed):
    # the default name is made in one piece on PostgreSQL, others table by table
    words = ("db", "create", "--name", "half")
    count = (
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_schema IN ('half', 'half_computed')"
    )
    program = [sys.executable, "-m", "labdata_napari.cli", *words]
    process = subprocess.Popen(program, env=os.environ, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while server.place.sql(count)[0][0] < 20 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    left = server.place.sql(count)[0][0]
    assert 20 <= left < COUNT
    code, said, error = create("--name", "half")
    assert code == 0, error
    assert said.startswith("Made ")
    assert f"Made {COUNT} " not in said
    with attached(server, name="half") as lab:
        assert lab.tables.missing == ()
        assert differences(lab.tables) == ()
        assert lab.Strain & {"strain_name": "unknown"}


def test_somebody_who_may_not_is_told_in_one_sentence(
    server: Where, create: Typed, monkeypatch: pytest.MonkeyPatch
):
    reader = server.place.reader()
    monkeypatch.setenv("LABDATA_NAPARI_PASSWORD", reader["password"])
    code, said, error = create("--url", server.url(reader["user"]))
    assert (code, said) == (1, "")
    assert "does not let this user do that" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("backend", ["mysql"])
@pytest.mark.parametrize("letters", ["latin1", "utf8mb4"])
def test_a_project_fits_beside_tables_that_labdata_made(
    server: Where, create: Typed, letters: str
):
    # a foreign key of text must have its parent's collation, whatever it is
    server.place.sql(f"SET GLOBAL character_set_server = {letters}")
    try:
        declare_as_labdata(server.place)
    finally:
        server.place.sql("SET GLOBAL character_set_server = latin1")
    code, _, error = create("--project", "vision")
    assert code == 0, error
    with attached(server, project="vision") as lab:
        assert lab.tables.missing == ()
        add_brain(lab)


def test_a_project_gets_databases_of_its_own_beside_the_lab(
    server: Where, create: Typed
):
    assert create()[0] == 0
    with attached(server) as lab:
        lab.SetupLocation().delete_quick()
    before = databases(server.place)
    code, said, error = create("--project", "vision")
    assert code == 0, error
    names = {"lab_data_vision", "lab_data_vision_computed"}
    assert said.startswith("Made ")
    assert "in 'lab_data_vision' and 'lab_data_vision_computed' at" in said
    assert databases(server.place) - before == names
    with attached(server, project="vision") as lab:
        assert lab.tables.missing == ()
        assert differences(lab.tables) == ()
        assert len(lab.DatasetType()) > 0
        # the lab's own words are its own
        assert len(lab.SetupLocation()) == 0
        key = add_transform(lab, add_brain(lab))
        lab.brains.save_annotations(key, AnnotationSet(), ANNOTATED)


def grants(said: str) -> dict[str, list[str]]:
    """What was printed for each kind of user, as it is."""
    found: dict[str, list[str]] = {}
    for part in said.split("\n-- ")[1:]:
        statements = [line.rstrip(";") for line in part.splitlines()[1:]]
        kind = next(k for k in ("ADMIN", "WRITER", "READER") if k in part)
        found[kind] = statements
    return found


@pytest.fixture
def users(server: Where) -> Iterator[Callable[[str], dict[str, str]]]:
    """Run the printed statements with names of one's own; their names."""
    made: dict[str, str] = {}

    def run(said: str) -> dict[str, str]:
        for kind, statements in grants(said).items():
            name = made[kind] = f"{kind.lower()}_{secrets.token_hex(3)}"
            named = [statement.replace(kind, name) for statement in statements]
            named[0] = named[0].replace("'PASSWORD'", f"'{name}'")
            server.place.sql(*named)
        return made

    yield run
    if server.place.backend == "mysql":
        server.place.sql(*(f"DROP USER '{name}'@'%'" for name in made.values()))


def test_users_made_as_printed_may_do_just_what_they_should(
    server: Where, create: Typed, users: Callable[[str], dict[str, str]]
):
    server.place.sql("CREATE SCHEMA labxdata")  # what "lab_data" means in a grant
    code, said, _ = create()
    assert code == 0
    names = users(said)
    assert set(names) == {"ADMIN", "WRITER", "READER"}
    if server.place.backend == "mysql":
        for name in names.values():
            with attached(server, name) as lab:
                shown = lab.connection.query("SHOW DATABASES").fetchall()
            assert ("lab_data",) in shown
            assert ("labxdata",) not in shown

    with attached(server, names["WRITER"]) as lab:
        assert not lab.read_only
        assert lab.tables.missing == ()
        key = add_transform(lab, add_brain(lab))
        lab.brains.save_annotations(key, AnnotationSet(), ANNOTATED)
        loaded = lab.brains.load_annotations(key)
    with pytest.raises(WriteRefused, match="does not let this user"):
        ln.connect(
            server.url(names["WRITER"]),
            name="another",
            password=names["WRITER"],
            create=True,
        )

    with attached(server, names["READER"]) as lab:
        assert lab.read_only
        assert lab.tables.missing == ()
        assert lab.brains.load_annotations(key) == loaded
        with pytest.raises(WriteRefused, match="may only read this database"):
            lab.brains.save_annotations(key, loaded, loaded.removed("a"))
        with (
            pytest.raises(WriteRefused, match="does not let this user"),
            lab.own_errors(),
        ):
            (lab.FixedBrainTransformAnnotation & key).delete(prompt=False)

    admin = {"password": names["ADMIN"], "create": True}
    with ln.connect(server.url(names["ADMIN"]), project="own", **admin) as lab:
        assert lab.tables.missing == ()


def test_an_embedded_database_needs_no_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
):
    assert main(["db", "create", "--url", f"embedded:{tmp_path}/db"]) == 1
    assert "gets its tables by itself" in capsys.readouterr().err
    assert not (tmp_path / "db").exists()
