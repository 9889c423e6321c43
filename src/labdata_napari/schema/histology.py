"""Atlases, and fixed brains: the stacks; `transforms` has what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj

from labdata_napari.schema.selection import one_or_many, the_key
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    from labdata_napari.core.stacks import Stack


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

    def open(self) -> Stack:
        """Open the one brain that is selected, lazily.

        Returns
        -------
        Stack
            (Z, C, Y, X) whatever the file says, with µm per pixel along z, y, x and
            the names of the channels.

        Raises
        ------
        NotFound
            When no row is selected, or its file is not on this machine.
        InvalidValue
            When several rows are selected.
        UnreadableFile
            When the file is broken or is not what the row says.
        """
        stack: Stack = self.lab.brains.open(the_key(self))
        return stack

    def get(self) -> Stack | list[Stack]:
        """Open every brain that is selected, lazily, in the order of their keys.

        Returns
        -------
        Stack or list of Stack
            As of `open`; a single one is not in a list. ``np.asarray`` reads it.

        Raises
        ------
        NotFound, UnreadableFile
            As `open`.
        """
        return one_or_many(self, self.lab.brains.open)

    def napari_open(self, viewer: Any = None, **options: Any) -> Any:
        """Show the one brain that is selected in napari, a layer for each channel.

        Parameters
        ----------
        viewer
            Viewer to add to; None opens a new one. napari is imported only here.
        **options
            Further arguments of napari's ``add_image``, instead of ours.

        Returns
        -------
        napari.Viewer
            The viewer, in µm where the voxel size is known.

        Raises
        ------
        NotFound, InvalidValue, UnreadableFile
            As `open`.
        """
        import napari

        stack = self.open()
        ours: dict[str, Any] = {
            "channel_axis": 1,
            "scale": stack.um_per_pixel or (1.0, 1.0, 1.0),
            "units": "pixel" if stack.um_per_pixel is None else "um",
            "axis_labels": ("z", "y", "x"),
        }
        if stack.channel_names:
            ours["name"] = list(stack.channel_names)
        viewer = napari.Viewer() if viewer is None else viewer
        viewer.add_image(stack.dask(), **ours | options)
        return viewer

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
