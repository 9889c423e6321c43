"""``labdata-napari transform run`` over several brains: foretold and shared out."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import tifffile

import labdata_napari as ln
from labdata_napari.cli import main
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import Cancelled, ConnectionFailed
from labdata_napari.lab.dask_tasks import compute_on_dask
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.lab.populating import Quiet
from labdata_napari.lab.reaching import reach_of
from labdata_napari.lab.server_locks import ServerLock
from labs import files_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VOXELS = np.random.default_rng(1).integers(0, 4000, (6, 2, 30, 40), np.uint16)
UM = (25.0, 10.0, 5.0)
HALF = TransformParameters(downsample=(1, 1, 0.5, 0.5))


@pytest.fixture
def brains(root: Path, tmp_path: Path) -> Iterator[Any]:
    """A running embedded lab with two brains."""
    path = tmp_path / "brain.tif"
    tifffile.imwrite(path, VOXELS, imagej=True, metadata={"axes": "ZCYX"})
    with ln.connect(f"embedded:{root}") as lab:
        for subject in ("M1", "M2"):
            names = (subject, "20260101_120000", "brain")
            import_brain(lab, BrainImport(path, *names, um_per_pixel=UM))
        yield lab


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def typed(*words: Any) -> tuple[int, str]:
        url = ["--url", f"embedded:{root}"]
        code = main([*url, "transform", "run", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return typed


def test_what_it_will_take_is_told_and_nothing_is_written(
    brains: Any, run: Callable[..., Any], root: Path
) -> None:
    before = files_below(root / "files")
    code, said = run("--um", 50, "--dry-run")
    assert code == 0
    lines = said.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"{subject}/20260101_120000/brain/new" for subject in ("M1", "M2")
    ]
    assert "3 × 2 × 6 × 4 voxels" in lines[0]
    assert "memory" in lines[0]
    assert len(brains.FixedBrainTransformParameters()) == 0
    assert files_below(root / "files") == before


def test_a_preset_needs_to_know_how_the_brain_lies(
    brains: Any, run: Callable[..., Any]
) -> None:
    only = "subject_name = 'M2'"
    code, said = run(only, "--preset", "asr_25um_left")
    assert (code, "--orientation" in said) == (1, True)
    code, said = run(only, "--preset", "atlas")
    assert (code, "no preset 'atlas'" in said) == (1, True)
    code, said = run(only, "--um", 25, "--preset", "asr_25um")
    assert (code, "not several of them" in said) == (1, True)
    code, said = run(only, "--preset", "asr_25um_left", "--orientation", "psr")
    assert code == 0, said
    row = brains.FixedBrainTransform.fetch1()
    assert (row["subject_name"], row["hemisphere"]) == ("M2", "left")
    np.testing.assert_allclose(row["um_per_pixel"], 25, rtol=0.2)
    code, said = run("subject_name = 'M9'")
    assert (code, "no fixed brain with subject_name = 'M9'" in said) == (1, True)


def test_processes_share_the_brains_and_all_that_fails_is_told(
    brains: Any, run: Callable[..., Any], root: Path
) -> None:
    for key in brains.FixedBrain.keys(order_by="KEY"):
        brains.brains.add_transform_parameters(key, HALF)
    nothing = TransformParameters(crop=((100, None), None, None, None))
    key = brains.FixedBrain.keys(order_by="KEY")[0]
    brains.brains.add_transform_parameters(key, nothing)
    code, said = run("--processes", 2, "--hemisphere", "right")
    assert code == 1
    assert said.count("→ 6 × 2 × 15 × 20") == 2
    assert said.count("The crop [100::] along z leaves nothing") == 1
    assert "1 of 3 transforms were not computed" in said
    rows = brains.FixedBrainTransform.to_dicts()
    assert [row["hemisphere"] for row in rows] == ["right", "right"]
    left = [name for name in files_below(root / "files") if "/." in name]
    assert left == []
    assert "another program" not in said  # what one waits for, its sibling was at


def test_what_cannot_be_done_is_one_sentence_and_leaves_no_row(
    brains: Any, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="no dask.distributed")
    monkeypatch.setattr("labdata_napari.lab.dask_tasks._ANSWER_S", 1.0)
    halved = ("--downsample", 1, 1, 0.5, 0.5)
    for words, reason in (
        (["--subject", "M1", "--crop-z", 7, 9], "leaves nothing of 6 voxels"),
        (["--um", 50, "--dask", "127.0.0.1:9"], "no dask scheduler at '127.0.0.1:9'"),
        (["--um", 50, "--dask", "a:1", "--processes", 2], "not both"),
        (["subject_nam = 'M1'", "--um", 50], "\"subject_nam = 'M1'\" is not"),
        (["subject_name = ", "--um", 50], "The columns are subject_name, session"),
    ):
        code, said = run(*words)
        assert code == 1
        assert reason in said
        assert said.count("\n") == 1, said
    assert len(brains.FixedBrainTransformParameters()) == 0
    assert run(*halved, "--subject", "M1")[0] == 0
    code, said = run(*halved, "--subject", "M1")
    assert (code, "computed before" in said) == (0, True)
    code, said = run("--um", 4, "--subject", "M1", "--dry-run")
    assert "25 × 10 × 5 µm, and a result is never finer" in said


def test_processes_end_with_the_command_and_the_next_goes_on(
    root: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    path = tmp_path / "large.tif"
    voxels = np.tile(VOXELS[:, :1], (60, 1, 16, 12))
    tifffile.imwrite(path, voxels, imagej=True, metadata={"axes": "ZCYX"})
    folder = root / "files"
    with ln.connect(f"embedded:{root}") as lab:
        for subject in ("L1", "L2"):
            names = (subject, "20260101_120000", "brain")
            import_brain(lab, BrainImport(path, *names, um_per_pixel=(9, 9, 9)))
        asked = ["--url", lab.url, "transform", "run", "--um", "10", "--processes", "2"]
        command = subprocess.Popen([sys.executable, "-m", "labdata_napari.cli", *asked])
        while not list(folder.rglob(".*.partial")):
            assert command.poll() is None, "it was done too soon"
            time.sleep(0.01)
        children = psutil.Process(command.pid).children(recursive=True)
        command.kill()
        command.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
        assert len(lab.FixedBrainTransform()) == 0
        assert list(folder.rglob(".*.partial"))
    code, said = run()
    assert (code, said.count("→ 324 × 1")) == (0, 2), said
    assert not list(folder.rglob(".*"))


def test_a_zarr_in_place_of_a_tiff(brains: Any, run: Callable[..., Any]) -> None:
    code, said = run("--subject", "M1", "--downsample", 1, 1, 0.5, 0.5, "--ome-zarr")
    assert (code, "transform_0.ome.zarr.zip" in said) == (0, True)
    stored = brains.FixedBrainTransform().open()
    assert (stored.axes, stored.shape) == ("ZCYX", (6, 2, 15, 20))
    in_tiff = brains.brains.duplicate_transform_parameters(
        brains.FixedBrain.keys()[0] | {"transform_id": 0}
    )
    assert in_tiff == 1
    key = brains.brains.compute_transform(
        brains.FixedBrain.keys()[0] | {"transform_id": 1}
    )
    np.testing.assert_array_equal(stored, brains.brains.open_transform(key))
    assert stored.um_per_pixel == brains.brains.open_transform(key).um_per_pixel


class Impatient(Quiet):
    def waits(self, keys: Any) -> None:
        raise Cancelled("not today")


def test_a_dask_cluster_computes_one_brain_a_task_and_knows_no_password(
    brains: Any, run: Callable[..., Any], root: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="no dask.distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        code, said = run(
            "--downsample", 1, 1, 0.5, 0.5, "--subject", "M1", "--dask", address
        )
        assert (code, "→ 6 × 2 × 15 × 20" in said) == (0, True), said
        keys = [
            key | {"transform_id": brains.brains.add_transform_parameters(key, HALF)}
            for key in brains.FixedBrain.keys(order_by="KEY")
        ]
        reach = reach_of(brains, with_password=True)
        worker = next(iter(cluster.workers.values())).worker_address
        with pytest.raises(ConnectionFailed, match="the address of a worker"):
            compute_on_dask(worker, reach, keys)
        name = f"{brains.FixedBrainTransform.full_table_name} {sorted(keys[1].items())}"
        elsewhere = ServerLock(brains.connection, name)
        assert elsewhere.acquire()
        with pytest.raises(Cancelled):
            compute_on_dask(address, reach, keys[1:], listener=Impatient())
        elsewhere.release()
        done = compute_on_dask(address, reach, keys)
        assert (done.computed, done.failed) == ((keys[1],), ())
    assert len(brains.FixedBrainTransform()) == 2
    assert [name for name in files_below(root / "files") if "/." in name] == []


def test_a_scheduler_that_goes_away_is_a_sentence(
    brains: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="no dask.distributed")
    monkeypatch.setattr("labdata_napari.lab.dask_tasks._ANSWER_S", 1.0)
    key = brains.FixedBrain.keys(order_by="KEY")[0]
    key["transform_id"] = brains.brains.add_transform_parameters(key, HALF)
    name = f"{brains.FixedBrainTransform.full_table_name} {sorted(key.items())}"
    elsewhere = ServerLock(brains.connection, name)
    assert elsewhere.acquire()  # so that it takes a while
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:

        class Closing(Quiet):
            def waits(self, keys: Any) -> None:
                cluster.close()

        reach = reach_of(brains, with_password=True)
        with pytest.raises(ConnectionFailed, match="went away"):
            compute_on_dask(cluster.scheduler_address, reach, [key], listener=Closing())
    elsewhere.release()
    assert len(brains.FixedBrainTransform()) == 0
    assert [name for name in files_below(root / "files") if "/." in name] == []


def test_a_scheduler_that_is_not_there_is_a_sentence(brains: Any) -> None:
    pytest.importorskip("distributed", reason="no dask.distributed")
    reach = reach_of(brains, with_password=False)
    with pytest.raises(ConnectionFailed, match="no dask scheduler"):
        compute_on_dask("not an address at all", reach, [])


def test_what_others_are_told_of_a_lab_shows_no_password(lab: Any) -> None:
    with_it = reach_of(lab, with_password=True)
    secret = lab.connection.conn_info["passwd"]
    assert with_it.password == secret
    assert str(secret) not in repr(with_it) or not secret
    assert reach_of(lab, with_password=False).password is None
