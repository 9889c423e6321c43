"""The regions along a track, by depth, as a strip beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QToolTip, QWidget

from labdata_napari.core.atlas_regions import OUTSIDE
from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QHelpEvent, QPaintEvent

    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.track_regions import Interval, TrackRegions
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.workspace import Workspace

_BRIGHT = 140  # of 255: what black can be read on


@dataclass(frozen=True, eq=False)
class _Asked:
    """A track of a brain that lies in an atlas."""

    brain: InAtlas
    path: NDArray[np.float64]
    um_per_pixel: tuple[float, float, float]

    def is_like(self, other: _Asked | None) -> bool:
        return (
            other is not None
            and self.brain is other.brain
            and np.array_equal(self.path, other.path)
        )


class RegionStrip(QWidget):
    """Shows where each region along the chosen track begins and ends.

    Depths are µm of the brain along the track, from where it enters the brain by the
    atlas. Hidden while there is nothing to show.

    Parameters
    ----------
    workspace
        Looks regions up in the background: an atlas may be too large for the memory.
    """

    told = Signal(str)
    """Where the tip is, or why that is not known; empty where nobody asks."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotation_regions")
        self._workspace = workspace
        self._wanted: _Asked | None = None
        self._shown: _Asked | None = None
        self._looking: _Asked | None = None
        self.regions: TrackRegions | None = None
        """What is shown."""
        self.hide()

    def show_track(self, annotator: Annotator | None, name: str | None) -> None:
        """Show the regions of an annotation, if it is a track in an atlas."""
        numbers = None if annotator is None else annotator.figures.of(name)
        track = None if numbers is None else numbers.track
        if annotator is None or numbers is None or not track:
            self._wanted = None
            self._show(None, "")
        elif annotator.brain is None:
            self._wanted = None
            self._show(None, "")  # the dock's atlas part says why
        else:
            setting = annotator.figures.setting
            assert setting is not None  # there are numbers
            asked = _Asked(annotator.brain, track.path, setting.um_per_pixel)
            self._wanted = asked
            if asked.is_like(self._shown):
                return
            if asked.brain.is_at_hand:
                self._look_at_once(asked)
            else:
                self._look()

    def sizeHint(self) -> QSize:
        """Return a size in which acronyms and depths can be read."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 17, unit * 30)

    def minimumSizeHint(self) -> QSize:
        """Return as wide, and half as high."""
        return QSize(self.sizeHint().width(), self.sizeHint().height() // 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the regions, their acronyms and the depths where they begin."""
        if self.regions is None:
            return
        painter = QPainter(self)
        frame, line = self._frame(), float(self.fontMetrics().height())
        free_from = 0.0  # a depth is written where the one above leaves room
        for interval in self.regions.intervals:
            box = self._box(interval, frame)
            _draw_region(painter, interval, box, line)
            if box.top() >= free_from:
                self._write_depth(painter, interval.entry_um, box.top())
                free_from = box.top() + line
        self._write_depth(painter, self.regions.length_um, frame.bottom())

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if event.type() != QEvent.Type.ToolTip:
            return super().event(event)
        help_event: QHelpEvent = event
        QToolTip.showText(help_event.globalPos(), self.words_at(help_event.pos().y()))
        return True

    def words_at(self, y: float) -> str:
        """Say which region is drawn at a height of the widget; "" for none."""
        frame = self._frame()
        if self.regions is None or not frame.height():
            return ""
        depth = (y - frame.top()) / frame.height() * self.regions.length_um
        found = self.regions.at(depth)
        if found is None:
            return ""
        name = f"{found.acronym}: {found.name}" if found.region_id else "outside"
        return f"{name}\n{found.entry_um:,.0f} to {found.exit_um:,.0f} µm deep"

    # -- how

    def _look(self) -> None:
        if self._looking is not None or self._wanted is None:
            return
        self._looking = self._wanted
        self._workspace.background(
            _regions_of, self._looking, done=self._on_found, failed=self._on_failed
        )

    def _look_at_once(self, asked: _Asked) -> None:
        try:
            regions = _regions_of(asked)
        except LabdataError as error:
            self._show(None, str(error))
        else:
            self._shown = asked
            self._show(regions, _tip_words(regions))

    def _on_found(self, regions: TrackRegions) -> None:
        asked, self._looking = self._looking, None
        if self._wanted is None or asked is None:
            return
        if self._wanted.brain is asked.brain:
            self._shown = asked
            self._show(regions, _tip_words(regions))
        if not self._wanted.is_like(asked):
            self._look()

    def _on_failed(self, error: LabdataError) -> None:
        asked, self._looking = self._looking, None
        if self._wanted is not None and self._wanted.is_like(asked):
            self._show(None, str(error))
        else:  # another track was chosen meanwhile
            self._look()

    def _show(self, regions: TrackRegions | None, words: str) -> None:
        if regions is None:
            self._shown = None
        self.regions = regions
        self.setVisible(regions is not None and bool(regions.intervals))
        self.told.emit(words)
        self.update()

    def _frame(self) -> QRectF:
        """Return where regions are drawn: right of the depths."""
        depths = self.fontMetrics().horizontalAdvance("00,000 ")
        half = self.fontMetrics().height() / 2
        whole = QRectF(self.rect())
        return whole.adjusted(depths, half, -1, -half)

    def _box(self, interval: Interval, frame: QRectF) -> QRectF:
        length = self.regions.length_um if self.regions is not None else 1.0
        top, bottom = (
            frame.top() + depth / length * frame.height()
            for depth in (interval.entry_um, interval.exit_um)
        )
        return QRectF(frame.left(), top, frame.width(), bottom - top)

    def _write_depth(self, painter: QPainter, depth_um: float, y: float) -> None:
        painter.setPen(self.palette().windowText().color())
        line = self.fontMetrics().height()
        place = QRectF(0, y - line / 2, self._frame().left() - 4, line)
        where = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, int(where), f"{depth_um:,.0f}")


def _regions_of(asked: _Asked) -> TrackRegions:
    return asked.brain.regions_along(asked.path, asked.um_per_pixel)


def _tip_words(regions: TrackRegions) -> str:
    tip, count = regions.tip, len(regions.in_brain)
    if tip is None or tip.region_id == OUTSIDE:
        return "The tip is outside the atlas's brain."
    regions_ = "1 region" if count == 1 else f"{count} regions"
    return f"Tip in {tip.acronym} ({tip.name}), {regions_} on the way."


def _draw_region(
    painter: QPainter, interval: Interval, box: QRectF, line: float
) -> None:
    red, green, blue = interval.color
    if interval.region_id != OUTSIDE:
        painter.fillRect(box, QColor(red, green, blue))
    painter.setPen(QColor("black"))
    painter.drawLine(QPointF(box.left(), box.top()), QPointF(box.right(), box.top()))
    if box.height() < line or interval.region_id == OUTSIDE:
        return
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    painter.setPen(QColor("black" if luminance > _BRIGHT else "white"))
    where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine
    painter.drawText(box, int(where), interval.acronym)
