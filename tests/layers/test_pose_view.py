"""The frame of a session as layers: what is drawn, and what napari's own tools do."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import PoseDraft
from labdata_napari.core.pose_marks import VideoFrames
from labdata_napari.core.pose_predictions import Predictions, VideoKey
from labdata_napari.core.pose_session import PoseSession
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.layers.pose_colours import bodypart_colours
from labdata_napari.layers.pose_mouse import PoseMouse
from labdata_napari.layers.pose_view import PoseView

VIDEO = VideoKey("M1", "20260101_120000", "pose", "camera0")
PARTS = ("nose", "neck", "tail")
FRAMES = tuple(VIDEO.frame(n) for n in range(3))


@pytest.fixture
def view() -> PoseView:
    """Two labels in the first frame, all in the second; nose and neck are joined."""
    xy = np.random.default_rng(0).random((3, 3, 2)) * 40
    xy[0, 2] = np.nan
    draft = PoseDraft(PoseLabels(PARTS, FRAMES, xy))
    session = PoseSession(
        FRAMES, draft, num=3, skeleton=Skeleton(PARTS, (("nose", "neck"),))
    )
    made = PoseView(ViewerModel(), session, "set 3")
    session.frame_shown.connect(lambda f: made.show(f, picture(f.frame_num)))
    made.show(FRAMES[0], picture(0))
    return made


def picture(value: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def test_a_frame_is_a_picture_and_one_point_for_each_body_part(view: PoseView) -> None:
    points = view.points
    assert len(points.data) == len(PARTS)
    assert (points.face_color[:, 3] > 0).tolist() == [True, True, False]
    assert [(m.y, m.x) for m in view.marks] == [tuple(p) for p in points.data[:2]]
    view.session.step(1)
    assert view.picture.data[0, 0, 0] == 1
    assert (points.face_color[:, 3] > 0).all()
    small = picture(2, (30, 20))[..., 0]  # grey, and of another size
    view.show(FRAMES[2], small)
    assert view.picture.data.shape == (30, 20, 3)


def test_the_skeleton_is_a_layer_only_where_there_are_lines(view: PoseView) -> None:
    layers = view._viewer.layers
    assert [layer.name.removeprefix("set 3 ") for layer in layers] == [
        *("frame", "skeleton", "labels"),
    ]
    assert layers.selection.active is view.points
    lines = view.lines
    drawn = []
    lines.events.set_data.connect(lambda _: drawn.append(lines.data.copy()))

    def is_a_line(dots: np.ndarray) -> None:
        assert np.allclose(dots[[0, -1]], view.points.data[:2])
        apart = np.linalg.norm(np.diff(dots, axis=0), axis=1)
        assert apart.max() <= lines.size.max()
        assert len(set(lines.size)) == 1
        assert not lines.border_width.any()

    is_a_line(lines.data)
    view.session.put("neck", 900.0, 40.0)
    is_a_line(drawn[-1])
    view.session.look(has_lines=False)
    assert not lines.visible
    view.session.step(1)
    view.session.look(has_ghosts=True)
    assert len(view.ghosts.data) == 2
    assert view.ghosts in layers


def test_what_naparis_tools_do_is_an_edit_of_the_session(view: PoseView) -> None:
    session, points = view.session, view.points
    points.selected_data = {0}
    points.remove_selected()
    assert session.history.undo_words == "delete nose"
    assert len(points.data) == len(PARTS)
    session.choose("tail")
    points.add([[7.0, 5.0]])
    label = session.draft[FRAMES[0], "tail"]
    assert (label.x, label.y) == (5, 7)
    moved = np.array(points.data)
    moved[1] = 9, 8
    points.data = moved
    assert session.history.undo_words == "move neck"
    for _ in range(3):
        session.undo()
    assert not session.unsaved


class Hand:
    """An event of napari's mouse, as its layers are given it."""

    def __init__(self, y: float, x: float) -> None:
        self.type, self.button, self.modifiers = "mouse_press", 1, ()
        self.position = self.pos = np.array([y, x])
        self.handled = False

    def went(self, kind: str, y: float, x: float) -> Hand:
        self.type, self.position = kind, np.array([y, x])
        self.pos = self.position
        return self


def test_no_label_leaves_the_picture(view: PoseView) -> None:
    mouse, session = PoseMouse(view._viewer, view), view.session
    nose = view.marks[0]
    hand = Hand(nose.y, nose.x)
    [press] = view.points.mouse_drag_callbacks
    drag = press(view.points, hand)
    next(drag)
    hand.went("mouse_move", 100, -20.3)
    next(drag)
    assert view.points.data[0].tolist() == [47, 0]
    hand.went("mouse_release", 100, -20.3)
    list(drag)
    label = session.draft[FRAMES[0], "nose"]
    assert (label.x, label.y) == (0, 47)
    moved = np.array(view.points.data)
    moved[1] = -5, 80
    view.points.data = moved
    label = session.draft[FRAMES[0], "neck"]
    assert (label.x, label.y) == (63, 0)
    session.choose("tail")
    view.points.add([[7.0, 64.0]])
    assert session.draft[FRAMES[0], "tail"].x is None
    assert len(view.points.data) == len(PARTS)
    mouse.end()


def test_predictions_are_rings_the_fainter_the_less_likely() -> None:
    sure = np.array([[0.9, 0.2, 0.7]])
    predictions = Predictions.of(PARTS, np.ones((1, 3, 2)) * [5, 9], sure, model_num=1)
    session = PoseSession(
        VideoFrames(VIDEO, 1), PoseDraft(), predictions=predictions, video=VIDEO
    )
    view = PoseView(ViewerModel(), session, "model 1")
    view.show(FRAMES[0], picture(0))
    rings = view.points.border_width.copy()
    opaque = view.points.border_color[:, 3].copy()
    assert (rings == rings[0]).all()
    assert opaque[1] < opaque[2]
    session.look(lowest=0.1)
    assert view.points.border_color[1, 3] > opaque[1]
    session.accept()
    assert (view.points.border_width < rings).all()


def test_taking_the_points_away_is_told_and_all_can_be_ended(view: PoseView) -> None:
    told: list[bool] = []
    view.gone.connect(lambda: told.append(True))
    view._viewer.layers.remove(view.points)
    assert told == [True]
    view.end()
    assert not view._viewer.layers
    view.session.put("nose", 1, 1)  # which nobody shows any more


def test_colours_are_those_of_the_list_unless_somebody_chose_others() -> None:
    names = [f"part {n}" for n in range(20)]
    found = bodypart_colours(names, {"part 3": "#ff0000", "gone": "#000000"})
    assert found["part 3"] == "#ff0000"
    assert len(set(found.values())) == 20
    assert list(found) == names
