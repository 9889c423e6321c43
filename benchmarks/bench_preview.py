"""The preview of a transform in a real window: first picture, and every move after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QEventLoop, QObject
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy import ndimage

from labdata_napari.core.glimpse import glimpse
from labdata_napari.core.preview import quick_sheet, read_volume
from labdata_napari.core.preview_layout import lay_out
from labdata_napari.core.transform_draft import DraftModel, TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.layers.preview import PreviewScene
from labdata_napari.widgets.canvas import canvas_of
from labdata_napari.widgets.transform_preview import PreviewPainter

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.core.stacks import Stack

FIRST = "preview: opened file to first picture, on the screen"
HANDED = "preview: one change of an angle, painted and handed to napari"
MOVE = "preview: one change of an angle, on the screen"
PAINT = "preview: three planes of two channels, painted"
PEER = "a 3-D layer turned by `scipy.ndimage.rotate`, one section shown"


def draft_of(stack: Stack) -> TransformDraft:
    z, c, y, x = stack.shape
    um = stack.um_per_pixel
    draft = TransformDraft((z, c, y, x), um, TransformParameters(), "asr")
    return draft.with_voxel_um(max(10, *um))


class Preview:
    """A scene in a viewer, painted into until it is drawn."""

    def __init__(self, viewer: Any, stack: Stack) -> None:
        self.viewer, self.stack = viewer, stack
        self.model = DraftModel()
        self.scene = PreviewScene(viewer)
        self.owner = QObject()
        self.painter = PreviewPainter(self.model, self.scene, self.owner)
        self.painter.painted.connect(self._on_painted)
        self.painted = 0
        self.angle = 0.0
        self.seen = True

    def _on_painted(self, _: Any) -> None:
        self.painted += 1

    def wait(self) -> None:
        """Wait until what was painted is with napari, or on the screen."""
        # An event loop sleeps as napari's does: asking again and again for events
        # would take the processor from what is waited for.
        before, loop = self.painted, QEventLoop()
        canvas = canvas_of(self.viewer.window._qt_window)
        done = canvas.frameSwapped if self.seen else self.painter.painted

        def on_done(_: Any = None) -> None:
            if self.painted > before:
                loop.quit()

        done.connect(on_done)
        loop.exec()
        done.disconnect(on_done)

    def settle(self) -> None:
        """Let napari end what it has begun."""
        for _ in range(5):
            QApplication.processEvents()
            QTest.qWait(100)

    def breathe(self) -> None:
        """Let the last picture get on the screen, but not become sharp."""
        QTest.qWait(60)

    def start(self) -> None:
        limits = {"contrast_limits": (0, 1800)}
        looks = [{"name": f"{c}", **limits} for c in range(self.stack.shape[1])]
        levels = [self.stack, *self.stack.levels]
        volume = glimpse(levels) or read_volume(levels)
        self.scene.open(looks)
        self.model.start(draft_of(self.stack))
        self.painter.start(volume)
        self.wait()

    def move(self) -> None:
        self.angle += 0.3
        draft = self.model.draft
        assert draft is not None
        self.model.set(draft.with_angles(yx=self.angle, zx=-self.angle), merge="turn")
        self.wait()


@pytest.fixture
def preview(make_napari_viewer: Callable[..., Any], stack: Stack) -> Preview:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 900)
    QApplication.processEvents()
    return Preview(viewer, stack)


def test_first(measure: Callable[..., Any], preview: Preview) -> None:
    measure(FIRST, preview.start, target="< 1 s", rounds=3, warm=1)


@pytest.mark.parametrize("what", [HANDED, MOVE])
def test_move(measure: Callable[..., Any], preview: Preview, what: str) -> None:
    preview.start()
    preview.scene.furnish()
    preview.settle()
    preview.seen = what == MOVE
    measure(what, preview.move, setup=preview.breathe, target="< 50 ms", rounds=30)


def test_move_of_a_turned_layer(measure: Callable[..., Any], preview: Preview) -> None:
    stack, viewer = preview.stack, preview.viewer
    volume = np.asarray(stack[:, 0])[::2, ::4, ::4]
    layer = Image(volume, contrast_limits=(0, 1800))
    viewer.add_layer(layer)

    def move() -> None:
        preview.angle += 0.3
        turned = ndimage.rotate(volume, preview.angle, (1, 2), reshape=False, order=1)
        layer.data = turned
        QApplication.processEvents()

    measure(MOVE, move, peer=PEER, rounds=3)


def test_paint(measure: Callable[..., Any], stack: Stack) -> None:
    volume = read_volume([stack, *stack.levels])
    draft = draft_of(stack).with_angles(yx=5, zx=3, zy=-2)
    frame = draft.frame
    layout = lay_out(frame.spatial_shape_out, frame.um_per_pixel_out)
    cross = np.array(frame.spatial_shape_out) / 2
    measure(PAINT, lambda: quick_sheet(volume, frame, layout, cross), rounds=10)
