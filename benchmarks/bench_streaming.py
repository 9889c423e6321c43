"""A brain of a gigabyte in S3, 30 ms and 50 MB/s away: its first section, the next."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import fsspec
import numpy as np
import pytest
import zarr
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

from labdata_napari.core.stacks import open_stack
from labdata_napari.lab.storage import StorageEntry
from labdata_napari.lab.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

KEY = "M1/20260101_120000/brain/brain.zarr.zip"
FIRST = "1 GB zarr.zip in S3, 30 ms and 50 MB/s away: open, middle section"
NEXT = "the next section, of another chunk"
PEERS = {
    "zarr over s3fs and fsspec's ZipFileSystem": {},
    "the same, tuned: blocks of 256 KiB": {
        "block_size": 2**18,
        "cache_type": "readahead",
    },
}
peers = pytest.mark.parametrize("peer", PEERS, ids=["default", "tuned"])


class Server(NamedTuple):
    url: str

    def counts(self) -> str:
        """Requests and bytes since the last time, in words."""
        with urllib.request.urlopen(f"{self.url}/counts") as answer:
            said = json.loads(answer.read())
        return f"{said['requests']} requests, {said['bytes'] / 1e6:.1f} MB"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    program = Path(__file__).with_name("far_server.py")
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        port, size = running.stdout.readline().split()
        assert int(size) > 10**9
        yield Server(f"http://127.0.0.1:{port}")
        running.stdin.close()


@pytest.fixture
def counted(
    server: Server, measure: Callable[..., Any], benchmark: BenchmarkFixture
) -> Callable[..., Any]:
    """Measure, and note beside the target or peer what one call asks of the server."""

    def run(what: str, work: Callable[..., Any], **more: Any) -> None:
        first = more.get("setup", lambda: ((), {}))()[0]
        server.counts()
        work(*first)
        said = server.counts()
        measure(what, work, warm=0, **more)
        kept = "peer" if more.get("peer") else "target"
        benchmark.extra_info[kept] += f" ({said})"

    return run


def ours(server: Server) -> Any:
    entry = StorageEntry(
        "data", "s3", endpoint=server.url, bucket="lab", access_key="a", secret_key="b"
    )
    return open_stack(open_store(entry).open(KEY))


def theirs(server: Server, peer: str) -> Any:
    s3fs = pytest.importorskip("s3fs", reason="the peer is not there: pip install s3fs")
    s3fs.S3FileSystem.clear_instance_cache()
    remote = s3fs.S3FileSystem(
        key="a", secret="b", endpoint_url=server.url, skip_instance_cache=True
    )
    inside = fsspec.filesystem("zip", fo=remote.open(f"lab/{KEY}", **PEERS[peer]))
    store = zarr.storage.FsspecStore(AsyncFileSystemWrapper(inside), read_only=True)
    return zarr.open_array(store, mode="r")


def test_first(server: Server, counted: Callable[..., Any]) -> None:
    counted(FIRST, lambda: ours(server)[460, 0], target="< 2 s", rounds=5)


@peers
def test_first_of_the_peer(
    server: Server, counted: Callable[..., Any], peer: str
) -> None:
    assert np.array_equal(theirs(server, peer)[460, 0], ours(server)[460, 0])
    counted(FIRST, lambda: theirs(server, peer)[460, 0], peer=peer, rounds=3)


def others() -> Callable[[], tuple[tuple[int], dict[str, Any]]]:
    """Setup that gives a section of another chunk each time."""
    sections = itertools.count(24, 24)
    return lambda: ((next(sections),), {})


def test_next(server: Server, counted: Callable[..., Any]) -> None:
    stack = ours(server)
    counted(NEXT, lambda z: stack[z, 0], target="", setup=others(), rounds=20)


@peers
def test_next_of_the_peer(
    server: Server, counted: Callable[..., Any], peer: str
) -> None:
    array = theirs(server, peer)
    counted(NEXT, lambda z: array[z, 0], peer=peer, setup=others(), rounds=7)
