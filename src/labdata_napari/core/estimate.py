"""What a transform will take: size, time and memory, before it is started."""

from __future__ import annotations

import json
import math
import time
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.interpolate import ORDERS, working_dtype
from labdata_napari.core.kernels import is_compiled, will_compile
from labdata_napari.core.reduce import (
    axis_taps,
    chunk_shape,
    scratch_bytes,
)
from labdata_napari.core.resample import (
    MEMORY,
    output_dtype,
    reach,
    slab_bytes,
    spline_axes,
)
from labdata_napari.core.threads import threads_here
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from labdata_napari.core.reduce import Box
    from labdata_napari.core.transform import Plan


@dataclass(frozen=True)
class _Costs:
    """Seconds where `measured_speed`'s job takes `_REFERENCE_S`, two threads."""

    read_per_gb: float  # inflate and reduce, per GB of input voxels
    sample_per_gvoxel: Mapping[int, float]  # by order; 0: voxels only change places
    start: float
    base_bytes: float  # Python, numpy, scipy and the readers


_PLAIN = _Costs(1.1, {0: 3.0, 1: 41.0, 3: 96.0}, 0.3, 130e6)
_COMPILED = _Costs(0.95, {0: 3.0, 1: 22.0, 3: 38.0}, 1.5, 220e6)
_WRITE_S_PER_GB = 9.0  # deflate, write, read back
_REFERENCE_S = 0.045

# Share of the voxels' bytes that is left after compression, by their kind.
_COMPRESSED = {"u1": 0.6, "u2": 0.55, "i": 0.55, "f": 0.85}
_WINDOW_BYTES = 10e6  # per thread


@dataclass(frozen=True)
class Speed:
    """How this computer compares with the one the constants were measured on.

    Attributes
    ----------
    slowness
        Factor on every duration.
    compression
        Factor on the size of the file.
    """

    slowness: float = 1.0
    compression: float = 1.0

    def after(
        self, estimate: Estimate, seconds: float, file_bytes: int | None = None
    ) -> Speed:
        """Correct it by how long a run really took, and how large its file became.

        Runs under a second say nothing: starting up is most of them.
        """
        slowness, compression = self.slowness, self.compression
        if estimate.seconds > 0 and seconds >= 1:
            slowness = _bounded(slowness * seconds / estimate.seconds)
        if estimate.file_bytes > 0 and file_bytes:
            compression = _bounded(compression * file_bytes / estimate.file_bytes)
        return Speed(slowness, compression)

    def to_json(self) -> str:
        """Text for a settings file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Speed:
        """Read that text; what cannot be read is the speed assumed without it."""
        try:
            stored = json.loads(text)
            return cls(_bounded(stored["slowness"]), _bounded(stored["compression"]))
        except (ValueError, KeyError, TypeError):
            return cls()


@dataclass(frozen=True)
class Estimate:
    """What a transform will take.

    Attributes
    ----------
    shape, um_per_pixel
        Of the result, in its own order of axes (`um_per_pixel` without the channel).
    voxel_bytes, file_bytes
        Of the result in memory, and on disk as it will about be.
    scratch_bytes
        Room for temporary files beside the result while it is computed; 0 where all
        fits into memory.
    memory_bytes
        The most memory the process will about take.
    seconds
        How long it will about take.
    """

    shape: tuple[int, int, int, int]
    um_per_pixel: tuple[float, float, float] | None
    voxel_bytes: int
    file_bytes: int
    scratch_bytes: int
    memory_bytes: int
    seconds: float

    def words(self) -> str:
        """One line for a footer: shape, µm, file size, time and memory."""
        size = " × ".join(str(n) for n in self.shape)
        parts = [f"{size} voxels"]
        if self.um_per_pixel is not None:
            parts.append(f"{_um_words(self.um_per_pixel)} µm")
        parts.append(f"about {bytes_words(self.file_bytes)}")
        parts.append(f"about {seconds_words(self.seconds)}")
        parts.append(f"{bytes_words(self.memory_bytes)} memory")
        if self.scratch_bytes:
            parts.append(f"{bytes_words(self.scratch_bytes)} temporary file")
        return ", ".join(parts)


def estimate(
    stack: Any,
    plan: Plan,
    *,
    order: int = 3,
    threads: int | None = None,
    speed: Speed | None = None,
    compiled: bool | None = None,
) -> Estimate:
    """Estimate what computing a transform into a file will take; reads no voxel.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like the plan was made for; only its shape, type and chunks
        are looked at.
    plan
        The transform.
    order
        1 for linear interpolation, 3 for cubic splines.
    threads
        As for `labdata_napari.core.resample.slabs`.
    speed
        Of this computer; see `measured_speed` and `Speed.after`.
    compiled
        Whether the compiled kernels do the work (the extra `fast`); None for as they
        will be chosen here.

    Raises
    ------
    InvalidValue
        When the stack's type cannot be transformed.
    """
    speed = speed or Speed()
    source = np.dtype(stack.dtype)
    dtype = output_dtype(source, plan)
    voxels = math.prod(plan.shape_out)
    raw = voxels * dtype.itemsize
    box = reach(plan, order)
    splines = spline_axes(plan, order)
    scratch = 0 if box is None else scratch_bytes(plan, source, box, splines)
    workers = threads or threads_here()
    busy = 2 / min(workers, 2) if workers < 2 else (2 / workers) ** 0.7
    there = compiled is None and is_compiled()
    if compiled is None:
        compiled = will_compile(math.prod(plan.shape_in) * source.itemsize)
    costs = _COMPILED if compiled else _PLAIN
    start = _PLAIN.start if there else costs.start
    work = (
        costs.read_per_gb * _input_bytes(stack, plan, box) / 1e9
        + costs.sample_per_gvoxel[_how(plan, order)] * voxels / 1e9
        + _WRITE_S_PER_GB * raw / 1e9
    )
    kind = dtype.str[1:] if dtype.str[1:] in _COMPRESSED else dtype.kind
    share = _COMPRESSED.get(kind, _COMPRESSED["u2"])
    return Estimate(
        shape=plan.shape_out,
        um_per_pixel=plan.um_per_pixel_out,
        voxel_bytes=raw,
        file_bytes=int(raw * min(1.0, share * speed.compression)),
        scratch_bytes=scratch if scratch > MEMORY else 0,
        memory_bytes=int(
            costs.base_bytes + _memory(stack, plan, box, scratch, workers)
        ),
        seconds=(start + work * busy) * speed.slowness,
    )


def measured_speed() -> Speed:
    """Find out how fast this computer is, by a job of about a tenth of a second."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 4000, (8, 512, 512), np.uint16)
    best = math.inf
    for _ in range(2):
        start = time.perf_counter()
        _job(frames)
        best = min(best, time.perf_counter() - start)
    return Speed(_bounded(best / _REFERENCE_S))


