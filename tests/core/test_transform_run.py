"""A transform that was ended early: what is left of it, and that it goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.core import resample
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_file import remove_abandoned, write_transform
from labdata_napari.core.transform_run import unfinished
from labdata_napari.errors import Cancelled, Interrupted, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.stacks import Stack

# Six slabs of the result, of 26 planes each: usually they are larger.
SLAB_BYTES = 1 << 19
SHAPE = (150, 1, 140, 140)
PARAMETERS = TransformParameters(transpose=(0, 1, 3, 2))
NAMES = [".t.ome.tif.journal", ".t.ome.tif.partial"]


@pytest.fixture(autouse=True, scope="module")
def small_slabs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "_SLAB_BYTES", SLAB_BYTES)
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "brain.ome.tif"
    voxels = np.arange(np.prod(SHAPE)).reshape(SHAPE) // 250 % 251
    tifffile.imwrite(path, voxels.astype(np.uint8), metadata={"axes": "ZCYX"})
    return path


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a run that nobody ended."""
    path = tmp_path_factory.mktemp("whole") / "t.ome.tif"
    write(open_stack(source), path)
    return path.read_bytes()


def write(
    stack: Any,
    path: Path,
    planes: int = 1000,
    parameters: TransformParameters = PARAMETERS,
    *,
    keep: bool = True,
    steps: list[int] | None = None,
    by: type[Exception] = Cancelled,
) -> None:
    geometry = plan(stack.shape, (5, 2, 2), parameters)
    write_transform(
        stack, geometry, path, parameters, stopper(path, planes, steps, by), keep=keep
    )


def stopper(
    path: Path, planes: int, steps: list[int] | None, by: type[Exception]
) -> Progress:
    """Stop once so many planes of the result are on disk."""

    def report(done: int, total: int) -> None:
        if steps is not None:
            steps.append(done)
        begun = unfinished(path)
        if planes == 0 or (begun is not None and begun.done >= planes):
            raise by("stopped")

    return report


def stopped(stack: Stack, path: Path, planes: int) -> None:
    with pytest.raises(Cancelled):
        write(stack, path, planes)


@pytest.mark.parametrize("planes", [0, 1, 80, 150])
def test_a_run_that_was_stopped_and_kept_goes_on(tmp_path, source, whole, planes):
    path, stack = tmp_path / "new" / "t.ome.tif", open_stack(source)
    stopped(stack, path, planes)
    assert sorted(os.listdir(path.parent)) == NAMES
    left = unfinished(str(path))
    assert left is not None
    assert left.total == SHAPE[0]
    assert planes <= left.done < planes + 40
    assert left.parameters == PARAMETERS.to_row()
    assert f"stopped after {left.done} of 150 planes" in str(left)
    assert "goes on from there" in str(left)
    steps: list[int] = []
    write(stack, path, steps=steps)
    assert path.read_bytes() == whole
    assert os.listdir(path.parent) == ["t.ome.tif"]
    assert unfinished(path) is None
    # what was done is not done again
    assert steps[0] >= 900 * left.done // 150


