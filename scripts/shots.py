"""Every picture of the docs, from the demo lab, made with real mouse and keys.

python scripts/shots.py                  all of them, into docs/images
python scripts/shots.py --demo demo.png  one picture of the whole window
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402
from qtpy.QtCore import Qt  # noqa: E402
from qtpy.QtTest import QTest  # noqa: E402
from qtpy.QtWidgets import QListWidget  # noqa: E402

import databases  # noqa: E402
import hands  # noqa: E402
from labdata_napari.core.transform import plan  # noqa: E402
from labdata_napari.demo import demo_truth, ensure_demo  # noqa: E402
from labdata_napari.widgets.app import open_window  # noqa: E402
from labdata_napari.widgets.pose_opening import show_pose_dock  # noqa: E402
from labdata_napari.widgets.transform_opening import show_transform_dock  # noqa: E402

if TYPE_CHECKING:
    from napari import Viewer
    from qtpy.QtWidgets import QWidget

BROWSER = "Lab Browser (labdata-napari)"
ANNOTATIONS = "Annotations (labdata-napari)"
TRANSFORM = "Transform (labdata-napari)"
POSES = "Poses (labdata-napari)"
TRACK = "NP24-2211_shank1"
SIZE = (1600, 1000)


class Session:
    """One window on the demo lab and what a person does in it."""

    def __init__(self, demo: bool = True) -> None:
        if demo:
            ensure_demo()  # for as long as it takes, on whatever machine
        self.viewer: Viewer = open_window(demo=demo)
        self.viewer.window.resize(*SIZE)
        self.truth = demo_truth()
        self.browser = self.viewer.window.dock_widgets[BROWSER]
        self.table = hands.child(self.browser, "entry_table")
        if demo:
            hands.wait_for(lambda: self.table.model().rowCount(), seconds=180)

    def select(self, text: str) -> None:
        """Choose an entry and let its details and picture come."""
        self.table.selectRow(hands.row_of(self.table, text))
        hands.pause(2.5)

    def open_brain(self) -> None:
        """Double-click the coronal brain."""
        subject = str(self.truth.brains[0].key["subject_name"])
        hands.double_click_row(self.table, hands.row_of(self.table, subject))
        hands.wait_for(lambda: len(self.viewer.layers) == 2)
        hands.pause(2.0)

    def open_transform(self) -> QWidget:
        """Open its transform; returns the Annotations dock."""
        self.viewer.layers.clear()
        listed = self.browser.findChild(QListWidget, "transform_list")
        hands.wait_for(listed.count)
        hands.press(hands.child(self.browser, "open_transform_button"))
        hands.wait_for(lambda: len(self.viewer.layers) >= 3)
        hands.pause(1.5)
        return self.viewer.window.dock_widgets[ANNOTATIONS]

    def track_um(self, name: str, count: int) -> np.ndarray:
        """Places (count, 3) of a dye track in the transform, in µm."""
        brain = self.truth.brains[0]
        (track,) = (t for t in brain.tracks if t.name == name)
        layer = self.viewer.layers[0]
        record = self._transform_row()
        geometry = plan(record["shape_in"], brain.um_per_pixel, record["parameters"])
        pixels = geometry.points_to_result(brain.pixels(track.points_um(count)))
        return pixels * np.asarray(layer.scale)

    def _transform_row(self) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []
        receiver = _Receiver(answers)
        workspace = self.browser._workspace
        key = dict(self.truth.transform_key)
        workspace.submit(_geometry_of, key, done=receiver.take)
        return hands.wait_for(lambda: answers)[0]

    def trace(self, dock: QWidget, name: str, count: int) -> None:
        """Name a new track and click along its dye."""
        hands.write(hands.child(dock, "annotation_name"), name, enter=True)
        for place in self.track_um(name, count):
            hands.show_slice(self.viewer, place)
            hands.click_at(self.viewer, place)

    def place_probe(self, dock: QWidget) -> None:
        """Place the four shanks of the second probe by three clicks."""
        picture = hands.canvas(self.viewer)
        hands.wait_for(lambda: dock._annotator.proposed, seconds=60)
        first, last = (self.track_um(f"NP24-2211_shank{i}", 2) for i in (0, 3))
        QTest.keyClick(picture, Qt.Key.Key_M)
        for place in (*first, last[0]):
            hands.show_slice(self.viewer, place)
            hands.click_at(self.viewer, place)
        hands.show_slice(self.viewer, first.mean(axis=0))
        hands.pause(1.0)

    def paint(self, dock: QWidget) -> None:
        """Paint an injection site of two strokes."""
        QTest.keyClick(hands.canvas(self.viewer), Qt.Key.Key_R)
        hands.write(hands.child(dock, "brush_size"), "400", enter=True)
        hands.press(hands.child(dock, "brush_ball"))
        across = np.array([0.0, 0.0, 300.0])
        middle = self.track_um("NP24-2211_shank0", 2).mean(axis=0) - 5 * across
        hands.show_slice(self.viewer, middle)
        hands.drag(self.viewer, middle - across, middle + across)
        hands.pause(0.5)

    def shoot(self, path: Path) -> None:
        """Write a picture of the whole window."""
        hands.pause(0.5)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        print(f"wrote {path}")

    def show_dock(self, title: str) -> None:
        """Bring a dock to the front, as a click on its tab does."""
        dock = self.viewer.window.dock_widgets[title].parentWidget()
        while dock is not None and not hasattr(dock, "toggleViewAction"):
            dock = dock.parentWidget()
        if dock is not None:
            dock.raise_()
        hands.pause(0.3)

    def close(self) -> None:
        """Take back what was not saved, close the window, let the database stop."""
        dock = self.viewer.window.dock_widgets[ANNOTATIONS]
        self.show_dock(ANNOTATIONS)
        if hands.child(dock, "annotation_revert").isEnabled():
            hands.press(hands.child(dock, "annotation_revert"))
            hands.press(hands.child(dock, "revert_yes"))
            hands.pause(1.0)
        self.viewer.close()
        hands.pause(1.0)


class _Receiver:
    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self._answers = answers

    def take(self, answer: dict[str, Any]) -> None:
        self._answers.append(answer)


def _geometry_of(lab: Any, key: dict[str, Any]) -> dict[str, Any]:
    brain = {k: v for k, v in key.items() if k != "transform_id"}
    (record,) = (r for r in lab.brains.transforms(brain) if r.key == key)
    return {"shape_in": lab.brains.open(brain).shape, "parameters": record.parameters}


def demo_picture(path: Path) -> None:
    """Browser, brain and points in one window."""
    session = Session()
    session.select(str(session.truth.brains[0].key["subject_name"]))
    dock = session.open_transform()
    session.trace(dock, TRACK, 6)
    session.show_dock(BROWSER)
    session.shoot(path)
    session.close()


def all_pictures(folder: Path) -> None:
    """Write every picture of the docs."""
    session = Session()
    session.select(str(session.truth.brains[0].key["subject_name"]))
    session.shoot(folder / "browser.png")
    session.open_brain()
    session.shoot(folder / "brain.png")
    annotation_pictures(session, folder)
    session.show_dock(BROWSER)
    session.shoot(folder / "window.png")
    transform_pictures(session, folder)
    pose_pictures(session, folder)
    session.browser.open_import()
    hands.pause(0.5)
    dialog = hands.child(session.browser, "import_dialog")
    dialog.grab().save(str(folder / "import.png"))
    dialog.close()
    server_picture(session, folder / "connect.png")
    session.close()


def annotation_pictures(session: Session, folder: Path) -> None:
    """Trace a shank, look along it, and ask what a save would write."""
    dock = session.open_transform()
    picture = hands.canvas(session.viewer)
    session.place_probe(dock)
    hands.child(dock, "annotation_slab").activated.emit(3)  # 200 µm
    session.shoot(folder / "probe.png")
    hands.child(dock, "annotation_slab").activated.emit(0)
    QTest.keyClick(picture, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    session.paint(dock)
    session.shoot(folder / "injection.png")
    QTest.keyClick(picture, Qt.Key.Key_Escape)
    QTest.keyClick(picture, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(picture, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    session.trace(dock, TRACK, 6)
    said = hands.child(dock, "numbers_text")
    hands.wait_for(lambda: "depth" in said.text(), seconds=60)
    session.shoot(folder / "annotations.png")
    QTest.keyClick(picture, Qt.Key.Key_G)
    hands.pause(2.0)
    session.shoot(folder / "sections.png")
    QTest.keyClick(picture, Qt.Key.Key_G)
    QTest.keyClick(picture, Qt.Key.Key_W)
    hands.pause(3.0)
    session.shoot(folder / "track.png")
    QTest.keyClick(picture, Qt.Key.Key_W)
    atlas_pictures(session, dock, folder)
    hands.press(hands.child(dock, "annotation_save"))
    hands.wait_for(lambda: hands.child(dock, "question_text").text())
    session.shoot(folder / "save.png")
    hands.press(hands.child(dock, "save_no"))


def atlas_pictures(session: Session, dock: QWidget, folder: Path) -> None:
    """Ask how the brain lies in its atlas, and what would be written of regions."""
    hands.press(hands.child(dock, "atlas_open"))
    box = hands.child(dock, "atlas_box")
    hands.wait_for(lambda: box.count() > 3)
    way = hands.child(dock, "atlas_way")
    way.setCurrentIndex(way.findText("By landmarks, four or more"))
    way.activated.emit(way.currentIndex())
    hands.pause(3.0)
    session.shoot(folder / "atlas.png")
    hands.press(hands.child(dock, "atlas_fold"))
    hands.press(hands.child(dock, "atlas_write"))
    hands.wait_for(hands.child(dock, "region_table").rowCount)
    session.shoot(folder / "regions.png")
    hands.press(hands.child(dock, "region_back"))


def transform_pictures(session: Session, folder: Path) -> None:
    """Straighten the coronal brain by eye and by hand."""
    brain = session.truth.brains[0]
    show_transform_dock(session.browser._workspace, brain.key)
    dock = session.viewer.window.dock_widgets[TRANSFORM]
    hands.wait_for(lambda: dock.scene.draft is not None, seconds=60)
    hands.pause(1.0)
    hands.press(hands.child(dock, "transform_new"))
    if hands.child(dock, "orientation_code").isVisible():
        hands.write(hands.child(dock, "orientation_code"), "asr", enter=True)
    hands.write(hands.child(dock, "transform_angle_yx"), "4", enter=True)
    hands.child(dock, "transform_grid").setCurrentIndex(4)
    hands.pause(2.0)
    session.shoot(folder / "transform.png")
    hands.child(dock, "transform_grid").setCurrentIndex(0)

    def at(pane: int, place: np.ndarray) -> np.ndarray:
        world = dock.scene.panes[pane].to_world(place)
        return np.array([*np.zeros(session.viewer.dims.ndim - 2), *world])

    last = np.array(dock.scene.draft.frame.spatial_shape_out) - 1
    hands.press(hands.child(dock, "hand_level"))
    hands.click_at(session.viewer, at(0, last * (0.5, 0.60, 0.13)))
    hands.hover(session.viewer, at(0, last * (0.5, 0.53, 0.88)))
    hands.pause(1.0)
    session.shoot(folder / "level.png")
    hands.click_at(session.viewer, at(0, last * (0.5, 0.53, 0.88)))
    hands.pause(1.0)
    hands.press(hands.child(dock, "hand_crop"))
    for pane, start, end in (
        (0, (0.5, 0.002, 0.5), (0.5, 0.03, 0.5)),
        (1, (0.998, 0.5, 0.5), (0.72, 0.5, 0.5)),
        (2, (0.002, 0.5, 0.5), (0.12, 0.5, 0.5)),
    ):
        hands.drag(session.viewer, at(pane, last * start), at(pane, last * end))
    hands.pause(2.0)
    session.shoot(folder / "crop.png")
    hands.press(hands.child(dock, "hand_crop"))
    hands.press(hands.child(dock, "transform_shown"))
    session.show_dock(BROWSER)


def pose_pictures(session: Session, folder: Path) -> None:
    """Correct a model's predictions, and label a frame of a set."""
    workspace = session.browser._workspace
    video = dict(session.truth.pose.key)
    session.viewer.layers.clear()
    show_pose_dock(workspace, "DatasetVideo", video)
    dock = session.viewer.window.dock_widgets[POSES]
    posing = workspace.posing
    hands.wait_for(lambda: posing.work and posing.work.view.is_current, seconds=60)
    hands.wait_for(lambda: posing.work.session.queue.current is not None)
    picture, corrected = hands.canvas(session.viewer), posing.work.session
    names = session.truth.pose.labels
    for _ in range(3):
        frame, part = corrected.frame, names.index(corrected.bodypart)
        x, y = session.truth.pose.xy[frame.frame_num, part]
        hands.click_at(session.viewer, (y, x))
        QTest.keyClick(picture, Qt.Key.Key_Return)
        hands.wait_for(lambda: posing.work.view.is_current)
        hands.pause(0.5)
    session.shoot(folder / "poses.png")
    while corrected.unsaved:
        QTest.keyClick(picture, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    hands.press(hands.child(dock, "pose_back"))
    hands.pause(1.0)
    session.shoot(folder / "pose-sets.png")


def server_picture(session: Session, path: Path) -> None:
    """Fill in the form for a server, a MariaDB of its own, and test it."""
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        print(f"no mariadbd on the PATH, so {path} stays as it is")
        return
    with tempfile.TemporaryDirectory() as folder:
        server = databases.MariaDB(Path(folder), program)
        facts = server.with_tables().parameters
        form = session.browser
        hands.child(form, "connection_menu_button").menu().form_wanted.emit()
        for name, text in (
            ("server_host", f"{facts['host']}:{facts['port']}"),
            ("server_user", facts["user"]),
            ("server_password", facts["password"]),
            ("server_title", "Our lab"),
        ):
            hands.write(hands.child(form, name), text)
        hands.press(hands.child(form, "server_test"))
        hands.wait_for(hands.child(form, "server_test").isEnabled)
        hands.pause(0.5)
        form.grab().save(str(path))
        print(f"wrote {path}")
        hands.press(hands.child(form, "server_cancel"))
        server.stop()


def main() -> None:
    """Make what was asked for."""
    parser = argparse.ArgumentParser(description="Make the pictures of the docs.")
    parser.add_argument(
        "--transform", type=Path, help="only the Transform dock, to this folder"
    )
    parser.add_argument(
        "--connect", type=Path, help="only the form for a server, to this file"
    )
    parser.add_argument("--poses", type=Path, help="only the Pose dock, to this folder")
    parser.add_argument(
        "--annotate", type=Path, help="only the Annotations dock, to this folder"
    )
    parser.add_argument("--demo", type=Path, help="only the whole window, to this file")
    arguments = parser.parse_args()
    if arguments.demo:
        demo_picture(arguments.demo)
    elif arguments.annotate:
        session = Session()
        session.select(str(session.truth.brains[0].key["subject_name"]))
        annotation_pictures(session, arguments.annotate)
        session.close()
    elif arguments.poses:
        session = Session()
        pose_pictures(session, arguments.poses)
        session.viewer.close()
    elif arguments.transform:
        session = Session()
        transform_pictures(session, arguments.transform)
        session.viewer.close()
    elif arguments.connect:
        session = Session(demo=False)
        hands.pause(5.0)  # its own lab is made
        server_picture(session, arguments.connect)
        session.viewer.close()
    else:
        all_pictures(ROOT / "docs" / "images")


if __name__ == "__main__":
    main()
