"""What the Transform dock works on: a brain of the lab, or any stack that is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from labdata_napari import settings
from labdata_napari.core.glimpse import finer_glimpse, glimpse
from labdata_napari.core.orientation_answer import glances
from labdata_napari.core.preview import read_frames, read_volume
from labdata_napari.core.pyramid import open_pyramid, pyramid_for, wants_pyramid
from labdata_napari.core.side_by_side import SideBySide
from labdata_napari.core.stacks import Stack
from labdata_napari.errors import UnreadableFile
from labdata_napari.lab.draft_file import kept_draft
from labdata_napari.lab.orientation import known_orientation
from labdata_napari.layers.colours import channel_colormaps
from labdata_napari.layers.images import channel_names, contrast_limits
from labdata_napari.layers.preview import PREVIEW_KEY
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.widgets.rows import BRAIN, row_opening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from labdata_napari.core.preview import Volume
    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.draft_file import KeptDraft
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.opening import Opening
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.layers.source import LabIdentity

_TIMES = ("frame", "time", "t")


@dataclass(frozen=True, eq=False)
class TransformSource:
    """A stack that is to be transformed.

    Attributes
    ----------
    name
        What it is called.
    stack
        (Z, C, Y, X); frames count as sections where `over_time`.
    um_per_pixel
        (z, y, x), 1 for frames; None when unknown.
    levels
        `stack` and coarser copies, finest first.
    channels
        Keyword arguments of the preview's image layer, per channel.
    over_time
        Whether the first axis is time.
    rows
        What the database says; None for a stack that is no brain of a lab.
    files
        That an open layer was read from, where it is known: no result goes there.
    """

    name: str
    stack: Stack
    um_per_pixel: tuple[float, float, float] | None
    levels: tuple[Stack, ...]
    channels: tuple[dict[str, Any], ...]
    over_time: bool = False
    rows: BrainRows | None = None
    files: tuple[Path, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(Z, C, Y, X)."""
        z, c, y, x = self.stack.shape
        return z, c, y, x


@dataclass(frozen=True, eq=False)
class BrainRows:
    """What the database says of a brain."""

    key: Mapping[str, Any]
    name: str
    lab: LabIdentity
    opening: Opening
    records: tuple[TransformRecord, ...]
    orientation: str | None
    kept: KeptDraft | None


def read_brain_rows(lab: Lab, key: Mapping[str, Any], name: str) -> BrainRows:
    """Read a brain's row and its parameter sets; on the lab's thread."""
    names = {column: key[column] for column in lab.FixedBrain.primary_key}
    place = (lab.url, lab.name, lab.project)
    return BrainRows(
        names,
        name,
        place,
        row_opening(lab, BRAIN, names),
        tuple(lab.brains.transforms(names)),
        known_orientation(place, names),
        kept_draft(place, names),
    )


def read_sets(
    lab: Lab, home: LabIdentity, key: Mapping[str, Any]
) -> tuple[Mapping[str, Any], tuple[TransformRecord, ...] | None]:
    """Read a brain's parameter sets again; None in another lab than its own."""
    if home != (lab.url, lab.name, lab.project):
        return key, None
    return key, tuple(lab.brains.transforms(key))


@dataclass(frozen=True, eq=False)
class Loaded:
    """A source, and what of it is held in memory.

    Attributes
    ----------
    source
        The stack.
    volume
        What the preview is painted from.
    pictures
        By which a person tells which way a brain lies; None where nobody asks.
    is_glimpse
        Whether `refined` finds more to paint from.
    """

    source: TransformSource
    volume: Volume
    pictures: tuple[Any, ...] | None = None
    is_glimpse: bool = False


def open_brain_source(rows: BrainRows, progress: Progress) -> Loaded:
    """Open a brain and read enough for a first preview; on a worker."""
    stack = rows.opening()
    progress(0, 0)  # what each step reads may come from far away
    channels = _channels(stack, rows.name)
    progress(0, 0)
    source = TransformSource(
        rows.name,
        stack,
        _three(stack.um_per_pixel),
        (stack, *_coarser(stack)),
        channels,
        rows=rows,
    )
    some = glimpse(source.levels, progress)
    volume = some or read_volume(source.levels, progress)
    return Loaded(source, volume, glances(volume.data[0]), is_glimpse=some is not None)


