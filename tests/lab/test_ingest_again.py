"""Import: whole file and all rows, or nothing; repeated, and failing at every stage."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from importing import VOXELS, ome_tiff, request
from labdata_napari.errors import (
    Cancelled,
    ConnectionLost,
    InvalidValue,
    LabdataError,
    WriteRefused,
)
from labdata_napari.lab.ingest import import_brain
from labs import (
    KEY,
    WHEN,
    add_brain,
    add_dataset,
    files_below,
    postgresql,
    rows_everywhere,
    writes_fail,
)
from small_disk import on_a_small_disk
from stack_files import ome_zarr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    return ome_tiff(tmp_path / "scope" / "brain.ome.tif")


# -- again ------------------------------------------------------------------------


def test_the_same_file_again_changes_nothing(
    lab: Any, brain: Path, store: Path
) -> None:
    key = import_brain(lab, request(brain))
    before = rows_everywhere(lab), files_below(store)
    assert import_brain(lab, request(brain)) == key
    assert import_brain(lab, request(brain, um_per_pixel=(25, 10, 5))) == key
    assert (rows_everywhere(lab), files_below(store)) == before


@postgresql
def test_another_file_under_the_same_key_is_refused(
    lab: Any, brain: Path, store: Path, tmp_path: Path
) -> None:
    import_brain(lab, request(brain))
    before = rows_everywhere(lab), files_below(store)
    same_size = tmp_path / "other.ome.tif"
    shutil.copy(brain, same_size)
    with open(same_size, "r+b") as stream:
        stream.seek(10_000)  # among the voxels
        stream.write(bytes(2))
    larger = ome_tiff(tmp_path / "larger.ome.tif", np.concatenate([VOXELS, VOXELS]))
    for other in (same_size, larger):
        with pytest.raises(WriteRefused, match="another file"):
            import_brain(lab, request(other))
    with pytest.raises(WriteRefused, match="25"):
        import_brain(lab, request(brain, um_per_pixel=(50, 50, 50)))
    assert (rows_everywhere(lab), files_below(store)) == before


@postgresql
def test_a_zarr_folder_again_changes_nothing(
    lab: Any, tmp_path: Path, store: Path
) -> None:
    folder = ome_zarr(tmp_path / "a.ome.zarr", VOXELS)
    key = import_brain(lab, request(folder))
    before = files_below(store)
    assert import_brain(lab, request(folder)) == key
    assert files_below(store) == before
    (folder / "0" / "more").write_bytes(b"x")
    with pytest.raises(WriteRefused, match="another file"):
        import_brain(lab, request(folder))
    assert files_below(store) == before


def test_parents_that_are_there_are_used_as_they_are(lab: Any, brain: Path) -> None:
    add_dataset(lab)
    import_brain(lab, request(brain, sex="M", strain="other"))
    assert lab.Subject.fetch1("subject_sex", "strain_name") == ("F", "C57BL/6J")
    assert lab.Session.fetch1("experimenter") == "ana"
    assert len(lab.LabMember()) == 1
    with pytest.raises(InvalidValue, match="already, at 2026-01-01 12:00:00"):
        import_brain(
            lab,
            request(brain, dataset="b2", session_datetime=WHEN + datetime.timedelta(1)),
        )


@postgresql
def test_a_file_left_by_a_killed_import_is_taken_up(
    lab: Any, brain: Path, store: Path, tmp_path: Path
) -> None:
    left = store / "M1" / "20260101_120000" / "brain" / "brain.ome.tif"
    left.parent.mkdir(parents=True)
    shutil.copyfile(brain, left)
    stamp = left.stat().st_mtime_ns
    key = import_brain(lab, request(brain))
    assert left.stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(np.asarray(lab.brains.open(key)), VOXELS)
    other = store / "M1" / "20260101_120000" / "b2" / "brain.ome.tif"
    other.parent.mkdir()
    other.write_bytes(b"somebody's")
    with pytest.raises(WriteRefused, match="left alone"):
        import_brain(lab, request(brain, dataset="b2"))
    assert other.read_bytes() == b"somebody's"


# -- failing half-way --------------------------------------------------------------


@postgresql
@pytest.mark.parametrize("same", [True, False])
def test_of_two_who_import_at_once_the_slower_finds_what_the_quicker_did(
    lab: Any,
    brain: Path,
    store: Path,
    tmp_path: Path,
    connect_again: Callable[..., Any],
    same: bool,
) -> None:
    quicker = connect_again()
    file = brain if same else ome_tiff(tmp_path / "other.ome.tif", VOXELS + 1)

    def overtake(done: int, total: int) -> None:
        if not quicker.FixedBrain():
            import_brain(quicker, request(file))

    if same:
        assert import_brain(lab, request(brain), overtake) == KEY
    else:
        with pytest.raises(WriteRefused, match="holds another file"):
            import_brain(lab, request(brain), overtake)
    folder = "M1/20260101_120000/brain"
    assert {p for p in files_below(store) if p.startswith(f"{folder}/")} == {
        f"{folder}/{file.name}"
    }
    assert lab.brains.open(KEY).shape == VOXELS.shape


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("stage", ["first", "middle", "last"])
def test_a_cancelled_import_leaves_nothing(
    lab: Any, tmp_path: Path, store: Path, stage: str, packed: bool
) -> None:
    source = (
        ome_zarr(tmp_path / "a.ome.zarr", VOXELS)
        if packed
        else ome_tiff(tmp_path / "a.ome.tif")
    )

    def stop(done: int, total: int) -> None:
        assert done <= total
        if stage == "first" or done >= {"middle": total / 2, "last": total}[stage]:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        import_brain(lab, request(source), stop)
    assert files_below(store) == set()
    assert rows_everywhere(lab) == {}
    import_brain(lab, request(source))


@pytest.mark.parametrize(
    "table", ["Subject", "File", "FixedBrain", "FixedBrain.Channel"]
)
def test_a_row_that_is_refused_takes_all_back(
    lab: Any, lab_place: Any, brain: Path, store: Path, table: str
) -> None:
    keep = store / "M1" / "keep"
    keep.mkdir(parents=True)
    master, _, part = table.partition(".")
    cls = getattr(getattr(lab, master), part) if part else getattr(lab, master)
    failing = writes_fail(lab_place, cls.full_table_name)
    with failing, pytest.raises(LabdataError, match="not today"):
        import_brain(lab, request(brain))
    assert rows_everywhere(lab) == {}
    assert files_below(store) == {"M1", "M1/keep"}
    import_brain(lab, request(brain))


@postgresql
def test_a_server_that_goes_while_copying_leaves_nothing(
    lab: Any,
    lab_place: Any,
    brain: Path,
    store: Path,
    connect_again: Callable[..., Any],
) -> None:
    [(backend,)] = lab.connection.query("SELECT pg_backend_pid()").fetchall()

    def kill(done: int, total: int) -> None:
        lab_place.sql(f"SELECT pg_terminate_backend({backend}, 5000)")

    with pytest.raises(ConnectionLost):
        import_brain(lab, request(brain), kill)
    assert files_below(store) == set()
    again = connect_again()
    assert rows_everywhere(again) == {}
    import_brain(again, request(brain))


@postgresql
def test_a_server_that_goes_at_the_commit_loses_no_file_of_a_row(
    lab: Any,
    lab_place: Any,
    brain: Path,
    store: Path,
    connect_again: Callable[..., Any],
) -> None:
    table = lab.FixedBrain.full_table_name
    # the commit itself kills: nobody can know whether it came about
    lab_place.sql(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        f"CREATE CONSTRAINT TRIGGER die AFTER INSERT ON {table} "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with pytest.raises(ConnectionLost):
        import_brain(lab, request(brain))
    lab_place.sql("DROP FUNCTION die CASCADE")
    again = connect_again()
    assert not again.FixedBrain()
    key = import_brain(again, request(brain))
    np.testing.assert_array_equal(np.asarray(again.brains.open(key)), VOXELS)


def test_a_reader_is_told_before_anything_is_copied(
    lab: Any,
    lab_place: Any,
    brain: Path,
    store: Path,
    connect_again: Callable[..., Any],
) -> None:
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        import_brain(reader, request(brain))
    assert files_below(store) == set()
    assert rows_everywhere(lab) == {}


@postgresql
def test_a_folder_that_cannot_be_written_gets_its_sentence(
    lab: Any, brain: Path, store: Path
) -> None:
    store.mkdir()
    (store / "M1").write_text("a file where a folder should be")
    with pytest.raises(WriteRefused, match="M1"):
        import_brain(lab, request(brain))
    assert rows_everywhere(lab) == {}


_IMPORT = """
import sys
from pathlib import Path
import labdata_napari as ln
from labdata_napari.lab.ingest import BrainImport, import_brain
def stop(done, total):
    if done >= float(sys.argv[3]) * total:
        print("there", flush=True)
        sys.stdin.read()
