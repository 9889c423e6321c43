"""A server of one object in S3, far away: 30 ms to answer, 50 MB/s for everybody.

The object is a brain as labdata writes it, a gigabyte of zipped zarr, of which nothing
but one chunk is ever made: all chunks are the same. Runs until its input is closed;
prints its port first. `GET /counts` tells the requests and bytes since the last time.
"""

from __future__ import annotations

import bisect
import io
import json
import sys
import threading
import time
import zipfile
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numcodecs import Blosc

LATENCY_S, BYTES_PER_S = 0.03, 50e6
SHAPE = (920, 1, 1024, 1024)
CHUNK = (4, 1, 1024, 1024)
_PIECE = 2**16


class Pieces:
    """Bytes put together from parts that are not copied."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        self.starts.append(self.size)
        self.parts.append(part)
        self.size += len(part)

    def read(self, start: int, end: int) -> bytes:
        found = []
        at = bisect.bisect_right(self.starts, start) - 1
        while start < end:
            part = self.parts[at][start - self.starts[at] :][: end - start]
            found.append(part)
            start += len(part)
            at += 1
        return b"".join(found)


def chunk() -> bytes:
    """Four sections of noise in a dome, packed as labdata packs."""
    rng = np.random.default_rng(0)
    y, x = np.ogrid[-1:1:1024j, -1:1:1024j]
    dome = (100 + 1500 * np.clip(1.2 - x * x - y * y, 0, None)).astype(np.uint16)
    noise = rng.integers(0, 200, CHUNK, dtype=np.uint16)
    return bytes(Blosc("zstd", 6, Blosc.SHUFFLE).encode(dome + noise))


def brain() -> Pieces:
    """A ``zarr.zip`` whose members all share the bytes of one chunk."""
    described = {
        "zarr_format": 2, "shape": SHAPE, "chunks": CHUNK, "dtype": "<u2",
        "order": "C", "filters": None, "fill_value": 0,
        "compressor": {"id": "blosc", "cname": "zstd", "clevel": 6, "shuffle": 1},
    }  # fmt: skip
    packed = chunk()
    pieces = Pieces()
    table = []
    members = [(".zarray", json.dumps(described).encode())]
    members += [(f"{n}.0.0.0", packed) for n in range(SHAPE[0] // CHUNK[0])]
    sums = {id(packed): zlib.crc32(packed)}
    for name, data in members:
        info = zipfile.ZipInfo(name)
        info.CRC = sums.get(id(data), zlib.crc32(data))
        info.file_size = info.compress_size = len(data)
        info.header_offset = pieces.size
        pieces.add(info.FileHeader())
        pieces.add(data)
        table.append(info)
    end = io.BytesIO()
    with zipfile.ZipFile(end, "w") as written:
        written.filelist += table
        written.start_dir = 0
        written._didModify = True
    data = bytearray(end.getvalue())
    # the table is written as if nothing lay before it
    data[-6:-2] = pieces.size.to_bytes(4, "little")
    pieces.add(bytes(data))
    return pieces


class Line:
    """A connection to the outside that everybody shares."""

    def __init__(self) -> None:
        self._free = 0.0
        self._lock = threading.Lock()
        self.requests = 0
        self.bytes = 0

    def pass_on(self, count: int) -> None:
        with self._lock:
            self.bytes += count
            self._free = max(self._free, time.monotonic()) + count / BYTES_PER_S
            wait = self._free - time.monotonic()
        if wait > 0:
            time.sleep(wait)

    def counts(self) -> bytes:
        with self._lock:
            said = json.dumps({"requests": self.requests, "bytes": self.bytes})
            self.requests = self.bytes = 0
        return said.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    object: Pieces
    line: Line

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        time.sleep(LATENCY_S)  # the handshake

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        if self.path == "/counts":
            said = self.line.counts()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            return
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.line.requests += 1
        time.sleep(LATENCY_S)
        size = self.object.size
        start, end = 0, size
        asked = self.headers.get("Range")
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1 if last else size, size)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(end - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("ETag", '"0123456789abcdef"')
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        while body and start < end:
            data = self.object.read(start, min(start + _PIECE, end))
            self.line.pass_on(len(data))
            self.wfile.write(data)
            start += len(data)


def main() -> None:
    Handler.object, Handler.line = brain(), Line()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], Handler.object.size, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
