"""Measure against a named peer, and print one table of ratios when all is done.

Two or more benchmarks that measure the same thing share a name: one without a peer,
which is ours, and one for each peer. Nothing here asserts a time.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pyramid import build_pyramid, open_pyramid
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.demo.writing import write_zarr_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_benchmark.fixture import BenchmarkFixture

os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")
os.environ.setdefault("DJ_THREAD_SAFE", "true")

pytest_plugins = ["big_lab", "databases", "peers"]

UM = (10.0, 4.0, 4.0)
_GROUPS = pytest.StashKey[list[tuple[str, list[dict[str, Any]]]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--phantom",
        default="200,2,512,512",
        metavar="Z,C,Y,X",
        help="shape of the brain that is opened, sliced and transformed",
    )
    parser.addoption(
        "--brain",
        metavar="FILE",
        help="a brain that is taken instead; of 50 µm where it does not say",
    )


# --- measuring --------------------------------------------------------------------


@pytest.fixture
def measure(benchmark: BenchmarkFixture) -> Callable[..., Any]:
    """Measure some work under a name that ours and its peers share.

    The work is called once unmeasured unless `warm` is 0, then `rounds` times.
    `setup` runs before each call, unmeasured, and may return its arguments.
    """

    def run(
        what: str,
        work: Callable[..., Any],
        *,
        peer: str | None = None,
        target: str = "",
        setup: Callable[[], Any] | None = None,
        rounds: int = 5,
        warm: int = 1,
    ) -> Any:
        benchmark.group = what
        benchmark.extra_info.update(peer=peer, target=target)
        return benchmark.pedantic(
            work, setup=setup, rounds=rounds, warmup_rounds=warm, iterations=1
        )

    return run


@pytest.hookimpl(wrapper=True)
def pytest_benchmark_group_stats(config: pytest.Config) -> Iterator[None]:
    groups = yield
    config.stash[_GROUPS] = list(groups)
    return groups


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = [
        row
        for name, found in config.stash.get(_GROUPS, [])
        for row in _rows(name, found)
    ]
    if not rows:
        return
    terminalreporter.section("medians against named peers (above 1: ours is faster)")
    head = ("what", "ours", "slowest", "target", "peer", "ratio", "which peer")
    for line in _aligned([head, *rows]):
        terminalreporter.write_line(line)


def _rows(name: str, found: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    ours = [b for b in found if b["extra_info"].get("peer") is None]
    peers = [b for b in found if b["extra_info"].get("peer") is not None]
    if len(ours) != 1:
        return
    target = ours[0]["extra_info"]["target"]
    mine = ours[0]["median"]
    first = (name, _time(mine), _time(ours[0]["max"]), target)
    if not peers:
        yield *first, "", "", ""
    for number, peer in enumerate(peers):
        theirs = peer["median"]
        yield (
            *(("",) * len(first) if number else first),
            _time(theirs),
            f"{theirs / mine:.3g}×",
            peer["extra_info"]["peer"],
        )


def _time(seconds: float) -> str:
    units = (("s", 1.0), ("ms", 1e3), ("µs", 1e6))
    unit, factor = next((u for u in units if seconds * u[1] >= 1), units[-1])
    value = seconds * factor
    return f"{value:.0f} {unit}" if value >= 99.5 else f"{value:.2g} {unit}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.rjust(width) if k in (1, 2, 4, 5) else text.ljust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield " | ".join(cells).rstrip()


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what the whole run needs, of which nothing is kept."""
    folder: Path = tmp_path_factory.mktemp("room")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def keep_nothing(tmp_path: Path) -> Iterator[None]:
    """Remove what a benchmark wrote: gigabytes in all, which pytest would keep."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def own_home(room: Path) -> Iterator[None]:
    """Caches and preferences stay inside the run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABDATA_NAPARI_HOME", str(room / "home"))
        for name in ("URL", "NAME", "PROJECT", "LOCAL_PATHS"):
            patch.delenv(f"LABDATA_NAPARI_{name}", raising=False)
        yield


# --- a brain as labdata writes it -------------------------------------------------


@pytest.fixture(scope="session")
def phantom(request: pytest.FixtureRequest, room: Path) -> Path:
    """A ``zarr.zip`` of an ellipsoid in noise; half its size is left by packing."""
    if request.config.getoption("brain"):
        return Path(request.config.getoption("brain"))
    numbers = request.config.getoption("phantom").split(",")
    depth, channels, height, width = (int(n) for n in numbers)
    file = room / "phantom.zarr.zip"
    rng = np.random.default_rng(0)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]

    def frames() -> Iterator[np.ndarray]:
        for z in np.linspace(-1, 1, depth):
            inside = np.clip(1.2 - (x * x + y * y + z * z), 0, None)
            shape = (channels, height, width)
            noise = rng.integers(0, 200, shape, dtype=np.uint16)
            yield (100 + 1500 * inside).astype(np.uint16) + noise

    write_zarr_zip(file, frames(), (depth, channels, height, width), 4)
    return file


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, phantom: Path) -> Stack:
    """The phantom, opened by us."""
    if not request.config.getoption("brain"):
        return open_stack(phantom, um_per_pixel=UM)
    found = open_stack(phantom)
    return found if found.um_per_pixel else replace(found, um_per_pixel=(50.0,) * 3)


@pytest.fixture(scope="session")
def pyramid(stack: Stack, room: Path) -> list[Stack]:
    """The phantom's sidecar pyramid."""
    return open_pyramid(build_pyramid(stack, room / "phantom.pyramid.ozx"))
