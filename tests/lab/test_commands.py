"""``labdata-napari import`` and ``transform``, as typed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import labdata_napari as ln
from labdata_napari.cli import main
from labdata_napari.lab.embedded import EmbeddedPostgres
from labelling import write_video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VOXELS = np.random.default_rng(1).integers(0, 4000, (6, 2, 30, 40), np.uint16)
NAMES = ["--subject", "M1", "--session", "20260101_120000", "--dataset", "brain"]
UM = ["--um-per-pixel", "25", "10", "5"]


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    path = tmp_path / "a brain.tif"
    tifffile.imwrite(path, VOXELS, imagej=True, metadata={"axes": "ZCYX"})
    return path


@pytest.fixture
def typed(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command line on an embedded lab; its exit code and what it said."""

    def run(*words: Any) -> tuple[int, str]:
        command, *rest = map(str, words)
        code = main(["--url", f"embedded:{root}", command, *rest])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_videos_and_labels_come_and_go_by_the_command_line(
    typed: Callable[..., Any], tmp_path: Path
) -> None:
    where = [*NAMES[:-1], "pose"]
    write_video(tmp_path / "cam.mp4")
    code, said = typed("import", "video", tmp_path / "cam.mp4", *where)
    assert (code, "8 frames of 48 × 32 at 25 Hz" in said) == (0, True)
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/cam/img5.png,1,2\n"
    )
    code, said = typed("import", "labels", labels, *where, "--video", "cam")
    assert (code, said.splitlines()[0]) == (0, "0")  # the number, for scripts
    code, said = typed("export", "labels", 0, "--out", tmp_path / "p")
    out = tmp_path / "p" / "labeled-data" / "label_set_0"
    assert (code, said.splitlines()[0]) == (0, str(out))
    table = out / "CollectedData_labdata.csv"
    table.write_text(table.read_text().replace("1.0", "5.5"))
    code, said = typed("import", "labels", table, "--into", 0)
    assert (code, "1 moved, 0 added, 0 removed, 0 unchanged" in said) == (0, True)


def test_a_brain_is_imported_and_transformed_from_the_command_line(
    typed: Callable[..., Any], brain: Path, root: Path
) -> None:
    channels = ["--channels", "DAPI", "DiI"]
    code, said = typed("import", "brain", brain, *NAMES, *UM, *channels)
    assert code == 0
    assert "is imported as subject 'M1', session '20260101_120000'" in said
    assert "6 × 2 × 30 × 40 (z, c, y, x), uint16, 25 × 10 × 5 µm" in said
    code, said = typed("import", "brain", brain, *NAMES)
    assert code == 1
    assert "voxel size" in said
    code, said = typed("import", "brain", brain, *NAMES, *UM)
    assert (code, "was imported before" in said) == (0, True)
    assert typed("transform", "list") == (
        0,
        "M1/20260101_120000/brain: no transforms\n",
    )
    code, said = typed("transform", "run")
    assert (code, "no transform parameters yet" in said) == (0, True)
    options = ["--downsample", "1", "1", ".5", ".5", "--crop-z", "1", "5", "--flip-x"]
    code, said = typed("transform", "run", *options)
    assert code == 0
    assert "→ 4 × 2 × 15 × 20" in said
    code, said = typed("transform", "list", "--subject", "M1")
    assert "0: downsample [1.0, 1.0, 0.5, 0.5], rotate [0.0, 0.0, 0.0, True" in said
    assert "0 annotations" in said
    assert typed("transform", "run") == (0, "Every transform is computed.\n")
    with ln.connect(f"embedded:{root}") as lab:
        stack = lab.FixedBrainTransform().open()
        assert stack.channel_names == ("DAPI", "DiI")
        assert stack.shape == (4, 2, 15, 20)


