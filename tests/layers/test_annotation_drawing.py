"""What is drawn and told of annotations: lines, fading points, features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from annotated import TRACK, make_layer
from labdata_napari.layers import editing
from labdata_napari.layers import points as p
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.cursor import shown_indices
from labdata_napari.layers.source import source_of
from labdata_napari.layers.track_fits import SOURCE_KIND

if TYPE_CHECKING:
    from napari.layers import Points


@pytest.fixture
def layer() -> Points:
    return make_layer()


def test_lines_and_numbers_follow_marks_colours_and_drags_at_once(layer):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)
    said: list[str] = []
    annotator.looks_changed.connect(lambda: said.append("looks"))
    (lines,) = (
        x for x in viewer.layers if (s := source_of(x)) and s.kind == SOURCE_KIND
    )
    editing.recolour_annotations(layer, {"probe 1": "#FFFFFF"})
    assert np.all(lines.face_color[lines.shown] == 1)
    assert lines.shown.any()
    editing.mark_tip(layer, "probe 1", TRACK[2])  # which is the last already
    assert annotator.figures.of("probe 1").track.tip_rule == "marked"
    editing.hide_annotations(layer, ["probe 1"], is_hidden=True)
    assert not lines.shown.any()
    assert len(said) == 3
    seen = []
    annotator.foreseen.connect(
        lambda name, n: seen.append((n, len(layer.data), annotator.figures.of(name)))
    )
    editing.choose_annotation(layer, "probe 1")
    annotator.add_at((20.0, 12.0, 9.0))
    [(count, points, numbers)] = seen  # told before the picture has the point
    assert (count, points) == (len(TRACK) + 1, len(layer.data) - 1)
    assert annotator.figures.of("probe 1") is numbers  # and measured once
    annotator.undo()
    with annotator.history.edit():  # as while the mouse is down
        before = annotator.figures.of("probe 1").length_um
        editing.move_point(layer, 2, (12.0, 8.0, 9.0))
        annotator.mouse.dragged.emit("probe 1")
        assert annotator.figures.of("probe 1").length_um > before + 200
    annotator.end()


def test_points_fade_with_their_distance_from_the_slice(layer):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((40, 200, 300), np.uint8), scale=layer.scale)
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)
    step = layer.scale[0]

    def opacity():
        np.testing.assert_array_equal(layer.face_color[:, 3], layer.border_color[:, 3])
        return layer.face_color[:3, 3].round(3).tolist()

    viewer.dims.set_point(0, 4 * step)  # of the points at 1, 4 and 7
    assert opacity() == [1, 1, 1]
    viewer.dims.thickness = (8 * step, 0, 0)
    assert opacity() == [0.4, 1, 0.4]
    viewer.dims.set_point(0, 5 * step)
    assert opacity() == [0.2, 0.8, 0.6]
    editing.choose_annotation(layer, "probe 1")
    annotator.add_at((5.0, 1.0, 1.0))
    editing.recolour_annotations(layer, {"probe 1": "#FFFFFF"})
    assert opacity() == [0.2, 0.8, 0.6]
    assert layer.face_color[-1].tolist() == [1, 1, 1, 1]
    annotator.end()


def test_lines_are_dots_where_they_are_in_what_is_shown(layer):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((40, 200, 300), np.uint8), scale=layer.scale)
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)
    (lines,) = (
        x for x in viewer.layers if (s := source_of(x)) and s.kind == SOURCE_KIND
    )

    drawn = [lines.data[lines.shown]]
    lines.events.set_data.connect(lambda _: drawn.append(lines.data[lines.shown]))

    def dots():
        shown = lines.data[shown_indices(viewer, lines)]
        np.testing.assert_array_equal(drawn[-1], shown)
        return shown

    def is_whole(places, ends):
        apart = np.diff(places[np.argsort(places[:, 2])], axis=0)
        assert np.abs(apart).max(initial=0) <= lines.size.max()
        np.testing.assert_allclose(places[[0, -1]], ends, atol=0.6)

    viewer.dims.set_point(0, 4 * layer.scale[0])
    is_whole(dots(), [[3.5, 4.5, 5.5], [4.5, 5.5, 6.5]])
    colours = lines.face_color[lines.shown]
    assert np.abs(colours - layer.face_color[0]).max() < 1e-6
    viewer.dims.set_point(0, 9 * layer.scale[0])
    assert len(dots()) == 0
    viewer.dims.thickness = (5 * layer.scale[0], 0, 0)
    is_whole(dots(), [[6.5, 7.5, 8.5], [7, 8, 9]])
    assert lines.face_color[lines.shown][:, 3].max() < 0.5  # at the slab's edge
    viewer.dims.thickness = (0, 0, 0)
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_point(1, 3 * layer.scale[1])
    is_whole(dots(), [[1.5, 2.5, 3.5], [2.5, 3.5, 4.5]])
    # more than there were before, and all of them where there is no slice
    editing.move_point(layer, 2, (1.0, 3.0, 290.0))
    count = len(dots())
    assert count > 256
    viewer.dims.ndisplay = 3
    assert len(lines.data) >= count
    assert lines.shown.all()
    assert set(lines.size) == {lines.size[0]}
    assert not lines.border_width.any()
    annotator.end()


def test_lines_that_somebody_removes_come_back_with_the_next_edit(layer):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)
    said: list[str] = []
    annotator.told.connect(said.append)

    def lines():
        of = ((x, source_of(x)) for x in viewer.layers)
        return [x for x, source in of if source and source.kind == SOURCE_KIND]

    viewer.layers.remove(lines()[0])
    assert "come back" in said[-1]
    viewer.dims.set_point(0, 4 * layer.scale[0])
    assert not lines()
    editing.move_point(layer, 2, (12.0, 8.0, 9.0))
    (again,) = lines()
    assert again.shown.any()
    assert viewer.layers[-1] is layer  # the points stay on top
    # they go with their annotations, which is no reason to say anything
    viewer.layers.remove(layer)
    annotator.end()
    assert not lines()
    assert len(said) == 1


def test_naparis_features_table_says_name_type_and_order(layer):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)

    def told():
        table = layer.features
        return list(
            zip(table["annotation"], table["type"], table["order"], strict=True)
        )

    def is_right():
        types = {entry.name: entry.type for entry in p.roster(layer)}
        count: dict[str, int] = {}
        for name, type_, order in told():
            count[name] = count.get(name, 0) + 1
            assert (type_, order) == (types[name], count[name])

    first = told()
    assert first[:3] == [("probe 1", "probe_track", n) for n in (1, 2, 3)]
    seen: list[int] = []
    layer.events.features.connect(lambda _: seen.append(len(layer.features)))
    editing.add_annotation(layer, "new", "landmark")
    editing.choose_annotation(layer, "new")
    annotator.add_at((1.0, 1.0, 1.0))
    assert told()[-1] == ("new", "landmark", 1)
    assert seen[-1] == len(first) + 1  # who shows the table hears of it
    editing.retype_annotations(layer, ["new"], "lesion")
    assert told()[-1] == ("new", "lesion", 1)
    editing.remove_points(layer, [0])
    editing.rename_annotation(layer, "probe 1", "probe A")
    layer.add((2.0, 2.0, 2.0))  # by napari's own tool
    is_right()
    layer.features = {"annotation": ["typed"] * len(layer.data)}  # by a script
    is_right()
    assert len(told()) == len(first) + 1
    while annotator.history.undo():
        is_right()
    assert told() == first
    annotator.end()
