"""From rows to layers: opened on the lab's thread, prepared on a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.utils import resize_dask_cache
from psygnal import Signal
from qtpy.QtCore import QTimer

from labdata_napari import settings
from labdata_napari.core.lazy import decoded_bytes
from labdata_napari.core.pyramid import (
    FAST_SLICE_BYTES,
    build_pyramid,
    open_pyramid,
    pyramid_for,
    trim_cache,
    wants_pyramid,
)
from labdata_napari.errors import Archived, UnreadableFile
from labdata_napari.lab.entries import Entry
from labdata_napari.layers.images import (
    channel_levels,
    contrast_limits,
    image_layers,
    layer_space,
    shown_axes,
)
from labdata_napari.layers.points import SOURCE_KIND, annotation_layer
from labdata_napari.layers.source import CHANNEL_KEY, LayerSource, layers_of
from labdata_napari.widgets.entry_columns import entry_name, row_name
from labdata_napari.widgets.far import Arrivals
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.playback import set_playback_rate
from labdata_napari.widgets.preferences import preferences
from labdata_napari.widgets.rows import TRANSFORM, row_opening, transform_annotations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari import Viewer

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.stacks import Stack
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.opening import Opening
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.connection import Connection
    from labdata_napari.widgets.workspace import Workspace

_SETTLED_MS = 50
_FAR = "only what you look at is transferred"


@dataclass(frozen=True, eq=False)
class Request:
    """A row that is being opened.

    Attributes
    ----------
    kind, key
        The row.
    name
        What its layers are called.
    record
        What the caller chose, to announce when it is open.
    lab
        The lab that holds the row, known once that lab was asked.
    """

    kind: str
    key: Mapping[str, Any]
    name: str
    record: Any
    lab: LabIdentity | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two requests the same."""
        return (self.kind, *sorted(self.key.items()))


def request_of(record: Any) -> Request:
    """Return what opens an entry or a transform."""
    if isinstance(record, Entry):
        return Request(record.kind, record.key, entry_name(record), record)
    name = f"{row_name(record.key)} T{record.transform_id}"
    return Request(TRANSFORM, record.key, name, record)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Everything that had to be read before layers can be made without waiting."""

    request: Request
    stack: Stack
    annotations: AnnotationSet | None
    levels: Sequence[Sequence[Any]]
    contrast: Sequence[tuple[float, float]]
    pyramid_missing: bool


class Opener:
    """Opens rows in a workspace's viewer; belongs to the workspace."""

    archived = Signal(object)
    """An `Archived`: what should have been opened is in cold storage."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._under_way: dict[tuple[Any, ...], Job] = {}
        viewer = workspace.viewer
        if viewer is not None:
            # Before napari's own callbacks: the level is chosen, then sliced.
            viewer.dims.events.order.connect(self._choose_levels, position="first")
            viewer.dims.events.ndisplay.connect(self._choose_levels, position="first")

    def open_entry(self, entry: Entry) -> None:
        """Open an entry's pixels; what is open already is selected instead."""
        self._open(request_of(entry))

    def open_transform(self, record: TransformRecord) -> None:
        """Open a transformed brain with its annotations."""
        self._open(request_of(record))

    def _open(self, request: Request) -> None:
        viewer = self._workspace.viewer
        if viewer is None or request.identity in self._under_way:
            return
        here = replace(request, lab=_identity(self._workspace.connection))
        if _is_open(viewer, here):
            _select(viewer, here)
            self._workspace.status.emit(f"{request.name} is open already.")
            return
        self._workspace.status.emit(f"Opening {request.name} …")
        self._under_way[request.identity] = self._workspace.submit(
            _read_rows,
            request,
            on_loss=OnLoss.REPEAT,
            done=self._on_rows,
            failed=self._on_failed,
        )

    def _on_rows(self, answer: tuple[Request, Opening, AnnotationSet | None]) -> None:
        # the file may be far away, and others wait for the lab's thread
        self._under_way[answer[0].identity] = self._workspace.background(
            _prepare, *answer, done=self._on_prepared, failed=self._on_failed
        )

    def _on_prepared(self, prepared: _Prepared) -> None:
        request = prepared.request
        self._under_way.pop(request.identity, None)
        viewer = self._workspace.viewer
        if viewer is None:
            return
        resize_dask_cache(preferences().dask_cache_mb * 2**20)
        if prepared.stack.remote is not None:
            arrivals = Arrivals(self._workspace, request.kind, request.key, request.lab)
            prepared = replace(prepared, levels=arrivals.awaited(prepared.levels))
        first = not len(viewer.layers)
        if first and prepared.stack.um_per_pixel is not None:
            viewer.canvas.overlays.scale_bar.visible = True
        _add(viewer, prepared)
        if first:
            # napari's controls of the first layer take room from the canvas, after
            # napari has fitted the picture into it.
            QTimer.singleShot(_SETTLED_MS, self._fit)
        self._choose_levels()
        self._set_rate(viewer, prepared.stack)
        far = f", straight from S3: {_FAR}" if prepared.stack.remote is not None else ""
        left_out = _left_out(prepared.annotations)
        self._workspace.status.emit(f"{request.name} is open{far}.{left_out}")
        self._workspace.entry_opened.emit(request.record)
        if prepared.pyramid_missing:
            self._workspace.background(
                _build,
                request,
                prepared.stack,
                preferences().pyramid_cache_gb * 10**9,
                done=self._on_pyramid,
                title=f"Making {request.name} fast to slice",
            )

    def _fit(self) -> None:
        viewer = self._workspace.viewer
        if viewer is not None:
            viewer.reset_view()

    def _set_rate(self, viewer: Viewer, stack: Stack) -> None:
        window = self._workspace.window
        if stack.frame_rate and window is not None:
            frames = viewer.dims.ndim - len(shown_axes(stack.axes))
            set_playback_rate(window, frames, stack.frame_rate)

    def _on_failed(self, error: LabdataError) -> None:
        running = {i: job for i, job in self._under_way.items() if not job.is_over}
        self._under_way = running  # what failed may be asked for again
        self._workspace.status.emit(str(error))
        if isinstance(error, Archived):
            self.archived.emit(error)

    def _on_pyramid(self, answer: tuple[Request, Sequence[Sequence[Any]]]) -> None:
        request, levels = answer
        viewer = self._workspace.viewer
        if viewer is None:
            return
        for layer in layers_of(viewer.layers, request.kind, request.key, request.lab):
            # Contrast, colour and visibility stay: only the data is another.
            layer.data = list(levels[layer.metadata[CHANNEL_KEY]])
        self._choose_levels()
        self._workspace.status.emit(f"{request.name} is now fast in every direction.")

    def _choose_levels(self, event: Any = None) -> None:
        """Lock brains too large for full-resolution y and x slices to a fast level.

        napari chooses levels by what fits the canvas, not by what has to be decoded.
        """
        viewer = self._workspace.viewer
        if viewer is None:
            return
        plane = {viewer.dims.ndim - 2, viewer.dims.ndim - 1}
        across = viewer.dims.ndisplay == 2 and set(viewer.dims.displayed) != plane
        for layer in viewer.layers:
            if CHANNEL_KEY not in layer.metadata or layer.ndim != 3 or layer.rgb:
                continue
            wanted = _fast_level(list(layer.data)) if across else None
            if layer.locked_data_level != wanted:
                layer.locked_data_level = wanted


