"""What a person does to labels, by methods of the session, without any window."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import PoseDraft, State
from labdata_napari.core.pose_edits import place
from labdata_napari.core.pose_looks import Mode
from labdata_napari.core.pose_marks import VideoFrames
from labdata_napari.core.pose_merging import merged
from labdata_napari.core.pose_pictures import SetPictures
from labdata_napari.core.pose_predictions import Predictions, VideoKey
from labdata_napari.core.pose_problems import Problem
from labdata_napari.core.pose_session import PoseSession
from labdata_napari.errors import InvalidValue

VIDEO = VideoKey("M1", "20260101_120000", "pose", "camera0")
PARTS = ("nose", "neck", "tail")
FRAMES = tuple(VIDEO.frame(7 * n) for n in range(6))


def draft(missing=()) -> PoseDraft:
    xy = np.random.default_rng(0).random((len(FRAMES), len(PARTS), 2)) * 100
    for frame, part in missing:
        xy[frame, part] = np.nan
    return PoseDraft(PoseLabels(PARTS, FRAMES, xy))


def a_set(missing=()) -> PoseSession:
    return PoseSession(FRAMES, draft(missing), num=3)


def of_video(length: int = 20) -> PoseSession:
    xy = np.random.default_rng(1).random((length, len(PARTS), 2)) * 100
    sure = np.ones((length, len(PARTS)))
    sure[5, 1] = 0.2
    predictions = Predictions.of(PARTS, xy, sure, model_num=4)
    frames = VideoFrames(VIDEO, length)
    session = PoseSession(frames, draft(), predictions=predictions, video=VIDEO)
    session.show_problems(
        [
            Problem(9, "tail", "spike", 5.0, "tail jumps"),
            Problem(5, "neck", "likelihood", 2.0, "neck is unsure"),
            Problem(9, "nose", "bone", 1.5, "nose is far"),
        ]
    )
    return session


def listen(signal) -> list:
    heard: list = []
    signal.connect(lambda *values: heard.append(values), check_nargs=False)
    return heard


def test_clicks_label_what_is_missing_one_after_another() -> None:
    session = a_set(missing=[(2, 0), (2, 2)])
    session.go_to(FRAMES[2])
    assert session.bodypart == "nose"
    session.click(1, 2)
    assert session.bodypart == "tail"
    session.look(goes_on=True)
    session.click(3, 4)
    assert session.frame == FRAMES[3]
    told = listen(session.told)
    session.click(9, 9)  # everything is labelled here: a stray click moves nothing
    assert session.unsaved == 2
    assert "drag it" in told[-1][0]
    assert session.draft[FRAMES[2], "tail"].x == 3


def test_quick_and_loop_move_what_is_labelled() -> None:
    session = a_set()
    session.look(mode=Mode.QUICK)
    session.click(1, 1)
    assert (session.bodypart, session.at, session.unsaved) == ("nose", 0, 1)
    session.look(mode=Mode.LOOP)
    session.click(2, 2)
    session.click(2, 2)
    assert (session.bodypart, session.at, session.unsaved) == ("nose", 2, 2)


def test_undo_goes_to_the_frame_and_takes_one_edit_back_at_a_time() -> None:
    session = a_set()
    first = session.draft
    for number, x in ((1, 5.0), (1, 6.0), (4, 7.0)):
        session.go_to_number(number)
        session.put("neck", x, x)
    session.go_to_number(0)
    session.undo()
    assert session.frame == FRAMES[4]
    session.undo()
    assert (session.frame, session.draft[FRAMES[1], "neck"].x) == (FRAMES[1], 5)
    session.undo()
    assert session.draft == first
    assert not session.unsaved
    for _ in range(3):
        session.redo()
    assert session.draft[FRAMES[4], "neck"].x == 7


def test_the_next_unlabelled_frame_wraps_around() -> None:
    session = a_set(missing=[(1, 0), (4, 2)])
    session.next_unlabelled()
    assert (session.at, session.bodypart) == (1, "nose")
    session.next_unlabelled()
    assert (session.at, session.bodypart) == (4, "tail")
    session.next_unlabelled()
    assert session.at == 1
    session.next_unlabelled(-1)
    assert session.at == 4


def test_one_key_leads_to_each_problem_and_a_click_ends_it() -> None:
    session = of_video()
    walked = []
    while session.queue.left:
        session.next_problem()
        walked.append((session.frame.frame_num, session.bodypart))
        session.click(50, 50)
    # those of a frame come together
    assert walked == [(9, "tail"), (9, "nose"), (5, "neck")]
    session.undo()
    assert session.queue.left == 1
    session.next_problem()
    assert session.frame.frame_num == 5
    session.say_right()
    assert not session.queue.left
    assert session.draft[VIDEO.frame(5), "neck"].state is State.ABSENT


def test_accepting_takes_what_the_model_is_sure_of_and_goes_on() -> None:
    session = of_video()
    session.next_problem()
    session.click(50, 60)
    session.accept()
    here = VIDEO.frame(9)
    assert [session.draft[here, name].source for name in PARTS] == [4, 4, -1]
    assert session.frame.frame_num == 5
    session.accept()
    unsure = session.draft[VIDEO.frame(5), "neck"]
    assert unsure.state is State.ABSENT  # below the threshold
    assert session.new_frames == (VIDEO.frame(9), VIDEO.frame(5))
    assert session.unsaved == 5


def test_frames_worth_labelling_join_a_set_at_their_place() -> None:
    session = a_set(missing=[(0, 0)])
    session.go_to(FRAMES[1])
    shown = listen(session.frame_shown)
    fresh = [VIDEO.frame(3), VIDEO.frame(40)]
    session.suggest([fresh[0], FRAMES[2], fresh[1]])
    assert session.frame == FRAMES[1]
    assert shown == [(FRAMES[1],)]
    assert list(session.frames) == sorted([*FRAMES, *fresh])
    session.next_problem()
    assert (session.frame, session.bodypart) == (fresh[0], "nose")
    session.click(1, 2)
    assert session.new_frames == (fresh[0],)
    assert session.queue.left == 2
    # they stay suggested until they are saved, or somebody lets them go
    assert session.suggested == (fresh[0], FRAMES[2], fresh[1])
    session.look_at(2)
    session.say_right()
    assert session.suggested == (fresh[0], FRAMES[2])
    session.suggest([VIDEO.frame(41)])
    assert [frame for frame, _ in session.queue.places] == [*session.suggested]
    session.look_at(2)
    session.accept()
    assert VIDEO.frame(41) not in session.suggested
    session.adopt_saved(session.draft, session.draft, 1)
    assert session.suggested == ()


def test_a_video_is_walked_through_whatever_else_a_set_holds() -> None:
    session = of_video()
    other = VideoKey("A0", *VIDEO[1:]).frame(3)
    edit = place(session.draft, (other, "nose"), 1, 2)
    session.restore(edit, (other,))
    assert session.draft[other, "nose"].x == 1
    assert isinstance(session.frames, VideoFrames)
    session.suggest([VIDEO.frame(7)])
    assert session.queue.places == ((VIDEO.frame(7), "nose"),)


def test_only_predictions_are_confirmed() -> None:
    session = a_set()
    session.look(mode=session.modes[-1])
    session.next_mode()
    assert session.looks.mode is Mode.SEQUENTIAL
    assert Mode.CONFIRM not in session.modes
    assert of_video().modes == tuple(Mode)


def test_deleting_what_only_a_model_sees_hides_it() -> None:
    session = of_video()
    session.go_to_number(3)
    session.delete(["nose"])
    assert [mark.bodypart for mark in session.marks()] == ["neck", "tail"]
    session.accept()
    assert session.draft[VIDEO.frame(3), "nose"].x is None
    session.undo()
    session.undo()
    assert [mark.bodypart for mark in session.marks()] == list(PARTS)


def test_changes_are_made_to_what_others_saved_meanwhile() -> None:
    base = draft()
    mine = a_set()
    mine.put("nose", 1, 1)
    mine.put("neck", 2, 2)
    mine.choose("tail")
    mine.occlude()
    theirs = PoseSession(FRAMES, base, num=3)
    theirs.put("neck", 8, 8)
    theirs.go_to_number(1)
    theirs.put("tail", 9, 9)
    left = {(FRAMES[0], "neck")}
    both = merged(base, mine.draft, theirs.draft, left)
    assert both[FRAMES[0], "nose"].x == 1
    assert both[FRAMES[0], "neck"].x == 8
    assert both[FRAMES[1], "tail"].x == 9
    assert both[FRAMES[0], "tail"].state is State.OCCLUDED
    assert merged(base, mine.draft, theirs.draft)[FRAMES[0], "neck"].x == 2
    # who put a label there may be all that one knows better
    [place, *_] = base.labels.by_place()
    told = PoseDraft(base.labels, sources={place: 7})
    assert merged(base, told, base)[place].source == 7
    assert merged(base, base, told)[place].source == 7


def test_nothing_is_edited_where_it_may_not_be() -> None:
    session = a_set()
    session.why_not = "You may only read."
    told = listen(session.told)
    session.put("nose", 1, 1)
    session.delete()
    session.choose("neck")
    session.join()
    edited = listen(session.edited)
    session.add_bodypart("paw")
    assert not session.unsaved
    assert told == [("You may only read.",)] * 4
    assert not edited
    assert session.bodyparts == PARTS


def test_body_parts_are_added_joined_and_painted() -> None:
    session = a_set()
    told = listen(session.hung)
    session.choose("tail")
    session.join()
    assert session.skeleton.edges == (("nose", "tail"),)
    session.join()
    assert session.skeleton.edges == ()
    session.add_bodypart("paw")
    session.paint("paw", "#ff0000")
    assert (session.bodyparts[-1], session.bodypart) == ("paw", "paw")
    assert session.skeleton.colours == {"paw": "#ff0000"}
    session.click(1, 2)
    assert session.draft[FRAMES[0], "paw"].x == 1
    assert len(told) == 4
    with pytest.raises(InvalidValue, match="name"):
        session.add_bodypart(" ")


class Fetcher:
    """A lab that answers when it is told to."""

    def __init__(self, ahead: int, held: int = 10**9) -> None:
        self.asked: list = []
        self.shown: list = []
        self.pictures = SetPictures(
            FRAMES,
            self.asked.append,
            lambda f, p: self.shown.append((f, p)),
            ahead,
            held,
        )

    def answer(self) -> None:
        frames = self.asked[-1]
        self.pictures.arrived({f: np.full((4, 4), f[-1], np.uint8) for f in frames})


def test_the_frame_that_is_wanted_comes_first_then_those_around() -> None:
    lab = Fetcher(ahead=2)
    assert lab.pictures.show(FRAMES[2]) is None
    assert lab.pictures.show(FRAMES[3]) is None  # meanwhile another is wanted
    assert lab.asked == [(FRAMES[2],)]
    lab.answer()
    assert lab.asked[-1] == (FRAMES[3],)
    lab.answer()
    assert [frame for frame, _ in lab.shown] == [FRAMES[3]]
    assert lab.asked[-1] == (FRAMES[4], FRAMES[5])
    lab.answer()
    assert lab.pictures.show(FRAMES[4])[0, 0] == 28
    lab.pictures.failed(OSError("away"))
    assert lab.pictures.show(FRAMES[4]) is not None


def test_no_more_is_held_than_allowed_but_what_is_near() -> None:
    lab = Fetcher(ahead=1, held=48)
    for frame in FRAMES:
        lab.pictures.show(frame)
        for _ in range(3):
            if lab.asked:
                lab.answer()
        assert lab.pictures.held_bytes <= 48
    assert lab.pictures.show(FRAMES[-1]) is not None


@pytest.mark.parametrize("length", [1, 20])
def test_frames_of_a_video_are_its_numbers(length: int) -> None:
    frames = VideoFrames(VIDEO, length)
    assert frames[-1] == VIDEO.frame(length - 1)
    assert frames.number_of(VIDEO.frame(length)) is None
    assert [f.frame_num for f in frames[:3]] == list(range(min(3, length)))
