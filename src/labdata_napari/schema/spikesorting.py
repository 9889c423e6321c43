"""Units sorted from probe recordings, their waveforms and their quality."""

from __future__ import annotations

import datajoint as dj

from labdata_napari.schema.template import table


@table("computed")
class SpikeSortingParams(dj.Manual):
    """A spike sorter and the parameters it runs with."""

    definition = """
    # a spike sorter and its parameters
    parameter_set_num : int32                   # number of the set
    ---
    algorithm_name : varchar(64)                # sorter
    parameter_description=null : varchar(256)   # what the set is for
    parameters_dict : varchar(2000)             # parameters, json
    code_link=null : varchar(300)               # where the code is
    """


@table("computed")
class SpikeSorting(dj.Manual):
    """One sorting of what one probe recorded.

    Attributes
    ----------
    sorting_channel_indices
        (n_channels,) array; channel of the file for each channel that was sorted.
    sorting_channel_coords
        (n_channels, 2) µm; x and y on the probe.
    """

    definition = """
    # one sorting of what one probe recorded
    -> EphysRecording.ProbeSetting
    -> SpikeSortingParams
    ---
    algorithm_version=null : varchar(56)        # version of the sorter
    sorting_datetime=null : datetime            # when it was sorted
    n_pre_samples=null : int16                  # waveform samples before the peak
    n_sorted_units=null : int32                 # units
    n_detected_spikes=null : int32              # spikes of all units
    sorting_channel_indices=null : <blob>       # channel in the file of each
    sorting_channel_coords=null : <blob>        # um, x and y of each channel
    additional_params=null : varchar(2000)      # what else was set, json
    -> [nullable] AnalysisFile.proj(features_file='file_path', features_storage='storage')
    -> [nullable] AnalysisFile.proj(waveforms_file='file_path', waveforms_storage='storage')
    container_version=null : varchar(512)       # container the sorter ran in
    """  # noqa: E501

    class Segment(dj.Part):
        """A few seconds of the recording as the sorter saw them.

        Attributes
        ----------
        segment
            (n_samples, n_channels) array.
        channel_median, channel_mad, channel_max, channel_min, channel_peak_to_peak
            (n_channels,) µV.
        """

        definition = """
        # a few seconds of the recording as the sorter saw them
        -> master
        segment_num : int32                     # counts within the sorting
        ---
        offset_samples : int32                  # first sample of the segment
        segment : <blob>                        # (n_samples, n_channels)
        channel_median=null : <blob>            # uV, for each channel
        channel_mad=null : <blob>               # uV, median absolute deviation
        channel_max=null : <blob>               # uV, for each channel
        channel_min=null : <blob>               # uV, for each channel
        channel_peak_to_peak=null : <blob>      # uV, for each channel
        """

    class Unit(dj.Part):
        """A unit and when it fired.

        Attributes
        ----------
        spike_times
            (n_spikes,) samples of the recording, uint64.
        spike_positions
            (n_spikes, 2) µm on the probe.
        spike_amplitudes
            (n_spikes,) in the sorter's unit.
        """

        definition = """
        # a unit and when it fired
        -> master
        unit_id : int32                     # number the sorter gave it
        ---
        spike_times : <blob>                # samples, uint64
        spike_positions=null : <blob>       # um, x and y of each spike
        spike_amplitudes=null : <blob>      # of each spike, unit of the sorter
        """

    class Waveforms(dj.Part):
        """The median waveform of a unit.

        Attributes
        ----------
        waveform_median
            (n_samples, n_channels) µV, float32.
        waveform_channels
            (n_channels,) channel of each column; None when all are there.
        waveform_ptp
            µV; peak to peak on every channel.
        """

        definition = """
        # the median waveform of a unit
        -> SpikeSorting.Unit
        ---
        waveform_median : <blob>            # uV, (n_samples, n_channels)
        waveform_channels=null : <blob>     # channel of each column, null for all
        waveform_ptp=null : <blob>          # uV, peak to peak on every channel
        waveform_noise=null : float32       # uV, noise left in the median
        """

    class MergedUnit(dj.Part):
        """A unit that was merged into another, as it was before.

        Attributes
        ----------
        spike_times, spike_positions, spike_amplitudes
            As in `Unit`, of the source unit.
        waveform_median, waveform_channels, waveform_ptp, waveform_noise
            As in `Waveforms`, of the source unit.
        """

        definition = """
        # a unit that was merged into another, as it was before
        -> master
        merged_unit_id : int32              # unit that holds the spikes now
        source_unit_id : int32              # unit the sorter found
        ---
        spike_times : <blob>                # samples, uint64
        spike_positions=null : <blob>       # um, x and y of each spike
        spike_amplitudes=null : <blob>      # of each spike, unit of the sorter
        waveform_median=null : <blob>       # uV, (n_samples, n_channels)
        waveform_channels=null : <blob>     # channel of each column, null for all
        waveform_ptp=null : <blob>          # uV, peak to peak on every channel
        waveform_noise=null : float32       # uV, noise left in the median
        merge_datetime : datetime           # when they were merged
        """

    class IntermediateFiles(dj.Part):
        """A file the sorter left behind."""

        definition = """
        # a file the sorter left behind
        -> master
        -> AnalysisFile
        """

    class LinkedDatasets(dj.Part):
        """Another dataset of the subject that was sorted together with this one."""

        definition = """
        # another dataset that was sorted together with this one
        -> master
        -> Dataset.proj(linked_session_name='session_name', linked_dataset_session='dataset_name')
        """  # noqa: E501

    class Motion(dj.Part):
        """How the tissue moved along a shank.

        Attributes
        ----------
        displacement
            (n_times, n_depths) µm.
        displacement_times
            (n_times,) s; middle of each bin.
        displacement_depths
            (n_depths,) µm; middle of each bin, None for one bin.
        """

        definition = """
        # how the tissue moved along a shank
        -> master
        motion_num : int16                      # counts the estimates
        ---
        motion_method : varchar(32)             # how it was estimated
        shank=null : int16                      # shank, null for all
        displacement : <blob>                   # um, (n_times, n_depths)
        displacement_times : <blob>             # s, middle of each bin
        displacement_depths=null : <blob>       # um, middle of each bin
        """


