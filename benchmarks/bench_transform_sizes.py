"""Whole transforms, file to file, beside labdata's own code in its own environment.

Sizes in GB come from ``LABDATA_NAPARI_BENCH_GB`` ("0.2" if unset; "0.2,1.7,13,100" is
everything: 100 is simulated, and not given to labdata). Wall time is of the whole
process, start included; memory is the peak of its whole tree, its parts added up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from labdata_napari.core.prepared import prepare
from labdata_napari.core.resample import plane, slabs
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.demo.writing import write_zarr_zip
from labdata_napari.errors import Cancelled

HERE = Path(__file__).parent
LABDATAS = HERE.parent / "tests" / "labdata_transform.py"
LABDATA = HERE.parent / ".venv-labdata" / "bin" / "python"
SHAPES = {
    "0.2": (200, 2, 512, 512),
    "1.7": (400, 2, 1024, 1024),
    "13": (800, 2, 2048, 2048),
    "100": (3000, 2, 2900, 2900),
}
SIZES = os.environ.get("LABDATA_NAPARI_BENCH_GB", "0.2").split(",")
WAYS = ("numpy", "numba", "numpy-linear", "numba-linear", "labdata")


def transform_of(shape: tuple[int, ...]) -> dict[str, list[object]]:
    z, c, y, x = (round(n * r) for n, r in zip(shape, (0.4, 1, 0.4, 0.4), strict=True))
    assert c == shape[1]
    return {
        "downsample": [0.4, 1, 0.4, 0.4],
        "rotate": [2, -3, 5, False, True],
        "crop": [[4, z - 4, 1], None, [5, y - 6, 1], [7, x - 8, 1]],
        "transpose": [2, 1, 3, 0],
    }


@pytest.fixture(scope="module", params=SIZES)
def brain(request, room):
    """Name, shape, and a file in labdata's layout (or the shape, to be simulated)."""
    name = request.param
    shape = SHAPES[name]
    if name == "100":
        yield name, shape, ",".join(map(str, shape))
        return
    depth, channels, height, width = shape
    file = room / f"{name}.zarr.zip"
    rng = np.random.default_rng(0)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    noise = rng.integers(0, 200, (8, channels, height, width), dtype=np.uint16)
    frames = (
        (5000 * np.clip(1.2 - (x * x + y * y + z * z), 0, None)).astype(np.uint16)
        + noise[k % 8]
        for k, z in enumerate(np.linspace(-1, 1, depth))
    )
    write_zarr_zip(file, frames, shape, 4)
    yield name, shape, str(file)
    file.unlink()


def measured(room: Path, *command: object) -> tuple[float, float, float]:
    """Run a command; seconds, of processors too, and peak MB of its whole tree.

    What labdata's workers compute is left out where nothing waits for their end.

    Settings that labdata makes for itself go to `room`.
    """
    start, before = time.perf_counter(), os.times()
    process = subprocess.Popen(
        [str(c) for c in command],
        env=os.environ | {"LABDATA_PATH": str(room)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    tree, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        total = 0
        try:
            for part in (tree, *tree.children(recursive=True)):
                total += part.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        peak = max(peak, total)
        time.sleep(0.05)
    assert process.returncode == 0, command
    seconds, after = time.perf_counter() - start, os.times()
    user = after.children_user - before.children_user
    system = after.children_system - before.children_system
    return seconds, user + system, peak / 1e6


def test_file_to_file(brain, tmp_path):
    name, shape, source = brain
    parameters = json.dumps(transform_of(shape))
    gigabytes = np.prod(shape, dtype=float) * 2 / 1e9
    theirs = None
    if name != "100":
        if not LABDATA.exists():
            pytest.skip("labdata is not set up; run scripts/labdata-env")
        script = LABDATAS
        target = tmp_path / "labdata.tif"
        command = (LABDATA, script, source, target, parameters)
        theirs, cpu, peak = measured(tmp_path, *command)
        print(
            f"\n{name} GB  theirs  {theirs:.1f} s  processors {cpu:.1f} s  "
            f"peak {peak:.0f} MB"
        )
    for way in WAYS:
        target = tmp_path / f"{way}.ome.tif"
        script = HERE / "our_transform.py"
        ours, cpu, peak = measured(
            tmp_path, sys.executable, script, source, target, parameters, way
        )
        ratio = "" if theirs is None else f"  {theirs / ours:.1f} times faster"
        print(
            f"{name} GB  {way:14}{ours:.1f} s  {ours / gigabytes:.2f} s/GB  "
            f"processors {cpu:.1f} s  peak {peak:.0f} MB{ratio}"
        )
        target.unlink()


def test_voxels_of_labdata(brain, tmp_path):
    name, shape, source = brain
    if name == "100" or not LABDATA.exists():
        pytest.skip("labdata cannot compute this here")
    parameters = json.dumps(transform_of(shape))
    theirs, ours = tmp_path / "theirs.npy", tmp_path / "ours.npy"
    measured(tmp_path, LABDATA, LABDATAS, source, theirs, parameters)
    script = HERE / "our_transform.py"
    measured(tmp_path, sys.executable, script, source, ours, parameters, "labdata")
    expected, found = np.load(theirs).ravel(), np.load(ours)
    different = int(np.count_nonzero(expected != found))
    print(f"\n{name} GB  labdata-exact: {different} of {found.size} voxels differ")
    assert different == 0


def test_preview_and_cancel(brain):
    name, shape, source = brain
    if name == "100":
        pytest.skip("a preview comes from a pyramid level")
    stack = open_stack(source)
    wanted = transform_of(shape)
    geometry = plan(shape, None, TransformParameters(**wanted))
    start = time.perf_counter()
    plane(stack, geometry, geometry.shape_out[0] // 2)
    print(f"\n{name} GB  one plane from the file {time.perf_counter() - start:.2f} s")
    if name != "13":
        start = time.perf_counter()
        prepared = prepare(stack, geometry)
        print(f"{name} GB  all planes prepared {time.perf_counter() - start:.2f} s")
        moves = []
        for angle in range(6):
            turned = wanted | {"rotate": [angle, -3, 5, False, True]}
            moved = plan(shape, None, TransformParameters(**turned))
            start = time.perf_counter()
            prepared.plane(moved, moved.shape_out[0] // 2)
            moves.append(time.perf_counter() - start)
        print(f"{name} GB  a plane after a move {np.median(moves[1:]) * 1e3:.0f} ms")
    print(f"{name} GB  cancelled after {cancelling(stack, geometry) * 1e3:.0f} ms")


def cancelling(stack, geometry) -> float:
    wish = threading.Event()
    asked = []

    def ask() -> None:
        asked.append(time.perf_counter())
        wish.set()

    def look(_done: int, _total: int) -> None:
        if wish.is_set():
            raise Cancelled("stopped")

    timer = threading.Timer(0.5, ask)
    timer.start()
    try:
        for _ in slabs(stack, geometry, look):
            pass
    except Cancelled:
        return time.perf_counter() - asked[0]
    timer.cancel()
    return 0.0
