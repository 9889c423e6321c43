"""The demo lab in the person's own data folder: built once, then reused."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

from labdata_napari import settings
from labdata_napari.core.progress import Progress, silent
from labdata_napari.demo.build import build_demo
from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from pathlib import Path

_DONE, _UNFINISHED = "demo.json", "demo-unfinished"


def demo_root() -> Path:
    """Return the folder of the demo lab, ``demo`` in the data folder."""
    return settings.data_home() / "demo"


def demo_url(root: Path | None = None) -> str:
    """Return the address to connect to, whether or not the demo is built."""
    return f"embedded:{settings.absolute(root or demo_root())}"


def ensure_demo(
    progress: Progress = silent, *, root: Path | None = None, scale: float = 1.0
) -> str:
    """Build the demo lab unless it is there; return its address.

    A demo whose building was cut short, by a cancel, a crash or a power cut, is not
    taken for one: it is removed and built again. Of two programs that ask at once
    one builds and the other waits.

    Parameters
    ----------
    progress
        Told steps done and in all; raise `Cancelled` in it to stop, which leaves
        nothing behind.
    root
        Folder; `demo_root` when None.
    scale
        As for `demo_truth`; a demo that is there is used whatever its scale.

    Returns
    -------
    str
        For `labdata_napari.connect`.

    Raises
    ------
    WriteRefused
        When the folder holds something else, cannot be written, or the disk has
        not enough room.
    """
    from labdata_napari.core.locks import FileLock
    from labdata_napari.lab.copying import writing

    root = settings.absolute(root or demo_root())
    if not (root / _DONE).exists():
        with writing(root):
            root.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(root.with_name(f"{root.name}.lock"))
            while not lock.acquire():
                progress(0, 1)  # somebody else is building it; a cancel gets through
                time.sleep(0.2)
            try:
                if not (root / _DONE).exists():
                    _build(root, scale, progress)
            finally:
                lock.discard()
    return demo_url(root)


def _build(root: Path, scale: float, progress: Progress) -> None:
    from labdata_napari.lab.connect import connect

    if (root / _UNFINISHED).exists():
        _remove(root)
    elif root.exists() and any(root.iterdir()):
        raise WriteRefused(
            f"The demo lab was not built: the folder '{root}' holds something else; "
            "move it away."
        )
    root.mkdir(exist_ok=True, mode=0o700)
    (root / _UNFINISHED).touch()
    try:
        # local_paths: the files go into the demo's own folder, whatever is set
        with connect(demo_url(root), name=settings.DEFAULT_NAME, local_paths=()) as lab:
            truth = build_demo(lab, scale=scale, progress=progress)
        note = {"seed": truth.seed, "scale": truth.scale}
        part = root / f"{_DONE}.part"
        part.write_text(json.dumps(note), "utf-8")
        os.replace(part, root / _DONE)
        (root / _UNFINISHED).unlink()
    except BaseException:
        _remove(root)
        raise


def _remove(root: Path) -> None:
    from labdata_napari.lab.embedded import EmbeddedPostgres

    EmbeddedPostgres(root).stop(force=True)  # it may have outlived a killed builder
    # the mark goes last, so that a removal cut short is not taken for a demo either
    for item in root.iterdir():
        if item.name == _UNFINISHED:
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
    (root / _UNFINISHED).unlink(missing_ok=True)
    root.rmdir()
