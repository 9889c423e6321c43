"""A model's mistakes corrected by mouse and keys alone, saved, and shared by two."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.settings import get_plugin_settings
from qtpy.QtCore import QObject, Qt, QTimer
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QDockWidget, QLabel

from hands import (
    Actions,
    child,
    double_click_row,
    drag,
    pause,
    press,
    row_of,
)
from hands import wait_for as waited
from labdata_napari.core.pose_draft import MANUAL, PoseDraft
from labdata_napari.core.pose_edits import place
from labdata_napari.core.pose_looks import Mode
from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.core.pose_session import PoseSession
from labdata_napari.demo import demo_truth
from labdata_napari.errors import NotFound
from labdata_napari.lab.connect import connect
from labdata_napari.widgets.pose_new_frames import shown_frame
from labdata_napari.widgets.pose_problems import PoseProblems
from labdata_napari.widgets.pose_rows import Saving, save_labels
from labdata_napari.widgets.question import Question
from labdata_napari.widgets.workspace import workspace_for
from pose_hand import CTRL, SHIFT, Hand

if TYPE_CHECKING:
    from labdata_napari.core.pose import FrameKey, PoseLabels

pytestmark = [pytest.mark.gui, pytest.mark.one_qt]
ERRORS, EVERY, MODEL = 50, 3, 7


def seed(url: str, truth) -> dict[int, str]:
    """Predictions of a model that is wrong once in some frames: where, and in what."""
    rng = np.random.default_rng(3)
    xy = truth.xy + rng.normal(0, 0.3, truth.xy.shape)
    sure = np.full(xy.shape[:2], 0.98)
    wrong = {}
    for number in range(ERRORS):
        frame, part = EVERY * number, number % len(truth.labels)
        turn = rng.uniform(0, 2 * np.pi)
        xy[frame, part] += rng.uniform(45, 80) * np.array([np.cos(turn), np.sin(turn)])
        sure[frame, part] = rng.choice([0.3, 0.9])
        wrong[frame] = truth.labels[part]
    with connect(url) as lab:
        lab.PoseEstimationModel.insert1({"model_num": MODEL, "algorithm_name": "wrong"})
        for part, name in enumerate(truth.labels):
            row = {**truth.key, "model_num": MODEL, "label_name": name}
            x, y = xy[:, part].T.astype(np.float32)
            lab.PoseEstimation.insert1(
                {**row, "x": x, "y": y, "likelihood": sure[:, part].astype(np.float32)}
            )
    return wrong


def rows_of(url: str, num: int) -> tuple[PoseLabels, dict, dict]:
    with connect(url) as lab:
        labels = lab.poses.load_labels(num)
        sources = {p: d.source for p, d in lab.poses.load_details(num).items()}
        pictures = {f: lab.poses.load_frame(num, f) for f in labels.frames[:2]}
        return labels, sources, pictures


def test_fifty_errors_take_two_actions_each_and_two_people_agree(
    make_napari_viewer, demo_copy, monkeypatch, tmp_path
):
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABDATA_NAPARI_URL", demo_copy)
    gc.collect()
    gc.freeze()  # as the program does: napari collects whenever a layer goes
    truth = demo_truth(scale=0.25).pose
    wrong = seed(demo_copy, truth)
    at = {name: n for n, name in enumerate(truth.labels)}
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1100, 750)
    _, browser = viewer.window.add_plugin_dock_widget("labdata-napari", "Lab Browser")
    table = child(browser, "entry_table")
    waited(lambda: table.model().rowCount() > 0)
    double_click_row(table, row_of(table, "label set"))
    dock = waited(lambda: viewer.window.dock_widgets.get("Poses (labdata-napari)"))
    hand = Hand(viewer)
    waited(lambda: hand.posing.work is not None)
    assert hand.session.num == 1
    press(child(dock, "pose_back"))

    # predictions begin at what is wrong first: a click and Enter for each
    hand.opened(dock, f"model {MODEL}")
    waited(lambda: hand.session.queue.current is not None)
    hand.look()
    actions, clicked = Actions(hand.picture), {}
    for _ in range(ERRORS):
        frame, name = hand.session.frame, hand.session.bodypart
        assert wrong[frame.frame_num] == name
        hand.click(*truth.xy[frame.frame_num, at[name]])
        clicked[frame, name] = hand.session.draft[frame, name]
        hand.key(Qt.Key.Key_Return)
    assert actions.stop().total() <= 2 * ERRORS
    assert {frame.frame_num for frame, _ in clicked} == set(wrong)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.session.frame.frame_num in wrong  # whatever comes next is no error
    hand.key(Qt.Key.Key_Z, CTRL | SHIFT)
    hand.saved(dock)

    num = hand.session.num
    labels, sources, pictures = rows_of(demo_copy, num)
    assert len(labels) == ERRORS * len(truth.labels)
    for (frame, name), label in labels.by_place().items():
        assert np.hypot(*(truth.xy[frame.frame_num, at[name]] - [label.x, label.y])) < 2
        mine = clicked.get((frame, name))
        assert mine is None or (label.x, label.y) == (mine.x, mine.y)
        assert sources[frame, name] == (MODEL if mine is None else MANUAL)
    with connect(demo_copy) as lab:
        video = lab.recordings.open("DatasetVideo", VideoKey(*frame[:4])._asdict())
        for frame, picture in pictures.items():
            assert np.array_equal(np.asarray(video[frame.frame_num]), picture)
    what_is_said(hand, dock, num)
    a_set_with_its_video_and_without(hand, dock, num)
    how_it_looks(hand, dock, num, demo_copy)
    a_set_is_left_while_it_is_saved(hand, dock, num)
    two_people(hand, dock, demo_copy, num)
    a_set_from_scratch(hand, dock, VideoKey(*frame[:4]), demo_copy)
    saved_from_anywhere(hand, dock)
    viewer.close()


def what_is_said(hand: Hand, dock, num: int) -> None:
    """Which set frames go into; nothing of another frame; that nothing was lost."""
    status = child(dock, "pose_status")
    assert child(dock, "pose_title").text().endswith(f"→ label set {num}")
    assert f"Saved in label set {num}" in status.text()
    hand.key(Qt.Key.Key_D)
    assert not status.text()
    hand.click(50, 50)
    hand.viewer.layers.remove(hand.posing.work.view.picture)
    assert hand.posing.work is None
    assert "1 unsaved label is kept" in status.text()


def a_set_with_its_video_and_without(hand: Hand, dock, num: int) -> None:
    """Frames are suggested from the video; labels are carried over without it, too.

    What was suggested is there again the next time, but for what somebody let go.
    """
    hand.opened(dock, f"label set {num}")
    press(waited(lambda: dock.findChild(QObject, "recover_discard")))
    session, suggest = hand.session, child(dock, "pose_suggest")
    assert child(dock, "pose_mode").findData(Mode.CONFIRM) < 0
    hand.hold(Qt.Key.Key_D, 20)  # the last five by two
    assert session.at == 25
    hand.hold(Qt.Key.Key_A, 24)
    assert session.at == 0
    hand.key(Qt.Key.Key_D)
    hand.posing.work.alignment = "The frames of another program."
    hand.key(Qt.Key.Key_F, SHIFT)
    waited(lambda: session.history.undo_words.startswith("track"))
    hand.key(Qt.Key.Key_Z, CTRL)
    assert not session.unsaved
    notice = child(dock, "pose_notice")
    for words in (hand.posing.work.alignment, ""):
        hand.posing.work.alignment = words
        hand.posing.aligned.emit()
        assert (notice.isVisible(), notice.text()) == (bool(words), words)
    waited(lambda: hand.posing.work.reader and suggest.isEnabled())
    press(suggest)
    assert not suggest.isEnabled()
    assert child(dock, "pose_searching").isVisible()
    hand.key(Qt.Key.Key_D)
    waited(lambda: "frames that look unlike" in child(dock, "pose_status").text())
    assert session.at == session.number_of(session.frame)
    before = len(session.draft.labels.frames)
    assert len(session.frames) == before + len(session.queue)
    hand.key(Qt.Key.Key_Space)
    assert session.frame not in session.baseline.labels.frames
    let_go, suggested = session.frame, session.suggested
    hand.key(Qt.Key.Key_K)
    assert session.suggested == tuple(f for f in suggested if f != let_go)
    press(child(dock, "pose_back"))
    hand.opened(dock, f"label set {num}")
    waited(lambda: "suggested before are here again" in status_of(dock))
    again, session = session.suggested, hand.session
    assert session.suggested == again
    assert [frame for frame, _ in session.queue.places] == list(again)
    assert {*session.frames} - {*session.baseline.labels.frames} == {*again}
    hand.key(Qt.Key.Key_Space)
    assert session.frame == again[0]
    assert hand.posing.work.view.picture.data.any()
    # what is found for a session that was left is nothing to another
    problems, other = dock.findChild(PoseProblems), PoseSession((), PoseDraft())
    problems.find()
    problems.follow(other)
    pause(0.5)
    assert not child(dock, "pose_left").text()
    assert not len(other.queue)
    problems.follow(session)


def status_of(dock) -> str:
    return str(child(dock, "pose_status").text())


def how_it_looks(hand: Hand, dock, num: int, url: str) -> None:
    """Lines of the skeleton, a colour; and no word is cut off in a narrow dock."""
    work, lines = hand.posing.work, child(dock, "pose_lines")
    session, first = work.session, work.session.bodyparts[0]
    session.go_to(session.baseline.labels.frames[0])
    hand.look()
    assert not lines.isEnabled()
    hand.key(Qt.Key.Key_2)
    hand.key(Qt.Key.Key_1)
    get_plugin_settings("labdata-napari").pose_keys.join = "L Y"  # heard at once
    hand.key(Qt.Key.Key_Y)
    shown = [work.view.lines.visible]
    for _ in range(2):
        press(lines)
        shown.append(work.view.lines.visible)
    assert shown == [True, False, True]

    def paint() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            QTimer.singleShot(20, paint)
            return
        dialog.setCurrentColor(QColor("#123456"))
        dialog.accept()

    QTimer.singleShot(20, paint)
    double_click_row(child(dock, "pose_keypoints"), 0)
    assert work.view.colours[first] == "#123456"
    face = work.view.points.face_color[0, :3] * 255
    assert np.rint(face).tolist() == [0x12, 0x34, 0x56]
    with connect(url) as lab:
        waited(lambda: lab.poses.load_skeleton(num).colours.get(first) == "#123456")
        assert lab.poses.load_skeleton(num).edges == session.skeleton.edges

    window, holder = hand.viewer.window._qt_window, dock
    while not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    window.resizeDocks([holder], [250], Qt.Orientation.Horizontal)
    waited(lambda: dock.width() < 330)
    pause(0.1)
    for widget in (*dock.findChildren(QLabel), *dock.findChildren(QAbstractButton)):
        if widget.isVisible():
            assert widget.mapTo(dock, widget.rect().topRight()).x() < dock.width()
            wraps = widget.hasHeightForWidth()
            need = widget.heightForWidth(widget.width()) if wraps else 0
            assert widget.height() >= need, widget.text()
            assert wraps or widget.width() >= widget.minimumSizeHint().width()


def a_set_is_left_while_it_is_saved(hand: Hand, dock, num: int) -> None:
    """It asks nothing over what is shown next; what was to go is kept."""
    held = threading.Event()
    workspace_for(hand.viewer).submit(lambda lab: held.wait(30))
    hand.session.delete()
    hand.key(Qt.Key.Key_S, CTRL)
    press(child(dock, "pose_back"))
    held.set()
    waited(lambda: "was left before it was saved" in child(dock, "pose_status").text())
    assert dock.findChild(Question).isHidden()
    hand.opened(dock, f"label set {num}")
    press(waited(lambda: dock.findChild(QObject, "recover_discard")))


def two_people(hand: Hand, dock, url: str, num: int) -> None:
    """Somebody else saves the same set meanwhile; what was left is offered again."""
    press(child(dock, "pose_back"))
    hand.opened(dock, f"label set {num}")
    session = hand.session
    waited(lambda: "suggested before are here again" in status_of(dock))
    frame, first, second, third = session.frame, *session.bodyparts[:3]
    before = {m.bodypart: m for m in session.marks()}
    for name, shift in ((first, 40.0), (second, -30.0)):
        mark = before[name]
        drag(hand.viewer, (mark.y, mark.x), (mark.y + shift, mark.x + shift))
    press(child(dock, "pose_back"))  # which keeps what is not saved
    hand.opened(dock, f"label set {num}")
    badge = child(dock, "pose_badge")
    waited(lambda: badge.text() == "● earlier changes wait")
    press(child(dock, "recover_restore"))
    assert dock.findChild(Question).isHidden()
    session = hand.session
    waited(lambda: session.unsaved == 2)
    with connect(url) as lab:
        a_frame_of_another_video_is_not_saved(lab, num, frame)
        theirs = lab.poses.load_labels(num)
        edited = theirs.placed(frame, first, 1, 2).placed(frame, third, 3, 4)
        lab.poses.save_labels(num, theirs, edited)
    hand.key(Qt.Key.Key_S, CTRL)
    asked = waited(lambda: child(dock, "pose_conflicts_text").text())
    assert "2 moved" in asked
    assert "2 changed by another user" in asked
    conflicts = child(dock, "pose_conflict_list")
    assert conflicts.count() == 1
    assert conflicts.item(0).text().startswith(f"{first}, frame {frame.frame_num}: m")
    press(child(dock, "pose_all_theirs"))
    assert ": theirs, (1.0, 2.0); not mine" in conflicts.item(0).text()
    mine = session.draft[frame, second]
    press(child(dock, "pose_decided"))
    waited(lambda: not session.unsaved)
    labels, *_ = rows_of(url, num)
    places = [labels[frame, name] for name in (first, second, third)]
    assert [(p.x, p.y) for p in places] == [(1, 2), (mine.x, mine.y), (3, 4)]
    assert len(session.draft.labels) == len(labels)


def a_frame_of_another_video_is_not_saved(lab, num: int, frame: FrameKey) -> None:
    """Else it would be saved with a picture of this one."""
    rows = lab.poses.load_draft(num)
    other = frame._replace(video_name="of another camera")
    edited = place(rows, (other, "nose"), 1, 2).apply(rows)
    home = lab.url, lab.name, lab.project
    wrong = VideoKey(*frame[:4])
    saving = Saving(
        home, num, rows, edited, frames=(other,), video=wrong, reader=(object(),)
    )
    with pytest.raises(NotFound, match="of another camera"):
        save_labels(lab, saving)
    with pytest.raises(NotFound, match="its video is not open"):
        save_labels(lab, replace(saving, frames=(frame,), video=None, reader=None))


def a_set_from_scratch(hand: Hand, dock, video: VideoKey, url: str) -> None:
    """Frames that look different, one picked while watching, body parts, a label."""
    press(child(dock, "pose_back"))
    press(child(dock, "pose_new_set"))
    videos = child(dock, "pose_new_video")
    waited(lambda: videos.findText(" ".join(video)) >= 0)
    videos.setCurrentIndex(videos.findText(" ".join(video)))
    make = child(dock, "pose_new_make")
    assert not make.isEnabled()
    child(dock, "pose_new_count").setValue(3)
    press(child(dock, "pose_new_suggest"))
    frames = child(dock, "pose_new_frames")
    waited(lambda: frames.count() == 3)
    workspace = workspace_for(hand.viewer)
    workspace.submit(
        lambda lab: lab.entries.find("", ("DatasetVideo",))[0],
        done=workspace.opener.open_entry,
    )
    waited(lambda: shown_frame(workspace) is not None)
    hand.viewer.dims.set_current_step(0, 11)
    press(child(dock, "pose_new_pick"))
    listed = [frames.item(n).text() for n in range(frames.count())]
    assert any(words.startswith("frame 11 of ") for words in listed)
    hand.viewer.layers.clear()
    names = child(dock, "pose_new_names")
    for name in ("nose", "left paw", "right paw"):
        QTest.keyClicks(names, name)
        QTest.keyClick(names, Qt.Key.Key_Return)
    assert child(dock, "pose_new_pairs").text() == "left paw – right paw"
    QTest.keyClicks(child(dock, "pose_new_edges"), "nose-left paw")
    wanted = frames.count()
    press(make)
    waited(lambda: hand.posing.work is not None)
    hand.look()
    num, frame = hand.session.num, hand.session.frame
    assert hand.session.bodyparts == ("nose", "left paw", "right paw")
    assert 11 in [key.frame_num for key in hand.session.frames]
    hand.key(Qt.Key.Key_2)
    hand.click(100, 80)
    hand.saved(dock)
    labels, sources, _ = rows_of(url, num)
    assert len(labels.frames) == wanted
    assert sources == {(frame, "left paw"): MANUAL}
    with connect(url) as lab:
        assert lab.poses.load_skeleton(num).pairs == (("left paw", "right paw"),)


def saved_from_anywhere(hand: Hand, dock) -> None:
    """Wherever the keyboard is, and whatever layer is chosen."""
    window, session = hand.viewer.window._qt_window, hand.session
    window.activateWindow()
    waited(window.isActiveWindow)
    layers = hand.viewer.window._qt_viewer.layers
    names = ("pose_keypoints", "pose_mode", "pose_frames", "pose_new_part")
    for number, where in enumerate((*(child(dock, n) for n in names), layers)):
        session.put("nose", 10 + number, 20)
        where.setFocus()
        waited(where.hasFocus)
        QTest.keyClick(where, Qt.Key.Key_S, CTRL)
        waited(lambda: not session.unsaved)
    hand.viewer.add_image(np.zeros((9, 9)))
    session.put("nose", 30, 20)
    QTest.keyClick(hand.picture, Qt.Key.Key_S, CTRL)
    waited(lambda: not session.unsaved)
