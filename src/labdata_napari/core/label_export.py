"""A label set as a folder: pictures, a table of labels, and what tells which is which.

The folder is written under another name and gets its own when all is there. Pictures
come one by one, so a set of any size takes the memory of a few.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.label_manifest import Manifest
from labdata_napari.core.label_table import LabelTable, shortest
from labdata_napari.core.pictures import padded, read_picture, write_picture
from labdata_napari.core.progress import silent
from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.progress import Progress

REPLACE = "have it replaced: --overwrite, in Python overwrite=True"
"""How to say that what is there may go."""

_THREADS = 2


@dataclass(frozen=True, eq=False)
class LabelExport:
    """What is to be written of a label set.

    Attributes
    ----------
    label_set
        Its number.
    scorer
        Who labelled.
    draft
        The labels of the frames and body parts to write, in this order.
    pictures
        Each frame with its picture (Y, X) or (Y, X, 3), in the order of the frames.
    pad
        Whether to make all pictures as large as the largest, with black at the bottom
        and right: viewers that stack them need it.
    disperse
        Whether body parts that the first frame lacks get a place there all the same,
        to be dragged from; such places do not come back as labels.
    edges
        Pairs of body parts that a skeleton joins.
    pcutoff
        Likelihood from which a project takes predictions; None for DeepLabCut's own.
    """

    label_set: int
    scorer: str
    draft: PoseDraft
    pictures: Iterable[tuple[FrameKey, NDArray[np.uint8]]]
    pad: bool = True
    disperse: bool = False
    edges: tuple[tuple[str, str], ...] = field(default=())
    pcutoff: float | None = None

    @property
    def frames(self) -> tuple[FrameKey, ...]:
        """The frames to write."""
        return self.draft.labels.frames

    def table(self, names: Mapping[FrameKey, str]) -> LabelTable:
        """Give the labels with the rows called by `names`."""
        labels = self.draft.labels
        return LabelTable(
            self.scorer,
            labels.bodyparts,
            tuple(names[frame] for frame in labels.frames),
            shortest(labels.xyz[..., :2]),
            states=self.draft.states(),
        )

    def manifest(
        self,
        names: Mapping[FrameKey, str],
        handles: Mapping[tuple[str, str], tuple[float, float]] | None = None,
    ) -> Manifest:
        """Give what tells which picture is which frame, called by `names`."""
        labels, written = self.draft.labels, set(self.draft.labels.bodyparts)
        frames = {names[frame]: frame for frame in self.frames}
        hidden = frozenset(
            (frame, name)
            for frame, name in self.draft.occluded
            if frame in names and name in written
        )
        return Manifest(self.label_set, frames, labels, handles or {}, hidden)


@contextlib.contextmanager
def new_folder(target: Path, overwrite: bool) -> Iterator[Path]:
    """Give an empty folder that gets another name when the block ends well.

    Raises
    ------
    WriteRefused
        When something is there and not `overwrite`, or the disk refuses.
    """
    if target.exists() and not overwrite and not _is_empty(target):
        raise WriteRefused(
            f"'{target}' holds files already, maybe labels that were not brought back "
            f"yet; choose another folder, or {REPLACE}."
        )
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        _take_place(part, target)
    except OSError as error:
        reason = error.strerror or error
        raise WriteRefused(f"'{target}' cannot be written: {reason}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_pictures(
    folder: Path,
    export: LabelExport,
    names: Mapping[FrameKey, str],
    progress: Progress = silent,
) -> tuple[int, int]:
    """Write the pictures of an export as PNG.

    Parameters
    ----------
    folder
        Where to.
    export
        What.
    names
        Paths below the folder.
    progress
        Called with pictures done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    tuple of int
        Rows and columns of the largest.
    """
    sizes: dict[FrameKey, tuple[int, ...]] = {}
    waiting: deque[Future[None]] = deque()
    for below in {(folder / name).parent for name in names.values()}:
        below.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_THREADS) as pool:
        for frame, picture in export.pictures:
            sizes[frame] = picture.shape[:2]
            waiting.append(pool.submit(write_picture, folder / names[frame], picture))
            if len(waiting) > 2 * _THREADS:
                waiting.popleft().result()
            progress(len(sizes), len(names))
        for one in waiting:
            one.result()
    height, width = np.max([*sizes.values()], axis=0).tolist()
    if export.pad:
        for frame, size in sizes.items():
            if size != (height, width):
                path = folder / names[frame]
                write_picture(path, padded(read_picture(path), (height, width)))
    return height, width


def _take_place(part: Path, target: Path) -> None:
    if not target.exists():
        os.replace(part, target)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    os.replace(target, old)
    try:
        os.replace(part, target)
    except OSError:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
