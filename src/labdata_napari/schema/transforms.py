"""What fixed brains are turned into, and what people mark in that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj

from labdata_napari.core.progress import Progress, silent
from labdata_napari.schema.selection import one_or_many, the_key
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack


@table("computed")
class FixedBrainTransformParameters(dj.Manual):
    """How to turn a fixed brain into the stack that people work in.

    Applied in the order of the columns; see `labdata_napari.core.transform`.

    Attributes
    ----------
    downsample
        Voxels out per voxel in, for (z, channel, y, x).
    rotate
        (anglez, angley, anglex, flipx, flipy), degrees in the z-y, z-x and y-x
        plane, then whether to mirror x and y.
    crop
        For each of (z, channel, y, x): (start, stop, step) or None.
    transpose
        Order of the four axes in the result, such as [2, 1, 3, 0].
    cast
        Type of the result's pixels, such as uint16.
    """

    definition = """
    # how to turn a fixed brain into the stack that people work in
    -> FixedBrain
    transform_id=0 : int16          # counts the parameter sets of a brain
    ---
    downsample=null : <blob>        # voxels out per voxel in, z c y x
    rotate=null : <blob>            # three angles in degrees, two mirrors
    crop=null : <blob>              # start, stop, step for z, c, y, x
    transpose=null : <blob>         # order of the axes in the result
    cast=null : varchar(8)          # type of the pixels in the result
    """


@table("computed")
class FixedBrainTransform(dj.Computed):
    """A fixed brain after its transform, kept as a file.

    Attributes
    ----------
    um_per_pixel
        µm from voxel to voxel along the three spatial axes of the result, in its
        order. Rows that labdata wrote have them in the order of the source.
    shape
        The four axes of the result.
    hemisphere
        Part of the brain in the result: left, right or both.
    """

    definition = """
    # a fixed brain after its transform
    -> FixedBrain
    -> FixedBrainTransformParameters
    ---
    -> AnalysisFile
    um_per_pixel=null : <blob>      # um along the spatial axes of the result
    shape=null : <blob>             # four axes of the result
    hemisphere=null : varchar(5)    # left, right or both
    """

    def populate(
        self,
        *restrictions: Any,
        progress: Progress = silent,
        hemisphere: str | None = None,
        suppress_errors: bool = False,
        max_calls: int | None = None,
        wait: bool = True,
        settings: Any = None,
    ) -> dict[str, Any]:
        """Compute the transforms that have parameters but no result yet.

        Each is a file first, and then two rows in one transaction. Any number of
        programs may do this at the same time, on any number of machines: each
        transform is computed by one of them, and taken over by another when that one
        dies. DataJoint's own loop is not used: it would keep a transaction open while
        computing, or read everything twice, it declares a table for who computes
        what, and it knows neither progress nor cancelling.

        Parameters
        ----------
        *restrictions
            Which ones, as of ``&``; all of them when there is none.
        progress
            Called with steps done and in all, over all transforms; raise `Cancelled`
            in it to stop. What was finished before stays.
        hemisphere
            What to note in the rows: "left", "right" or "both". When not given,
            "both" where the result reaches over the middle of the brain along every
            axis, else nothing.
        suppress_errors
            Go on with the next one after an error; `Cancelled` always stops.
        max_calls
            Compute at most so many.
        wait
            Stay until those are done, too, that other programs compute at present.
        settings
            A `ComputeSettings`: how else to compute them.

        Returns
        -------
        dict
            ``success_count``, of those computed here, and ``error_list`` of
            (key, sentence).

        Raises
        ------
        InvalidValue
            When a restriction misspells a column, or names none.
        NotFound, InvalidValue, UnreadableFile, WriteConflict, WriteRefused
            As `make`, for the first that fails, unless errors are suppressed.
        Cancelled
            When `progress` raised it.
        """
        done = self.lab.brains.populate_transforms(
            *self.restriction,
            *([self.unmatched] if self.unmatched else ()),
            *restrictions,
            progress=progress,
            hemisphere=hemisphere,
            suppress_errors=suppress_errors,
            max_calls=max_calls,
            wait=wait,
            settings=settings,
        )
        errors = [(key, str(error)) for key, error in done.failed]
        return {"success_count": len(done.computed), "error_list": errors}

    def make(
        self,
        key: dict[str, Any],
        progress: Progress = silent,
        hemisphere: str | None = None,
    ) -> None:
        """Compute one transform, unless it is there; leave nothing when that fails.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        progress, hemisphere
            As of `populate`.

        Raises
        ------
        NotFound
            When the parameters or the brain's file are not there.
        InvalidValue
            When the parameters do not go with the brain.
        UnreadableFile
            When the brain's file is broken.
        WriteConflict
            When somebody changed the parameters meanwhile.
        WriteRefused
            When the file or the rows cannot be written.
        """
        self.lab.brains.compute_transform(key, progress, hemisphere)

    def transform(self, key: dict[str, Any]) -> NDArray[np.generic]:
        """Compute a transform into memory and store nothing.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``. Where the result is stored already it
            is read.

        Returns
        -------
        ndarray
            4-D, the axes in the order of the parameters' ``transpose``.

        Raises
        ------
        NotFound, InvalidValue, UnreadableFile
            As `make`.
        """
        import numpy as np

        from labdata_napari.core.resample import slabs
        from labdata_napari.core.transform import TransformParameters, plan

        selected = self.lab.FixedBrainTransformParameters & key
        key = the_key(selected)
        if self.lab.FixedBrainTransform & key:
            return self._stored(key)
        parameters = TransformParameters.from_row(selected.fetch1())
        stack = self.lab.brains.open(key)
        geometry = plan(stack.shape, stack.um_per_pixel, parameters)
        return np.concatenate(list(slabs(stack, geometry)))

    def open(self) -> Stack:
        """Open the one result that is selected, lazily.

        Returns
        -------
        Stack
            (Z, C, Y, X), the spatial axes in the order in which they are stored:
            after a transpose, the one called Z is whichever is stored first. So do
            the points of annotations count.

        Raises
        ------
        NotFound, InvalidValue, UnreadableFile
            As of `FixedBrain.open`.
        """
        stack: Stack = self.lab.brains.open_transform(the_key(self))
        return stack

    def get(self) -> NDArray[np.generic] | list[NDArray[np.generic]]:
        """Read every result that is selected into memory, in the order of their keys.

        Returns
        -------
        ndarray or list of ndarray
            4-D, the axes in the order of the row's `shape`; a single one is not in a
            list.

        Raises
        ------
        NotFound, UnreadableFile
            As `open`.
        """
        return one_or_many(self, self._stored)

    def _stored(self, key: dict[str, Any]) -> NDArray[np.generic]:
        import numpy as np

        from labdata_napari.core.transform_parameters import TransformParameters

        row = (self.lab.FixedBrainTransformParameters & key).fetch1()
        order = TransformParameters.from_row(row).transpose or (0, 1, 2, 3)
        stack = self.lab.brains.open_transform(key)
        return np.moveaxis(np.asarray(stack), 1, order.index(1))


@table("computed")
class FixedBrainTransformAnnotation(dj.Manual):
    """Points that somebody placed in a transformed brain, under one name.

    Attributes
    ----------
    xyz
        (N, 3) pixels of the transformed stack, voxel centres, in the order of its
        stored spatial axes. At most 65,535 bytes packed on MySQL, about 2,890
        points.
    """

    definition = """
    # points that somebody placed in a transformed brain
    -> FixedBrainTransform
    annotation_id : int32               # counts within the transform
    ---
    annotation_name : varchar(36)       # what was marked, such as probe1_shank0
    annotation_type : varchar(36)       # kind, such as probe_track
    xyz : <blob>                        # pixels, (N, 3), order of the stack
    """
