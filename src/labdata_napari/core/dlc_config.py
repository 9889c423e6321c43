"""What a DeepLabCut project's ``config.yaml`` says of its labels.

The file is written by hand, and often broken: what is asked for is read alone.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from labdata_napari.core.small_files import read_text
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

_MOST_CHARACTERS = 1 << 16
_SCORER = re.compile(r"^scorer:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_PCUTOFF = re.compile(r"^pcutoff:[ \t]*([0-9.eE+-]+)[ \t]*(?:#.*)?$", re.MULTILINE)
_SKELETON = re.compile(r"^skeleton:.*(?:\n(?:[ \t#-].*)?$)*", re.MULTILINE)


def scorer_of(folder: Path) -> str:
    """Tell who labels in a project; empty where it does not say.

    Parameters
    ----------
    folder
        Of the project, or one below it.
    """
    found = _SCORER.search(_config(folder))
    return found[1].strip("'\"") if found else ""


def edges_of(folder: Path) -> tuple[tuple[str, str], ...]:
    """Tell which body parts the skeleton of a project joins; none where it is no list.

    Parameters
    ----------
    folder
        Of the project, or one below it.
    """
    import yaml

    try:
        found = _SKELETON.search(_config(folder))
        if found is None or len(found[0]) > _MOST_CHARACTERS:
            return ()
        chains = yaml.safe_load(found[0])["skeleton"]
        lists = [chain for chain in chains or () if isinstance(chain, list)]
    except (UnreadableFile, yaml.YAMLError, ValueError, TypeError, RecursionError):
        return ()
    pairs = (pair for chain in lists for pair in pairwise(map(str, chain)))
    return tuple(dict.fromkeys(pairs))


def pcutoff_of(folder: Path) -> float | None:
    """Tell from which likelihood a project takes predictions; None if it does not say.

    Parameters
    ----------
    folder
        Of the project, or one below it.
    """
    try:
        found = _PCUTOFF.search(_config(folder))
        value = float(found[1]) if found else math.nan
    except (UnreadableFile, ValueError):
        return None
    return value if 0 <= value <= 1 else None


def _config(folder: Path) -> str:
    for place in (folder, *folder.parents[:2]):
        config = place / "config.yaml"
        if config.is_file():
            return read_text(config)
    return ""
