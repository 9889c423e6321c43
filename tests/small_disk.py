"""A disk that is really full: a tmpfs that only the tried program sees."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def on_a_small_disk(megabytes: int, folder: Path, *command: str) -> str:
    """Run Python with a tmpfs of that size mounted on `folder`, for it alone."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("a small disk needs Linux and unshare")
    mount = f'mount -t tmpfs -o size={megabytes}m none "$1" && shift && exec "$@"'
    unshare = ["unshare", "-rm", "sh", "-c", mount, "sh", str(folder)]
    probe = subprocess.run([*unshare, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this account may not mount a small disk")
    done = subprocess.run(
        [*unshare, sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