def _job(frames: NDArray[np.uint16]) -> None:
    n = frames.shape[1]
    matrix = axis_taps(n, n * 2 // 5, 0, n * 2 // 5, np.float32).matrix
    for frame in frames:
        reduced = matrix @ frame.astype(np.float32)
        small = np.rint(matrix @ np.ascontiguousarray(reduced.T))
        zlib.compress(small.astype(np.uint16).tobytes(), 6)


def bytes_words(size: float) -> str:
    """Such as "740 MB" or "1.3 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 995e6 else f"{max(1, size / 1e6):.0f} MB"


def seconds_words(seconds: float) -> str:
    """Such as "5 s", "3 min" or "1 h 20 min"."""
    if seconds < 55:
        return f"{max(1, math.ceil(seconds))} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _um_words(um: tuple[float, float, float]) -> str:
    texts = [f"{value:.4g}" for value in um]
    return texts[0] if len(set(texts)) == 1 else " × ".join(texts)


def _how(plan: Plan, order: int) -> int:
    matrix = plan.grid_affine[:3]
    if np.array_equal(matrix, np.rint(matrix)) and np.abs(matrix[:, :3]).sum() == 3:
        return 0
    if order not in ORDERS:
        raise InvalidValue(f"The interpolation order must be 1 or 3, not {order}.")
    return order


def _input_bytes(stack: Any, plan: Plan, box: Box | None) -> float:
    """Bytes of the voxels that are decoded: whole chunks along z, whole rows."""
    if box is None:
        return 0.0
    _, _, y, x = plan.shape_in
    frames, together, rows, _ = chunk_shape(stack)
    source = np.dtype(stack.dtype)
    pairs = zip(
        (plan.shape_in[0], y),
        (plan.shape_grid[0], plan.shape_grid[2]),
        box.low[:2],
        box.high[:2],
        (frames, rows),
        strict=True,
    )
    lengths = []
    for n_in, n_out, low, high, chunk in pairs:
        taps = axis_taps(n_in, n_out, low, high, working_dtype(source))
        first, last = taps.start // chunk, -(-taps.stop // chunk)
        lengths.append(min(n_in, (last - first) * chunk))
    groups = len({c // together for c in plan.channels}) * together
    channels = min(plan.shape_in[1], groups)
    return float(lengths[0] * lengths[1] * x * channels * source.itemsize)


def _memory(
    stack: Any, plan: Plan, box: Box | None, scratch: int, workers: int
) -> float:
    """Bytes of voxels that are held at the same time."""
    if box is None:
        return 0.0
    frames, channels, rows, columns = chunk_shape(stack)
    chunk = frames * channels * rows * columns * np.dtype(stack.dtype).itemsize
    readers = max(1, min(workers, MEMORY // (2 * chunk)))
    plane = box.shape[1] * box.shape[2] * 4
    reading = readers * 2 * chunk + (readers + 2 + len(plan.channels)) * frames * plane
    slab = slab_bytes(plan, output_dtype(np.dtype(stack.dtype), plan))
    sampling = workers * 2 * _WINDOW_BYTES + 3 * slab  # two computed, one written
    held = scratch if scratch <= MEMORY else 0
    return float(held + max(reading, sampling))


def _bounded(factor: float) -> float:
    value = float(factor)
    return min(20.0, max(0.05, value)) if math.isfinite(value) else 1.0
