"""Building the demo: the same on every server, whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from demo_labs import DEMO_SCALE
from labdata_napari.demo import build_demo, demo_root, demo_url, ensure_demo
from labdata_napari.demo.motion import PoseTruth
from labdata_napari.demo.rows import LOOKUPS
from labdata_napari.errors import Cancelled, WriteRefused
from labdata_napari.lab.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

SCALE = 0.2


class Stop:
    """Cancels when a share of the work is done; notes what it was told."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.told: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.told.append((done, total))
        if done >= self.share * total:
            raise Cancelled("The person stopped it.")


def content(lab: Lab) -> dict[str, list[Any]]:
    """Every row of every table, as comparable values."""
    from labdata_napari.schema.template import parts_of

    found = {}
    for name in lab.tables.names:
        master = getattr(lab, name)
        tables = {name: master}
        tables |= {f"{name}.{p}": getattr(master, p) for p in parts_of(master)}
        for full, table in tables.items():
            rows = table().to_dicts(order_by="KEY")
            found[full] = [{c: comparable(v) for c, v in row.items()} for row in rows]
    return found


def comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes())
    return value


@pytest.mark.mysql
def test_two_builds_on_two_servers_have_identical_rows_and_files(
    mysql_server: Any, demo_lab: Lab, tmp_path: Path
) -> None:
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.lab import Lab

    place = mysql_server.with_tables()
    files = Files([tmp_path / "files"])
    lab = Lab(place.instance(), "mysql://test@host:3306", "lab_data", None, files)
    truth = build_demo(lab, scale=DEMO_SCALE)
    assert isinstance(truth.pose, PoseTruth)
    # MD5 sums of all files are among the rows
    one, other = content(demo_lab), content(lab)
    keys = {name: getattr(lab, name).primary_key for name in LOOKUPS}
    place.close()
    for name, rows in one.items():
        if name in LOOKUPS:  # an embedded lab has the usual words from the start
            written = [[row[c] for c in keys[name]] for row in other[name]]
            rows = [r for r in rows if [r[c] for c in keys[name]] in written]
        assert len(rows) == len(other[name]), name
        for row, same in zip(rows, other[name], strict=True):
            assert_same(row, same, name)


def assert_same(one: dict[str, Any], other: dict[str, Any], name: str) -> None:
    assert one.keys() == other.keys(), name
    for column, value in one.items():
        if isinstance(value, float):  # MySQL gives six digits of a float
            assert other[column] == pytest.approx(value, rel=1e-5), (name, column)
        else:
            assert value == other[column], (name, column)


def test_the_demo_is_built_once_and_then_reused(pristine_demo: Path) -> None:
    before = sorted((p.name, p.stat().st_mtime_ns) for p in pristine_demo.iterdir())
    told = Stop(0.0)
    assert ensure_demo(told, root=pristine_demo) == f"embedded:{pristine_demo}"
    assert not told.told
    after = sorted((p.name, p.stat().st_mtime_ns) for p in pristine_demo.iterdir())
    assert before == after


def test_the_demo_is_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path))
    assert demo_root() == tmp_path / "demo"
    assert demo_url() == f"embedded:{tmp_path / 'demo'}"


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_cancelled_build_leaves_nothing(tmp_path: Path, share: float) -> None:
    root = tmp_path / "demo"
    with pytest.raises(Cancelled):
        ensure_demo(Stop(share), root=root, scale=SCALE)
    assert list(tmp_path.iterdir()) == []


_BUILDER = """
import sys
from pathlib import Path
from labdata_napari.demo import ensure_demo

def tell(done, total):
    if done > 0.1 * total:
        print("begun", flush=True)
        sys.stdin.readline()

ensure_demo(tell, root=Path(sys.argv[1]), scale=0.2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")
def test_a_demo_whose_builder_was_killed_is_built_again_to_the_end(
    tmp_path: Path,
) -> None:
    root = tmp_path / "demo"
    with subprocess.Popen(
        [sys.executable, "-c", _BUILDER, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "begun\n"
        builder.send_signal(signal.SIGKILL)
    assert list((root / "files").rglob("*.zarr.zip"))
    told = Stop(2.0)
    url = ensure_demo(told, root=root, scale=SCALE)
    done = [d for d, _ in told.told]
    assert done == sorted(done)
    assert told.told[-1][0] == told.told[-1][1]
    assert len({total for _, total in told.told}) == 1
    assert EmbeddedPostgres(root).status().state == "stopped"
    size = sum(p.stat().st_size for p in root.rglob("*") if p.is_file())
    print(f"demo at scale {SCALE}: {size / 1e6:.0f} MB")

    from labdata_napari import connect

    with connect(url, local_paths=()) as lab:
        assert len(lab.FixedBrain()) == 2
    assert not (root / "demo-unfinished").exists()
    assert not (tmp_path / "demo.lock").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    (root / "thesis.txt").write_text("the only copy")
    with pytest.raises(WriteRefused, match="holds something else"):
        ensure_demo(root=root, scale=SCALE)
    assert (root / "thesis.txt").read_text() == "the only copy"


def test_the_demo_is_not_built_twice_into_a_lab(demo_copy: str) -> None:
    from labdata_napari import connect

    with connect(demo_copy, local_paths=()) as lab:
        before = len(lab.File())
        with pytest.raises(WriteRefused, match="already"):
            build_demo(lab, scale=SCALE)
        assert len(lab.File()) == before


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_build_that_fails_in_a_lab_takes_its_files_and_rows_back(
    lab: Lab, store: Path
) -> None:
    kept = store / "Cajal" / "mine.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(Cancelled):
        build_demo(lab, scale=SCALE, progress=Stop(0.95))
    assert [p for p in store.rglob("*") if p.is_file()] == [kept]
    assert len(lab.Subject()) == 0
    assert len(lab.File()) == 0


@pytest.mark.parametrize("backend", ["postgresql"])
def test_somebody_who_may_only_read_cannot_build_it(
    lab_place: Any, connect_again: Any, store: Path
) -> None:
    lab = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        build_demo(lab, scale=SCALE)
    assert not store.exists()
