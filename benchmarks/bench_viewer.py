"""Opening and slicing in a real window: until the picture is drawn and read back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import dask.array as da
import pytest
import zarr
from big_lab import PHANTOM
from napari.layers import Layer
from qtpy.QtWidgets import QApplication

from labdata_napari.layers.images import channel_levels, image_layers
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from big_lab import BigLab

    from labdata_napari.core.stacks import Stack

OPEN = "napari: row to first picture"
TURN = "napari: first turn to the y view, drawn"
AXES = ("z", "y", "x")
ORDERS = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
UM = (10.0, 4.0, 4.0)
LIMITS = (0, 1800)
along = pytest.mark.parametrize("axis", range(3), ids=AXES)


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    made = make_napari_viewer(show=True)
    made.window.resize(1200, 900)
    QApplication.processEvents()
    return made


def draw(viewer: Any) -> None:
    viewer.screenshot(canvas_only=True, flash=False)


# --- opening ----------------------------------------------------------------------


def test_open(
    measure: Callable[..., Any], big_lab: BigLab, viewer: Any, qtbot: Any
) -> None:
    """From the entry that was chosen, through both background threads."""
    said: list[str] = []
    workspace = workspace_for(viewer)
    workspace.connect(Profile("Big lab", big_lab.url, "lab_data"))
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=60_000)
    entry = next(e for e in big_lab.lab.brains.find() if e.key == PHANTOM)

    def work() -> None:
        with qtbot.waitSignal(workspace.entry_opened, timeout=60_000):
            workspace.opener.open_entry(entry)
        draw(viewer)

    workspace.status.connect(said.append)
    work()
    # the pyramid that is built after the first picture is not part of this
    qtbot.waitUntil(lambda: "fast" in said[-1], timeout=250_000)
    measure(OPEN, work, setup=viewer.layers.clear)
    workspace.close()


def test_open_dask(measure: Callable[..., Any], phantom: Path, viewer: Any) -> None:
    def work() -> None:
        with zarr.storage.ZipStore(phantom, mode="r") as store:
            data = da.from_zarr(zarr.open_array(store, mode="r"))
            viewer.add_image(data, channel_axis=1, scale=UM)
            draw(viewer)
            viewer.layers.clear()

    measure(OPEN, work, peer="add_image(zarr + dask) from the file's path")


# --- slicing ----------------------------------------------------------------------


def step_name(axis: int) -> str:
    return f"napari: next {AXES[axis]} slice, all channels, drawn"


def step(viewer: Any, axis: int) -> tuple[Callable[[int], None], Callable[[], Any]]:
    """The work and its setup: one index after the other, from a third of the way."""
    viewer.dims.order = ORDERS[axis]
    draw(viewer)
    length = viewer.dims.nsteps[axis]
    indices = itertools.cycle([*range(length // 3, length), *range(length // 3)])

    def work(index: int) -> None:
        viewer.dims.set_current_step(axis, index)
        draw(viewer)

    return work, lambda: ((next(indices),), {})


def add_ours(viewer: Any, stack: Stack, pyramid: list[Stack]) -> None:
    limits = [LIMITS] * stack.n_channels
    levels = channel_levels(stack, pyramid)
    for data in image_layers(stack, "brain", None, levels, limits):
        viewer.add_layer(Layer.create(*data))


def add_dask(viewer: Any, store: Any, cache: bool = True) -> None:
    viewer.add_image(
        da.from_zarr(zarr.open_array(store, mode="r")),
        channel_axis=1,
        scale=UM,
        contrast_limits=LIMITS,
        cache=cache,
    )


def turn(viewer: Any) -> None:
    viewer.dims.order = ORDERS[1]
    draw(viewer)


def test_turn(
    measure: Callable[..., Any], viewer: Any, stack: Stack, pyramid: list[Stack]
) -> None:
    add_ours(viewer, stack, pyramid)
    draw(viewer)
    measure(TURN, lambda: turn(viewer), rounds=1, warm=0)


def test_turn_dask(measure: Callable[..., Any], viewer: Any, phantom: Path) -> None:
    with zarr.storage.ZipStore(phantom, mode="r") as store:
        add_dask(viewer, store)
        draw(viewer)
        peer = "add_image(zarr + dask)"
        measure(TURN, lambda: turn(viewer), peer=peer, rounds=1, warm=0)
        viewer.layers.clear()


@along
def test_step(
    measure: Callable[..., Any],
    viewer: Any,
    stack: Stack,
    pyramid: list[Stack],
    axis: int,
) -> None:
    add_ours(viewer, stack, pyramid)
    work, setup = step(viewer, axis)
    target = "< 100 ms" if axis else ""
    measure(step_name(axis), work, target=target, setup=setup, rounds=40)


@along
@pytest.mark.parametrize("cache", [True, False], ids=["cache", "no cache"])
def test_step_dask(
    measure: Callable[..., Any], viewer: Any, phantom: Path, axis: int, cache: bool
) -> None:
    with zarr.storage.ZipStore(phantom, mode="r") as store:
        add_dask(viewer, store, cache)
        work, setup = step(viewer, axis)
        how = "once all is in napari's dask cache" if cache else "no dask cache"
        peer = f"add_image(zarr + dask), {how}"
        rounds = 10 if axis else 40
        measure(step_name(axis), work, peer=peer, setup=setup, rounds=rounds)
        viewer.layers.clear()
