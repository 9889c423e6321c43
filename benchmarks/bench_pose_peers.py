"""What labdata and napari-deeplabcut take for what `bench_poses` measures of ours.

Both run as processes of their own, in their own environments, on the same label set of
500 frames with 20 body parts each; skipped where they are not installed (``make
labdata-env pose-peers-env``).
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bench_poses import EDIT, EXPORT, OPEN, SAVE, STEP, label_set

import labdata_napari as ln
from databases import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from big_lab import BigLab

    from peers import Labdata, LabdataServer

HERE = Path(__file__).parent
READER = HERE.parent / ".venv-pose-peers" / "bin" / "python"
LABDATA = "labdata 0.1.25, on MariaDB"
FOLDER = "napari-deeplabcut 0.4.0, from a folder"


@dataclass
class LabdataSet:
    """A label set in tables that labdata declared, and labdata beside it."""

    labdata: Labdata
    num: int
    exported: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def beside(labdata_server: LabdataServer, room: Path) -> Iterator[LabdataSet]:
    place, here = labdata_server.with_tables(), labdata_server.parameters
    url = f"mysql://{here['user']}@{here['host']}:{here['port']}"
    with ln.connect(url, password=PASSWORD) as lab:
        num, _ = label_set(lab, "exported", pictures=True)
    store = room / "labdata"
    store.mkdir()
    labdata_server.labdata.look_in(store)
    yield LabdataSet(labdata_server.labdata, num)
    place.close()


def test_labdata_exports(measure: Callable[..., Any], beside: LabdataSet) -> None:
    def work() -> None:
        beside.exported |= beside.labdata.export_labeling(beside.num)

    measure(EXPORT, work, peer=LABDATA, rounds=1, warm=0)
    assert beside.exported["values"].shape == (500, 40)


def test_labdata_saves(measure: Callable[..., Any], beside: LabdataSet) -> None:
    if not beside.exported:
        pytest.skip("labdata saves what it exported")
    values = np.array(beside.exported["values"])
    values[:450, 0] += 1
    values[450:, :2] = np.nan

    def work() -> dict[str, int]:
        file = beside.exported["file"]
        return beside.labdata.update_labeling(beside.num, file, values)

    counts = measure(SAVE, work, peer=f"{LABDATA}, its file", rounds=1, warm=0)
    assert (counts["updated"], counts["removed"]) == (450, 50)


class Reader:
    """The other program, told what to do a line at a time."""

    def __init__(self, folder: Path, home: Path) -> None:
        if not READER.exists():
            pytest.skip("'make pose-peers-env' installs napari-deeplabcut")
        kept = ("PATH", "LANG", "DISPLAY", "XAUTHORITY", "QT_API")
        self.process = subprocess.Popen(
            [READER, HERE / "pose_folder_peer.py", folder],
            env={n: os.environ[n] for n in kept if n in os.environ}
            | {"HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(home / "printed.txt").open("wb"),
            text=True,
        )
        self._answered("ready")

    def _answered(self, word: str) -> None:
        assert self.process.stdout.readline().strip() == word

    def do(self, what: str) -> None:
        print(what, file=self.process.stdin, flush=True)
        self._answered("drawn")

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(scope="module")
def reader(big_lab: BigLab, room: Path) -> Iterator[Reader]:
    num, _ = label_set(big_lab.lab, "for others", pictures=True)
    folder = big_lab.lab.poses.export_labels(num, room / "for others")
    home = room / "reader"
    home.mkdir()
    made = Reader(folder, home)
    made.do("open")
    yield made
    made.end()


def test_opens(measure: Callable[..., Any], reader: Reader) -> None:
    measure(OPEN, lambda: reader.do("open"), peer=FOLDER, warm=0)


def test_steps(measure: Callable[..., Any], reader: Reader) -> None:
    measure(STEP, lambda: reader.do("step"), peer=FOLDER, rounds=60, warm=10)


def test_adds(measure: Callable[..., Any], reader: Reader) -> None:
    measure(EDIT, lambda: reader.do("add"), peer=FOLDER, rounds=40)
