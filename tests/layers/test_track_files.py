"""Annotations saved from napari and opened again, through napari itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Points

from labdata_napari.contributions import get_annotation_reader
from labdata_napari.contributions import write_annotations as write
from labdata_napari.core.track_space import Space, bregma_affine
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.points import ROSTER_KEY, Listed
from labdata_napari.layers.track_files import SPACE_KEY

UM = (25.0, 10.0, 10.0)
POINTS = np.array([[1.5, 10, 20], [1.5, 300, 20], [3, 4, 5], [1.5, 150, 21]])
NAMES = ["p_shank0", "p_shank0", "spot", "p_shank0"]


def layer(**metadata):
    return Points(
        POINTS,
        name="Annotations",
        scale=UM,
        units=("um",) * 3,
        features=pd.DataFrame({"annotation": NAMES}, dtype=object),
        metadata={
            ROSTER_KEY: (Listed("spot", "landmark"), Listed("p_shank0", "probe_track")),
            **metadata,
        },
    )


def save(points, path):
    data, attributes, _ = points.as_layer_data_tuple()
    return write(str(path), data, attributes)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_what_is_saved_opens_as_it_was(tmp_path, suffix):
    path = tmp_path / f"tracks{suffix}"
    assert save(layer(), path) == [str(path)]
    ((data, attributes, kind),) = get_annotation_reader(str(path))(str(path))
    assert kind == "points"
    (back,) = ViewerModel()._add_layer_from_data(data, attributes, kind)
    np.testing.assert_array_equal(back.data, POINTS[[0, 1, 3, 2]])
    np.testing.assert_allclose(back.scale, UM)
    assert back.features["annotation"].tolist() == ["p_shank0"] * 3 + ["spot"]
    assert back.features["type"].tolist() == ["probe_track"] * 3 + ["landmark"]
    again = tmp_path / f"again{suffix}"
    save(back, again)
    assert again.read_bytes() == path.read_bytes()


def test_other_files_are_left_to_others(tmp_path):
    for name, text in (
        ("tracks.csv", "index,axis-0,axis-1,axis-2\n0,1,2,3\n"),
        ("a.json", '{"xyz_picks": []}'),
        ("b.json", "\x00"),
    ):
        (tmp_path / name).write_text(text)
        assert get_annotation_reader(str(tmp_path / name)) is None
    assert get_annotation_reader(str(tmp_path / "none.json")) is None


def test_a_layer_that_knows_bregma_is_saved_as_picks(tmp_path):
    path = tmp_path / "xyz_picks.json"
    with pytest.raises(InvalidValue, match="bregma"):
        save(layer(), path)
    space = Space(UM, "asr", bregma_affine("asr", UM, [0, 0, 0]))
    one = layer(**{SPACE_KEY: space})
    one.remove([2])
    assert save(one, path) == [str(path)]
    assert json.loads(path.read_text())["xyz_picks"][-1] == [-200, -38, -3000]


def test_any_points_of_three_axes_are_annotations(tmp_path):
    path = tmp_path / "a.csv"
    save(Points(POINTS, name="my points"), path)
    assert path.read_text().splitlines()[1].startswith("my points,,1,1.5,10.0")
    with pytest.raises(InvalidValue, match="three axes"):
        save(Points(POINTS[:, :2]), tmp_path / "b.csv")


def test_an_empty_file_of_annotations_opens_empty(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("annotation,type,point,pixel_0,pixel_1,pixel_2,um_0,um_1,um_2\n")
    ((data, attributes, _),) = get_annotation_reader(str(path))(str(path))
    assert Points(data, **attributes).data.shape == (0, 3)
