"""A stack reduced to a transform's grid once, for planes while parameters change."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.interpolate import DEFAULT_ORDER
from labdata_napari.core.planes import splined
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.reduce import Box, Reduction, scratch_bytes
from labdata_napari.core.sampling import geometry_of, plane_block, three, work_of
from labdata_napari.core.threads import threads_here
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.scratch import Scratch
    from labdata_napari.core.transform import Plan


def prepare(
    stack: Any,
    plan: Plan,
    progress: Progress = silent,
    *,
    order: int = DEFAULT_ORDER,
    engine: str | None = None,
) -> Prepared:
    """Reduce all of a stack into memory, for planes while the parameters change.

    Parameters
    ----------
    stack, plan, order, engine
        As for `labdata_napari.core.resample.plane`.
    progress
        Called with steps done and in all; what it raises ends the reading.

    Returns
    -------
    Prepared
        Takes the memory of the whole reduced stack, twice for cubic splines.
    """
    work = work_of(stack, plan, order, engine)
    box = Box((0, 0, 0), three(work.grid))
    every = replace(plan, channels=tuple(range(plan.shape_in[1])))
    reduction = Reduction(stack, every, box, kernels=work.kernels)
    room = scratch_bytes(every, np.dtype(stack.dtype), box)
    scratch = reduction.run(room, threads=threads_here(), progress=progress)
    return Prepared(plan, order, work.dtype, work.kernels, box, scratch)


class Prepared:
    """A stack reduced to a transform's grid, in memory; made by `prepare`."""

    def __init__(
        self,
        plan: Plan,
        order: int,
        dtype: np.dtype[Any],
        kernels: Kernels,
        box: Box,
        voxels: Scratch,
    ) -> None:
        self._plan, self._order, self._dtype = plan, order, dtype
        self._kernels, self._box, self._voxels = kernels, box, voxels
        self._splined: tuple[tuple[bool, bool, bool], Scratch] | None = None
        self._lock = threading.Lock()

    def plane(self, plan: Plan, index: int, axis: int = 0) -> NDArray[Any]:
        """Compute a plane of a result, equal to the last bit to that of `plane`.

        Parameters
        ----------
        plan
            Of the same stack, reduced to the same grid; other angles, crops and axis
            orders are fine.
        index, axis
            As for `labdata_napari.core.resample.plane`.

        Raises
        ------
        InvalidValue
            When the plan needs another grid, or there is no such plane.
        """
        ours = self._plan.shape_in, self._plan.shape_grid
        if (plan.shape_in, plan.shape_grid) != ours:
            raise InvalidValue(
                f"The stack was reduced to a grid of {ours[1]}; the plan needs one of "
                f"{plan.shape_grid}."
            )
        dtype = self._dtype if plan.cast is None else np.dtype(plan.cast)
        work = geometry_of(plan, dtype, self._order, self._kernels)
        block = plane_block(plan, index, axis)
        scratch = self._voxels
        if any(work.splines):
            scratch = self._with_splines(work.splines)
        return work.sampled(scratch, self._box, block, plan.channels).squeeze(axis)

    def _with_splines(self, splines: tuple[bool, bool, bool]) -> Scratch:
        with self._lock:
            if self._splined is None or self._splined[0] != splines:
                self._splined = None
                found = splined(self._voxels, splines, threads_here(), self._kernels)
                self._splined = splines, found
            return self._splined[1]
