"""Models that see body parts: their archives, rows, and what they made of videos."""

from __future__ import annotations

import datetime
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, NotFound, WriteRefused
from labdata_napari.lab.copying import zip_folder
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, row_of, words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.publishing import NewFile, in_s3, keep_here, published
from labdata_napari.lab.rows import as_array, fetched
from labdata_napari.lab.unpacking import unpack
from labdata_napari.lab.uploading import STORAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress

Arrays = dict[str, "tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]"]
"""x, y and likelihood of every frame, by body part."""

_FOLDER = "pose_estimation_models"
_BLOBS = dict.fromkeys(("x", "y", "z", "likelihood"), as_array)


def insert_model(
    lab: Any,
    row: Mapping[str, Any],
    model_folder: Path,
    progress: Progress = silent,
) -> int:
    """Keep a model's folder and its row; see `PoseEstimationModel.insert_model`."""
    if lab.read_only:
        raise WriteRefused(
            f"The model was not added: {lab.user} may only read this database."
        )
    if not model_folder.is_dir():
        raise NotFound(f"There is no folder '{model_folder}' of a model.")
    now = datetime.datetime.now().replace(microsecond=0)
    row = {"training_datetime": now, **row}
    with translate_errors():
        number = _free_number(lab, row)
        [row] = checked(
            lab.PoseEstimationModel, [row | {"model_num": number}], f"model {number}"
        )
    name = f"model_{number}"
    file_path = "/".join((_FOLDER, name, f"{now:%Y%m%d_%H%M%S}", f"{name}.zip"))
    with tempfile.TemporaryDirectory() as scratch:
        packed = zip_folder(model_folder, Path(scratch) / f"{name}.zip", progress)
        new = NewFile(packed.path, file_path, STORAGE, packed.size, packed.md5)
        place = {"file_path": file_path, "storage": STORAGE}
        file = place | {
            "file_datetime": now,
            "file_size": float(packed.size),
            "file_md5": packed.md5,
        }
        with published(lab.files, [new], progress):
            if not in_s3(lab.files, STORAGE):
                keep_here(lab.files, new, False, progress)
            with translate_errors("Adding the model"), lab.connection.transaction:
                lab.AnalysisFile.insert1(file)
                values = row | place
                if lab.PoseEstimationModel & {"model_num": number}:
                    lab.PoseEstimationModel.update1(values)
                else:
                    lab.PoseEstimationModel.insert1(values)
    return number


def model_row(
    model_num: int,
    pose_label_set_num: int | None = None,
    algorithm_name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    training_datetime: datetime.datetime | None = None,
    container_name: str | None = None,
    code_link: str | None = None,
) -> dict[str, Any]:
    """Make the columns of a model that its file does not say."""
    row: dict[str, Any] = {
        "model_num": int(model_num),
        "pose_label_set_num": pose_label_set_num,
        "algorithm_name": algorithm_name,
        "parameters_dict": None if parameters is None else json.dumps(parameters),
        "container_name": container_name,
        "code_link": code_link,
    }
    if training_datetime is not None:
        row["training_datetime"] = training_datetime
    return row


def get_model(lab: Any, key: Mapping[str, Any]) -> Path:
    """Bring a model's archive here and unpack it; see `get_model` of the table."""
    with translate_errors():
        row = row_of(lab.PoseEstimationModel, key)
    if row["file_path"] is None:
        raise NotFound(
            f"Model {row['model_num']} has no file; its row was made without one."
        )
    place = {name: row[name] for name in ("file_path", "storage")}
    [archive] = lab.file_rows.get(lab.AnalysisFile & place)
    folder = unpack(archive, archive.with_suffix(""))
    configs = sorted(folder.rglob("config.yaml"), key=lambda p: (len(p.parts), str(p)))
    if not configs:
        raise NotFound(f"There is no config.yaml in the model's archive '{archive}'.")
    return configs[0]


def arrays(rows: Any) -> Arrays:
    """Read the predictions that are selected; see `PoseEstimation.arrays`."""
    lab = rows.lab
    with translate_errors():
        found = fetched(rows, _BLOBS)
    if not found:
        raise NotFound("No predictions match; look at what there is of PoseEstimation.")
    of = [name for name in lab.PoseEstimation.primary_key if name != "label_name"]
    several = {tuple(row[name] for name in of) for row in found}
    if len(several) > 1:
        one = dict(zip(of, sorted(several)[0], strict=True))
        raise InvalidValue(
            f"{len(several)} videos or models match, and only one of each can be read "
            f"at a time; restrict to one, for example {one!r}."
        )
    found.sort(key=lambda row: str(row["label_name"]))
    return {str(row["label_name"]): _arrays_of(row) for row in found}


def load_predictions(lab: Any, model_num: int, video: Mapping[str, Any]) -> Predictions:
    """Read what a model made of a video; see `Poses.load_predictions`."""
    key = key_of(lab.DatasetVideo, video) | {"model_num": int(model_num)}
    with translate_errors():
        rows = fetched(lab.PoseEstimation & key, _BLOBS)
    if not rows:
        raise NotFound(f"There are no predictions with {words(key)}.")
    rows.sort(key=lambda row: str(row["label_name"]))
    read = [_arrays_of(row) for row in rows]
    lengths = {len(x) for x, _, _ in read}
    if len(lengths) > 1:
        raise InvalidValue(
            f"The predictions with {words(key)} have {sorted(lengths)} frames; they "
            "are not of one video. Predict it anew."
        )
    xy = np.stack([np.stack([x, y], axis=1) for x, y, _ in read], axis=1)
    ones = np.ones(len(xy), np.float32)
    sure = np.stack([ones if p is None else p for _, _, p in read], axis=1)
    names = [str(row["label_name"]) for row in rows]
    return Predictions.of(names, xy, sure, int(model_num))


def _arrays_of(
    row: Mapping[str, Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    x, y, sure = row["x"], row["y"], row["likelihood"]
    given = [a for a in (x, y, sure) if a is not None]
    if any(
        a.ndim != 1 or a.shape != x.shape or a.dtype.kind not in "fiu" for a in given
    ):
        raise InvalidValue(
            f"The predictions of {row['label_name']!r} are no lists of numbers of one "
            "length; predict the video anew."
        )
    return x, y, sure


def _free_number(lab: Any, row: Mapping[str, Any]) -> int:
    """Keep the number unless a model of another label set has it: then the next."""
    number = int(row["model_num"])
    there = (lab.PoseEstimationModel & {"model_num": number}).to_dicts()
    if not there or there[0]["pose_label_set_num"] == row["pose_label_set_num"]:
        return number
    taken = lab.PoseEstimationModel.to_arrays("model_num")
    return int(max(taken)) + 1
