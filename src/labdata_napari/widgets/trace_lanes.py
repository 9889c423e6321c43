"""How a lane of a strip of traces is painted: x, y, or how sure a model is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QLineF, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPen, QPolygonF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qtpy.QtGui import QPainter

    from labdata_napari.core.pose_traces import (
        Envelope,
        LabelledPoints,
        Outline,
        Trace,
    )

_PROBLEM = QColor("#d62728")
_DOT = 2.5  # pixels
_LEAST_APART = 8  # pixels between red dots; nearer they would hide the line
_FAINT, _LIGHT = 90, 170  # of 255


@dataclass(frozen=True, eq=False)
class StripTrace:
    """What is drawn of one body part.

    Attributes
    ----------
    name, colour
        Of the body part; the colour as "#rrggbb".
    seen
        What a model saw; None without one.
    labels
        Where it is labelled; drawn as dots.
    problems
        Sorted frames in which something is wrong with it; drawn red.
    """

    name: str
    colour: str
    seen: Trace | None = None
    labels: LabelledPoints | None = None
    problems: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Span:
    """The frames in sight.

    Attributes
    ----------
    start, stop
        The first, and the one after the last.
    width
        Pixels that they take.
    """

    start: int
    stop: int
    width: int

    def places(self, frames: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how many pixels from the left frames are."""
        scale = self.width / (self.stop - self.start)
        return (np.asarray(frames, np.float64) - self.start) * scale

    def within(self, frames: NDArray[np.int64], length: int | None = None) -> slice:
        """Return which of sorted frames are in sight, and below a length."""
        stop = self.stop if length is None else min(self.stop, length)
        first, last = np.searchsorted(frames, (self.start, stop))
        return slice(int(first), int(last))


