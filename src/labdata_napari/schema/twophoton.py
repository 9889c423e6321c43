"""Two-photon recordings and the cells segmented in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datajoint as dj

from labdata_napari.schema.selection import the_key
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    from labdata_napari.core.stacks import Stack


@table("data")
class TwoPhoton(dj.Imported):
    """A two-photon recording of one or more planes.

    Attributes
    ----------
    n_frames, n_planes, n_channels, height, width
        Shape of the file, (T, P, C, Y, X).
    frame_rate
        Hz.
    um_per_pixel
        µm from pixel to pixel along x and y, in this order.
    pmt_gain
        Array; gain of each detector.
    """

    definition = """
    # a two-photon recording
    -> Dataset
    ---
    n_planes : int16                    # planes
    n_channels : int16                  # channels
    n_frames : int32                    # frames of each plane
    width : int32                       # pixels along x
    height : int32                      # pixels along y
    frame_rate : float64                # Hz
    -> File
    magnification=null : float64        # zoom of the scanner
    objective_angle=null : float64      # degrees
    objective=null : varchar(32)        # objective
    um_per_pixel=null : <blob>          # um along x, y
    scanning_mode=null : varchar(32)    # unidirectional or bidirectional
    pmt_gain=null : <blob>              # gain of each detector
    imaging_software : varchar(32)      # program and version
    -> [nullable] Atlas.Region
    """

    def open(self) -> Stack:
        """Open the one recording that is selected, lazily.

        Returns
        -------
        Stack
            (T, P, C, Y, X), P being the planes, with the row's frame rate (Hz) and
            µm per pixel along y, x.

        Raises
        ------
        NotFound
            When no row is selected, or its file is not on this machine.
        InvalidValue
            When several rows are selected.
        UnreadableFile
            When the file is broken or is not what the row says.
        """
        stack: Stack = self.lab.recordings.open("TwoPhoton", the_key(self))
        return stack

    class Plane(dj.Part):
        """A plane of the recording."""

        definition = """
        # a plane of the recording
        -> master
        plane_num : int16           # counts from 0
        ---
        plane_depth=null : float32  # um below the surface
        """


@table("computed")
class CellSegmentationParams(dj.Manual):
    """A segmentation algorithm and the parameters it runs with."""

    definition = """
    # a segmentation algorithm and its parameters
    parameter_set_num : int32                   # number of the set
    ---
    algorithm_name : varchar(64)                # algorithm
    parameter_description=null : varchar(256)   # what the set is for
    parameters_dict : varchar(2000)             # parameters, json
    code_link=null : varchar(300)               # where the code is
    """


@table("computed")
class CellSegmentation(dj.Imported):
    """One segmentation of one recording.

    Attributes
    ----------
    crop_region
        Part of the frame that was segmented, in pixels; None for all of it.
    """

    definition = """
    # one segmentation of one recording
    -> Dataset
    -> CellSegmentationParams
    ---
    algorithm_version : varchar(56)         # version of the algorithm
    n_rois : int32                          # regions, all planes
    crop_region=null : <blob>               # pixels, part that was segmented
    segmentation_datetime=null : datetime   # when it was segmented
    -> [nullable] AnalysisFile
    container_version=null : varchar(512)   # container it ran in
    """

    class Plane(dj.Part):
        """A segmented plane.

        Attributes
        ----------
        dims
            (Y, X) pixels of the plane.
        """

        definition = """
        # a segmented plane
        -> master
        plane_num : int16           # counts from 0
        ---
        plane_n_rois : int32        # regions in the plane
        dims=null : <blob>          # pixels, (Y, X)
        """

    class MotionCorrection(dj.Part):
        """How the frames of a plane were shifted to match.

        Attributes
        ----------
        displacement
            Pixels, y and x for each frame (and block when not rigid).
        """

        definition = """
        # how the frames of a plane were shifted to match
        -> CellSegmentation.Plane
        ---
        motion_block_size=0 : int32     # pixels, 0 for whole frames
        displacement : <blob>           # pixels, y and x for each frame
        """

    class Projection(dj.Part):
        """A picture of a plane over time.

        Attributes
        ----------
        proj_im
            (Y, X) array.
        """

        definition = """
        # a picture of a plane over time
        -> CellSegmentation.Plane
        proj_name : varchar(16)     # how it was made, such as mean
        ---
        proj_im : <blob>            # pixels, (Y, X)
        """

    class ROI(dj.Part):
        """A region of a plane, usually a cell.

        Attributes
        ----------
        roi_pixels, neuropil_pixels
            Pixels of the region and of its surround, as indices into the plane.
        roi_pixels_values
            Weight of each pixel of the region.
        """

        definition = """
        # a region of a plane, usually a cell
        -> CellSegmentation.Plane
        roi_num : int32                     # counts within the plane
        ---
        roi_pixels : <blob>                 # pixels of the region
        roi_pixels_values=null : <blob>     # weight of each pixel
        neuropil_pixels=null : <blob>       # pixels of the surround
        """

    class RawTraces(dj.Part):
        """Fluorescence of a region and its surround.

        Attributes
        ----------
        f_trace, f_neuropil
            (n_frames,) in the camera's or detector's counts.
        """

        definition = """
        # fluorescence of a region and its surround
        -> CellSegmentation.ROI
        ---
        f_trace : <blob>                # counts, for each frame
        f_neuropil=null : <blob>        # counts, for each frame
        """

    class Traces(dj.Part):
        """Relative change of fluorescence of a region.

        Attributes
        ----------
        dff
            (n_frames,) fraction of the baseline.
        """

        definition = """
        # relative change of fluorescence
        -> CellSegmentation.ROI
        ---
        dff : <blob>                        # fraction of the baseline
        neuropil_coeff=null : float32       # share of surround subtracted
        """

    class Deconvolved(dj.Part):
        """Inferred activity of a region.

        Attributes
        ----------
        deconv
            (n_frames,) arbitrary units.
        """

        definition = """
        # inferred activity of a region
        -> CellSegmentation.ROI
        ---
        deconv : <blob>     # arbitrary units, for each frame
        """

    class Selection(dj.Part):
        """Whether a region is taken for a cell, by whom or what."""

        definition = """
        # whether a region is taken for a cell
        -> CellSegmentation.ROI
        selection_method='auto' : varchar(12)   # classifier or person
        ---
        selection : int16                       # 1 for a cell
        likelihood=null : float32               # 0 to 1, of being a cell
        """

    class LinkedDatasets(dj.Part):
        """Another dataset of the subject that was segmented together with this."""

        definition = """
        # another dataset that was segmented together with this one
        -> master
        linked_session_id : int32       # counts the linked datasets
        ---
        -> Dataset.proj(linked_session_name='session_name', linked_dataset_session='dataset_name')
        """  # noqa: E501


@table("computed")
class CellSegmentationMetrics(dj.Computed):
    """Shape and activity of a region in numbers."""

    definition = """
    # shape and activity of a region
    -> CellSegmentation.ROI
    ---
    x_pos=null : float32                    # pixels, centre
    y_pos=null : float32                    # pixels, centre
    npix=null : int32                       # pixels
    diameter=null : float32                 # pixels
    roi_skewness=null : float32             # of the weights of its pixels
    compactness=null : float32              # 1 for a disc
    aspect_ratio=null : float32             # 1 for a disc
    snr=null : float32                      # signal to noise
    noise_level=null : float32              # of the trace
    std=null : float32                      # of the trace
    trace_skewness=null : float32           # of the trace
    max_dff=null : float32                  # largest relative change
    activity_fraction=null : float32        # fraction of time active
    event_rate=null : float32               # events per s
    neuropil_coeff=null : float32           # share of surround subtracted
    correlation_neuropil=null : float32     # with the surround
    """
