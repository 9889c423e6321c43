"""A program that computes transforms beside others; driven by tests over its pipes.

It is given a JSON object: ``parameters`` of a `databases.Place`, the ``store`` folder,
and ``hangs``: a stage at which it stops for good instead of going on: "computing",
"placing" (the file is whole, under its temporary name), "placed" (it has its name, the
rows are not written) or "committed".
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = ("computing", "placing", "placed", "committed")


@contextlib.contextmanager
def peer(place: Any, store: Path, hangs: str = "") -> Iterator[subprocess.Popen[str]]:
    """Start one; killed at the end if it still runs."""
    told = {"parameters": place.parameters, "store": str(store), "hangs": hangs}
    child = subprocess.Popen(
        [sys.executable, __file__, json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def said_until(child: subprocess.Popen[str], word: str) -> list[str]:
    """What it says, up to the line that begins with a word."""
    lines = []
    for line in child.stdout or ():
        lines.append(line.strip())
        if line.startswith(word):
            return lines
    raise AssertionError(f"ended before it said {word}: {lines}")


def run(parameters: dict[str, Any], store: Path, hangs: str) -> None:
    from labdata_napari.lab import computing
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.instances import new_instance
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.populating import Quiet, populate

    def say(*words: object) -> None:
        print(*words, flush=True)

    def hang() -> None:
        say("hangs")
        time.sleep(1000)

    class Says(Quiet):
        def begins(self, key: Any) -> Any:
            say("begins", key["transform_id"])

            def report(done: int, total: int) -> None:
                time.sleep(0.005)
                if hangs == "computing" and done > total / 3:
                    hang()
                if hangs == "placing" and done == total:
                    hang()

            return report

        def ends(self, key: Any, error: Any) -> None:
            if hangs == "committed":
                hang()
            say("computed", key["transform_id"])

        def waits(self, keys: Any) -> None:
            say("waits")

    if hangs == "placed":
        computing._insert = lambda *_: hang()
    lab = Lab(
        new_instance(**parameters),
        "mysql://test@host:3306",
        "lab_data",
        None,
        Files([store]),
    )
    populate(lab, listener=Says())
    say("over")


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    run(given["parameters"], Path(given["store"]), given["hangs"])