@dataclass(frozen=True)
class Lane:
    """Where a lane is, and how it is drawn.

    Attributes
    ----------
    name
        "x", "y", or "p" for the likelihood.
    box
        Where it is.
    span
        The frames in sight.
    ink
        The colour of text.
    paper
        What is under it.
    lowest
        The likelihood below which a model is not believed; None for none.
    """

    name: str
    box: QRectF
    span: Span
    ink: QColor
    paper: QColor
    lowest: float | None = None

    def line_of(self, trace: StripTrace) -> Envelope | None:
        """Return what a model saw of it."""
        seen = trace.seen
        if seen is None:
            return None
        return {"x": seen.x, "y": seen.y, "p": seen.likelihood}[self.name]

    def dots_of(
        self, trace: StripTrace
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the labelled frames in sight, and where it is labelled."""
        if trace.labels is None or self.name == "p":
            return np.empty(0, np.int64), np.empty(0, np.float32)
        there = self.span.within(trace.labels.frames)
        values = trace.labels.xy[there, "xy".index(self.name)]
        return trace.labels.frames[there], values


@dataclass(frozen=True)
class _Scale:
    """Values and heights of a lane."""

    lane: Lane
    low: float
    high: float

    def heights(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        box = self.lane.box
        share = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        # pixels are counted downwards: y as in the picture
        share = share if self.lane.name == "y" else 1 - share
        heights: NDArray[np.float64] = box.top() + 2 + share * (box.height() - 4)
        return heights


def paint_lane(painter: QPainter, lane: Lane, traces: Sequence[StripTrace]) -> None:
    """Draw what a lane shows of some body parts."""
    span, box = lane.span, lane.box
    lines = [lane.line_of(trace) for trace in traces]
    outlines = [
        None if line is None else line.between(span.start, span.stop, span.width)
        for line in lines
    ]
    dots = [lane.dots_of(trace) for trace in traces]
    ends = (0.0, 1.0) if lane.name == "p" else _range(outlines, [v for _, v in dots])
    scale = _Scale(lane, *_apart(*(ends or (0.0, 1.0))))
    faint = _faded(lane.ink, _FAINT)
    painter.setPen(QPen(faint, 1))
    painter.drawLine(QLineF(box.left(), box.bottom(), box.right(), box.bottom()))
    if lane.name == "p" and lane.lowest is not None:
        painter.setPen(QPen(faint, 1, Qt.PenStyle.DashLine))
        [height] = scale.heights(np.array([lane.lowest])).tolist()
        painter.drawLine(QLineF(box.left(), height, box.right(), height))
    for trace, line, outline, (frames, values) in zip(
        traces, lines, outlines, dots, strict=True
    ):
        if line is not None and outline is not None:
            painter.setPen(QPen(QColor(trace.colour), 1.2))
            _paint_line(painter, outline, scale)
            _paint_problems(painter, trace.problems, line, scale)
        painter.setPen(QPen(lane.ink, 1))
        painter.setBrush(QColor(trace.colour))
        _paint_dots(painter, span.places(frames + 0.5), scale.heights(values))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    words = lane.name
    if ends is not None and lane.name != "p":
        words += f" {ends[0]:.0f}–{ends[1]:.0f}"
    # a model is mostly sure, so its line runs along the top
    foot = Qt.AlignmentFlag.AlignBottom
    side = foot if lane.name == "p" else Qt.AlignmentFlag.AlignTop
    where = Qt.AlignmentFlag.AlignLeft | side
    room = box.adjusted(3, 0, 0, 0)
    painter.fillRect(painter.boundingRect(room, int(where), words), lane.paper)
    painter.setPen(_faded(lane.ink, _LIGHT))
    painter.drawText(room, int(where), words)


def _paint_line(painter: QPainter, outline: Outline, scale: _Scale) -> None:
    span, edges = scale.lane.span, outline.edges
    if not outline.is_of_frames:
        joined = outline.joined()
        there = np.flatnonzero(~np.isnan(joined.low))
        places = span.places((edges[:-1] + edges[1:])[there] / 2)
        ends = (scale.heights(values[there]) for values in (joined.low, joined.high))
        rows = np.stack([places, *ends], axis=1).tolist()
        for x, low, high in rows:
            painter.drawLine(QLineF(x, low, x, high))
        return
    points = np.stack(
        [span.places(edges[:-1] + 0.5), scale.heights(outline.low)], axis=1
    )
    for piece in _pieces(outline.low):
        line = QPolygonF([QPointF(x, y) for x, y in points[piece].tolist()])
        painter.drawPolyline(line)
        if line.count() == 1:
            painter.drawPoint(line.at(0))


def _paint_problems(
    painter: QPainter, problems: NDArray[np.int64], line: Envelope, scale: _Scale
) -> None:
    span, top = scale.lane.span, scale.lane.box.top()
    frames = problems[span.within(problems, len(line))]
    places = np.rint(span.places(frames + 0.5))
    places, first = np.unique(places, return_index=True)  # one in a pixel will do
    painter.setPen(QPen(_PROBLEM, 1))
    painter.setBrush(_PROBLEM)
    for x in places.tolist():
        painter.drawLine(QLineF(x, top, x, top + 3))
    if len(places) < span.width / _LEAST_APART:
        _paint_dots(painter, places, scale.heights(line.values[frames[first]]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_dots(
    painter: QPainter, places: NDArray[np.float64], heights: NDArray[np.float64]
) -> None:
    for x, y in zip(places.tolist(), heights.tolist(), strict=True):
        if y == y:  # what nobody saw has no height
            painter.drawEllipse(QPointF(x, y), _DOT, _DOT)


def _range(
    outlines: Sequence[Outline | None], dots: Sequence[NDArray[np.float32]]
) -> tuple[float, float] | None:
    """Find the lowest and highest value in sight; None where there is none."""
    ends = [e for outline in outlines if outline for e in outline.range or ()]
    ends += [
        float(pick(values)) for values in dots if len(values) for pick in (min, max)
    ]
    return (min(ends), max(ends)) if ends else None


def _apart(low: float, high: float) -> tuple[float, float]:
    """Give a scale some extent where all values are about the same."""
    middle = (low + high) / 2
    return (low, high) if high - low > 1 else (middle - 1, middle + 1)


def _pieces(values: NDArray[np.float32]) -> list[slice]:
    """Return the runs without a gap."""
    there = np.concatenate([[False], ~np.isnan(values), [False]])
    ends = np.flatnonzero(there[1:] != there[:-1])
    return [slice(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _faded(colour: QColor, strength: int) -> QColor:
    made = QColor(colour)
    made.setAlpha(strength)
    return made