@table("computed")
class UnitMetrics(dj.Computed):
    """How good and how stable a unit is, and the shape of its waveform.

    Attributes
    ----------
    position
        (2,) µm; x and y on the probe.
    active_electrodes
        Array; the sites on which the unit can be seen.
    """

    definition = """
    # how good a unit is
    -> SpikeSorting.Unit
    ---
    num_spikes : int32                          # spikes
    depth=null : float64                        # um along the probe
    position=null : <blob>                      # um, x and y on the probe
    shank=null : int32                          # shank it is on
    channel_index=null : int32                  # channel where it is largest
    n_electrodes_spanned=null : int32           # sites it can be seen on
    span_um=null : float32                      # um, farthest of these apart
    firing_rate=null : float32                  # Hz, mean
    isi_contamination=null : float32            # fraction of foreign spikes
    isi_contamination_hill=null : float32       # the same after Hill et al.
    n_isi_violations=null : int32               # intervals too short to be true
    amplitude_cutoff=null : float32             # fraction of spikes too small
    presence_ratio=null : float32               # fraction of time it fired
    depth_drift_range=null : float32            # um, range of its depth
    depth_drift_fluctuation=null : float32      # um, spread of its depth
    depth_drift_start_to_end=null : float32     # um, last depth less first
    firing_range=null : float32                 # Hz, 5th to 95th percentile
    amplitude_drift=null : float32              # change of its amplitude
    spike_amplitude=null : float32              # uV, median
    snr=null : float32                          # amplitude to noise
    spike_duration=null : float32               # ms, trough to peak
    trough_time=null : float32                  # ms from start of waveform
    trough_amplitude=null : float32             # uV
    fw3m=null : float32                         # ms, width at a third of depth
    trough_gradient=null : float32              # slope into the trough
    peak_gradient=null : float32                # slope out of the peak
    peak_time=null : float32                    # ms from start of waveform
    peak_amplitude=null : float32               # uV
    polarity=null : int8                        # -1 trough first, 1 peak first
    active_electrodes=null : <blob>             # sites it can be seen on
    """


@table("computed")
class UnitCountCriteria(dj.Manual):
    """What makes a unit a single unit or part of multi-unit activity."""

    definition = """
    # what makes a unit single or multi
    unit_criteria_id : int32                # number of the set
    ---
    sua_criteria : varchar(2000)            # condition on metrics, single unit
    mua_criteria=null : varchar(2000)       # condition on metrics, multi unit
    """


@table("computed")
class UnitCount(dj.Computed):
    """How many units of a sorting pass a set of criteria."""

    definition = """
    # how many units of a sorting pass the criteria
    -> SpikeSorting
    -> UnitCountCriteria
    ---
    all : int32     # units
    sua : int32     # single units
    mua : int32     # multi units
    """

    class Unit(dj.Part):
        """Whether a unit passes."""

        definition = """
        # whether a unit passes
        -> master
        -> UnitMetrics
        ---
        passes : int8       # 1 single unit, 0 multi unit, -1 noise
        """
