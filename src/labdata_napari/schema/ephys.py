"""Probes, where they went, and what they recorded."""

from __future__ import annotations

import datajoint as dj

from labdata_napari.schema.template import table


@table("data")
class Probe(dj.Manual):
    """A probe, one row for each that the lab owns."""

    definition = """
    # a probe
    probe_id : varchar(32)                  # serial number
    ---
    probe_type : varchar(12)                # model
    probe_n_shanks : int8                   # shanks
    probe_recording_channels : int32        # channels it can record at once
    """


@table("data")
class ProbeInsertion(dj.Manual):
    """Where and how a probe went in, relative to bregma and the dura.

    Attributes
    ----------
    insertion_ap, insertion_ml, insertion_depth
        Distances in the unit the lab uses, mm or µm.
    insertion_el, insertion_az, insertion_spin
        Angles in degrees.
    """

    definition = """
    # where and how a probe went in
    -> Procedure
    -> Probe
    ---
    insertion_ap : float32          # anterior of bregma
    insertion_ml : float32          # lateral of bregma
    insertion_depth : float32       # length in tissue, from the dura
    insertion_el : float32          # degrees, elevation
    insertion_az : float32          # degrees, azimuth
    insertion_spin=0 : float32      # degrees, about its own axis
    """


@table("data")
class ProbeExtraction(dj.Manual):
    """Whether a probe came out whole."""

    definition = """
    # whether a probe came out whole
    -> Procedure
    -> Probe
    ---
    extraction_successful : int8    # 1 when it can be used again
    """


@table("data")
class ProbeConfiguration(dj.Manual):
    """Which sites of a probe were connected.

    Attributes
    ----------
    channel_idx, channel_shank
        (n_channels,) arrays; site and shank of each channel.
    channel_coords
        (n_channels, 2) µm; x and y on the probe.
    """

    definition = """
    # which sites of a probe were connected
    -> Probe
    configuration_id : int16        # counts the configurations of a probe
    ---
    probe_n_channels : int32        # connected channels
    probe_gain : float32            # factor from sample to uV
    channel_idx : <blob>            # site of each channel
    channel_shank : <blob>          # shank of each channel
    channel_coords : <blob>         # um, x and y of each channel
    """


@table("data")
class EphysRecording(dj.Imported):
    """A recording of one or more probes."""

    definition = """
    # a recording of one or more probes
    -> Dataset
    ---
    n_probes : int16                    # probes recorded together
    recording_duration : float32        # s
    recording_software : varchar(56)    # program and version
    """

    class ProbeSetting(dj.Part):
        """A probe of the recording and how it was set."""

        definition = """
        # a probe of the recording and how it was set
        -> master
        probe_num : int16                   # counts within the recording
        ---
        -> ProbeConfiguration
        sampling_rate : decimal(22, 14)     # Hz
        """

    class ProbeFile(dj.Part):
        """A file that holds what a probe recorded."""

        definition = """
        # a file that holds what a probe recorded
        -> EphysRecording.ProbeSetting
        -> File
        """


@table("data")
class EphysRecordingNoiseStats(dj.Computed):
    """How noisy each channel was at the beginning and the end of a recording.

    Attributes
    ----------
    channel_median, channel_max, channel_min, channel_peak_to_peak, channel_mad
        (n_channels, 2) µV; beginning and end.
    """

    definition = """
    # how noisy each channel was, beginning and end
    -> EphysRecording.ProbeSetting
    ---
    channel_median=null : <blob>            # uV, (n_channels, 2)
    channel_max=null : <blob>               # uV, (n_channels, 2)
    channel_min=null : <blob>               # uV, (n_channels, 2)
    channel_peak_to_peak=null : <blob>      # uV, (n_channels, 2)
    channel_mad=null : <blob>               # uV, median absolute deviation
    """


@table("computed")
class ProbeBrainRegion(dj.Manual):
    """The stretch of a probe that lies in a region of an atlas.

    Attributes
    ----------
    min_depth, max_depth
        µm along the probe.
    shanks, electrodes
        Arrays; the shanks and sites inside the region.
    """

    definition = """
    # the stretch of a probe that lies in a region
    -> ProbeInsertion
    -> ProbeConfiguration
    -> Atlas.Region
    ---
    min_depth=null : float64        # um along the probe, nearest
    max_depth=null : float64        # um along the probe, farthest
    shanks=null : <blob>            # shanks inside the region
    electrodes=null : <blob>        # sites inside the region
    """
