"""The working copy of annotations in a Points layer, edited as napari edits it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Layer, Points

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.layers import editing
from labdata_napari.layers import points as p
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.source import LayerSource, source_of

KEY = {"subject_name": "M1", "transform_id": 0}
TRACK = np.array([[1.0, 2.0, 3.0], [4.5, 5.25, 6.0], [7.0, 8.0, 9.0]])
INJECTION = np.array([[10.0, 20.0, 30.0]])


def make_layer(annotations: AnnotationSet) -> Points:
    data, arguments, kind = p.annotation_layer(
        annotations,
        layer_space("ZCYX", (50.0, 10.0, 10.0)),
        (40, 200, 300),
        LayerSource(p.SOURCE_KIND, KEY),
        "M1 annotations",
    )
    layer = Layer.create(data, arguments, kind)
    assert isinstance(layer, Points)
    return layer


@pytest.fixture
def baseline() -> AnnotationSet:
    return AnnotationSet(
        (
            Annotation("probe 1", "probe_track", TRACK, 3),
            Annotation("virus", "injection", INJECTION, 5),
        )
    )


@pytest.fixture
def layer(baseline) -> Points:
    return make_layer(baseline)


def test_a_layer_reads_back_as_what_it_was_made_of(layer, baseline):
    assert p.annotations_from_layer(layer) == baseline
    assert not p.unsaved(layer)
    np.testing.assert_array_equal(layer.scale, (50, 10, 10))
    assert layer.axis_labels == ("z", "y", "x")
    assert source_of(layer).key == KEY


def test_a_clicked_point_belongs_to_the_chosen_annotation(layer):
    editing.choose_annotation(layer, "virus")
    layer.add([[11.0, 21.0, 31.0]])
    edited = p.annotations_from_layer(layer)
    assert len(edited["virus"].points) == 2
    assert edited["virus"].annotation_id == 5
    assert p.unsaved(layer).summary() == "1 changed (virus: 1 point added)"


def test_choosing_an_annotation_leaves_selected_points_alone(layer, baseline):
    layer.selected_data = {0, 1}
    editing.choose_annotation(layer, "virus")
    assert p.annotations_from_layer(layer) == baseline


def test_a_selected_point_passes_its_annotation_but_no_id_to_the_next(layer):
    layer.selected_data = {3}  # napari copies its features to the defaults
    layer.add([[1.0, 1.0, 1.0]])
    edited = p.annotations_from_layer(layer)
    assert [a.annotation_id for a in edited] == [3, 5]
    assert len(edited["virus"].points) == 2


def test_deleting_with_naparis_own_tool_removes_the_right_points(layer):
    layer.selected_data = {0}
    layer.remove_selected()
    edited = p.annotations_from_layer(layer)
    np.testing.assert_array_equal(edited["probe 1"].points, TRACK[1:])
    np.testing.assert_array_equal(edited["virus"].points, INJECTION)


def test_a_new_annotation_counts_only_once_it_has_a_point():
    layer = make_layer(AnnotationSet())
    editing.add_annotation(layer, " probe 2 ", "probe_track")
    assert [entry.name for entry in p.roster(layer)] == ["probe 2"]
    assert not p.unsaved(layer)
    editing.choose_annotation(layer, "probe 2")
    layer.add([[1.0, 2.0, 3.0]])
    assert p.unsaved(layer).summary() == "1 added (probe 2)"
    np.testing.assert_allclose(
        layer.face_color[0], p.as_rgba(p.listing(layer)[0].colour), atol=1e-6
    )


def test_removing_every_point_of_a_row_removes_the_row(layer):
    layer.selected_data = {3}
    layer.remove_selected()
    assert p.unsaved(layer).summary() == "1 removed (virus)"
    assert [entry.name for entry in p.roster(layer)] == ["probe 1", "virus"]


def test_renaming_takes_points_colour_and_the_next_click_along(layer):
    editing.choose_annotation(layer, "probe 1")
    editing.rename_annotation(layer, "probe 1", "probe A")
    layer.add([[9.0, 9.0, 9.0]])
    edited = p.annotations_from_layer(layer)
    assert edited["probe A"].annotation_id == 3
    assert len(edited["probe A"].points) == 4
    assert "renamed from probe 1" in p.unsaved(layer).summary()
    colour = p.as_rgba(p.listing(layer)[0].colour)
    for index in (0, 1, 2, 4):
        np.testing.assert_allclose(layer.face_color[index], colour, atol=1e-6)


def test_retyping_changes_the_symbol(layer):
    editing.retype_annotations(layer, ["virus"], "landmark")
    assert p.annotations_from_layer(layer)["virus"].type == "landmark"
    assert str(layer.symbol[3]) == p.symbol_of("landmark")


def test_removing_an_annotation_keeps_the_others_features(layer):
    editing.remove_annotations(layer, ["probe 1"])
    edited = p.annotations_from_layer(layer)
    assert edited.names == ("virus",)
    np.testing.assert_array_equal(edited["virus"].points, INJECTION)
    assert editing.chosen_annotation(layer) == "virus"


@pytest.mark.parametrize("name", ["", "   ", "virus", "x" * 37])
def test_a_bad_name_is_refused_and_changes_nothing(layer, baseline, name):
    with pytest.raises(InvalidValue):
        editing.add_annotation(layer, name, "landmark")
    with pytest.raises(InvalidValue):
        editing.rename_annotation(layer, "probe 1", name)
    assert p.annotations_from_layer(layer) == baseline


def test_an_unknown_annotation_is_named_in_the_error(layer):
    for edit in (
        lambda: editing.choose_annotation(layer, "nobody"),
        lambda: editing.remove_annotations(layer, ["nobody"]),
        lambda: editing.retype_annotations(layer, ["nobody"], "x"),
    ):
        with pytest.raises(NotFound, match="nobody"):
            edit()


def test_a_name_typed_into_the_feature_table_is_a_new_annotation(layer):
    names = layer.features[p.FEATURE].tolist()
    names[0] = "by hand"
    layer.features = pd.DataFrame({p.FEATURE: names})
    edited = p.annotations_from_layer(layer)
    assert edited.names == ("probe 1", "virus", "by hand")
    assert edited["by hand"].annotation_id is None


def test_revert_restores_the_baseline_and_its_colours(layer, baseline):
    colours = layer.face_color.copy()
    layer.selected_data = {0, 1}
    layer.remove_selected()
    editing.add_annotation(layer, "new", "landmark")
    editing.replace_annotations(layer, baseline, baseline)
    assert p.annotations_from_layer(layer) == baseline
    assert [entry.name for entry in p.roster(layer)] == ["probe 1", "virus"]
    np.testing.assert_allclose(layer.face_color, colours, atol=1e-6)


def test_what_is_edited_while_saving_stays_unsaved(layer):
    editing.add_annotation(layer, "new", "landmark")
    editing.choose_annotation(layer, "new")
    layer.add([[1.0, 1.0, 1.0]])
    sent = p.annotations_from_layer(layer)
    layer.add([[2.0, 2.0, 2.0]])  # while the save runs
    saved = AnnotationSet(
        (*sent.annotations[:2], Annotation("new", "landmark", [[1.0, 1.0, 1.0]], 6))
    )
    editing.adopt_saved(layer, saved)
    assert p.unsaved(layer).summary() == "1 changed (new: 1 point added)"
    assert p.annotations_from_layer(layer)["new"].annotation_id == 6


def test_an_empty_layer_takes_points_without_an_error_or_a_nan():
    layer = make_layer(AnnotationSet())
    layer.add([[1.0, 2.0, 3.0]])
    assert p.annotations_from_layer(layer).names == ("unnamed",)


def test_a_row_that_was_removed_is_no_longer_listed_once_that_is_saved(layer):
    layer.selected_data = {3}
    layer.remove_selected()
    editing.add_annotation(layer, "still empty", "landmark")
    editing.adopt_saved(layer, p.annotations_from_layer(layer))
    assert [entry.name for entry in p.roster(layer)] == ["probe 1", "still empty"]
    assert not p.unsaved(layer)
