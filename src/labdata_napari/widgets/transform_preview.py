"""Keeps the preview of a draft up to date; of several changes the newest wins.

What rests is painted off the GUI thread. While somebody drags, a thread of its own
would wait for Python's lock longer than the painting takes: what is painted in some
20 ms, coarsely where it must be, is painted at once.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.core.preview import dim_outside, exact_sheet, quick_sheet
from labdata_napari.core.preview_layout import COARSEST, lay_out
from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.widgets.listening import Listening

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from labdata_napari.core.prepared import Prepared
    from labdata_napari.core.preview import Volume
    from labdata_napari.core.preview_layout import Layout
    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_draft import DraftModel, TransformDraft
    from labdata_napari.layers.preview import PreviewScene

_REST_MS = 180
_WANTED_S = 0.02  # for painting, while things change: coarser where it takes longer
_MOST_S = 0.04  # that the window waits for it
_FIRST_PACE = 5e-8  # seconds per pixel, as long as none was painted


@dataclass(frozen=True, eq=False)
class _Job:
    """What is to be painted."""

    draft: TransformDraft
    seen: TransformDraft
    layout: Layout
    cross: NDArray[np.float64]
    coarse: int
    volume: Volume
    prepared: Prepared | None


class PreviewPainter(QObject):
    """Paints the draft of a model into a scene soon after either changes.

    Parameters
    ----------
    model, scene
        What to follow and where to paint.
    parent
        Its owner.
    """

    painted = Signal(object)
    """The `TransformDraft` that is now on the canvas, as sharp as it is for now."""
    rested = Signal(object)
    """The same, once nothing has changed for a moment and it is as sharp as it gets."""
    failed = Signal(str)
    """Why the draft cannot be shown; empty when it can again."""

    _ready = Signal(object, object)

    def __init__(self, model: DraftModel, scene: PreviewScene, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._scene = scene
        # Its thread ends with it; nothing may be connected to `destroyed` for that.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="labdata-preview")
        self._volume: Volume | None = None
        self._prepared: Prepared | None = None
        self._prepared_for: Any = None
        self._busy = self._again = False
        self._pace, self._turn = _FIRST_PACE, 0
        self._before = False
        self._told = ""
        self._last: TransformDraft | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._sharpen)
        # Changes that come faster than they are painted are taken together.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._paint)
        self._ready.connect(self._on_ready)
        self._listening = Listening(self)
        self._listening.to(model.changed, self._on_draft)
        self._listening.to(scene.cross_moved, self._on_cross)

    # -- what to paint from

    def start(self, volume: Volume) -> None:
        """Paint from a volume; the cross-hair goes to the middle."""
        self._volume, self._prepared, self._last = volume, None, None
        self.repaint()

    def refine(self, volume: Volume) -> None:
        """Paint what is shown from another volume of the same stack."""
        if self._volume is not None:
            self._volume = volume
            self.repaint()

    def stop(self) -> None:
        """Paint nothing any more."""
        self._volume = self._prepared = self._last = None
        self._again = False
        self._rest.stop()
        self._soon.stop()

    def sharpen_with(self, prepared: Prepared | None, frame: Plan | None) -> None:
        """Paint what rests from the very voxels that will be computed for a frame."""
        self._prepared = prepared
        self._prepared_for = frame and (frame.shape_grid, frame.cast)
        if prepared is not None and not self._busy:
            self._rest.start()

    @property
    def shows_before(self) -> bool:
        """Whether the stack is shown as it was before turning and cropping."""
        return self._before

    def show_before(self, before: bool) -> None:
        """Show the stack before turning and cropping, or after."""
        self._before = before
        self._scene.set_box_shown(not before)
        self.repaint()

    # -- painting

    def repaint(self) -> None:
        """Paint what there is now, soon."""
        self._rest.stop()
        self._soon.start()

    def _on_draft(self, _: Any) -> None:
        self.repaint()

    def _on_cross(self, _: Any) -> None:
        self.repaint()

    def _paint(self) -> None:
        job = self._next(sharp=False)
        if job is None:
            return
        seconds = _pixels(job.layout, job.seen) / job.coarse**2 * self._pace
        if job.layout == self._scene.layout and seconds < _MOST_S:
            self._paint_now(job)
        else:
            self._hand_out(job, sharp=False)

    def _sharpen(self) -> None:
        job = self._next(sharp=True)
        if job is not None:
            self._hand_out(job, sharp=True)

    def _paint_now(self, job: _Job) -> None:
        self._turn += 1  # what is still being painted is out of date
        self._again = False
        try:
            sheet = self._timed(job, *_painted(job))
        except LabdataError as error:
            self._tell(str(error))
        else:
            self._show(job, sheet, sharp=False)

    def _hand_out(self, job: _Job, *, sharp: bool) -> None:
        if self._busy:
            self._again = True
            return
        self._busy, self._again = True, False
        self._under_way = (job, sharp, self._turn)
        future = self._executor.submit(_painted, job)
        future.add_done_callback(self._hand_over)

    def _hand_over(self, future: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # deleted meanwhile
            self._ready.emit(future.exception(), future)

    def _tell(self, words: str) -> None:
        """Say why nothing can be painted, and once that it can: others speak, too."""
        if words != self._told:
            self._told = words
            self.failed.emit(words)

    def _next(self, *, sharp: bool) -> _Job | None:
        draft = self._model.draft
        if draft is None or self._volume is None:
            return None
        try:
            seen = draft.straight() if self._before else draft
            frame = seen.frame
            _ = draft.plan
        except InvalidValue as error:
            self._tell(str(error))
            return None
        self._tell("")
        self._carry_cross(seen)
        time = draft.order.index(0) if self._volume.over_time else None
        layout = lay_out(frame.spatial_shape_out, frame.um_per_pixel_out, only=time)
        coarse = 1 if sharp else self._coarseness(layout, seen)
        fits = self._prepared_for == (frame.shape_grid, frame.cast)
        prepared = self._prepared if sharp and fits else None
        cross = self._scene.cross
        return _Job(draft, seen, layout, cross, coarse, self._volume, prepared)

    def _carry_cross(self, draft: TransformDraft) -> None:
        """Keep the cross-hair at its place when the frame is another one."""
        before, self._last = self._last, draft
        frame = draft.frame
        if before is None:
            self._scene.place_cross((np.array(frame.spatial_shape_out) - 1) / 2)
            return
        old = before.frame
        same = old.spatial_shape_out == frame.spatial_shape_out
        if same and before.order == draft.order and before.flips == draft.flips:
            return
        source = old.points_to_source(self._scene.cross[None])
        place = frame.points_to_result(source)[0]
        last = np.array(frame.spatial_shape_out) - 1
        self._scene.place_cross(np.clip(place, 0, last))

    def _coarseness(self, layout: Layout, draft: TransformDraft) -> int:
        seconds = _pixels(layout, draft) * self._pace
        coarse = 1
        while coarse < COARSEST and seconds / coarse**2 > _WANTED_S:
            coarse *= 2
        return coarse

    def _timed(self, job: _Job, sheet: NDArray[Any], seconds: float) -> NDArray[Any]:
        if job.prepared is None and sheet.size:
            self._pace += 0.3 * (seconds / sheet.size - self._pace)
        return sheet

    def _on_ready(self, error: BaseException | None, future: Future[Any]) -> None:
        job, sharp, turn = self._under_way
        self._busy = False
        if error is None:
            sheet = self._timed(job, *future.result())
            if turn == self._turn:
                self._show(job, sheet, sharp=sharp)
        elif isinstance(error, LabdataError):
            self._tell(str(error))
        else:
            raise error
        if self._again:
            self.repaint()

    def _show(self, job: _Job, sheet: NDArray[Any], *, sharp: bool) -> None:
        if self._volume is job.volume:
            self._scene.show(sheet, job.layout, job.coarse, job.seen)
            self.painted.emit(job.draft)
        if self._again:
            return
        if sharp:
            self.rested.emit(job.draft)
        else:
            self._rest.start()


def _pixels(layout: Layout, draft: TransformDraft) -> int:
    """How many pixels a sheet has, in all channels together."""
    return layout.shape[0] * layout.shape[1] * len(draft.frame.channels)


def _painted(job: _Job) -> tuple[NDArray[Any], float]:
    """Paint a sheet, and say how many seconds that took."""
    start = perf_counter()
    frame = job.seen.frame
    if job.prepared is not None:
        sheet = exact_sheet(job.prepared, frame, job.layout, job.cross)
    else:
        sheet = quick_sheet(job.volume, frame, job.layout, job.cross, job.coarse)
    box = job.seen.box
    if box is not None:
        dim_outside(sheet, job.layout, box, job.coarse)
    return sheet, perf_counter() - start
