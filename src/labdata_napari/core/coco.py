"""Label sets as COCO keypoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_export import new_folder, write_pictures
from labdata_napari.core.label_files import LabelFile
from labdata_napari.core.label_manifest import NAME as MANIFEST
from labdata_napari.core.label_manifest import read_manifest
from labdata_napari.core.label_table import LabelTable
from labdata_napari.core.lightning import video_folders
from labdata_napari.core.pose_draft import State
from labdata_napari.core.progress import silent
from labdata_napari.core.small_files import read_json, write_files
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.core.label_export import LabelExport
    from labdata_napari.core.progress import Progress

TABLE = "annotations.json"
_NOWHERE = (0, 0)
"""Where a body part is that is known to be hidden, but not where."""
_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def read_coco(path: Path) -> LabelFile:
    """Read COCO keypoints.

    Parameters
    ----------
    path
        JSON file; pictures are looked for beside it. Where a picture has several
        animals their body parts are called "1/nose", "2/nose", ….

    Returns
    -------
    LabelFile
        With states: 0 not labelled, 1 hidden, 2 visible.

    Raises
    ------
    NotFound
        When there is no file.
    UnreadableFile
        When it is no COCO file of keypoints.
    """
    record = read_json(path)
    try:
        table, edges = _table(record)
    except _BROKEN as error:
        raise UnreadableFile(
            f"'{path}' is damaged or no COCO file of keypoints ({error})."
        ) from error
    pictures: dict[str | int, Path] = {}
    for row in table.rows:
        parts = [p for p in str(row).split("/") if p not in ("", ".", "..")]
        found = path.parent.joinpath(*parts)
        if parts and found.is_file():
            pictures[row] = found
    manifest = path.parent / MANIFEST
    there = read_manifest(manifest) if manifest.is_file() else None
    return LabelFile(path, table, pictures, there, edges=edges)


def write_coco(
    folder: Path,
    export: LabelExport,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a label set as COCO keypoints.

    Parameters
    ----------
    folder
        Where to.
    export
        What to write; one frame at least.
    overwrite
        Whether a folder with files in it may be replaced.
    progress
        As `labdata_napari.core.label_export.write_pictures` takes it.

    Returns
    -------
    Path
        ``annotations.json``; pictures are ``images/<video>/frame<number>.png``.

    Raises
    ------
    WriteRefused
        When something is there already, or the disk refuses.
    """
    folders = video_folders(export.frames)
    names = {
        frame: f"images/{folders[frame[:4]]}/frame{frame.frame_num:08d}.png"
        for frame in export.frames
    }
    with new_folder(folder, overwrite) as part:
        height, width = write_pictures(part, export, names, progress)
        record = _record(export, export.table(names), (height, width))
        files = {
            part / TABLE: json.dumps(record, ensure_ascii=False, indent=1).encode(),
            part / MANIFEST: export.manifest(names).to_bytes(),
        }
        write_files(files, overwrite=True)
    return folder / TABLE


def _table(record: Any) -> tuple[LabelTable, tuple[tuple[str, str], ...]]:
    parts = {c["id"]: [str(n) for n in c["keypoints"]] for c in record["categories"]}
    files = {i["id"]: str(i["file_name"]).replace("\\", "/") for i in record["images"]}
    of_image: dict[Any, list[Any]] = {}
    for annotation in record["annotations"]:
        of_image.setdefault(annotation["image_id"], []).append(annotation)
    several = any(len(found) > 1 for found in of_image.values())
    found: dict[tuple[str, str], tuple[float, float, int]] = {}
    for image, animals in of_image.items():
        for number, annotation in enumerate(animals, start=1):
            before = f"{number}/" if several else ""
            flat = np.array(annotation["keypoints"], np.float64).reshape(-1, 3)
            names = parts[annotation["category_id"]]
            for name, (x, y, flag) in zip(names, flat.tolist(), strict=True):
                found[files[image], before + name] = x, y, int(flag)
    rows = tuple(dict.fromkeys(files.values()))
    names = list(dict.fromkeys(name for _, name in found))
    names = names or [name for each in parts.values() for name in each]
    xy = np.full((len(rows), len(names), 2), np.nan)
    states = np.full(xy.shape[:2], State.ABSENT, np.uint8)
    of_row = {row: n for n, row in enumerate(rows)}
    of_name = {name: n for n, name in enumerate(names)}
    for (row, name), (x, y, flag) in found.items():
        place = of_row[row], of_name[name]
        states[place] = State(flag)
        if flag == State.VISIBLE or (flag and (x, y) != _NOWHERE):
            xy[place] = x, y
    table = LabelTable("coco", tuple(names), rows, xy, states=states)
    return table, _edges(record["categories"])


def _edges(categories: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(c["keypoints"][a - 1]), str(c["keypoints"][b - 1]))
        for c in categories
        for a, b in c.get("skeleton") or ()
    )


def _record(
    export: LabelExport, table: LabelTable, size: tuple[int, int]
) -> Mapping[str, Any]:
    assert table.states is not None  # an export knows them
    names = list(table.bodyparts)
    edges = [[names.index(a) + 1, names.index(b) + 1] for a, b in export.edges]
    category = {"id": 1, "name": "animal", "keypoints": names, "skeleton": edges}
    images, animals = [], []
    for number, row in enumerate(table.rows, start=1):
        images.append(
            {"id": number, "file_name": row, "height": size[0], "width": size[1]}
        )
        xy, states = table.xy[number - 1], table.states[number - 1]
        flat: list[float] = []
        for (x, y), state in zip(xy.tolist(), states.tolist(), strict=True):
            flat += [*((x, y) if x == x else _NOWHERE), state]
        placed = xy[~np.isnan(xy[:, 0])]
        corner = placed.min(axis=0) if len(placed) else np.zeros(2)
        extent = placed.max(axis=0) - corner if len(placed) else np.zeros(2)
        animals.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "keypoints": flat,
                "num_keypoints": int(np.count_nonzero(states)),
                "bbox": [*corner.tolist(), *extent.tolist()],
                "area": float(extent.prod()),
                "iscrowd": 0,
            }
        )
    return {"images": images, "annotations": animals, "categories": [category]}