def test_what_cannot_be_done_is_one_sentence(
    typed: Callable[..., Any], brain: Path, tmp_path: Path
) -> None:
    code, said = typed("import", "brain", brain)
    assert code == 1
    assert "subject, session, dataset and voxel size" in said
    code, said = typed("import", "brain", tmp_path / "no.tif", *NAMES, *UM)
    assert code == 1
    assert said.count("\n") == 1
    code, said = typed("transform", "list")
    assert (code, "import one first" in said) == (1, True)
    assert typed("import", "brain", brain, *NAMES, *UM)[0] == 0
    assert typed("transform", "run", "--subject", "m2") == (
        1,
        "labdata-napari: There is no fixed brain of subject 'm2'; did you mean 'M1'?\n",
    )
    code, said = typed("transform", "list", "--subject", "M1", "--session", "none")
    assert "session 'none'; there are those of '20260101_120000'." in said
    code, said = typed("transform", "run", "--transform", "3")
    assert (code, "transform parameters 3" in said) == (1, True)
    code, said = typed("transform", "run", "--transpose", "0", "0", "1", "2")
    assert (code, "permutation" in said) == (1, True)
    names = [*NAMES[:-1], "second"]
    assert typed("import", "brain", brain, *names, *UM)[0] == 0
    code, said = typed("transform", "run", "--cast", "uint8")
    assert (code, "one brain and 2 were named" in said) == (1, True)


@pytest.mark.parametrize("option", [["--dob", "June"], ["--session-datetime", "noon"]])
def test_dates_that_are_none_are_explained(
    brain: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["import", "brain", str(brain), *NAMES, *option])
    assert "is not as 2026-01-31" in capsys.readouterr().err


def test_help_needs_neither_database_nor_pixels() -> None:
    code = (
        "import sys\n"
        "from labdata_napari.cli import main\n"
        "try: main(['transform', 'run', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'datajoint', 'numpy', 'napari', 'qtpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


_KILLED = """
import os, signal, sys
import labdata_napari as ln
from labdata_napari.core.transform_parameters import TransformParameters
def die(done, total):
    if done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
with ln.connect(sys.argv[1]) as lab:
    [key] = lab.FixedBrain.keys()
    half = TransformParameters(downsample=(1, 1, 0.5, 0.5))
    number = lab.brains.add_transform_parameters(key, half)
    lab.brains.compute_transform(key | {"transform_id": number}, die)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_what_a_killed_transform_left_is_gone_when_it_is_computed(
    typed: Callable[..., Any], brain: Path, root: Path
) -> None:
    assert typed("import", "brain", brain, *NAMES, *UM)[0] == 0
    child = [sys.executable, "-c", _KILLED, f"embedded:{root}"]
    assert subprocess.run(child, check=False).returncode < 0
    [folder] = {path.parent for path in (root / "files").rglob("*.partial")}
    code, said = typed("transform", "run")
    assert (code, "→ 6 × 2 × 15 × 20" in said) == (0, True)
    assert {p.name for p in folder.iterdir()} == {brain.name, "transform_0.ome.tif"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_that_is_ended_takes_all_back_and_stops_its_server(
    root: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    big = tmp_path / "big.tif"
    with big.open("wb") as stream:
        tifffile.imwrite(stream, shape=(400, 1000, 1000), dtype=np.uint16)
    code = "import sys; from labdata_napari.cli import main; sys.exit(main())"
    words = ["--url", f"embedded:{root}", "import", "brain", str(big), *NAMES, *UM]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True
    )
    files = root / "files"
    while child.poll() is None and not list(files.rglob("*.part")):
        time.sleep(0.01)
    child.send_signal(sent)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + sent
    assert "Traceback" not in said
    assert said.endswith("labdata-napari: Stopped before it was done.\n")
    assert not list(files.rglob("*"))
    assert EmbeddedPostgres(root).status().state == "stopped"


def test_a_reader_that_has_read_enough_is_no_failure(
    typed: Callable[..., Any], brain: Path, root: Path
) -> None:
    assert typed("import", "brain", brain, *NAMES, *UM)[0] == 0
    code = "import sys; from labdata_napari.cli import main; sys.exit(main())"
    words = ["--url", f"embedded:{root}", "transform", "list"]
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.run(
        [sys.executable, "-c", code, *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert child.stderr == ""
