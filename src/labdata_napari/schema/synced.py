"""Events of several streams on one clock: fetched, and drawn."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pulses import match_pulses
from labdata_napari.core.sync import require_method
from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = dict[str, Any]
    Stream = tuple[str, ...]

_STREAM = ("subject_name", "session_name", "dataset_name", "stream_name")
_CLOCK = ("subject_name", "session_name", "clock_dataset", "clock_stream")
_LINE_HEIGHT = 0.7
_ORIGINAL = (0.6, 0.9)


def interp_data(
    ties: Any, key: Row, force: bool, warn: bool, allowed_offset: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return when either clock saw the pulses of one `StreamSync` row.

    Parameters
    ----------
    ties
        The table, for its lab.
    key
        The row's primary key.
    force, warn, allowed_offset
        As `StreamSync.get_interp_data`.
    """
    ours = {c: key[c] for c in (*_STREAM, "event_name")}
    theirs = ours | {
        "dataset_name": key["clock_dataset"],
        "stream_name": key["clock_stream"],
        "event_name": key["clock_stream_event"],
    }
    sync, clock = _line(ties.lab, ours), _line(ties.lab, theirs)
    try:
        matched = match_pulses(sync, clock, allowed_offset, force)
    except InvalidValue as error:
        raise InvalidValue(f"{_in_words(key)}: {error}") from None
    if warn:
        for note in matched.notes:
            warnings.warn(f"{_in_words(key)}: {note}", stacklevel=4)
    return matched.sync_onsets, matched.clock_onsets


def fetch_synced(lines: Any, force: bool, method: str) -> list[Row]:
    """Do what `DatasetEvents.Digital.fetch_synced` says."""
    require_method(method)
    lab = lines.lab
    with lab.own_errors():
        rows = [
            row
            for row in lines.to_dicts(order_by="KEY")
            if row["event_timestamps"] is not None
        ]
    ties = _ties(lab, rows)
    clocks = {tuple(tie[c] for c in _CLOCK) for tie in ties.values()}
    tied = [row for row in rows if _stream(row) in ties]
    clocked = [row for row in rows if _stream(row) in clocks - ties.keys()]
    apart = [row for row in rows if _stream(row) not in clocks | ties.keys()]
    if apart:
        names = ", ".join(dict.fromkeys("/".join(_stream(row)) for row in apart))
        left = "returned as recorded" if len(apart) == len(rows) else "left out"
        warnings.warn(
            f"No StreamSync ties the events of {names} to a clock; they are {left}.",
            stacklevel=3,
        )
        if len(apart) == len(rows):
            return rows
    ways = {stream: _way(stream, ties) for stream in map(_stream, tied)}
    maps = {
        _stream(tie): (lab.StreamSync & tie).apply(None, force=force, method=method)
        for tie in {_stream(tie): tie for way in ways.values() for tie in way}.values()
    }
    synced = []
    for row in tied:
        times = row["event_timestamps"]
        for tie in ways[_stream(row)]:
            times = maps[_stream(tie)](times)
        synced.append(row | {"event_timestamps": times})
    return synced + clocked


def _way(stream: Stream, ties: dict[Stream, Row]) -> list[Row]:
    """Return the ties from a stream to the clock that no other one keeps.

    Raises
    ------
    InvalidValue
        When the clocks go round in a circle.
    """
    way: list[Row] = []
    passed = [stream]
    while stream in ties:
        tie = ties[stream]
        clock = tuple(tie[c] for c in _CLOCK)
        if clock == stream:  # it keeps its own time
            break
        if clock in passed:
            names = " → ".join("/".join(each) for each in (*passed, clock))
            raise InvalidValue(
                f"The clocks of StreamSync go round in a circle, {names}; remove one "
                "of these rows."
            )
        way.append(tie)
        passed.append(clock)
        stream = clock
    return way


def plot_events(
    lines: Any, colors: str | list[Any], overlay_original: bool, lw: float, force: bool
) -> Any:
    """Do what `DatasetEvents.Digital.plot_synced` says."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise NotFound(
            "Drawing events needs matplotlib, which is not installed; install it with "
            "pip install 'labdata-napari[plots]'."
        ) from error
    rows = fetch_synced(lines, force, "cubic-spline")
    axes = pyplot.gca()
    streams = list(dict.fromkeys(_stream(row) for row in rows))
    for height, row in enumerate(rows):
        color = colors[streams.index(_stream(row)) % len(colors)]
        ends = (height, height + _LINE_HEIGHT)
        axes.vlines(row["event_timestamps"], *ends, colors=color, linewidths=lw)
    if overlay_original:
        _draw_original(axes, lines, rows, lw)
    labels = [f"{row['stream_name']}_{row['event_name']}" for row in rows]
    axes.set_yticks([h + _LINE_HEIGHT / 2 for h in range(len(rows))], labels)
    axes.set_xlabel("time on the clock")
    return axes


def _draw_original(axes: Any, lines: Any, rows: list[Row], lw: float) -> None:
    with lines.lab.own_errors():
        recorded = {
            (*_stream(row), row["event_name"]): row["event_timestamps"]
            for row in lines.to_dicts(order_by="KEY")
        }
    for height, row in enumerate(rows):
        times = recorded[*_stream(row), row["event_name"]]
        ends = (height + edge for edge in _ORIGINAL)
        axes.vlines(times, *ends, colors="gray", linewidths=lw)


def _ties(lab: Any, rows: list[Row]) -> dict[Stream, Row]:
    """First tie of each stream in the sessions that some rows belong to."""
    columns = ("subject_name", "session_name")
    sessions = [dict(zip(columns, s, strict=True)) for s in _distinct(rows, columns)]
    with lab.own_errors():
        found = (lab.StreamSync & sessions).to_dicts(order_by="KEY")
    ties: dict[Stream, Row] = {}
    for tie in found:
        ties.setdefault(_stream(tie), tie)
    return ties


def _distinct(rows: list[Row], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return list(dict.fromkeys(tuple(row[c] for c in columns) for row in rows))


def _stream(row: Row) -> Stream:
    return tuple(row[c] for c in _STREAM)


def _line(lab: Any, key: Row) -> tuple[Any, Any]:
    with lab.own_errors():
        rows = (lab.DatasetEvents.Digital & key).to_dicts()
    if not rows or rows[0]["event_timestamps"] is None:
        name = "/".join(key[c] for c in (*_STREAM, "event_name"))
        raise NotFound(
            f"The line {name} that StreamSync names has no events; record them, or "
            "correct the row."
        )
    return rows[0]["event_timestamps"], rows[0]["event_values"]


def _in_words(key: Row) -> str:
    stream = "/".join(key[c] for c in (*_STREAM, "event_name"))
    clock = f"{key['clock_dataset']}/{key['clock_stream']}/{key['clock_stream_event']}"
    return f"{stream} by {clock}"
