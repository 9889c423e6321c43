"""labdata's `path_rules`: which folders of a file's path name what it belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labdata_napari.settings import absolute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEFAULT_RULES = "{subject_name}/{session_name}/{dataset_name}"
_NAMES = {f"{what}_name": what for what in ("subject", "session", "dataset")}
# a field, or a word for a folder that names nothing we ask for
_PART = re.compile(r"\{\w+\}|\w[\w.-]*")


def are_rules(text: str) -> bool:
    """Whether a text says, folder by folder, where something we ask for is named."""
    parts = text.split("/")
    return all(map(_PART.fullmatch, parts)) and bool(_NAMES.keys() & set(_fields(text)))


def names_in(path: Path, folders: Sequence[Path], rules: str) -> dict[str, str]:
    """Read off a file's path what it belongs to; touches nothing in the file.

    Parameters
    ----------
    path
        The file, or the folder of a zarr store.
    folders
        The lab's folders on this computer; the rules begin below them.
    rules
        As labdata's settings have them.

    Returns
    -------
    dict
        Some of ``subject``, ``session`` and ``dataset``; nothing for a file that lies
        elsewhere. A name that takes more than one folder is left to the person.
    """
    place = absolute(path)
    folder = next((f for f in folders if place.is_relative_to(f)), None)
    if folder is None:
        return {}
    fields = _fields(rules)
    above = place.relative_to(folder).parts[:-1]
    return {
        _NAMES[field]: name
        for field, name in zip(fields, above, strict=False)
        if field in _NAMES and fields.count(field) == 1
    }


def _fields(rules: str) -> list[str]:
    # what is not in braces is as good a name to labdata
    return [part.strip("{}") for part in rules.split("/")]
