"""Parameter sets in the database: unused ones may change, nobody's are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import NotFound, WriteConflict, WriteRefused
from labs import add_brain, add_transform

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))
TURNED = TransformParameters(rotate=(0, 0, 4.5, False, True))
CUT = TransformParameters(crop=((0, 5, None), None, None, None), cast="uint8")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
Key = dict[str, Any]


@pytest.fixture
def brain(lab: Any) -> dict[str, str]:
    return add_brain(lab)


@pytest.fixture
def key(lab: Any, brain: dict[str, str]) -> Key:
    return brain | {"transform_id": lab.brains.add_transform_parameters(brain, HALF)}


def stored(lab: Any) -> list[tuple[int, TransformParameters]]:
    rows = lab.FixedBrainTransformParameters.to_dicts(order_by="KEY")
    return [(r["transform_id"], TransformParameters.from_row(r)) for r in rows]


def test_an_unused_set_changes_and_goes(lab: Any, key: Key, lab_place: Any) -> None:
    baseline = lab.brains.load_transform_parameters(key)
    assert baseline == HALF
    changes = lab.brains.save_transform_parameters(key, baseline, TURNED)
    assert changes.summary() == (
        "1 changed (parameters 0: downsample [0.5 1 0.5 0.5] → none, "
        "rotate none → [0 0 4.5 no yes])"
    )
    assert stored(lab) == [(0, TURNED)]
    with lab_place.statements() as seen:
        # again, as after an answer that was lost
        assert lab.brains.save_transform_parameters(key, baseline, TURNED) == changes
        assert not lab.brains.save_transform_parameters(key, TURNED, TURNED)
    assert not [s for s in seen if s.startswith(WRITES)]
    changes = lab.brains.save_transform_parameters(key, TURNED, None)
    assert changes.summary() == "1 removed (parameters 0)"
    assert lab.brains.save_transform_parameters(key, TURNED, None) == changes
    assert stored(lab) == []
    with pytest.raises(NotFound, match="FixedBrainTransformParameters"):
        lab.brains.load_transform_parameters(key)


def test_two_who_change_one_set_see_both_versions(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    connect_again().brains.save_transform_parameters(key, HALF, TURNED)
    for mine in (CUT, None):
        with pytest.raises(WriteConflict, match="Nothing was written") as error:
            lab.brains.save_transform_parameters(key, HALF, mine)
        assert error.value.theirs == TURNED
        assert "rotate none → [0 0 4.5 no yes]" in error.value.their_changes
    assert error.value.your_changes == "1 removed (parameters 0)"
    assert error.value.your_changes in str(error.value)
    assert stored(lab) == [(0, TURNED)]
    # mine, knowing it
    lab.brains.save_transform_parameters(key, TURNED, CUT)
    assert stored(lab) == [(0, CUT)]


def test_a_set_that_somebody_removed_is_a_conflict(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    connect_again().brains.save_transform_parameters(key, HALF, None)
    with pytest.raises(WriteConflict, match=r"1 removed \(parameters 0\)") as error:
        lab.brains.save_transform_parameters(key, HALF, TURNED)
    assert error.value.theirs is None
    assert stored(lab) == []


def test_what_two_people_do_to_different_sets_both_stays(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    other = connect_again()
    second = key | {"transform_id": other.brains.add_transform_parameters(key, CUT)}
    lab.brains.save_transform_parameters(key, HALF, TURNED)
    other.brains.save_transform_parameters(second, CUT, None)
    assert stored(lab) == [(0, TURNED)]


def test_a_set_that_was_computed_with_stays(lab: Any, brain: dict[str, str]) -> None:
    key = add_transform(lab, brain, 4, **HALF.to_row())
    for edited in (TURNED, None):
        with pytest.raises(WriteRefused, match="have been computed with"):
            lab.brains.save_transform_parameters(key, HALF, edited)
    assert stored(lab) == [(4, HALF)]


def test_a_reader_changes_nothing(
    lab: Any, key: Key, lab_place: Any, connect_again: Callable[..., Any]
) -> None:
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        reader.brains.save_transform_parameters(key, HALF, None)
    with pytest.raises(WriteRefused, match="may only read"):
        reader.brains.add_transform_parameters(key, TURNED)
    assert stored(lab) == [(0, HALF)]
