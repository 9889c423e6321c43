"""The planes of a preview in a viewer without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from labdata_napari.core.preview_layout import lay_out
from labdata_napari.core.transform_draft import TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.layers.preview import PreviewScene

SHAPE = (60, 1, 80, 100)


def test_planes_are_fitted_again_when_the_canvas_grows_but_not_once_they_were_moved():
    viewer = ViewerModel()
    scene = PreviewScene(viewer)
    draft = TransformDraft(SHAPE, (25.0,) * 3, TransformParameters())
    layout = lay_out(draft.frame.spatial_shape_out, draft.frame.um_per_pixel_out)
    camera = viewer.scene.camera
    viewer.canvas.size = (400, 400)
    scene.open([{"name": "auto"}])
    scene.show(np.ones((1, *layout.shape), np.uint16), layout, 1, draft)
    small = camera.zoom
    viewer.canvas.size = (800, 900)
    assert camera.zoom == pytest.approx(2 * small, rel=0.2)
    camera.zoom = small / 3
    viewer.canvas.size = (400, 400)
    assert camera.zoom == small / 3
    scene.close()
    left = camera.zoom
    viewer.canvas.size = (500, 500)
    assert camera.zoom == left