def test_what_was_written_is_believed_only_with_its_checksum(tmp_path, source, whole):
    kept, stack = tmp_path / "kept" / "t.ome.tif", open_stack(source)
    stopped(stack, kept, 100)
    journal, partial = (kept.with_name(name) for name in NAMES)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) > 4
    size = partial.stat().st_size
    damages = {
        "the journal is cut within a line": (len(b"".join(lines[:3])) + 9, size, None),
        "the journal is cut in its first line": (20, size, None),
        "the journal is empty": (0, size, None),
        "the file lost its end": (journal.stat().st_size, size // 2, None),
        "the file is empty": (journal.stat().st_size, 0, None),
        "a byte of the file changed": (journal.stat().st_size, size, size // 2),
        "the header changed": (journal.stat().st_size, size, 5),
    }
    for number, (lasting, length, changed) in enumerate(damages.values()):
        path = tmp_path / str(number) / "t.ome.tif"
        shutil.copytree(kept.parent, path.parent)
        os.truncate(path.with_name(NAMES[0]), lasting)
        os.truncate(path.with_name(NAMES[1]), length)
        if changed is not None:
            with path.with_name(NAMES[1]).open("r+b") as file:
                file.seek(changed)
                byte = file.read(1)[0]
                file.seek(changed)
                file.write(bytes([byte ^ 255]))
        write(stack, path)
        assert path.read_bytes() == whole, list(damages)[number]
        assert os.listdir(path.parent) == ["t.ome.tif"]


def test_a_run_with_others_removes_what_was_left(tmp_path, source, whole):
    path, stack = tmp_path / "t.ome.tif", open_stack(source)
    others = TransformParameters(transpose=(0, 1, 3, 2), cast="uint16")
    with pytest.raises(Cancelled):
        write(stack, path, 60, others)
    steps: list[int] = []
    write(stack, path, steps=steps)
    assert steps[0] < 100
    assert path.read_bytes() == whole
    # nor is another source gone on with
    stopped(stack, path, 60)
    changed = tmp_path / "changed.ome.tif"
    voxels = tifffile.imread(source) + np.uint8(1)
    tifffile.imwrite(changed, voxels[:, None], metadata={"axes": "ZCYX"})
    write(open_stack(changed), path)
    assert path.read_bytes() != whole
    assert sorted(os.listdir(tmp_path)) == ["changed.ome.tif", "t.ome.tif"]


def test_only_what_is_asked_for_is_kept(tmp_path, source):
    stack = open_stack(source)
    with pytest.raises(Cancelled):
        write(stack, tmp_path / "a" / "t.ome.tif", 60, keep=False)
    assert not os.listdir(tmp_path)
    # nobody cancelled it: the program ended
    with pytest.raises(Interrupted):
        write(stack, tmp_path / "t.ome.tif", 60, keep=False, by=Interrupted)
    assert sorted(os.listdir(tmp_path)) == NAMES
    remove_abandoned(tmp_path / "t.ome.tif")
    # voxels that are in no file may be others next time
    voxels = np.asarray(stack)
    with pytest.raises(Cancelled):
        write(voxels, tmp_path / "a" / "t.ome.tif", 60)
    assert not os.listdir(tmp_path)
    path = tmp_path / "t.ome.tif"
    stopped(stack, path, 60)
    remove_abandoned(path)
    assert not os.listdir(tmp_path)


def test_two_do_not_write_one_file(tmp_path, source):
    path, stack = tmp_path / "t.ome.tif", open_stack(source)
    said = []

    def meddle(done: int, total: int) -> None:
        begun = unfinished(path)
        if begun is not None and begun.done and not said:
            said.append(str(begun))
            with pytest.raises(WriteRefused, match="being computed by another"):
                write(stack, path)
            remove_abandoned(path)

    geometry = plan(stack.shape, (5, 2, 2), PARAMETERS)
    write_transform(stack, geometry, path, PARAMETERS, meddle)
    assert "is being computed: " in said[0]
    assert os.listdir(tmp_path) == ["t.ome.tif"]


def test_whoever_waits_for_the_whole_file_may_refuse_it(tmp_path, source):
    path, stack = tmp_path / "t.ome.tif", open_stack(source)

    def refuse() -> None:
        assert sorted(os.listdir(tmp_path)) == NAMES
        raise WriteRefused("the lock was lost")

    geometry = plan(stack.shape, None, PARAMETERS)
    with pytest.raises(WriteRefused, match="lock was lost"):
        write_transform(stack, geometry, path, PARAMETERS, before_placing=refuse)
    assert not os.listdir(tmp_path)


# Every child is killed outright at another moment, in the midst of its own writing.
KILLED = """
    import json, os, signal, sys
    from pathlib import Path
    from labdata_napari.core import resample
    from labdata_napari.core.stacks import open_stack
    from labdata_napari.core.transform import TransformParameters, plan
    from labdata_napari.core.transform_file import write_transform
    from labdata_napari.core.transform_run import unfinished

    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    resample._SLAB_BYTES = int(sys.argv[3])
    parameters = TransformParameters(transpose=(0, 1, 3, 2))

    def run(target, step, event):
        stack = open_stack(source)
        seen = []

        def report(done, total):
            begun = unfinished(target)
            if event is None and begun and begun.done + done / 2000 >= step:
                os.kill(os.getpid(), signal.SIGKILL)

        def audit(name, arguments):
            if event is not None and name == event[0]:
                seen.append(name)
                if len(seen) > event[1]:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        geometry = plan(stack.shape, (5, 2, 2), parameters)
        write_transform(stack, geometry, target, parameters, report)

    # after so many planes; while reading back (900 to 1000 of 1000 steps); at events
    moments = [(step, None) for step in (0, 0.1, 1, 60, 120, 150, 150.46, 150.499)]
    moments += [(0, ("os.rename", 0)), (0, ("os.remove", 0)), (0, ("open", 12))]
    found = {}
    for number, (step, event) in enumerate(moments):
        target = folder / str(number) / "t.ome.tif"
        child = os.fork()
        if not child:
            try:
                run(target, step, event)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        found[str(number)] = [killed, sorted(os.listdir(target.parent))]
        run(target, 2000, None)
    print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")
def test_killed_at_every_stage_it_goes_on_to_the_same_file(tmp_path, source, whole):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(source)]
    done = subprocess.run(
        [*command, str(tmp_path), str(SLAB_BYTES)],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert len(found) == 11
    assert sum(killed for killed, _ in found.values()) >= 10
    for number, (_, left) in found.items():
        path = tmp_path / number / "t.ome.tif"
        assert {*left} <= {*NAMES, "t.ome.tif"}, left
        assert not {".t.ome.tif.partial", "t.ome.tif"} <= {*left}
        assert path.read_bytes() == whole
        assert os.listdir(path.parent) == ["t.ome.tif"]