def refined(loaded: Loaded, progress: Progress) -> Loaded:
    """Read more after a glimpse, in the end all that fits into memory; on a worker."""
    levels = loaded.source.levels
    finer = finer_glimpse(levels, loaded.volume, progress)
    if finer is not None:
        return replace(loaded, volume=finer)
    return replace(loaded, volume=read_volume(levels, progress), is_glimpse=False)


def open_layer_source(layers: Sequence[LayerFacts], progress: Progress) -> Loaded:
    """Take open layers, one per channel, as a source; on a worker."""
    first = layers[0]
    array = SideBySide([facts.data for facts in layers], first.fixed)
    over_time = first.axes[0] in _TIMES and array.shape[0] > 1
    um = first.um
    if um is not None and over_time:
        um = (1.0, *um[1:])
    stack = Stack(array, "ZCYX", um, channel_names=tuple(f.name for f in layers))
    source = TransformSource(
        first.name,
        stack,
        um,
        (stack,),
        tuple(facts.look for facts in layers),
        over_time=over_time,
        files=tuple(facts.file for facts in layers if facts.file is not None),
    )
    if over_time:
        return Loaded(source, read_frames(stack, progress))
    return Loaded(source, read_volume((stack,), progress))


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """What a worker needs of a layer, which belongs to the GUI thread."""

    data: Any
    name: str
    axes: tuple[str, ...]
    um: tuple[float, float, float] | None
    fixed: int
    look: dict[str, Any]
    file: Path | None


def why_not_transformed(layer: Layer | None) -> str:
    """Say why a layer cannot be transformed; empty when it can."""
    if not isinstance(layer, Image) or PREVIEW_KEY in layer.metadata:
        return "Choose an image in the layer list."
    if layer.rgb:
        return "A colour picture cannot be transformed; choose a layer of one channel."
    if layer.ndim not in (2, 3, 4):
        return f"A layer with {layer.ndim} axes cannot be transformed."
    return ""


def channels_beside(viewer: ViewerModel, layer: Image) -> list[Image]:
    """Return the layers that show the channels of the same row, or only this one."""
    source = source_of(layer)
    if source is None:
        return [layer]
    same = layers_of(viewer.layers, source.kind, source.key, source.lab)
    return [one for one in same if isinstance(one, Image) and not one.rgb]


def facts_of(viewer: ViewerModel, layer: Image) -> LayerFacts:
    """Take what a worker needs of a layer."""
    data = layer.data[0] if layer.multiscale else layer.data
    labels = tuple(str(label) for label in layer.axis_labels)
    scale = [float(s) for s in layer.scale]
    spatial = [scale[0] if layer.ndim > 2 else 1.0, *scale[-2:]]
    path = layer.source.path
    known = str(layer.units[-1]) == "micrometer"
    fixed = viewer.dims.current_step[-3] if layer.ndim == 4 else 0
    return LayerFacts(
        data,
        layer.name,
        labels if layer.ndim > 2 else ("plane", *labels),
        (spatial[0], spatial[1], spatial[2]) if known else None,
        fixed,
        {
            "name": f"Preview · {layer.name}",
            "colormap": layer.colormap,
            "contrast_limits": tuple(layer.contrast_limits),
            "blending": layer.blending,
        },
        None if path is None else Path(path),
    )


def _coarser(stack: Stack) -> Sequence[Stack]:
    if stack.path is not None and wants_pyramid(stack):
        path = pyramid_for(settings.cache_home() / "pyramids", stack)
        if path.exists():
            try:
                pyramid = open_pyramid(path)
            except UnreadableFile:
                return stack.levels
            return [level for level in pyramid if level.shape != stack.shape]
    return stack.levels


def _channels(stack: Stack, name: str) -> tuple[dict[str, Any], ...]:
    names = channel_names(stack)
    colours = channel_colormaps(names, stack.channel_wavelengths_nm)
    limits = contrast_limits(stack)
    return tuple(
        {
            "name": f"Preview · {channel or name}",
            "colormap": colours[k],
            "contrast_limits": limits[k],
            "blending": "additive" if k else "translucent_no_depth",
        }
        for k, channel in enumerate(names)
    )


def _three(um: Sequence[float] | None) -> tuple[float, float, float] | None:
    if um is None:
        return None
    values = (1.0,) * (3 - len(um)) + tuple(float(u) for u in um)
    return values[0], values[1], values[2]
