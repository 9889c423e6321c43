"""Tell whether a stack is still the one it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def identity_of(stack: Any) -> list[object] | None:
    """List what changes with the file or zarr folder that a stack was opened from.

    Of a file on this computer: path, size and time; of one far away: address, size
    and version. None for a stack that was not opened from a file.
    """
    remote, path = getattr(stack, "remote", None), getattr(stack, "path", None)
    if remote is not None:
        return [remote.url, remote.size, remote.version]
    return None if path is None else _facts_of(path)


def _facts_of(path: Path) -> list[object]:
    facts: list[object] = [str(path.resolve())]
    for part in (path, *(path / n for n in (".zarray", "zarr.json"))):
        try:
            status = part.stat()
        except OSError:
            continue
        facts += [status.st_size, status.st_mtime_ns]
    return facts
