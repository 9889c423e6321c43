"""Answers about a brain's orientation never contradict each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.orientation import SIDES, all_orientations, check_orientation
from labdata_napari.core.orientation_answer import OrientationAnswer, glances

answers = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(list(SIDES)), st.booleans())
)


@given(answers)
def test_whatever_is_said_the_last_word_counts_and_no_two_contradict(
    said: list[tuple[int, str, bool]],
) -> None:
    answer = OrientationAnswer()
    for axis, letter, end in said:
        before = answer
        answer = answer.said(axis, letter, end=end)
        assert answer.side(axis, end=end) == letter
        if letter in before.choices(axis):  # an answer that takes none back
            others = [k for k in range(3) if k != axis]
            assert [answer.starts[k] for k in others] == [
                before.starts[k] for k in others
            ]
        known = [s for s in answer.starts if s is not None]
        directions = ["apsilr".index(s) // 2 for s in known]
        assert len(set(directions)) == len(directions)
        if answer.code is not None:
            check_orientation(answer.code)


def test_two_answers_are_no_code() -> None:
    answer = OrientationAnswer().said(0, "p", end=True).said(1, "s", end=False)
    assert answer.starts == ("a", "s", None)
    assert answer.code is None
    assert answer.choices(2) == ("l", "r")
    assert answer.said(2, "l", end=True).code == "asr"


def test_an_answer_that_contradicts_opens_the_other_axis_again() -> None:
    answer = OrientationAnswer.of("asr").said(1, "a", end=False)
    assert answer.starts == (None, "a", "r")


def test_every_code_can_be_said() -> None:
    for code in all_orientations():
        assert OrientationAnswer.of(code).code == code


def test_glances_are_seen_along_z_x_and_y() -> None:
    volume = np.zeros((600, 40, 50), np.uint16)
    volume[:300, 10:, 20:] = 1000  # bright at first z, last y, last x
    along_z, along_x, along_y = glances(volume)
    assert along_z.shape == (40, 50)
    assert along_x.shape == (40, 300)
    assert along_y.shape == (300, 50)
    assert along_z[-1, -1] == 255
    assert along_z[0, 0] == along_z[-1, 0] == 0
    assert along_x[-1, 0] == 255
    assert along_x[-1, -1] == along_x[0, 0] == 0
    assert along_y[0, -1] == 255
    assert along_y[-1, -1] == along_y[0, 0] == 0


def test_a_stack_of_one_plane_has_glances_too() -> None:
    assert [g.shape for g in glances(np.ones((1, 8, 9)))] == [(8, 9), (8, 1), (1, 9)]
