"""The folders that were added to an embedded lab, in a file beside its database."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.copying import writing

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_folders(path: Path) -> tuple[Path, ...]:
    """Read the list; empty when there is none.

    Raises
    ------
    InvalidValue
        When it is damaged.
    """
    try:
        listed = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise InvalidValue(
            f"The list of local folders '{path}' cannot be read "
            f"({error}); repair or delete it."
        ) from error
    if not isinstance(listed, list) or not all(isinstance(p, str) for p in listed):
        raise InvalidValue(
            f"The list of local folders '{path}' is not a list of "
            "paths; repair or delete it."
        )
    return tuple(Path(p) for p in listed)


def write_folders(path: Path, folders: Sequence[Path]) -> None:
    """Write the list, whole or not at all; raises WriteRefused."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "w", encoding="utf-8") as stream:
                json.dump([str(f) for f in folders], stream, indent=1)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
