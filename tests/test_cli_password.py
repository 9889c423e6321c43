"""The command line asks for a password at a terminal, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from labs import add_brain

if TYPE_CHECKING:
    from databases import Place

pytestmark = [
    pytest.mark.mysql,
    pytest.mark.parametrize("backend", ["mysql"]),
    pytest.mark.skipif(os.name == "nt", reason="needs a POSIX terminal"),
]


def command(place: Place) -> list[str]:
    here = place.parameters
    url = f"mysql://{here['user']}@{here['host']}:{here['port']}"
    program = [sys.executable, "-m", "labdata_napari.cli"]
    return [*program, "transform", "list", "--url", url]


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(lab, lab_place: Place):
    import pty

    add_brain(lab)
    words = command(lab_place)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(words[0], words)
    said = b""
    deadline = time.monotonic() + 60
    while b"Password of labdata at 127.0.0.1:" not in said:
        assert time.monotonic() < deadline, said
        said += os.read(terminal, 1000)
    assert b"none is known here" in said
    secret = lab_place.parameters["password"].encode()
    os.write(terminal, secret + b"\n")
    try:
        while more := os.read(terminal, 1000):
            said += more
    except OSError:  # how Linux says that the other end is closed
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert b"M1" in said
    assert secret not in said


def test_without_a_terminal_the_refusal_is_said(lab_place: Place):
    done = subprocess.run(
        command(lab_place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "does not accept the user 'labdata' without a password" in done.stderr
    assert "Traceback" not in done.stderr
