"""Results of a transform outside the lab's tables: a layer, or a file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from labdata_napari.core.resample import output_dtype, slabs
from labdata_napari.core.transform_file import write_transform
from labdata_napari.errors import Cancelled, InvalidValue, WriteRefused
from labdata_napari.layers.images import AXIS_NAMES

if TYPE_CHECKING:
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.transform_source import TransformSource
    from labdata_napari.widgets.workspace import Workspace

_MOST_BYTES = 4 << 30


class ResultFlow(QObject):
    """Computes a draft of any stack into a layer or a file, in the background."""

    told = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._parent = parent

    def add_layer(self, source: TransformSource, draft: TransformDraft) -> None:
        """Compute into memory and show it."""
        self.told.emit(f"Transforming {source.name} …")
        self._workspace.background(
            partial(_array, source, draft),
            done=self._on_array,
            failed=self._on_failed,
            title=f"Transforming {source.name}",
        )

    def ask_export(self, source: TransformSource, draft: TransformDraft) -> None:
        """Ask for a file name and compute into it."""
        stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in source.name)
        name, _ = QFileDialog.getSaveFileName(
            self._parent,
            "Export the transformed stack",
            f"{stem}_transformed.ome.tif",
            "OME-TIFF (*.ome.tif)",
        )
        if name:
            self.export(source, draft, Path(name))

    def export(
        self, source: TransformSource, draft: TransformDraft, path: Path
    ) -> None:
        """Compute into an OME-TIFF."""
        completed = not path.name.endswith((".ome.tif", ".ome.tiff"))
        if completed:
            path = path.with_name(f"{path.name}.ome.tif")
        self.told.emit(f"Writing {path} …")
        self._workspace.background(
            partial(_export, source, draft, path, completed=completed),
            done=self._on_exported,
            failed=self._on_failed,
            title=f"Exporting {path.name}",
        )

    def _on_array(
        self, answer: tuple[TransformSource, TransformDraft, np.ndarray]
    ) -> None:
        source, draft, array = answer
        viewer = self._workspace.viewer
        if viewer is None:
            return
        names = [AXIS_NAMES["T" if source.over_time else "Z"], "y", "x"]
        um = draft.plan.um_per_pixel_out
        known = um is not None
        for channel, look in zip(array, source.channels, strict=True):
            title = str(look["name"]).removeprefix("Preview · ")
            viewer.add_layer(
                Image(
                    channel,
                    scale=um or (1.0, 1.0, 1.0),
                    units=tuple(
                        "um" if known and not (source.over_time and k == 0) else "pixel"
                        for k in range(3)
                    ),
                    axis_labels=[names[axis] for axis in draft.order],
                    **{**look, "name": f"{title} transformed"},
                )
            )
        self.told.emit(f"{source.name} is transformed; its layers are in the list.")

    def _on_exported(self, path: Path) -> None:
        self.told.emit(f"Written: {path}")

    def _on_failed(self, error: LabdataError) -> None:
        stopped = isinstance(error, Cancelled)
        self.told.emit("Stopped; nothing was kept." if stopped else str(error))


def _array(
    source: TransformSource, draft: TransformDraft, *, progress: Progress
) -> tuple[TransformSource, TransformDraft, Any]:
    geometry = draft.plan
    dtype = output_dtype(source.stack.dtype, geometry)
    size = int(np.prod(geometry.shape_out, dtype=np.int64)) * dtype.itemsize
    if size > _MOST_BYTES:
        raise InvalidValue(
            f"The result would take {size / 1e9:.1f} GB of memory; crop it, choose "
            "larger voxels, or export it to a file."
        )
    flat = np.empty(int(np.prod(geometry.shape_out)), dtype)
    done = 0
    for slab in slabs(source.stack, geometry, progress):
        flat[done : done + slab.size] = slab.ravel()
        done += slab.size
    array = np.moveaxis(flat.reshape(geometry.shape_out), geometry.channel_axis, 0)
    return source, draft, array


def _export(
    source: TransformSource,
    draft: TransformDraft,
    path: Path,
    *,
    completed: bool,
    progress: Progress,
) -> Path:
    if os.path.exists(path):
        if completed:  # nobody was asked about this name
            raise WriteRefused(f"There is '{path}' already; choose another name.")
        if any(os.path.exists(f) and os.path.samefile(path, f) for f in source.files):
            raise WriteRefused(
                f"'{path}' is what is to be transformed; choose another name."
            )
    frames_first = source.over_time and draft.order[0] == 0
    return write_transform(
        source.stack,
        draft.plan,
        path,
        draft.parameters,
        progress,
        about={"first_axis": "time"} if frames_first else None,
    )
