"""What an export of labels wrote, as the tables that labdata's scripts expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.label_manifest import NAME, read_manifest
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.rows import fetched

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def tables_of_export(
    lab: Any, num: int, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frames that were written, with their pictures' paths, and all labels.

    The pixels are in the pictures, not in the table: of a large set they would take
    all memory.
    """
    import pandas as pd

    manifest = read_manifest(folder / NAME)
    key = {"pose_label_set_num": num}
    frames = [
        {**key, **frame.to_row(), "image_path": str(folder / picture)}
        for picture, frame in manifest.frames.items()
    ]
    with translate_errors():
        labels = fetched(lab.PoseEstimationLabelSet.Label & key)
        names = list(lab.PoseEstimationLabelSet.Label.heading.names)
    order = names[: names.index("label_name") + 1]
    table = pd.DataFrame(labels, columns=names).sort_values(order, ignore_index=True)
    return pd.DataFrame(frames), table
