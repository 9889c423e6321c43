"""Stacks to napari image layers: one per channel, in micrometres, always lazy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import BRAIN, spatial_axes, um_along
from labdata_napari.core.pyramid import multiscale
from labdata_napari.layers.colours import channel_colormaps
from labdata_napari.layers.source import CHANNEL_KEY, METADATA_KEY, LayerSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.types import FullLayerData
    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack

AXIS_NAMES = {"T": "frame", "P": "plane", "Z": "z", "Y": "y", "X": "x"}
_SAMPLES = "S"
_SAMPLE_SIZE = 512
_DARK, _BRIGHT = 1.0, 99.8
# A dye or a label beside a tissue channel fills a few voxels in ten thousand; at the
# tissue's percentile its background would be as bright as itself.
_BRIGHT_LABEL = 99.98
_MANY_PLANES, _FEW_PLANES = 9, 3
_LARGE_PLANE = 2**21


def shown_axes(axes: str) -> str:
    """Return the axes a layer has: without channels (layers) and samples (colour)."""
    return axes.replace("C", "").replace(_SAMPLES, "")


def layer_space(axes: str, um_per_pixel: Sequence[float] | None) -> dict[str, Any]:
    """Return scale, units and axis labels of a layer, which always go together.

    Parameters
    ----------
    axes
        Of the stack, such as "ZCYX".
    um_per_pixel
        One value per spatial axis, in the order of `axes`; None if unknown, and the
        layer then counts pixels.

    Returns
    -------
    dict
        Keyword arguments of any napari layer. Frames and planes count one by one:
        a scale in seconds would make napari's slider step through other layers'
        sections in fractions.
    """
    shown = shown_axes(axes)
    scale = um_along(shown, um_per_pixel) or (1.0,) * len(shown)
    known = spatial_axes(shown) if um_per_pixel is not None else ""
    return {
        "scale": scale,
        "units": tuple("um" if axis in known else "pixel" for axis in shown),
        "axis_labels": tuple(AXIS_NAMES[axis] for axis in shown),
    }


def channel_levels(stack: Stack, pyramid: Sequence[Stack] = ()) -> list[list[Any]]:
    """Return the levels of every channel, lazily, finest first.

    Parameters
    ----------
    stack
        Any stack.
    pyramid
        Of a brain, as `core.pyramid.open_pyramid` returns it.
    """
    if stack.axes == BRAIN:
        return [list(levels) for levels in multiscale(stack, pyramid)]
    if "C" not in stack.axes:
        return [[stack.data]]
    return [[stack.channel_view(channel)] for channel in range(stack.n_channels)]


def contrast_limits(stack: Stack) -> list[tuple[float, float]]:
    """Measure contrast limits per channel on planes spread over the stack.

    Reads nine planes per channel, three where they are large, of the coarsest copy in
    the stack's own file. Colour video is shown as it is.

    Returns
    -------
    list of (dark, bright)
        The 1 and 99.8 percentiles, at least one unit apart for whole numbers; 99.98
        instead of 99.8 in a brain's second and later channels, where labels are.
        Zeros beside other values are left out: they fill what a transform did not
        reach.
    """
    if _SAMPLES in stack.axes:
        return [(0.0, 255.0)]
    coarse = stack.levels[-1] if stack.levels else stack
    return [
        _limits(_sample(levels[0]), _brightest(coarse, channel))
        for channel, levels in enumerate(channel_levels(coarse))
    ]


def _brightest(stack: Stack, channel: int) -> float:
    return _BRIGHT_LABEL if stack.axes == BRAIN and channel > 0 else _BRIGHT


def _sample(data: Any) -> NDArray[Any]:
    """Read some planes of an array whose last two axes are the plane."""
    height, width = data.shape[-2:]
    step = max(1, height // _SAMPLE_SIZE, width // _SAMPLE_SIZE)
    large = height * width > _LARGE_PLANE
    planes = []
    for part in np.linspace(0.1, 0.9, _FEW_PLANES if large else _MANY_PLANES):
        index = tuple(int(size * part) for size in data.shape[:-2])
        # The plane first and the thinning after: files are chunked by whole planes.
        planes.append(np.asarray(data[index])[::step, ::step].ravel())
    return np.concatenate(planes)


def _limits(values: NDArray[Any], brightest: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    filled = values[values != 0]
    if filled.size and filled.min() < filled.max():
        values = filled
    if not values.size:
        return (0.0, 1.0)
    dark, bright = (float(v) for v in np.percentile(values, (_DARK, brightest)))
    whole = np.issubdtype(values.dtype, np.integer)
    least = 1.0 if whole else max(abs(dark) * 1e-6, 1e-12)
    return dark, max(bright, dark + least)


def image_layers(
    stack: Stack,
    name: str,
    source: LayerSource | None = None,
    levels: Sequence[Sequence[Any]] | None = None,
    contrast: Sequence[tuple[float, float]] | None = None,
) -> list[FullLayerData]:
    """Describe a stack as napari layers, one per channel.

    Parameters
    ----------
    stack
        What to show.
    name
        What the layers are called; the channel's name is appended: "M1 brain · DiI".
    source
        The row behind it, put into every layer's metadata.
    levels
        Per channel, as `channel_levels` gives them with a pyramid; None for what the
        stack's own file holds.
    contrast
        Limits per channel; None measures them, which reads pixels.

    Returns
    -------
    list of (data, keyword arguments, "image")
        Always multiscale, even with one level: napari cannot turn a layer into a
        multiscale one later, when its pyramid has been built.
    """
    limits = contrast_limits(stack) if contrast is None else contrast
    arrays = channel_levels(stack) if levels is None else levels
    count = stack.n_channels
    names = channel_names(stack)
    colours = channel_colormaps(names, stack.channel_wavelengths_nm)
    space = layer_space(stack.axes, stack.um_per_pixel)
    layers: list[FullLayerData] = []
    for channel in range(count):
        arguments: dict[str, Any] = {
            **space,
            "name": f"{name} · {names[channel]}" if names[channel] else name,
            "multiscale": True,
            "metadata": {CHANNEL_KEY: channel},
        }
        if source is not None:
            arguments["metadata"][METADATA_KEY] = source
        if _SAMPLES in stack.axes:
            arguments["rgb"] = True
        else:
            arguments |= {
                "colormap": colours[channel],
                "contrast_limits": limits[channel],
                # As napari's own splitting does: the first channel covers what was
                # opened before, a brain below its transform would shine through.
                "blending": "additive" if channel else "translucent_no_depth",
            }
        layers.append((list(arrays[channel]), arguments, "image"))
    return layers


def channel_names(stack: Stack) -> tuple[str, ...]:
    """Return a name per channel: the stack's, else "channel 0"; "" for a lone one."""
    count = stack.n_channels
    given = tuple(stack.channel_names)[:count]
    lone = ("",) if count == 1 else ()
    missing = lone or tuple(f"channel {i}" for i in range(len(given), count))
    return given + missing[: count - len(given)]
