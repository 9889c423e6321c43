"""From rows to layers in a viewer: pyramids, recordings, playback, a second window."""

from __future__ import annotations

import time
from datetime import datetime

import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Layer
from numcodecs import Blosc
from qtpy.QtWidgets import QWidget

from labdata_napari import settings
from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.stacks import Stack
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.layers.images import image_layers
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.entry_columns import entry_name
from labdata_napari.widgets.new_window import open_in_new_viewer
from labdata_napari.widgets.rows import find_entries
from labdata_napari.widgets.workspace import workspace_for

LARGE = (128, 1, 640, 640)


def labdata_zip(path, data, chunks) -> None:
    """A file exactly as labdata writes its stacks: a bare array of version 2."""
    store = zarr.storage.ZipStore(path, mode="w")
    zarr.create_array(
        store,
        data=data,
        chunks=chunks,
        zarr_format=2,
        compressors=Blosc("zstd", clevel=3, shuffle=Blosc.BITSHUFFLE),
    )
    store.close()


def open_entries(workspace, qtbot, *kinds):
    """Open every entry of some kinds, waiting for each."""
    answers = []
    workspace.submit(find_entries, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    chosen = [entry for entry in answers if entry.kind in kinds]
    for entry in chosen:
        with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
            workspace.opener.open_entry(entry)
    return chosen


@pytest.fixture
def with_large_brain(lab_folder, tmp_path):
    z, y, x = np.ogrid[: LARGE[0], : LARGE[2], : LARGE[3]]
    data = ((z * 7 + y + 2 * x) % 4000).astype(np.uint16)[:, np.newaxis]
    file = tmp_path / "large.zarr.zip"
    labdata_zip(file, data, (4, 1, 640, 640))
    with lab_folder.connect() as lab:
        (lab.FixedBrain & {"subject_name": "M1"}).fetch1("KEY")
        import_brain(
            lab, BrainImport(file, "M3", "20260301_100000", "big", (25, 10, 10))
        )
    return lab_folder, data


@pytest.mark.alone
def test_a_large_brain_gets_a_pyramid_and_keeps_its_looks(
    open_workspace, with_large_brain, qtbot
):
    folder, data = with_large_brain
    viewer, workspace = open_workspace(folder)
    answers = []
    workspace.submit(find_entries, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    big = next(entry for entry in answers if entry.dataset == "big")
    told = []
    workspace.status.connect(told.append)
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        workspace.opener.open_entry(big)
    (layer,) = viewer.layers
    assert len(layer.data) == 1
    layer.contrast_limits = (10, 1234)
    layer.colormap = "magenta"
    layer.visible = False
    qtbot.waitUntil(lambda: "fast in every direction" in told[-1], timeout=60_000)
    assert viewer.layers[0] is layer
    assert len(layer.data) > 1
    assert layer.contrast_limits == [10, 1234]
    assert layer.colormap.name == "magenta"
    assert not layer.visible
    layer.visible = True
    viewer.dims.order = (1, 0, 2)  # look along y
    np.testing.assert_array_equal(np.asarray(layer.data[0][:, 77]), data[:, 0, 77])
    times = []
    for y in range(200, 220):
        start = time.perf_counter()
        viewer.dims.set_current_step(1, y)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.1
    assert list((settings.cache_home() / "pyramids").glob("*.ozx"))


def test_a_pyramid_that_is_there_is_used_at_once(
    open_workspace, with_large_brain, qtbot
):
    folder, _ = with_large_brain
    _, first = open_workspace(folder)
    told = []
    first.status.connect(told.append)
    open_entries(first, qtbot, "FixedBrain")
    qtbot.waitUntil(lambda: any("fast in" in t for t in told), timeout=60_000)
    viewer, second = open_workspace(folder)
    open_entries(second, qtbot, "FixedBrain")
    big = next(x for x in viewer.layers if x.name.startswith("M3"))
    assert len(big.data) > 1


def test_closing_while_a_pyramid_is_built_leaves_nothing_half_written(
    open_workspace, with_large_brain, qtbot
):
    folder, _ = with_large_brain
    viewer, workspace = open_workspace(folder)
    pyramids = settings.cache_home() / "pyramids"
    open_entries(workspace, qtbot, "FixedBrain")
    qtbot.waitUntil(lambda: bool(list(pyramids.glob("*"))), timeout=20_000)
    workspace.close()
    viewer.close()
    qtbot.waitUntil(lambda: not list(pyramids.glob("*.part*")), timeout=20_000)


@pytest.fixture
def with_recordings(lab_folder, tmp_path):
    """A widefield and a two-photon recording, put there with plain DataJoint."""
    when = datetime(2026, 2, 1)
    key = {
        "subject_name": "M1",
        "session_name": "20260101_120000",
    }
    rng = np.random.default_rng(1)
    shapes = {"Widefield": (40, 2, 30, 40), "TwoPhoton": (24, 2, 1, 30, 40)}
    with lab_folder.connect() as lab:
        for kind, shape in shapes.items():
            dataset = {**key, "dataset_name": kind.lower()}
            lab.Dataset.insert1(dataset)
            name = f"M1/{kind}.zarr.zip"
            target = lab.files.target(name, "data")
            target.parent.mkdir(parents=True, exist_ok=True)
            data = rng.integers(0, 1000, shape).astype(np.uint16)
            labdata_zip(target, data, (8, *shape[1:]))
            file = {"file_path": name, "storage": "data"}
            lab.File.insert1({**file, "file_datetime": when, "file_size": 1.0})
            row = {
                **dataset,
                **file,
                "n_channels": shape[-3],
                "n_frames": shape[0],
                "width": 40,
                "height": 30,
                "frame_rate": 31.0,
                "um_per_pixel": np.array([20.0, 20.0]),
                "imaging_software": "test",
            }
            if kind == "TwoPhoton":
                row["n_planes"] = shape[1]
            getattr(lab, kind).insert1(row, allow_direct_insert=True)
    return lab_folder


def test_recordings_open_frame_by_frame_and_play_at_their_rate(
    open_workspace, with_recordings, qtbot
):
    viewer, workspace = open_workspace(with_recordings, show=True)
    workspace.attach_window(viewer.window._qt_window)
    (widefield,) = open_entries(workspace, qtbot, "Widefield")
    assert [layer.name for layer in viewer.layers] == [
        f"{entry_name(widefield)} · channel 0",
        f"{entry_name(widefield)} · channel 1",
    ]
    layer = viewer.layers[0]
    assert layer.axis_labels == ("frame", "y", "x")
    np.testing.assert_allclose(layer.scale, (1, 20, 20))
    sliders = [
        w
        for w in viewer.window._qt_window.findChildren(QWidget)
        if type(w).__name__ == "QtDimSliderWidget"
    ]
    assert {w.axis: w.fps for w in sliders}[0] == 31.0
    open_entries(workspace, qtbot, "TwoPhoton")
    planes = viewer.layers[-1]
    assert planes.axis_labels == ("frame", "plane", "y", "x")
    assert planes.level_shapes[0].tolist() == [24, 2, 30, 40]


def test_an_entry_opens_in_a_second_window_on_its_own_connection(
    open_workspace, shared_lab, qtbot
):
    first, workspace = open_workspace(shared_lab)
    answers = []
    workspace.submit(find_entries, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    second = open_in_new_viewer(shared_lab.profile, answers[0])
    try:
        qtbot.waitUntil(lambda: len(second.layers) == 2, timeout=20_000)
        assert not first.layers
        assert workspace_for(second) is not workspace
        assert source_of(second.layers[0]).kind == "FixedBrain"
    finally:
        second.close()


def test_the_same_key_in_another_lab_is_another_brain(
    open_workspace, shared_lab, lab_folder, qtbot
):
    viewer, workspace = open_workspace(shared_lab)
    open_entries(workspace, qtbot, "FixedBrain")
    count = len(viewer.layers)
    workspace.connect(lab_folder.profile)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
    open_entries(workspace, qtbot, "FixedBrain")
    assert len(viewer.layers) == 2 * count
    urls = [source_of(layer).lab[0] for layer in viewer.layers]
    assert urls == [shared_lab.url] * count + [lab_folder.url] * count


def test_the_first_picture_fits_the_canvas_that_its_controls_leave(
    open_workspace, shared_lab, qtbot
):
    viewer, workspace = open_workspace(shared_lab, show=True)
    viewer.window.resize(900, 600)
    open_entries(workspace, qtbot, "FixedBrain")
    canvas = viewer.window._qt_viewer.canvas.native

    def fits():
        width, height = viewer.layers.extent.world[1][[2, 1]] * viewer.camera.zoom
        assert width <= canvas.width()
        assert height <= canvas.height()

    qtbot.waitUntil(fits, timeout=3000)


class Zeros:
    """A stack too large for a test, of which only the chunks matter."""

    dtype = np.dtype(np.uint16)

    def __init__(self, shape, chunks) -> None:
        self.shape, self.chunks = shape, chunks

    def read(self, selection):
        return np.zeros([len(part) for part in selection], np.uint16)


def test_a_brain_too_large_for_full_slices_is_looked_at_along_y_at_a_fast_level():
    full = LazyArray.of(Zeros((900, 1, 4000, 4000), (4, 1, 4000, 4000)))
    coarse = [
        LazyArray.of(Zeros((900 // n, 4000 // n, 4000 // n), (64, 64, 64)))
        for n in (2, 4, 8)
    ]
    stack = Stack(full, "ZCYX", (5.0, 2.0, 2.0))
    viewer = ViewerModel()
    workspace = workspace_for(viewer)  # keeps an eye on the viewer from now on
    levels = [[stack.channel_view(0), *coarse]]
    limits = [(0.0, 1.0)]
    for data in image_layers(stack, "huge", levels=levels, contrast=limits):
        viewer.add_layer(Layer.create(*data))
    layer = viewer.layers[0]
    assert layer.locked_data_level is None
    viewer.dims.order = (1, 0, 2)
    assert layer.locked_data_level == 2
    viewer.dims.order = (0, 1, 2)
    assert layer.locked_data_level is None
    workspace.close()


def test_the_first_brain_brings_a_scale_bar_that_may_be_put_away(
    open_workspace, lab_folder, qtbot
):
    viewer, workspace = open_workspace(lab_folder)
    assert not viewer.canvas.overlays.scale_bar.visible
    answers = []
    workspace.submit(find_entries, done=answers.extend)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    brains = [entry for entry in answers if entry.kind == "FixedBrain"]
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        workspace.opener.open_entry(brains[0])
    assert viewer.canvas.overlays.scale_bar.visible
    viewer.canvas.overlays.scale_bar.visible = False
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        workspace.opener.open_entry(brains[1])
    assert not viewer.canvas.overlays.scale_bar.visible
