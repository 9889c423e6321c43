"""Label sets as folders that DeepLabCut and napari-deeplabcut work on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.label_csv import csv_bytes
from labdata_napari.core.label_export import new_folder, write_pictures
from labdata_napari.core.label_files import LABELED_DATA
from labdata_napari.core.label_hdf import write_hdf
from labdata_napari.core.label_manifest import NAME as MANIFEST
from labdata_napari.core.progress import silent
from labdata_napari.core.small_files import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.core.label_export import LabelExport
    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.progress import Progress


_PCUTOFF = 0.6  # as DeepLabCut begins a project


def picture_names(frames: tuple[FrameKey, ...]) -> dict[FrameKey, str]:
    """Name pictures as labdata does: by place, session and number of the frame."""
    return {
        frame: f"im_{n:06d}_session{frame.session_name}_frame{frame.frame_num:06d}.png"
        for n, frame in enumerate(frames)
    }


def write_dlc(
    project: Path,
    export: LabelExport,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a label set into a DeepLabCut project.

    Parameters
    ----------
    project
        Its folder, made if need be. A ``config.yaml`` that is there stays as it is.
    export
        What to write; one frame at least.
    overwrite
        Whether an export of the same set may be replaced.
    progress
        As `labdata_napari.core.label_export.write_pictures` takes it.

    Returns
    -------
    Path
        ``labeled-data/label_set_<number>``: pictures, ``CollectedData_<scorer>.h5``,
        the same as CSV, and ``labels_manifest.json``.

    Raises
    ------
    WriteRefused
        When an export is there already, or the disk refuses.
    """
    folder = project / LABELED_DATA / f"label_set_{export.label_set}"
    names = picture_names(export.frames)
    rows = {f: f"{LABELED_DATA}/{folder.name}/{name}" for f, name in names.items()}
    with new_folder(folder, overwrite) as part:
        size = write_pictures(part, export, names, progress)
        table = export.table(rows)
        handles = _handles(export, size) if export.disperse else {}
        for name, place in handles.items():
            table.xy[0, table.bodyparts.index(name)] = place
        first = names[export.frames[0]]
        manifest = export.manifest(names, {(first, n): p for n, p in handles.items()})
        stem = f"CollectedData_{export.scorer}"
        write_hdf(part / f"{stem}.h5", table)
        files = {
            part / f"{stem}.csv": csv_bytes(table, split_names=True),
            part / MANIFEST: manifest.to_bytes(),
        }
        write_files(files, overwrite=True)
    config = project / "config.yaml"
    if not config.exists():
        write_files({config: _config(export, project)}, overwrite=False)
    return folder


def _handles(
    export: LabelExport, size: tuple[int, int]
) -> Mapping[str, tuple[float, float]]:
    """Give places along a line to the body parts that the first frame lacks."""
    labels = export.draft.labels
    absent = np.isnan(labels.xyz[0, :, 0])
    names = [n for n, lacks in zip(labels.bodyparts, absent, strict=True) if lacks]
    height, width = size
    step = width / (len(names) + 1)
    return {
        name: (round((n + 1) * step, 3), round(height / 10, 3))
        for n, name in enumerate(names)
    }


def _config(export: LabelExport, project: Path) -> bytes:
    """Write what a project needs for its labels to be opened and trained on.

    What JSON writes is also YAML.
    """
    settings = {
        "Task": project.name or "labels",
        "scorer": export.scorer,
        "date": "",
        "multianimalproject": any("/" in n for n in export.draft.labels.bodyparts),
        "project_path": str(project),
        "video_sets": {},
        "bodyparts": list(export.draft.labels.bodyparts),
        "skeleton": [list(edge) for edge in export.edges],
        "start": 0,
        "stop": 1,
        "numframes2pick": 20,
        "pcutoff": _PCUTOFF if export.pcutoff is None else export.pcutoff,
        "dotsize": 8,
        "alphavalue": 0.7,
        "colormap": "rainbow",
        "TrainingFraction": [0.95],
        "iteration": 0,
        "snapshotindex": -1,
    }
    lines = [f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in settings.items()]
    return ("\n".join(lines) + "\n").encode()
