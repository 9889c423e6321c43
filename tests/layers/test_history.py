"""Undo of the working copy, whoever edits it and whatever is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel

from annotated import ROWS, TRACK, make_layer, saved
from labdata_napari.core.annotation import Annotation
from labdata_napari.core.annotation_merging import Decision, Keep, merged
from labdata_napari.core.draft import Draft
from labdata_napari.errors import InvalidValue
from labdata_napari.layers import editing
from labdata_napari.layers import points as p
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.history import history_of
from labdata_napari.layers.settling import settle
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from napari.layers import Points


@pytest.fixture
def layer() -> Points:
    return make_layer()


def test_a_rename_is_taken_back_with_its_points_colour_row_and_next_click(layer):
    editing.choose_annotation(layer, "probe 1")
    history, colour = history_of(layer), p.listing(layer)[0].colour
    editing.rename_annotation(layer, "probe 1", "probe A")
    editing.add_point(layer, (9.0, 9.0, 9.0))
    for _ in range(2):
        history.undo()
        assert history.undo() == "rename probe 1 to probe A"
        assert p.annotations_from_layer(layer) == ROWS
        assert p.listing(layer)[0].colour == colour
        assert editing.chosen_annotation(layer) == "probe 1"
        history.redo()
        history.redo()
        listed = p.listing(layer)[0]
        assert (listed.name, listed.annotation_id) == ("probe A", 3)
        assert (len(listed.points), listed.colour) == (4, colour)


def test_the_chosen_annotation_stays_so_through_undo_import_and_restore(layer):
    """Though it is not the one that owns the last point."""
    history, first = history_of(layer), "probe 1"
    editing.add_annotation(layer, "empty", "landmark")
    for name in (first, "empty"):
        editing.choose_annotation(layer, name)
        colour = p.colours_of(p.roster(layer))[name]

        def is_chosen(name=name, colour=colour):
            assert editing.chosen_annotation(layer) == name
            assert layer.current_face_color.upper().startswith(colour.upper())

        editing.remove_points(layer, [0])
        editing.add_point(layer, (9.0, 9.0, 9.0))
        for go in (history.undo, history.undo, history.redo, history.redo):
            go()
            is_chosen()
        history.undo()
        history.undo()
        editing.add_drafts(layer, [Draft("read", "", np.ones((1, 3)))])
        is_chosen()
        history.undo()
        is_chosen()
        rows = source_of(layer).baseline
        more = rows.with_added(Annotation("restored", "", np.ones((1, 3))))
        nameless = [Draft("empty", "landmark", np.zeros((0, 3)))]
        editing.replace_annotations(layer, more, rows, nameless)
        is_chosen()
        history.undo()


def test_an_import_far_out_of_the_stack_is_refused_and_changes_nothing(layer):
    before, words = p.drafts(layer), history_of(layer).undo_words
    near = Draft("near", "", np.array([[-40.0, 400.0, 600.0]]))  # it has 40, 200, 300
    for place in ((5000.0, 1e5, 2.0), (0.0, -201.0, 0.0), (0.0, 0.0, np.nan)):
        far = Draft("far", "", np.array([[1.0, 1.0, 1.0], place]))
        with pytest.raises(InvalidValue, match=r"Point 2 of 'far' .* far out"):
            editing.add_drafts(layer, [near, far])
        assert all(a.same_as(b) for a, b in zip(p.drafts(layer), before, strict=True))
        assert history_of(layer).undo_words == words
    assert editing.add_drafts(layer, [near]) == ["near"]


def test_a_name_that_was_never_saved_gets_its_colour_back_too(layer):
    history = history_of(layer)
    editing.add_annotation(layer, "new", "landmark")
    editing.choose_annotation(layer, "new")
    editing.add_point(layer, (1.0, 1.0, 1.0))
    editing.recolour_annotations(layer, {"new": "#010203"})
    editing.rename_annotation(layer, "new", "newer")
    history.undo()
    assert (p.listing(layer)[2].name, p.listing(layer)[2].colour) == ("new", "#010203")


def test_what_naparis_own_tools_do_is_taken_back_too(layer):
    history = history_of(layer)
    layer.selected_data = {0, 3}
    layer.remove_selected()
    layer.add([[5.0, 5.0, 5.0]])
    assert len(layer.data) == 3
    history.undo()
    history.undo()
    assert p.annotations_from_layer(layer) == ROWS
    assert history.undo() == ""


def test_undo_reaches_behind_a_save_and_ids_stay_right(layer):
    history = history_of(layer)
    editing.add_annotation(layer, "new", "landmark")
    editing.choose_annotation(layer, "new")
    editing.add_point(layer, (1.0, 1.0, 1.0))
    saved(layer)
    assert p.annotations_from_layer(layer)["new"].annotation_id == 100
    history.undo()
    history.undo()
    assert p.unsaved(layer).summary() == "1 removed (new)"
    history.redo()
    history.redo()
    assert not p.unsaved(layer)

    # a row that is gone for good comes back as a new one
    editing.remove_annotations(layer, ["virus"])
    saved(layer)
    history.undo()
    (added,) = p.unsaved(layer).added
    assert (added.name, added.annotation_id) == ("virus", None)


def test_undo_takes_back_nothing_that_somebody_else_saved(layer):
    history = history_of(layer)
    theirs = ROWS.with_points("virus", [[7.0, 7.0, 7.0]]).with_added(
        Annotation("theirs", "", np.ones((1, 3)), 9)
    )
    editing.rename_annotation(layer, "probe 1", "probe A")
    editing.move_point(layer, 3, (11.0, 20.0, 30.0))
    editing.add_annotation(layer, "later", "landmark")
    mine = p.annotations_from_layer(layer)
    chosen = merged(ROWS, mine, theirs, Keep.MINE)
    settle(layer, chosen, theirs, Decision(Keep.MINE))
    saved(layer)
    # each edit is taken back by itself, on top of theirs
    assert history.undo() == "new later"
    assert p.annotations_from_layer(layer) == chosen
    assert history.undo() == "move a point of virus"
    assert p.annotations_from_layer(layer) == theirs.renamed("probe 1", "probe A")
    assert history.undo() == "rename probe 1 to probe A"
    assert p.annotations_from_layer(layer) == theirs
    assert history.undo() == ""
    for _ in range(3):
        history.redo()
    assert p.annotations_from_layer(layer) == chosen
    assert not p.unsaved(layer)
    assert p.roster(layer)[-1].name == "later"
    # where theirs are taken, mine come back beside them
    editing.move_point(layer, 3, (12.0, 20.0, 30.0))
    more = chosen.removed("theirs").with_points("virus", [[8.0, 8.0, 8.0]])
    settle(layer, more, more)
    assert p.annotations_from_layer(layer) == more
    assert history.undo() == "take theirs"
    both = p.annotations_from_layer(layer)
    assert both["virus"] == more["virus"]
    assert both["virus (mine)"].points.tolist() == [[12, 20, 30]]
    assert set(both.names) == {"probe A", "virus", "virus (mine)"}
    # and then go step by step; what they deleted meanwhile does not come back
    while history.undo():
        assert "theirs" not in p.annotations_from_layer(layer).names
        assert p.annotations_from_layer(layer)["virus"] == more["virus"]
    # of what they changed twice, the state between is kept beside theirs of now
    first = p.annotations_from_layer(layer)
    assert first.names == ("probe 1", "virus", "virus (mine)")
    assert first["virus (mine)"].points.tolist() == [[7, 7, 7]]


def test_undo_behind_a_conflict_goes_as_far_back_as_before(layer):
    history, rng = history_of(layer), np.random.default_rng(5)
    for place in rng.uniform(0, 30, (230, 3)):
        editing.move_point(layer, 0, place)
    theirs = ROWS.with_added(Annotation("theirs", "", np.ones((1, 3)), 9))
    for number in range(2):  # the second before all of the first is worked out
        mine = p.annotations_from_layer(layer)
        settle(layer, merged(ROWS if not number else theirs, mine, theirs), theirs)
    places = []
    while history.undo():
        assert "theirs" in p.annotations_from_layer(layer).names
        places.append(layer.data[0].tolist())
    wanted = np.random.default_rng(5).uniform(0, 30, (230, 3))[-2::-1]
    np.testing.assert_array_equal(places, [*wanted, TRACK[0]])
    assert p.annotations_from_layer(layer) == theirs
    while history.redo():
        pass
    assert p.annotations_from_layer(layer) == mine


def test_what_comes_back_after_a_save_has_the_row_it_was_saved_in(layer):
    editing.add_annotation(layer, "late", "landmark")
    editing.choose_annotation(layer, "late")
    editing.add_point(layer, [1, 1, 1])
    saved(layer)
    history = history_of(layer)
    for step in (history.undo, history.undo, history.redo, history.redo):
        assert step()
    editing.rename_annotation(layer, "late", "later")
    changes = p.unsaved(layer)
    assert changes.added == changes.removed == ()
    assert [c.after.name for c in changes.changed] == ["later"]


def test_a_marked_tip_goes_where_its_point_goes_and_back(layer):
    history = history_of(layer)
    editing.mark_tip(layer, "probe 1", TRACK[0])
    editing.choose_annotation(layer, "probe 1")
    editing.add_point(layer, (9.0, 9.0, 9.0))
    tip = editing.indices_of(layer, "probe 1")[2]
    np.testing.assert_array_equal(layer.data[tip], TRACK[0])
    for x in (4.0, 5.0):  # the stages of a drag
        editing.move_point(layer, tip, (1.0, 2.0, x))
    assert p.listing(layer)[0].tip == (1.0, 2.0, 5.0)
    np.testing.assert_array_equal(layer.data[tip], (1.0, 2.0, 5.0))
    history.undo()
    history.undo()
    assert p.listing(layer)[0].tip == tuple(TRACK[0])


def test_marked_tips_come_back_with_their_tracks(layer):
    history = history_of(layer)
    shanks = {f"P_shank{n}": np.array([[1, n, 3], [9, n, 3.0]]) for n in range(2)}
    editing.put_points(layer, shanks, "probe_track", "place", tips=True)

    def tips():
        return {e.name: e.tip for e in p.roster(layer) if e.tip}

    placed = tips()
    assert placed == {"P_shank0": (9, 0, 3), "P_shank1": (9, 1, 3)}
    history.undo()
    assert not tips()
    history.redo()
    assert tips() == placed
    editing.remove_annotations(layer, list(shanks))
    history.undo()
    assert tips() == placed


def test_undoing_a_new_annotation_chooses_what_was_chosen_before(layer):
    viewer = ViewerModel()
    viewer.add_layer(layer)
    annotator = Annotator(viewer, layer)
    editing.add_annotation(layer, "bregma", "landmark")
    editing.choose_annotation(layer, "bregma")
    annotator.add_at((2.0, 2.0, 2.0))
    for place in ((3.0, 3.0, 3.0), (4.0, 4.0, 4.0)):
        annotator.add_at(place)  # the next landmark and the one after it
    third = editing.chosen_annotation(layer)
    annotator.undo()
    second = editing.chosen_annotation(layer)
    assert second not in ("bregma", third)
    annotator.add_at((5.0, 5.0, 5.0))
    assert editing.chosen_annotation(layer) == third
    for _ in range(2):
        annotator.undo()
    assert editing.chosen_annotation(layer) == "bregma"
    editing.choose_annotation(layer, "virus")
    annotator.new("probe 2", "probe_track")
    annotator.add_at((6.0, 6.0, 6.0))
    annotator.undo()
    assert annotator.mouse.is_adding
    annotator.undo()
    assert editing.chosen_annotation(layer) == "virus"
    assert not annotator.mouse.is_adding  # the next click was not meant for that one
    annotator.end()


EDITS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(-3, 3)), max_size=8
)


@given(EDITS)
@settings(max_examples=25, deadline=None)
def test_any_edits_of_a_layer_lead_back_and_there_again(edits):
    layer = make_layer()
    history, states = history_of(layer), [p.drafts(layer)]
    for kind, where, value in edits:
        edit(layer, kind, where, float(value))
        if not alike(states[-1], p.drafts(layer)):
            states.append(p.drafts(layer))
    for state in reversed(states[:-1]):
        assert history.undo()
        assert alike(p.drafts(layer), state)
    assert p.annotations_from_layer(layer) == ROWS
    for state in states[1:]:
        assert history.redo()
        assert alike(p.drafts(layer), state)
    owners = {e.name: e.colour for e in p.listing(layer)}
    for name, colour in zip(p.names_per_point(layer), layer.face_color, strict=True):
        np.testing.assert_allclose(colour, p.as_rgba(owners[name]), atol=1e-6)


def edit(layer: Points, kind: int, where: int, value: float) -> None:
    names = [entry.name for entry in p.roster(layer)]
    name = names[where % len(names)] if names else ""
    count, place = len(layer.data), (value, where, 1.0)
    if kind == 0 or not names:
        editing.add_annotation(layer, p.free_name(layer, f"n {where}"), "landmark")
    elif kind == 1:
        editing.choose_annotation(layer, name)
        editing.add_point(layer, place)
    elif kind == 2 and count:
        editing.move_point(layer, where % count, place)
    elif kind == 3 and count:
        editing.remove_points(layer, {where % count, 0})
    elif kind == 4:
        editing.rename_annotation(layer, name, p.free_name(layer, f"r {where}"))
    elif kind == 5:
        editing.retype_annotations(layer, names[:2], "other")
    elif kind == 6:
        editing.remove_annotations(layer, [name])


def alike(one, other) -> bool:
    return len(one) == len(other) and all(
        a.same_as(b) for a, b in zip(one, other, strict=True)
    )
