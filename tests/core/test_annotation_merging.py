"""Two edits of the same annotations: for each that both changed, whose holds."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.annotation import Annotation, AnnotationSet, Unreadable
from labdata_napari.core.annotation_merging import (
    Keep,
    contested,
    marked_name,
    merged,
)


def at(*places: float) -> np.ndarray:
    return np.array([[place] * 3 for place in places])


BASELINE = AnnotationSet(
    tuple(
        Annotation(name, "probe_track", at(0, 1), number)
        for number, name in enumerate(["moved", "gone", "kept", "calm"])
    )
)
MINE = (
    BASELINE.with_points("moved", at(5, 6))
    .with_points("gone", at(5, 6))
    .removed("kept")
    .with_added(Annotation("new", "landmark", at(7)))
    .with_added(Annotation("only mine", "landmark", at(8)))
)
THEIRS = (
    BASELINE.with_points("moved", at(0, 3))
    .removed("gone")
    .with_points("kept", at(0, 4))
    .with_points("calm", at(0, 9))
    .with_added(Annotation("new", "landmark", at(2), 9))
)


def held(annotations: AnnotationSet) -> dict[str, tuple[int | None, list[float]]]:
    return {a.name: (a.annotation_id, a.points[:, 0].tolist()) for a in annotations}


ONLY_ONE_OF_US = {"calm": (3, [0, 9]), "only mine": (None, [8])}


def test_what_both_changed_is_found_with_what_may_become_of_it():
    found = {each.name: each for each in contested(BASELINE, MINE, THEIRS)}
    assert {name: each.choices for name, each in found.items()} == {
        "moved": (Keep.BOTH, Keep.MINE, Keep.THEIRS),
        "gone": (Keep.MINE, Keep.THEIRS),
        "kept": (Keep.THEIRS, Keep.MINE),
        "new": (Keep.BOTH, Keep.THEIRS),
    }
    assert "2 points moved" in found["moved"].words
    assert "deleted by them" in found["gone"].words
    # what both made the same is no question
    assert not contested(BASELINE, MINE, MINE)
    assert merged(BASELINE, MINE, MINE) == MINE


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (
            Keep.BOTH,
            {
                "moved": (0, [0, 3]),
                "moved (ana)": (None, [5, 6]),
                "gone": (None, [5, 6]),
                "kept": (2, [0, 4]),
                "new": (9, [2]),
                "new (ana)": (None, [7]),
            },
        ),
        (
            Keep.MINE,  # of two new ones neither takes the place of the other
            {
                "moved": (0, [5, 6]),
                "gone": (None, [5, 6]),
                "new": (9, [2]),
                "new (ana)": (None, [7]),
            },
        ),
        (Keep.THEIRS, {"moved": (0, [0, 3]), "kept": (2, [0, 4]), "new": (9, [2])}),
        (
            {"moved": Keep.MINE, "kept": Keep.MINE, "new": Keep.THEIRS},  # gone: both
            {"moved": (0, [5, 6]), "gone": (None, [5, 6]), "new": (9, [2])},
        ),
    ],
)
def test_each_becomes_what_was_chosen_and_the_rest_stays_on_both_sides(keep, expected):
    answer = merged(BASELINE, MINE, THEIRS, keep, mark="ana")
    assert held(answer) == expected | ONLY_ONE_OF_US


NAMED = Annotation("foo", "landmark", at(2), 9)


@pytest.mark.parametrize("rename", [True, False])
@pytest.mark.parametrize("keep", list(Keep))
def test_a_name_that_both_gave_stays_theirs(keep, rename):
    """I rename one to, or make one of, the name that they make or rename one to."""
    fresh = Annotation("foo", "probe_track", at(0, 5))
    mine = BASELINE.renamed("moved", "foo") if rename else BASELINE.with_added(fresh)
    for theirs in (BASELINE.with_added(NAMED), BASELINE.renamed("gone", "foo")):
        [found] = contested(BASELINE, mine, theirs)
        assert (found.name, found.choices) == ("foo", (Keep.BOTH, Keep.THEIRS))
        assert "theirs has this name and keeps it" in found.words
        own = {"foo (mine)": (0, [0, 1]) if rename else (None, [0, 5])}
        expected = held(theirs)
        if keep is not Keep.THEIRS:
            expected = expected | own
            if rename:
                del expected["moved"]
        assert held(merged(BASELINE, mine, theirs, keep)) == expected


def test_a_name_that_i_freed_is_no_clash_and_one_of_a_row_both_changed_is():
    mine = BASELINE.renamed("gone", "left").renamed("moved", "gone")
    assert not contested(BASELINE, mine, BASELINE)
    assert merged(BASELINE, mine, BASELINE) == mine
    mine = BASELINE.renamed("moved", "foo")
    theirs = BASELINE.with_points("moved", at(7)).with_added(NAMED)
    [found] = contested(BASELINE, mine, theirs)
    assert found.is_one_row
    assert "theirs has this name and keeps it" in found.words
    answer = held(merged(BASELINE, mine, theirs, Keep.MINE))
    assert (answer["foo"], answer["foo (mine)"]) == ((9, [2]), (0, [0, 1]))


def test_the_name_of_mine_is_free_and_fits_the_table():
    assert marked_name("probe", "mine", {"probe (mine)"}) == "probe (mine 2)"
    again = marked_name("probe (mine)", "mine", {"probe", "probe (mine)"})
    assert again == "probe (mine 2)"
    assert marked_name(" (mine)", "mine", ()) == " (mine) (mine)"
    assert marked_name("p" * 36, "mine", ()) == "p" * 29 + " (mine)"
    assert len(marked_name("p" * 36, "u" * 60, {"x"})) == 36
    damaged = Unreadable("moved (mine)", 12, "It is damaged.")
    theirs = AnnotationSet(THEIRS.annotations, (damaged,))
    assert "moved (mine 2)" in merged(BASELINE, MINE, theirs)
