"""Labels opened in napari from a project, and saved again, through napari itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from labdata_napari.contributions import get_label_reader, write_labels
from labdata_napari.core.label_csv import csv_bytes
from labdata_napari.core.label_files import read_table
from labdata_napari.core.label_table import LabelTable
from labdata_napari.core.pictures import write_picture
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

NAN = np.nan


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p" / "labeled-data" / "cam"
    folder.mkdir(parents=True)
    rows = tuple(f"labeled-data/cam/img{n}.png" for n in range(3))
    for n, row in enumerate(rows[:2]):
        picture = np.full((20, 30 + n, 3), 50 + n, np.uint8)
        write_picture(folder / row.rsplit("/", 1)[-1], picture)
    xy = np.array([[[1, 2], [NAN] * 2], [[3, 4], [5, 6.5]], [[NAN] * 2, [7, 8]]])
    table = LabelTable("ana", ("nose", "tail"), rows, xy)
    (folder / "CollectedData_ana.csv").write_bytes(csv_bytes(table))
    return tmp_path / "p"


def test_a_project_opens_and_is_saved_as_it_was(project: Path, tmp_path: Path) -> None:
    layers = get_label_reader(str(project))(str(project))
    assert [kind for *_, kind in layers] == ["image", "points"]
    viewer = ViewerModel()
    for data, attributes, kind in layers:
        viewer._add_layer_from_data(data, attributes, kind)
    frames, labels = viewer.layers
    assert (frames.data.shape, frames.rgb) == ((3, 20, 31, 3), True)
    pixels = np.asarray(frames.data)
    assert pixels[0, 0, [29, 30], 0].tolist() == [50, 0]  # padded
    assert not pixels[2].any()  # the picture is missing
    assert labels.data.tolist() == [[0, 2, 1], [1, 4, 3], [1, 6.5, 5], [2, 8, 7]]
    assert labels.features["label"].tolist() == ["nose", "nose", "tail", "tail"]
    viewer.dims.current_step = (1, 0, 0)  # both are on one slider
    before = read_table(project / "labeled-data" / "cam" / "CollectedData_ana.csv")
    for name in ("CollectedData_ana.h5", "CollectedData_ana.csv"):
        data, attributes, _ = labels.as_layer_data_tuple()
        [written] = write_labels(str(tmp_path / name), data, attributes)
        after = read_table(tmp_path / name)
        assert (after.rows, after.bodyparts) == (before.rows, before.bodyparts)
        np.testing.assert_array_equal(after.xy, before.xy)
        assert written == str(tmp_path / name)


def test_what_cannot_be_saved_as_labels_is_said(project: Path, tmp_path: Path) -> None:
    *_, (data, attributes, _) = get_label_reader(str(project))(str(project))
    with pytest.raises(InvalidValue, match="no labels of body parts"):
        write_labels(str(tmp_path / "t.h5"), data, attributes | {"metadata": {}})
    data[2, 0] = 2
    with pytest.raises(InvalidValue, match="'tail' is labelled twice in frame 2"):
        write_labels(str(tmp_path / "t.h5"), data, attributes)
    data[2, 0] = 9
    with pytest.raises(InvalidValue, match="in frame 9, and there are 3"):
        write_labels(str(tmp_path / "t.h5"), data, attributes)
    assert not (tmp_path / "t.h5").exists()


def test_other_files_and_folders_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_bytes(b"x")
    (tmp_path / "table.csv").write_text("a,b")
    for path in (tmp_path, tmp_path / "other.h5", tmp_path / "table.csv"):
        assert get_label_reader(str(path)) is None
