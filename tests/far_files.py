"""Files far away, for tests: read from memory, counted, and broken on purpose."""

from __future__ import annotations

import threading

from labdata_napari.errors import ConnectionLost


class FarFile:
    """A remote file that remembers every range it was asked for."""

    def __init__(self, path, name=None, data=None):
        self.data = path.read_bytes() if data is None else data
        self.name = name or path.name
        self.url = f"s3://bucket/{self.name}"
        self.size = len(self.data)
        self.version = "1"
        self.asked = []
        self.broken = False
        self.short = 0
        self.gate = threading.Event()
        self.gate.set()

    def read(self, offset, count):
        self.asked.append((offset, count))
        self.gate.wait(10)
        if self.broken:
            raise ConnectionLost(f"{self.url} could not be reached; try again.")
        return self.data[offset : offset + count - self.short]

    @property
    def bytes_asked(self):
        return sum(count for _, count in self.asked)
