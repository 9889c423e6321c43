"""Models and their predictions: kept, brought back safely, read as they are."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose_predictions import read_predictions
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    UnreadableFile,
)
from labdata_napari.lab.unpacking import unpack
from labelling import add_video
from labs import postgresql

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    (folder / "train").mkdir(parents=True)
    (folder / "config.yaml").write_text("Task: x")
    (folder / "train" / "config.yaml").write_text("inner")
    (folder / "train" / "weights.pt").write_bytes(bytes(range(256)))
    return folder


@postgresql
def test_a_model_is_kept_and_brought_back(lab: Any, model: Path) -> None:
    number = lab.poses.create_label_set("for a model")
    about = {"pose_label_set_num": number, "parameters": {"epochs": 3}}
    models = lab.PoseEstimationModel()
    with pytest.raises(InvalidValue, match="algorithm_name"):
        models.insert_model(7, model, **about)
    assert len(models) == len(lab.AnalysisFile()) == 0
    kept = models.insert_model(7, model, algorithm_name="deeplabcut", **about)
    assert kept == 7
    [row] = models.to_dicts()
    assert row["file_path"].startswith("pose_estimation_models/model_7/")
    assert row["file_path"].endswith("/model_7.zip")
    assert row["parameters_dict"] == '{"epochs": 3}'
    config = (models & {"model_num": 7}).get_model()
    assert config.read_text() == "Task: x"
    weights = config.parent / "train" / "weights.pt"
    assert weights.read_bytes() == bytes(range(256))
    assert (models & {"model_num": 7}).get_model() == config
    # one of another label set gets a number of its own
    assert models.insert_model(7, model, algorithm_name="deeplabcut") == 8
    with pytest.raises(NotFound, match="no folder"):
        models.insert_model(9, model / "none", algorithm_name="deeplabcut")


@postgresql
def test_predictions_are_read_as_they_are(lab: Any) -> None:
    video = add_video(lab)
    lab.PoseEstimationModel.insert1({"model_num": 4, "algorithm_name": "dlc"})
    x = np.arange(5.0)
    for name, sure in (("tail", None), ("nose", np.linspace(0, 1, 5))):
        row = {"model_num": 4, **video, "label_name": name}
        lab.PoseEstimation.insert1(row | {"x": x, "y": x + 0.5, "likelihood": sure})
    chosen = lab.PoseEstimation & {"model_num": 4}
    found = chosen.arrays()
    assert list(found) == ["nose", "tail"]
    np.testing.assert_array_equal(found["nose"][1], x + 0.5)
    assert found["tail"][2] is None
    read = lab.poses.load_predictions(4, video)
    assert read.bodyparts == ("nose", "tail")
    assert read.at(4)["nose"] == (4.0, 4.5, 1.0)
    assert read.source == 4
    other = add_video(lab, "side")
    lab.PoseEstimation.insert1(
        {"model_num": 4, **other, "label_name": "nose", "x": x, "y": x[:4]}
    )
    with pytest.raises(InvalidValue, match="2 videos or models match"):
        chosen.arrays()
    with pytest.raises(InvalidValue, match="no lists of numbers of one length"):
        lab.poses.load_predictions(4, other)
    with pytest.raises(NotFound):
        lab.poses.load_predictions(5, video)
    with pytest.raises(NotFound):
        (lab.PoseEstimation & {"model_num": 5}).arrays()


def test_predictions_in_a_file_are_of_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    header = "scorer,n,n,n\nbodyparts,a,a,a\ncoords,x,y,likelihood\n"
    path.write_text(header + "0,1,2,0.5\n3,4,5,0.75\n")
    read = read_predictions(path)
    assert len(read) == 4
    assert read.at(3) == {"a": (4.0, 5.0, 0.75)}
    assert np.isnan(read.at(1)["a"].x)
    path.write_text(header + "img.png,1,2,0.5\n")
    with pytest.raises(UnreadableFile, match="which frames"):
        read_predictions(path)


def archive(path: Path, *names: str, link: bool = False) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name in names:
            info = zipfile.ZipInfo(name)
            if link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            out.writestr(info, "content")
    return path


@pytest.mark.parametrize(
    ("names", "link", "why"),
    [
        (["../out.txt"], False, "leaves its store"),
        (["a/../../out.txt"], False, "leaves its store"),
        (["/out.txt"], False, "absolute"),
        (["C:/out.txt"], False, "drive"),
        (["a\\..\\out.txt"], False, "backslash"),
        (["config.yaml"], True, "is a link"),
        (["config.yaml", "Config.yaml"], False, "twice"),
    ],
)
def test_nothing_of_an_archive_leaves_its_folder(
    tmp_path: Path, names: list[str], link: bool, why: str
) -> None:
    made = archive(tmp_path / "m.zip", *names, link=link)
    with pytest.raises(InvalidValue, match=why):
        unpack(made, tmp_path / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["m.zip"]


def test_an_archive_that_lies_or_is_damaged_is_not_unpacked(tmp_path: Path) -> None:
    made = archive(tmp_path / "m.zip", "config.yaml")
    content = bytearray(made.read_bytes())
    at = content.index(b"content")
    content[at] ^= 1
    made.write_bytes(content)
    with pytest.raises(UnreadableFile, match="damaged"):
        unpack(made, tmp_path / "model")
    made.write_bytes(b"no zip")
    with pytest.raises(UnreadableFile, match="no zip archive"):
        unpack(made, tmp_path / "model")
    with pytest.raises(NotFound):
        unpack(tmp_path / "none.zip", tmp_path / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["m.zip"]
