"""What is painted is what the points say, whichever of the two was changed."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.annotation_types import REGION
from labdata_napari.core.painted import points_of_blocks
from labdata_napari.layers import editing
from labdata_napari.layers import points as p
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.source import LayerSource

SHAPE = (20, 64, 80)
SPACE = layer_space("ZYX", (25.0, 12.5, 12.5))  # blocks of 1 x 2 x 2 voxels
SITE = np.zeros((20, 32, 40), bool)
SITE[5:8, 10:15, 20:26] = True


@pytest.fixture
def annotator():
    rows = AnnotationSet(
        (
            Annotation("virus", REGION, points_of_blocks(SITE, (1, 2, 2)), 3),
            Annotation("P_shank0", "probe_track", [[1, 2, 3], [9, 9, 9]], 4),
        )
    )
    source = LayerSource(p.SOURCE_KIND, {"subject_name": "M1", "transform_id": 0})
    data, options, kind = p.annotation_layer(rows, SPACE, SHAPE, source, "a")
    viewer, layer = ViewerModel(), Layer.create(data, options, kind)
    viewer.add_image(np.zeros(SHAPE, np.uint8), **SPACE)
    viewer.add_layer(layer)
    made = Annotator(viewer, layer)
    yield made
    made.end()
    assert len(viewer.layers) == 2


def stroke(labels, place, value) -> None:
    """As a drag of the brush: napari tells at its end."""
    with labels.block_history():
        labels.paint(place, value)


def site(annotator, name="virus"):
    return next(d.points for d in p.drafts(annotator.layer) if d.name == name)


def test_rows_are_painted_where_they_were(annotator):
    labels = annotator.brush.layer
    np.testing.assert_array_equal(labels.data == 1, SITE)
    # a block is in the world where its voxels are
    corner = labels.data_to_world(np.array([5, 10, 20]))
    voxels = annotator.layer.data_to_world(np.array([5, 20.5, 40.5]))
    np.testing.assert_allclose(corner, voxels)
    assert not annotator.layer.shown[:-2].any()


def test_a_stroke_is_in_the_points_and_an_undo_in_the_picture(annotator):
    annotator.choose("virus")
    annotator.paint_region()
    labels, before = annotator.brush.layer, site(annotator)
    annotator.brush.use_brush(50.0)
    stroke(labels, (6, 3, 3), labels.selected_label)
    assert len(site(annotator)) > len(before)
    assert annotator.history.undo_words == "paint virus"
    annotator.undo()
    np.testing.assert_array_equal(labels.data == 1, SITE)
    annotator.redo()
    assert labels.data[6, 3, 3] == 1
    # another region takes what is painted over; both are in one step
    annotator.stop_adding()
    annotator.new("dye", REGION)
    stroke(labels, (6, 12, 22), labels.selected_label)
    count = len(site(annotator))
    assert len(site(annotator, "dye")) > 0
    annotator.undo()
    assert len(site(annotator)) > count
    assert not len(site(annotator, "dye"))


def test_what_may_not_be_edited_is_painted_as_it_was(annotator):
    told = []
    annotator.told.connect(told.append)
    annotator.mouse.why_not = "You may only read."
    stroke(annotator.brush.layer, (6, 3, 3), 1)
    np.testing.assert_array_equal(annotator.brush.layer.data == 1, SITE)
    assert told == ["You may only read."]
    assert not p.unsaved(annotator.layer)


def test_a_layer_that_was_removed_comes_back_with_the_brush(annotator):
    annotator.choose("virus")
    annotator.paint_region()
    annotator.viewer.layers.remove(annotator.brush.layer)
    assert not annotator.brush.is_on
    annotator.paint_region()
    np.testing.assert_array_equal(annotator.brush.layer.data == 1, SITE)
    editing.rename_annotation(annotator.layer, "virus", "AAV")
    editing.remove_annotations(annotator.layer, ["AAV"])
    assert not annotator.brush.is_on
    assert not annotator.brush.layer.data.any()


def test_after_any_strokes_the_points_are_what_is_painted(annotator):
    editing.add_annotation(annotator.layer, "other", REGION)
    dice = np.random.default_rng(4)
    for number in range(24):
        name = ("virus", "other")[number % 2]
        annotator.brush.paint(name, erase=number % 5 == 4)
        labels = annotator.brush.layer
        labels.n_edit_dimensions = 2 + number % 2
        labels.brush_size = 5
        with labels.block_history():
            for _ in range(2):
                place = dice.integers((4, 8, 18), (9, 17, 28))
                labels.paint(place, 0 if number % 5 == 4 else 1 + number % 2)
        painted = labels.data.copy()
        for value, each in enumerate(("virus", "other"), start=1):
            wanted = points_of_blocks(painted == value, (1, 2, 2))
            np.testing.assert_array_equal(site(annotator, each), wanted)
    annotator.undo()
    again = annotator.brush.layer.data == 1
    np.testing.assert_array_equal(site(annotator), points_of_blocks(again, (1, 2, 2)))
