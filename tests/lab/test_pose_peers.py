"""What we export is read by the programs it is for, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.label_hdf import read_hdf
from labdata_napari.core.label_manifest import NAME, read_manifest
from labdata_napari.core.pictures import read_picture
from labdata_napari.core.pose_predictions import read_predictions
from labdata_napari.core.pose_skeleton import Skeleton
from labelling import add_video, frames_of, labels_of, part_of_open_field, picture
from labs import add_dataset, postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.core.pose import PoseLabels

WHERE = {"subject": "M9", "session": "20260102_120000", "dataset": "pose"}
ROOT = Path(__file__).parents[2]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
PYTHON = ROOT / ".venv-pose-peers" / SCRIPTS / "python"
# fails where sleap-io is not there; conftest.py would import for seconds
SLEAP = """
import sys, pytest, sleap_io
options = ["-q", "-c", sys.argv[2], "--noconftest", "--import-mode=importlib"]
sys.exit(pytest.main([*options, sys.argv[1], "-k", "sleap_and_nwb"]))
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a process of the peers; skips where they are not installed."""
    if not PYTHON.exists():
        pytest.skip("the peers are not installed; 'make pose-peers-env' installs them")
    kept = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")
    here = {n: os.environ[n] for n in kept if n in os.environ}
    # which keeps what it found out about fonts, for seconds
    fonts = {"MPLCONFIGDIR": str(PYTHON.parents[1] / "matplotlib")}
    return here | fonts | {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"} | more


class Peer:
    """A process that reads folders."""

    def __init__(self, home: Path) -> None:
        self._log = home / "printed.txt"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, ROOT / "tests" / "pose_peer.py"],
                cwd=home,
                env=environment(home),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def read(self, folder: Path) -> dict[str, Any]:
        print(folder, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, self._log.read_text(errors="replace")[-2000:]
        return dict(json.loads(line))


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    peer = Peer(tmp_path_factory.mktemp("peer"))
    yield peer
    peer.process.stdin.close()
    peer.process.wait(60)
    peer.process.stdout.close()


def assert_read(
    read: dict[str, Any], out: Path, labels: PoseLabels, scorer: str
) -> None:
    """Every picture and point is where our set has it, and nothing else is there."""
    manifest = read_manifest(out / NAME)
    frames = {Path(row).name: frame for row, frame in manifest.frames.items()}
    assert set(frames.values()) == set(labels.frames)
    napari, table = read["napari"], read["pandas"]
    assert napari["names"] == sorted(frames)
    sums = [int(read_picture(out / n).astype(np.int64).sum()) for n in sorted(frames)]
    assert napari["sums"] == sums
    expected = {
        (frame, part): (p.x, p.y) for (frame, part), p in labels.by_place().items()
    }
    points = {(frames[n], part): (x, y) for n, part, x, y in napari["points"]}
    assert points.keys() == expected.keys()
    assert len(napari["points"]) == len(expected)
    for place, xy in expected.items():
        np.testing.assert_array_equal(np.float32(points[place]), np.float32(xy))
    assert napari["bodyparts"] == table["bodyparts"] == list(labels.bodyparts)

    assert (table["scorers"], table["coords"]) == ([scorer], ["x", "y"])
    folder = ("labeled-data", out.name)
    assert [tuple(row[:2]) for row in table["rows"]] == [folder] * len(frames)
    for (_, _, name), row in zip(table["rows"], table["xy"], strict=True):
        for part, xy in zip(table["bodyparts"], row, strict=True):
            there = expected.get((frames[name], part))
            assert (xy is None) == (there is None)
            if there is not None:
                np.testing.assert_array_equal(np.float32(xy), np.float32(there))


@postgresql
def test_an_export_opens_in_napari_deeplabcut_and_in_deeplabcuts_way(
    peer: Peer, lab: Any, tmp_path: Path
) -> None:
    frames = [
        *frames_of(add_video(lab), [7, 5]),
        *frames_of(add_video(lab, "side"), [5, 110]),
    ]
    num = lab.poses.create_label_set("two cameras", "ana")
    labels = labels_of(frames).removed(frames[1], "tail")
    lab.poses.add_frames(num, {f: picture(n) for n, f in enumerate(frames)}, labels)
    lab.poses.save_skeleton(num, Skeleton(("tail", "nose")))
    out = lab.poses.export_labels(num, tmp_path / "out")
    assert read_hdf(out / "CollectedData_ana.h5").bodyparts == ("tail", "nose")
    assert_read(peer.read(out), out, lab.poses.load_labels(num), "ana")


@postgresql
def test_the_real_project_opens_there_too(
    peer: Peer, lab: Any, shared_data: Path, tmp_path: Path
) -> None:
    if not (shared_data / "openfield-Pranav-2018-10-30" / "config.yaml").exists():
        pytest.skip("the open-field project is not among the real data")
    add_dataset(lab)
    project = tmp_path / "p"
    part_of_open_field(shared_data, project)
    made = lab.poses.import_labels(project, **WHERE)
    out = lab.poses.export_labels(made.num, tmp_path / "out")
    assert_read(peer.read(out), out, lab.poses.load_labels(made.num), "labdata")


MACHINELABELS = """
import sys, numpy as np, pandas as pd
names = ("img0027.png", "img0110.png")
rows = pd.MultiIndex.from_tuples([("labeled-data", "v", name) for name in names])
levels = [["net"], ["nose", "tail"], ["x", "y", "likelihood"]]
columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
table = pd.DataFrame(np.arange(12.0).reshape(2, 6), index=rows, columns=columns)
table.to_hdf("machinelabels-iter0.h5", key="df_with_missing", mode="w")
table.to_csv("machinelabels.csv")
"""


def test_what_deeplabcut_saw_in_pictures_is_read_as_predictions(tmp_path: Path) -> None:
    command = [PYTHON, "-c", MACHINELABELS]
    subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), check=True)
    for name in ("machinelabels-iter0.h5", "machinelabels.csv"):
        seen = read_predictions(tmp_path / name)
        assert len(seen) == 111
        assert seen.at(27) == {"nose": (0, 1, 2), "tail": (3, 4, 5)}
        assert seen.at(110) == {"nose": (6, 7, 8), "tail": (9, 10, 11)}
        assert np.isnan(seen.xy[28:110]).all()


def test_sleap_io_writes_and_reads_slp_and_nwb_for_us(tmp_path: Path) -> None:
    """The test of its files sees nothing where sleap-io is missing, as in ``.venv``."""
    tests = ROOT / "tests" / "core" / "test_label_files.py"
    (tmp_path / "pytest.ini").touch()
    ours = {"PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    here = environment(tmp_path, **ours)
    done = subprocess.run(
        [PYTHON, "-c", SLEAP, tests, tmp_path / "pytest.ini"],
        cwd=tmp_path,
        env=here,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "2 passed" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
