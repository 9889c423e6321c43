"""Files dropped on napari's window that it cannot open, or opens without a scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.core.stacks import open_stack, probe
from labdata_napari.errors import LabdataError
from labdata_napari.layers.images import image_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.types import LayerData

_ZIPS = (".zarr.zip", ".ozx")
_TIFFS = (".ome.tif", ".ome.tiff")


def is_ours(path: str) -> bool:
    """Whether we should read a file: zipped zarr, or an OME-named TIFF with sections.

    What cannot be read at all is not ours either: napari then says so itself.
    """
    name = path.lower()
    if name.endswith(_ZIPS):
        return True
    if not name.endswith(_TIFFS):
        return False
    try:
        info = probe(path)
    except LabdataError:
        return False
    return info.shape[0] > 1 and info.axes[0] in "ZT"


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Open one or several stacks lazily, in µm where the file says how large they are.

    Raises
    ------
    NotFound, UnreadableFile
        When a file is missing or broken.
    """
    paths = [path] if isinstance(path, str) else list(path)
    layers: list[LayerData] = []
    for one in paths:
        name = Path(one).name
        for suffix in (*_ZIPS, *_TIFFS):
            name = name.removesuffix(suffix)
        layers += image_layers(open_stack(one), name)
    return layers
