"""Stacks of every kind become layers that napari shows in micrometres, lazily."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Layer

from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.layers.images import (
    channel_names,
    contrast_limits,
    image_layers,
    layer_space,
)
from labdata_napari.layers.source import LayerSource, layers_of, source_of

KEY = {"subject_name": "M1", "session_name": "s", "dataset_name": "brain"}


@pytest.fixture
def volume() -> np.ndarray:
    rng = np.random.default_rng(0)
    data = rng.integers(0, 100, (6, 2, 40, 50)).astype(np.uint16)
    data[:, 1] += 1000
    return data


@pytest.fixture
def brain(volume, tmp_path) -> Stack:
    path = tmp_path / "brain.ome.tif"
    tifffile.imwrite(path, volume, metadata={"axes": "ZCYX"}, ome=True)
    return open_stack(
        path, um_per_pixel=(25.0, 10.0, 5.0), channel_names=["autofluorescence", "DiI"]
    )


def make(stack: Stack, **options) -> list[Layer]:
    return [Layer.create(*d) for d in image_layers(stack, "M1 brain", **options)]


def test_every_channel_is_a_layer_in_micrometres_with_its_name_and_colour(brain):
    background, dye = make(brain, source=LayerSource("FixedBrain", KEY))
    assert (background.name, dye.name) == (
        "M1 brain · autofluorescence",
        "M1 brain · DiI",
    )
    for layer in (background, dye):
        np.testing.assert_allclose(layer.scale, (25, 10, 5))
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 3
        assert layer.axis_labels == ("z", "y", "x")
        assert source_of(layer).is_same_row("FixedBrain", KEY)
    assert background.colormap.name == "gray"
    assert dye.colormap.name == "bop orange"


def test_a_stack_covers_what_was_opened_before_it_and_its_channels_add_up(brain):
    blending = [str(layer.blending) for layer in make(brain)]
    assert blending == ["translucent_no_depth", "additive"]


def test_the_pixels_shown_are_the_files(brain, volume):
    viewer = ViewerModel()
    for data, arguments, _ in image_layers(brain, "M1"):
        viewer.add_image(data, **arguments)
    viewer.dims.set_current_step(0, 4)
    for channel, layer in enumerate(viewer.layers):
        shown = np.asarray(layer.data[0][4])
        np.testing.assert_array_equal(shown, volume[4, channel])


def test_contrast_follows_each_channels_values(brain, volume):
    for channel, (dark, bright) in enumerate(contrast_limits(brain)):
        values = volume[:, channel]
        assert values.min() <= dark < np.percentile(values, 5)
        assert np.percentile(values, 99) <= bright <= values.max()


def test_the_black_around_a_turned_brain_does_not_count(brain):
    data = np.zeros((9, 1, 30, 30), np.uint16)
    data[:, :, 10:20, 10:20] = 200
    data[:, :, 14, 14] = 900
    turned = replace(brain, data=data, channel_names=())
    assert contrast_limits(turned) == [(200.0, 900.0)]


def test_a_constant_channel_still_gets_a_range(brain):
    flat = replace(brain, data=np.zeros((3, 1, 8, 8), np.uint8), channel_names=())
    assert contrast_limits(flat) == [(0.0, 1.0)]


def test_unknown_voxel_sizes_are_shown_in_pixels():
    space = layer_space("ZCYX", None)
    assert space["scale"] == (1.0, 1.0, 1.0)
    assert space["units"] == ("pixel",) * 3


@pytest.mark.parametrize(
    ("axes", "shape", "um", "labels", "scale"),
    [
        ("TCYX", (5, 2, 8, 9), (20.0, 20.0), ("frame", "y", "x"), (1, 20, 20)),
        ("TPCYX", (5, 3, 1, 8, 9), None, ("frame", "plane", "y", "x"), (1, 1, 1, 1)),
        ("XCZY", (9, 1, 7, 8), (5.0, 25.0, 10.0), ("x", "z", "y"), (5, 25, 10)),
    ],
)
def test_recordings_and_permuted_stacks_keep_their_axes(axes, shape, um, labels, scale):
    stack = Stack(np.zeros(shape, np.uint16), axes, um)
    layers = make(stack)
    assert len(layers) == stack.n_channels
    assert layers[0].axis_labels == labels
    np.testing.assert_allclose(layers[0].scale, scale)


def test_colour_video_is_one_rgb_layer():
    frames = np.zeros((4, 10, 12, 3), np.uint8)
    (layer,) = make(Stack(frames, "TYXS", frame_rate=30.0))
    assert layer.rgb
    assert layer.axis_labels == ("frame", "y", "x")


def test_channels_without_names_are_numbered_and_a_lone_one_is_not():
    two = Stack(np.zeros((1, 2, 3, 3)), "ZCYX")
    assert channel_names(two) == ("channel 0", "channel 1")
    assert channel_names(Stack(np.zeros((1, 1, 3, 3)), "ZCYX")) == ("",)


def test_coarser_levels_can_be_added_to_a_layer_later(brain):
    layer = make(brain)[0]
    limits, colormap = layer.contrast_limits, layer.colormap.name
    coarse = replace(brain, data=np.asarray(brain)[::2, :, ::2, ::2])
    layer.data = [brain.channel_view(0), coarse.channel_view(0)]
    assert len(layer.data) == 2
    assert (layer.contrast_limits, layer.colormap.name) == (limits, colormap)


def test_layers_are_found_again_by_their_row(brain):
    layers = make(brain, source=LayerSource("FixedBrain", KEY))
    other = Layer.create(np.zeros((3, 3)), {}, "image")
    assert layers_of([other, *layers], "FixedBrain", dict(KEY)) == layers
    assert not layers_of(layers, "Widefield", KEY)
    assert source_of(other) is None