brain = BrainImport(Path(sys.argv[2]), "M1", "20260101_120000", "brain")
with ln.connect(sys.argv[1]) as lab:
    import_brain(lab, brain, stop)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_an_import_killed_outright_leaves_no_row_and_can_be_repeated(
    root: Path, brain: Path
) -> None:
    import labdata_napari as ln

    url = f"embedded:{root}"
    child = subprocess.Popen(
        [sys.executable, "-c", _IMPORT, url, str(brain), "0.5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "there"
    child.kill()
    child.wait()
    with ln.connect(url) as lab:
        assert not lab.Subject()
        folder = root / "files" / "M1" / "20260101_120000" / "brain"
        [part] = folder.iterdir()
        assert part.name.endswith(".part")
        # an hour later it is certainly nobody's
        os.utime(part, (part.stat().st_mtime - 7200,) * 2)
        key = import_brain(lab, request(brain))
        assert [p.name for p in folder.iterdir()] == ["brain.ome.tif"]
        assert lab.brains.open(key).shape == VOXELS.shape


_IMPORT_ON_FULL_DISK = """
import sys
from pathlib import Path
import labdata_napari as ln
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.ingest import BrainImport, import_brain
root, source, how = sys.argv[1:]
files = Path(root) / "files"
def fill(done, total):
    ballast = files / "ballast"
    if how == "late" and not ballast.exists():
        with open(ballast, "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(4096))
            except OSError:
                pass
brain = BrainImport(Path(source), "M1", "20260101_120000", "brain")
with ln.connect(f"embedded:{root}") as lab:
    try:
        import_brain(lab, brain, fill)
    except WriteRefused as error:
        print(error)
    print(len(lab.Subject()), sorted(p.name for p in files.iterdir()))
"""


@pytest.mark.parametrize(
    ("how", "megabytes", "sentence"),
    [("early", 5, "it needs 10."), ("late", 14, "disk is full")],
)
def test_a_full_disk_leaves_neither_rows_nor_files(
    root: Path, tmp_path: Path, how: str, megabytes: int, sentence: str
) -> None:
    import labdata_napari as ln

    noise = np.random.default_rng(0).integers(0, 4000, (22, 2, 320, 360), np.uint16)
    source = ome_tiff(tmp_path / "large.ome.tif", noise)
    with ln.connect(f"embedded:{root}"):
        (root / "files").mkdir(exist_ok=True)
        said = on_a_small_disk(
            megabytes,
            root / "files",
            "-c",
            _IMPORT_ON_FULL_DISK,
            str(root),
            str(source),
            how,
        )
    assert sentence in said
    left = "['ballast']" if how == "late" else "[]"
    assert said.splitlines()[-1] == f"0 {left}"


@postgresql
def test_a_brain_without_a_file_is_not_given_one(lab: Any, brain: Path) -> None:
    add_brain(lab, name="elsewhere.tif", file_path=None, storage=None)
    with pytest.raises(WriteRefused, match="without a file"):
        import_brain(lab, request(brain))
