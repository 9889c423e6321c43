"""Compute a transform in a process of its own, beside ``tests/labdata_transform.py``.

``our_transform.py SOURCE TARGET PARAMETERS WAY``: WAY is "numpy" or "numba" (standard
mode, OME-TIFF read back), either with "-linear" for labdata's own interpolation instead
of cubic B-splines, or "labdata" (its own steps, TIFF). SOURCE may be "Z,C,Y,X": a stack
of that shape, decoded afresh again and again from one chunk.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters, plan


class Simulated:
    """A stack of any length whose every chunk is read and decoded like the first."""

    def __init__(self, shape: tuple[int, ...], room: Path) -> None:
        from labdata_napari.demo.writing import write_zarr_zip

        _, channels, height, width = shape
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        rng = np.random.default_rng(0)
        body = (5000 * np.clip(1.2 - x * x - y * y, 0, None)).astype(np.uint16)
        frames = (
            body + rng.integers(0, 200, (channels, height, width), np.uint16)
            for _ in range(4)
        )
        file = room / "chunk.zarr.zip"
        write_zarr_zip(file, frames, (4, channels, height, width), 4)
        self._one = open_stack(file)
        self.shape, self.dtype = shape, self._one.dtype
        self.chunks = (4, 1, height, width)

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray[Any, Any]:
        z, *rest = key
        start = z.start % 4
        return self._one[(slice(start, start + z.stop - z.start), *rest)]


def main(source: str, target: str, parameters: str, way: str) -> None:
    wanted = TransformParameters(**json.loads(parameters))
    with tempfile.TemporaryDirectory(dir=Path(target).parent) as room:
        if "," in source:
            shape = tuple(int(n) for n in source.split(","))
            stack: Any = Simulated(shape, Path(room))
        else:
            stack = open_stack(source)
        if way == "labdata":
            _as_labdata(stack, wanted, target)
        else:
            _standard(stack, wanted, target, way)


def _standard(stack: Any, wanted: TransformParameters, target: str, way: str) -> None:
    from labdata_napari.core.transform_file import write_transform

    if way.startswith("numpy"):  # as where numba is not installed
        sys.modules["numba"] = None  # type: ignore[assignment]
    order = 1 if way.endswith("linear") else 3
    write_transform(stack, plan(stack.shape, None, wanted), target, wanted, order=order)


def _as_labdata(stack: Any, wanted: TransformParameters, target: str) -> None:
    import tifffile

    from labdata_napari.core.exact import exact_plan, exact_slabs

    geometry = exact_plan(stack.shape, None, wanted)
    slabs = exact_slabs(stack, wanted, folder=Path(target).parent)
    if target.endswith(".npy"):
        np.save(target, np.concatenate([s.ravel() for s in slabs]))
        return
    pages = (page for s in slabs for page in s.reshape(-1, *geometry.shape_out[2:]))
    options = {"compression": "zlib", "compressionargs": {"level": 6}}
    tifffile.imwrite(
        target,
        pages,
        shape=geometry.shape_out,
        dtype=stack.dtype,
        bigtiff=True,
        maxworkers=2,
        buffersize=16 << 20,
        **options,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
