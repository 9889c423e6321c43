"""Labels in files of any format we know, recognised by what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.core.dlc_config import edges_of, pcutoff_of, scorer_of
from labdata_napari.core.label_csv import read_csv
from labdata_napari.core.label_hdf import read_hdf
from labdata_napari.core.label_manifest import NAME as MANIFEST
from labdata_napari.core.label_manifest import Manifest, read_manifest
from labdata_napari.core.pictures import ENDINGS
from labdata_napari.errors import NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.label_table import LabelTable

LABELED_DATA = "labeled-data"
_TABLES = (".h5", ".hdf5", ".csv")
_FRAME = re.compile(r"frame(\d+)", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, eq=False)
class LabelFile:
    """A table of labels and what lies beside it.

    Attributes
    ----------
    path
        The file.
    table
        What it says.
    pictures
        The picture of each row that has one here.
    manifest
        What we wrote about it, if it is an export of ours.
    videos
        The video that each row belongs to, where the file names one.
    edges
        Pairs of body parts that a skeleton joins.
    pcutoff
        Likelihood from which the project takes predictions; None if it does not say.
    """

    path: Path
    table: LabelTable
    pictures: Mapping[str | int, Path] = field(default_factory=dict)
    manifest: Manifest | None = None
    videos: Mapping[str | int, str] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()
    pcutoff: float | None = None

    def video_name(self, row: str | int) -> str:
        """Name of the video a row belongs to: its folder's; empty if none is known."""
        if row in self.videos:
            return self.videos[row]
        parts = str(row).split("/")
        return parts[-2] if len(parts) > 1 else ""


def frame_number(row: str | int) -> int | None:
    """Tell the number of a frame from the name of its picture.

    "frame0012" anywhere in it counts, else the last digits: img0027.png is frame 27.
    """
    if isinstance(row, int):
        return row
    stem = Path(row.rsplit("/", 1)[-1]).stem
    found = _FRAME.findall(stem) or _DIGITS.findall(stem)
    return int(found[-1]) if found else None


def read_label_files(path: Path) -> list[LabelFile]:
    """Read labels from a file or folder.

    Parameters
    ----------
    path
        A DeepLabCut project, or a folder below its ``labeled-data``; a Lightning Pose
        project with ``CollectedData.csv``; or a file: ``.h5`` or ``.csv`` of either,
        COCO keypoints (``.json``), SLEAP (``.slp``) or NWB (``.nwb``).

    Returns
    -------
    list of LabelFile
        One per table, at least one.

    Raises
    ------
    NotFound
        When nothing is there, or no labels in it.
    UnreadableFile
        When a file is damaged or no labels.
    """
    path = Path(path)
    if path.is_dir():
        return [_read_one(file) for file in _tables_below(path)]
    if not path.exists():
        raise NotFound(f"There is no file or folder '{path}'.")
    ending = path.suffix.lower()
    if ending == ".json":
        from labdata_napari.core.coco import read_coco

        return [read_coco(path)]
    if ending in (".slp", ".nwb"):
        from labdata_napari.core.sleap import read_sleap

        return [read_sleap(path)]
    return [_read_one(path)]


def read_table(path: Path) -> LabelTable:
    """Read the table of a ``.h5`` or ``.csv`` file; errors as `read_label_files`."""
    ending = path.suffix.lower()
    if ending not in _TABLES:
        raise UnreadableFile(
            f"'{path}' is no file of labels; choose .h5, .csv, .json, .slp or .nwb, or "
            "a folder of DeepLabCut or Lightning Pose."
        )
    return read_csv(path) if ending == ".csv" else read_hdf(path)


def _read_one(path: Path) -> LabelFile:
    table = read_table(path)
    pictures: dict[str | int, Path] = {}
    for row in table.rows:
        if isinstance(row, str):
            found = _picture(path.parent, row)
            if found is not None:
                pictures[row] = found
    manifest = path.parent / MANIFEST
    there = read_manifest(manifest) if manifest.is_file() else None
    edges, cutoff = edges_of(path.parent), pcutoff_of(path.parent)
    return LabelFile(path, table, pictures, there, edges=edges, pcutoff=cutoff)


def _picture(folder: Path, row: str) -> Path | None:
    """Find a row's picture: beside its table, or where its path leads from there.

    Only what stays below the folder of the table, or of the project, is taken.
    """
    parts = [p for p in row.split("/") if p not in ("", ".", "..")]
    if not parts or Path(parts[-1]).suffix.lower() not in ENDINGS:
        return None
    project = folder.parent.parent if folder.parent.name == LABELED_DATA else folder
    for found in (folder / parts[-1], project.joinpath(*parts)):
        if found.is_file():
            return found
    return None


def _tables_below(folder: Path) -> list[Path]:
    """Files of labels of a project or of one of its folders, by name."""
    scorer = scorer_of(folder)
    own = _table_of(folder, scorer)
    if own is not None:
        return [own]
    below = folder / LABELED_DATA if folder.name != LABELED_DATA else folder
    parts = sorted(p for p in below.iterdir() if p.is_dir()) if below.is_dir() else []
    tables = [table for part in parts if (table := _table_of(part, scorer))]
    if not tables:
        raise NotFound(
            f"There are no labels in '{folder}': neither CollectedData files nor a "
            f"folder {LABELED_DATA} with such; choose the folder of a project."
        )
    return tables


def _table_of(folder: Path, scorer: str) -> Path | None:
    """Choose the labels of a folder: made by people before predicted ones, h5 first."""
    found = _tables(folder, "CollectedData*")
    found = [p for p in found if p.stem == f"CollectedData_{scorer}"] or found
    stems = sorted({p.stem for p in found})
    if len(stems) > 1:
        raise UnreadableFile(
            f"'{folder}' holds labels of several people: {', '.join(stems)}; choose "
            "one of the files."
        )
    # of a model's, those of its last iteration
    found = found or _tables(folder, "machinelabels*")[::-1]
    return min(found, key=lambda p: p.suffix.lower() == ".csv") if found else None


def _tables(folder: Path, pattern: str) -> list[Path]:
    return sorted(p for p in folder.glob(pattern) if p.suffix.lower() in _TABLES)
