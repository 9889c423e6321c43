"""Connecting says nothing at the terminal, whichever thread does it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from databases import Place

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from labdata_napari.lab.instances import close, new_instance

password = sys.stdin.readline().encode()
def connect(_):
    made = new_instance(
        host="127.0.0.1", port=int(sys.argv[1]), user=sys.argv[2], password=password,
        use_tls=False, backend="mysql",
    )
    close(made.connection)

with ThreadPoolExecutor(8) as threads:
    list(threads.map(connect, range(40)))
print("connected")
"""


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_many_threads_connect_to_mariadb_without_a_word(lab_place: Place):
    here = lab_place.parameters
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(here["port"]), here["user"]],
        input=here["password"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("connected\n", "")
