"""Fixed brains: the stacks, their transforms, and what people marked in them."""

from __future__ import annotations

import datajoint as dj

from labdata_napari.schema.template import table


@table("data")
class Atlas(dj.Manual):
    """A brain atlas whose regions rows elsewhere refer to."""

    definition = """
    # a brain atlas
    atlas_id : varchar(12)                  # short name
    ---
    atlas_description=null : varchar(156)   # species, age, resolution
    atlas_url=null : varchar(156)           # where it comes from
    atlas_citation=null : varchar(156)      # what to cite
    """

    class Region(dj.Part):
        """A region of the atlas and its place in the tree of regions.

        Attributes
        ----------
        region_id
            Number of the region in the annotation volume.
        structure_id_path
            Numbers from the root down to the region, ``/997/8/…/``.
        color_hex
            RGB in hexadecimal, ``ff0000`` or ``#ff0000``.
        """

        definition = """
        # a region of the atlas
        -> master
        region_acronym : varchar(12)            # such as VISp
        ---
        region_name : varchar(256)              # in full
        region_id : int32                       # number in the volume
        region_atlas_id : int32                 # number in the atlas database
        region_level : int32                    # level of the structure set
        region_graph_depth=null : int32         # steps from the root
        region_graph_order=null : int32         # place in a walk of the tree
        structure_id_path : varchar(80)         # numbers from the root
        color_hex=null : varchar(8)             # rgb, hexadecimal
        """


@table("data")
class FixedBrain(dj.Imported):
    """A stack of a fixed brain, or of fixed tissue.

    Attributes
    ----------
    num_channels
        Channels of the stack, which is (Z, C, Y, X).
    width, height
        X and Y in pixels.
    um_per_pixel
        µm from voxel to voxel along z, y, x.
    hardware
        Microscope it was imaged with.
    """

    definition = """
    # a stack of a fixed brain or tissue
    -> Dataset
    ---
    -> [nullable] File
    num_channels=null : int16       # channels of the (Z, C, Y, X) stack
    width=null : int32              # pixels along x
    height=null : int32             # pixels along y
    um_per_pixel=null : <blob>      # um along z, y, x
    hardware=null : varchar(56)     # microscope
    """

    class Channel(dj.Part):
        """What a channel of the stack shows."""

        definition = """
        # what a channel of the stack shows
        -> master
        channel_index : int16                   # counts from 0
        ---
        channel_wavelength=null : float32       # nm, of the emitted light
        channel_description=null : varchar(64)  # label or protein
        """


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
