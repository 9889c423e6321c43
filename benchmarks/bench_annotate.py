"""A click on the picture until its numbers are painted and until all is drawn; a step.

A click is made by letting the button go, so that is where the time to the numbers
begins; it ends when the dock's text is painted. The time until all is drawn begins with
the press and ends when napari's canvas, too, has nothing left to do.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.layers.cursor import point_under
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.points import SOURCE_KIND, annotation_layer
from labdata_napari.layers.source import LayerSource
from labdata_napari.widgets.annotate import AnnotationDock

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, PLANES, TRACKS, POINTS = 1024, 64, 40, 2000
UM = (25.0, 10.0, 10.0)
NUMBERS = "annotate: the button let go beside 2,000 points until numbers are painted"
CLICK = "annotate: a click beside 2,000 points until all is drawn"
STEP = "annotate: next slice of 2 channels of 1024 x 1024 with 2,000 points"
PEER = "napari's layers alone"


class Painted:
    """A clock that stops when the numbers are painted, not when the work is done.

    The dock paints them before napari's picture is made, in the same handling of the
    mouse, so the end of that is no measure.
    """

    def __init__(self) -> None:
        self._at: float | None = None

    def note(self, *_: object) -> None:
        """Remember that it is done now."""
        self._at = time.perf_counter()

    def __call__(self) -> float:
        """Return when it was noted, else the time."""
        at, self._at = self._at, None
        return time.perf_counter() if at is None else at


painted = Painted()


def tracks() -> AnnotationSet:
    """Straight tracks through the whole stack, with some scatter."""
    rng = np.random.default_rng(1)
    each = POINTS // TRACKS
    along = np.linspace(0, 1, each)[:, None]
    made = []
    for number in range(TRACKS):
        start, end = rng.uniform(0.1, 0.9, (2, 3)) * (PLANES, SIZE, SIZE)
        places = start + along * (end - start) + rng.normal(0, 1, (each, 3))
        made.append(Annotation(f"P{number}_shank0", "probe_track", places, number))
    return AnnotationSet(tuple(made))


def open_brain(viewer: Any) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (PLANES, SIZE, SIZE), np.uint8)
    space = layer_space("ZYX", UM)
    for colour in ("gray", "green"):
        viewer.add_image(pixels, colormap=colour, blending="additive", **space)


@pytest.fixture
def annotated(make_napari_viewer: Callable[..., Any]) -> Any:
    """The dock on a brain with tracks; the viewer and what shows the numbers."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1500, 950)
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Annotations")
    open_brain(viewer)
    source = LayerSource(SOURCE_KIND, {"subject_name": "M1", "transform_id": 0})
    data, options, _ = annotation_layer(
        tracks(), layer_space("ZYX", UM), (PLANES, SIZE, SIZE), source, "annotations"
    )
    points = viewer.add_points(data, **options)
    viewer.layers.selection.active = points
    dock._annotator.mouse.add()
    QApplication.processEvents()
    return viewer, dock.findChild(QLabel, "numbers_text")


@pytest.fixture
def bare(make_napari_viewer: Callable[..., Any]) -> Any:
    """The same picture and as many points in napari without us; clicks add points."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1500, 950)
    open_brain(viewer)
    data = np.concatenate([a.points for a in tracks()])
    points = viewer.add_points(data, size=20, **layer_space("ZYX", UM))
    points.mode = "add"
    QApplication.processEvents()
    return viewer


def clicker(viewer: Any, said: QLabel | None) -> Callable[[QPoint], None]:
    canvas = viewer.window._qt_viewer.canvas.native

    def click(place: QPoint) -> None:
        before = None if said is None else said.text()
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()
        assert said is None or said.text() != before

    return click


def places(
    viewer: Any, points: Any
) -> Callable[[], tuple[tuple[QPoint], dict[str, Any]]]:
    """Places on the canvas, one after another, with no point under them."""
    candidates = (QPoint(100 + 37 * n % 400, 100 + n) for n in itertools.count())
    canvas = viewer.window._qt_viewer.canvas

    def is_free(place: QPoint) -> bool:
        world = canvas._map_canvas2world((place.x(), place.y()), canvas.view)
        return point_under(viewer, points, world) is None

    return lambda: ((next(filter(is_free, candidates)),), {})


@pytest.mark.benchmark(timer=painted)
def test_numbers(measure: Callable[..., Any], annotated: Any) -> None:
    viewer, said = annotated
    canvas = viewer.window._qt_viewer.canvas.native
    points = viewer.layers.selection.active
    # after the dock, which paints them when it hears of it
    annotator = viewer.window._qt_window.findChild(AnnotationDock)._annotator
    annotator.foreseen.connect(painted.note)
    next_place, texts = places(viewer, points), [said.text()]

    def press() -> Any:
        (place,), _ = next_place()
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()
        painted()
        return (place,), {}

    def release(place: QPoint) -> None:
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=place)
        QApplication.processEvents()
        assert said.text() != texts[-1]
        texts.append(said.text())

    target = "median < 50 ms, worst < 100 ms"
    measure(NUMBERS, release, target=target, setup=press, rounds=40, warm=3)


def test_click(measure: Callable[..., Any], annotated: Any) -> None:
    viewer, said = annotated
    points = viewer.layers.selection.active
    click = clicker(viewer, said)
    measure(CLICK, click, setup=places(viewer, points), rounds=40, warm=3)


def test_click_in_napari(measure: Callable[..., Any], bare: Any) -> None:
    click = clicker(bare, None)
    points = bare.layers.selection.active
    measure(CLICK, click, peer=PEER, setup=places(bare, points), rounds=40, warm=3)


def stepper(viewer: Any) -> Callable[[], None]:
    steps = itertools.cycle(range(PLANES))

    def step() -> None:
        viewer.dims.set_current_step(0, next(steps))
        QApplication.processEvents()

    return step


def test_step(measure: Callable[..., Any], annotated: Any) -> None:
    viewer, _ = annotated
    measure(STEP, stepper(viewer), target="< 80 ms", rounds=40, warm=3)


def test_step_in_napari(measure: Callable[..., Any], bare: Any) -> None:
    measure(STEP, stepper(bare), peer=PEER, rounds=40, warm=3)
