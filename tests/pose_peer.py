"""Read exported folders of labels as napari-deeplabcut and DeepLabCut do.

Run with the interpreter of ``.venv-pose-peers``; nothing of ours is imported. Each line
on standard input is a folder, each on what was standard output is what was read of it,
as JSON. What the programs print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from napari_deeplabcut._reader import get_folder_parser  # noqa: E402


def opened_in_napari(folder: Path) -> dict[str, object]:
    """The layers of the folder: pictures in their order, and each point on its own."""
    layers = {kind: (data, more) for data, more, kind in _layers(folder)}
    pictures, about = layers["image"]
    points, more = layers["points"]
    names = [Path(path).name for path in about["metadata"]["paths"]]
    names_of_points = [Path(path).name for path in more["metadata"]["paths"]]
    columns = more["metadata"]["header"].columns
    labels = more["properties"]["label"]
    found = np.isfinite(points).all(axis=1)
    return {
        "names": names,
        "sums": [int(np.asarray(p).astype(np.int64).sum()) for p in pictures],
        "points": [
            (names_of_points[int(n)], str(label), float(x), float(y))
            for (n, y, x), label, is_there in zip(points, labels, found, strict=True)
            if is_there
        ],
        "bodyparts": list(dict.fromkeys(column[-2] for column in columns)),
    }


def _layers(folder: Path) -> list[tuple[object, dict, str]]:
    read = get_folder_parser(str(folder))
    if read is None:
        raise ValueError(f"napari-deeplabcut does not take {folder}")
    return read(str(folder))


def read_by_pandas(folder: Path) -> dict[str, object]:
    """The table as DeepLabCut reads it before training."""
    [file] = folder.glob("CollectedData_*.h5")
    frame = pd.read_hdf(file)
    scorers, bodyparts, coords = (
        list(dict.fromkeys(frame.columns.get_level_values(level)))
        for level in ("scorer", "bodyparts", "coords")
    )
    values = frame.to_numpy(float).reshape(len(frame), len(bodyparts), 2)
    return {
        "scorers": scorers,
        "bodyparts": bodyparts,
        "coords": coords,
        "rows": [list(row) for row in frame.index],
        # JSON has no NaN
        "xy": [[None if np.isnan(p).any() else p.tolist() for p in r] for r in values],
    }


for line in sys.stdin:
    where = Path(line.rstrip("\n"))
    answer = {"napari": opened_in_napari(where), "pandas": read_by_pandas(where)}
    print(json.dumps(answer, allow_nan=False), file=answers, flush=True)
