"""Widefield and miniscope recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datajoint as dj

from labdata_napari.schema.selection import the_key
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    from labdata_napari.core.stacks import Stack


@table("data")
class Widefield(dj.Imported):
    """A widefield recording.

    Attributes
    ----------
    n_frames, n_channels, height, width
        Shape of the file, (T, C, Y, X).
    frame_rate
        Hz; -1 where it could not be told.
    um_per_pixel
        µm from pixel to pixel along x and y, in this order.
    """

    definition = """
    # a widefield recording
    -> Dataset
    ---
    n_channels : int16                  # channels, illumination in turn
    n_frames : int32                    # frames of each channel
    width : int32                       # pixels along x
    height : int32                      # pixels along y
    frame_rate : float64                # Hz
    -> [nullable] File
    magnification=null : float64        # of the objective
    objective_angle=null : float64      # degrees
    objective=null : varchar(32)        # objective
    um_per_pixel=null : <blob>          # um along x, y
    imaging_software : varchar(32)      # program and version
    """

    def open(self) -> Stack:
        """Open the one recording that is selected, lazily.

        Returns
        -------
        Stack
            (T, C, Y, X), with the row's frame rate (Hz) and µm per pixel along y, x.

        Raises
        ------
        NotFound
            When no row is selected, or its file is not on this machine.
        InvalidValue
            When several rows are selected.
        UnreadableFile
            When the file is broken or is not what the row says.
        """
        stack: Stack = self.lab.recordings.open("Widefield", the_key(self))
        return stack

    class Projection(dj.Part):
        """A picture of the recording over all its frames.

        Attributes
        ----------
        proj
            (C, Y, X) array.
        """

        definition = """
        # a picture of the recording over all its frames
        -> master
        proj_name : enum('mean', 'std', 'var', 'max')   # how it was made
        ---
        proj : <blob>                                   # (C, Y, X)
        """


@table("data")
class Miniscope(dj.Imported):
    """A recording with a microscope that the animal carries.

    Attributes
    ----------
    n_frames, n_channels, height, width
        Shape of the file, (T, C, Y, X) or (T, Y, X). Rows that labdata wrote have
        the height of the file as `width`; the file is right.
    frame_rate
        Hz.
    power
        Power of each light, in the unit of the device.
    um_per_pixel
        µm from pixel to pixel along x and y, in this order.
    """

    definition = """
    # a recording with a microscope that the animal carries
    -> Dataset
    ---
    n_channels : int16              # channels
    n_frames : int32                # frames
    width : int32                   # pixels along x
    height : int32                  # pixels along y
    frame_rate : float64            # Hz
    -> File
    device=null : varchar(32)       # model
    power=null : <blob>             # of each light, unit of the device
    lens_tuning : int32             # setting of the electric lens
    sensor_gain=null : int32        # gain of the sensor
    um_per_pixel=null : <blob>      # um along x, y
    -> [nullable] Atlas.Region
    """

    def open(self) -> Stack:
        """Open the one recording that is selected, lazily.

        Returns
        -------
        Stack
            (T, C, Y, X), with the row's frame rate (Hz) and µm per pixel along y, x.

        Raises
        ------
        NotFound
            When no row is selected, or its file is not on this machine.
        InvalidValue
            When several rows are selected.
        UnreadableFile
            When the file is broken or is not what the row says.
        """
        stack: Stack = self.lab.recordings.open("Miniscope", the_key(self))
        return stack
