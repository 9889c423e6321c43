"""The strip of traces: what it shows, and that it leads to frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_draft import Keypoint, PoseDraft
from labdata_napari.core.pose_edits import place
from labdata_napari.core.pose_marks import VideoFrames
from labdata_napari.core.pose_predictions import Predictions, VideoKey
from labdata_napari.core.pose_problems import find_problems
from labdata_napari.core.pose_session import PoseSession
from labdata_napari.widgets.pose_traces import PoseTraces

if TYPE_CHECKING:
    from collections.abc import Iterator

VIDEO = VideoKey("M1", "s", "d", "camera0")
LENGTH, WIDTH = 108_000, 600
COLOURS = {"nose": "#00aa00", "tail": "#0000ff"}
SPIKE = 52_000
RED = QColor("#d62728")


@pytest.fixture(scope="module")
def seen() -> Predictions:
    """An hour of two body parts, with one jump of the nose."""
    t = np.arange(LENGTH)
    nose = np.stack([200 + 100 * np.sin(t / 900), 150 + 50 * np.cos(t / 700)], axis=1)
    nose[SPIKE] += 90
    places = np.stack([nose, nose + 30], axis=1)
    return Predictions.of(("nose", "tail"), places, np.full((LENGTH, 2), 0.9))


@pytest.fixture
def session(seen: Predictions) -> PoseSession:
    frames = VideoFrames(VIDEO, LENGTH)
    return PoseSession(frames, PoseDraft(), predictions=seen, video=VIDEO)


@pytest.fixture
def strip(qtbot: Any, session: PoseSession) -> Iterator[PoseTraces]:
    widget = PoseTraces()
    qtbot.addWidget(widget)
    widget.resize(WIDTH, widget.sizeHint().height())
    widget.follow(session, COLOURS)
    widget.show()
    yield widget
    widget.follow(None, {})


def colours_of(strip: PoseTraces) -> Any:
    """(Y, X, 3) what is painted."""
    image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    buffer = image.constBits()
    if hasattr(buffer, "setsize"):
        buffer.setsize(image.sizeInBytes())
    rows = np.array(np.frombuffer(buffer, np.uint8)).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)


def places_of(strip: PoseTraces, colour: QColor) -> list[int]:
    """Columns in which some pixel has about that colour."""
    apart = np.abs(colours_of(strip).astype(int) - colour.getRgb()[:3]).max(axis=2)
    return np.flatnonzero((apart < 30).any(axis=0)).tolist()


def wheel(strip: PoseTraces, place: int, notches: int) -> None:
    here = QPointF(place, 20)
    event = QWheelEvent(
        here,
        QPointF(strip.mapToGlobal(here.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(strip, event)


def test_a_jump_is_found_in_an_hour_and_a_click_goes_there(
    strip: PoseTraces, session: PoseSession, qtbot: Any
) -> None:
    assert session.predictions is not None
    for _ in range(40):
        wheel(strip, 0, -1)
    assert not places_of(strip, RED)
    session.show_problems(find_problems(session.predictions))
    assert strip.shown == (0, LENGTH)
    [first, *_, last] = places_of(strip, RED)
    expected = SPIKE / LENGTH * WIDTH
    assert first <= expected + 1
    assert last >= expected - 1
    assert last - first < 10
    for _ in range(40):  # nearer, with what is under the mouse staying there
        wheel(strip, round(expected), 1)
    start, stop = strip.shown
    assert stop - start == 20
    assert start <= SPIKE + 90
    middle = QPoint((first + last) // 2, 20)
    for _ in range(30):
        wheel(strip, 0, -1)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=middle)
    assert session.frame is not None
    assert "likelihood 0.90" in strip.words_at(middle.x())
    session.go_to_number(SPIKE)
    start, stop = strip.shown
    assert start < SPIKE < stop
    session.choose("tail")
    assert not places_of(strip, QColor(COLOURS["nose"]))
    assert places_of(strip, QColor(COLOURS["tail"]))


def test_dragging_goes_along_and_labels_are_dots(
    strip: PoseTraces, session: PoseSession, qtbot: Any
) -> None:
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(strip, left, pos=QPoint(100, 30))
    assert session.frame == VIDEO.frame(100)
    there, none = QPointF(590, 30), Qt.MouseButton.NoButton
    where = QPointF(strip.mapToGlobal(there.toPoint()))
    held = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, there, where, none, left, held)
    QApplication.sendEvent(strip, event)
    assert session.frame == VIDEO.frame(590)
    assert strip.shown == (0, 600)  # it does not run away under the mouse
    qtbot.mouseRelease(strip, left, pos=QPoint(590, 30))
    assert strip.shown == (290, 890)
    assert session.predictions is not None
    before = colours_of(strip)
    x, y, _ = session.predictions.at(590)["nose"]
    session.do(place(session.draft, (VIDEO.frame(590), "nose"), x, y))
    changed = np.flatnonzero((colours_of(strip) != before).any(axis=(0, 2)))
    assert 295 < changed.min() <= changed.max() < 306


def test_in_a_label_set_a_click_goes_to_the_nearest_frame_it_has(
    strip: PoseTraces, qtbot: Any
) -> None:
    frames = [
        FrameKey("M1", "s", "d", video, n) for video in "ab" for n in (10, 40, 90)
    ]
    draft = PoseDraft().with_keypoints(
        [(frame, "nose") for frame in frames],
        [Keypoint(n * 10, n) for n in range(6)],
    )
    session = PoseSession(frames, draft, num=1)
    strip.follow(session, COLOURS)
    assert strip.shown == (0, 91)
    assert places_of(strip, QColor(COLOURS["nose"]))
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(380, 20))
    assert session.frame == frames[1]
    session.go_to(frames[4])
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(590, 20))
    assert session.frame == frames[5]
    strip.follow(None, {})
    assert strip.isHidden()
