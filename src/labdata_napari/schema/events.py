"""Events recorded with datasets, and the pulses that tie their clocks together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj
import numpy as np

from labdata_napari.core.sync import ClockMap
from labdata_napari.schema.selection import the_key
from labdata_napari.schema.synced import fetch_synced, interp_data, plot_events
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@table("data")
class DatasetEvents(dj.Imported):
    """A stream of events or analog samples recorded with a dataset.

    Attributes
    ----------
    stream_time
        (n,) array; time of each analog sample in s on the stream's own clock.
    """

    definition = """
    # a stream of events or samples recorded with a dataset
    -> Dataset
    stream_name : varchar(54)       # device or file that recorded it
    ---
    stream_time=null : <blob>       # s, of each analog sample, own clock
    """

    class Digital(dj.Part):
        """One line of digital events.

        Attributes
        ----------
        event_timestamps
            (n,) array; when each event came, on the stream's own clock: s, or
            samples where the stream has no time base.
        event_values
            (n,) array; the state of the line from each event on.
        """

        definition = """
        # one line of digital events
        -> master
        event_name : varchar(54)            # line or event
        ---
        event_timestamps=null : <blob>      # when each event came, own clock
        event_values=null : <blob>          # state of the line from then on
        """

        def fetch_synced(
            self, force: bool = False, method: str = "cubic-spline"
        ) -> list[dict[str, Any]]:
            """Fetch lines with their times on the clock that `StreamSync` names.

            Parameters
            ----------
            force
                Drop pulses that the other line has not, see `StreamSync.apply`.
            method
                ``"cubic-spline"`` or ``"piecewise-linear"``, see `core.sync.ClockMap`.

            Returns
            -------
            list of dict
                A row for each selected line of a stream that is tied to a clock, with
                `event_timestamps` on that clock, or on that one's own clock where it
                is tied itself, and so on; then those of the last clocks' own
                streams. Lines without times are left out, and with a warning those
                of streams that are not tied. If none of the lines has to do with a
                `StreamSync`, all are returned as they were recorded, with a warning.

            Raises
            ------
            InvalidValue
                When the pulses of a tie cannot be paired, see `StreamSync.apply`, or
                clocks are tied in a circle.
            """
            return fetch_synced(self, force, method)

        def plot_synced(
            self,
            stream_colors: str | list[Any] = "krbgyb",
            overlay_original: bool = False,
            lw: float = 1,
            force: bool = True,
        ) -> Any:
            """Draw the selected lines, a row of ticks each, on the clock's time.

            Needs matplotlib: ``pip install "labdata-napari[plots]"``.

            Parameters
            ----------
            stream_colors
                Colours of the streams in turn.
            overlay_original
                Draw in grey above each row the times as they were recorded.
            lw
                Width of the ticks in points.
            force
                As for `fetch_synced`.

            Returns
            -------
            matplotlib.axes.Axes
                The current axes, drawn into.
            """
            return plot_events(self, stream_colors, overlay_original, lw, force)

    class AnalogChannel(dj.Part):
        """One analog channel, a value for each time of the stream.

        Attributes
        ----------
        channel_values
            (n,) array; as the device gave them, usually V.
        """

        definition = """
        # one analog channel
        -> master
        channel_name : varchar(54)      # channel
        ---
        channel_values=null : <blob>    # a value for each time of the stream
        """


@table("computed")
class StreamSync(dj.Manual):
    """Which two event lines saw the same pulses, so that their clocks can be tied.

    The line in `stream_name` and `event_name` follows the one in `clock_dataset`,
    `clock_stream` and `clock_stream_event`, which keeps the session's time.
    """

    definition = """
    # two event lines that saw the same pulses
    -> Dataset
    -> DatasetEvents.Digital
    -> DatasetEvents.Digital.proj(clock_dataset='dataset_name', clock_stream='stream_name', clock_stream_event='event_name')
    """  # noqa: E501

    def apply(
        self,
        values: ArrayLike | None,
        sync_onsets: ArrayLike | None = None,
        warn: bool = True,
        clock_onsets: ArrayLike | None = None,
        force: bool = False,
        method: str = "cubic-spline",
    ) -> NDArray[np.float64] | ClockMap:
        """Bring times of the stream to the clock's time. One row must be selected.

        Between pulses they are interpolated; before the first and after the last,
        time goes on at the mean rate of the pulses.

        Parameters
        ----------
        values
            Times on the stream's own clock, as its events have them. None: return
            what maps them.
        sync_onsets, clock_onsets
            Times of the pulses on either clock, instead of those in the database.
        warn
            Tell what is odd about the pulses, and which were dropped.
        force
            When one line has more pulses, drop those that fit worst.
        method
            ``"cubic-spline"`` or ``"piecewise-linear"``, see `core.sync.ClockMap`.

        Returns
        -------
        ndarray or ClockMap
            Times on the clock, of the shape of `values`; or the function of times.

        Raises
        ------
        NotFound
            When no row matches, or the line has no events.
        InvalidValue
            When several rows match, or the pulses cannot be paired.
        """
        if sync_onsets is None or clock_onsets is None:
            ours, theirs = self.get_interp_data(force=force, warn=warn)
            sync_onsets = ours if sync_onsets is None else sync_onsets
            clock_onsets = theirs if clock_onsets is None else clock_onsets
        clock = ClockMap(sync_onsets, clock_onsets, method)
        return clock if values is None else clock(values)

    def get_interp_data(
        self, force: bool = False, warn: bool = True, allowed_offset: int = 2
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return when either clock saw the pulses. One row must be selected.

        Lines with equally many events are paired one by one. Where one has about
        twice as many, it holds rises and falls and only its rises are used.

        Parameters
        ----------
        force
            If the numbers still differ, drop of the longer line what fits worst by
            its intervals.
        warn
            Tell what is odd about the pulses, and which were dropped.
        allowed_offset
            How far from exactly twice as many events still are rises and falls.

        Returns
        -------
        sync_onsets, clock_onsets : ndarray
            (n,) each, as the events have them.

        Raises
        ------
        NotFound, InvalidValue
            As `apply`.
        """
        return interp_data(self, the_key(self), force, warn, allowed_offset)

    def clock_stream(self) -> Any:
        """Name the stream that keeps the time.

        Returns
        -------
        str or ndarray
            Its name; if the selected rows have several or none, an array of them.
        """
        with self.lab.own_errors():
            rows = self.to_dicts(order_by="KEY")
        names = list(dict.fromkeys(row["clock_stream"] for row in rows))
        return names[0] if len(names) == 1 else np.array(names, object)