def _left_out(annotations: AnnotationSet | None) -> str:
    unreadable = () if annotations is None else annotations.unreadable
    return "".join(f" {each}" for each in unreadable)


def _fast_level(levels: Sequence[Any]) -> int | None:
    """Return the level to lock for slices across the planes; None if all are fast."""
    for number, level in enumerate(levels):
        slices = (level[:, 0], level[:, :, 0])
        if all(decoded_bytes(s) <= FAST_SLICE_BYTES for s in slices):
            return number or None
    return len(levels) - 1 or None  # the best there is


def _identity(place: Lab | Connection) -> LabIdentity:
    return place.url, place.name, place.project


def _is_open(viewer: Viewer, request: Request) -> bool:
    kinds = [request.kind]
    if request.kind == TRANSFORM:
        kinds.append(SOURCE_KIND)
    return all(
        layers_of(viewer.layers, kind, request.key, request.lab) for kind in kinds
    )


def _select(viewer: Viewer, request: Request) -> None:
    layers = layers_of(viewer.layers, request.kind, request.key, request.lab)
    points = layers_of(viewer.layers, SOURCE_KIND, request.key, request.lab)
    if request.kind == TRANSFORM and points:
        viewer.layers.selection = set(points)
    else:
        viewer.layers.selection = set(layers)


def _read_rows(
    lab: Lab, request: Request
) -> tuple[Request, Opening, AnnotationSet | None]:
    # Asked of the lab itself: the request may have waited for it to be connected.
    request = replace(request, lab=_identity(lab))
    opening = row_opening(lab, request.kind, request.key)
    if request.kind != TRANSFORM:
        return request, opening, None
    return request, opening, transform_annotations(lab, request.key)


def _pyramids() -> Path:
    return settings.cache_home() / "pyramids"


def _prepare(
    request: Request, opening: Opening, annotations: AnnotationSet | None
) -> _Prepared:
    stack = opening()
    pyramid: Sequence[Stack] = ()
    missing = wants_pyramid(stack)
    if missing:
        path = pyramid_for(_pyramids(), stack)
        if path.exists():
            try:
                pyramid = open_pyramid(path)
                missing = False
            except UnreadableFile:  # a damaged cache is built again
                path.unlink(missing_ok=True)
    return _Prepared(
        request,
        stack,
        annotations,
        channel_levels(stack, pyramid),
        contrast_limits(stack),
        # of a file far away only when there is one: to make it is to download all
        missing and stack.path is not None,
    )


def _add(viewer: Viewer, prepared: _Prepared) -> None:
    request, stack = prepared.request, prepared.stack
    if not layers_of(viewer.layers, request.kind, request.key, request.lab):
        source = LayerSource(request.kind, dict(request.key), lab=request.lab)
        for data in image_layers(
            stack, request.name, source, prepared.levels, prepared.contrast
        ):
            viewer.add_layer(Layer.create(*data))
    if prepared.annotations is not None and not layers_of(
        viewer.layers, SOURCE_KIND, request.key, request.lab
    ):
        shape = [
            n for axis, n in zip(stack.axes, stack.shape, strict=True) if axis != "C"
        ]
        data = annotation_layer(
            prepared.annotations,
            layer_space(stack.axes, stack.um_per_pixel),
            shape,
            LayerSource(SOURCE_KIND, dict(request.key), lab=request.lab),
            f"{request.name} annotations",
        )
        viewer.add_layer(Layer.create(*data))
    # One layer only: with several, napari's sliders would change all of them.
    viewer.layers.selection.active = viewer.layers[-1]


def _build(
    request: Request, stack: Stack, max_bytes: int, progress: Progress
) -> tuple[Request, list[list[Any]]]:
    path = build_pyramid(stack, pyramid_for(_pyramids(), stack), progress)
    trim_cache(_pyramids(), max_bytes, keep=[path])
    return request, channel_levels(stack, open_pyramid(path))
