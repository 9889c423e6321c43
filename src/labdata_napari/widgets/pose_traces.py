"""The traces of what is corrected: they follow its session, and lead it to a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.pose_traces import Trace, labelled_points, trace_of
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.trace_lanes import StripTrace
from labdata_napari.widgets.trace_strip import TraceStrip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_session import PoseSession


class PoseTraces(TraceStrip):
    """The traces of the chosen body part, in the video of the frame that is shown.

    In a video with predictions a click goes to any frame; in a label set to the
    nearest of that video which it has.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: PoseSession | None = None
        self._colours: Mapping[str, str] = {}
        self._known: dict[str, Trace | None] = {}
        self._video: tuple[str, ...] = ()
        self._listening = Listening(self)
        self.frame_chosen.connect(self._on_chosen_here)

    def follow(self, session: PoseSession | None, colours: Mapping[str, str]) -> None:
        """Show another session, or none.

        Parameters
        ----------
        session
            Whose traces to show.
        colours
            Of body parts, "#rrggbb".
        """
        self._listening.stop()
        self._session, self._colours, self._known = session, colours, {}
        self._video = ()
        self.setVisible(session is not None)
        if session is None:
            self.show_traces((), 0)
            return
        for signal, method in (
            (session.frame_shown, self._on_frame),
            (session.edited, self._refresh),
            (session.chosen, self._refresh),
            (session.listed, self._refresh),
            (session.looks_changed, self._show_looks),
        ):
            self._listening.to(signal, method)
        self._show_looks()
        self._refresh()

    # -- how

    def _show_looks(self) -> None:
        if self._session is not None:
            self.show_threshold(self._session.looks.lowest)

    def _on_frame(self, frame: FrameKey) -> None:
        session = self._session
        if session is not None and session.video is None and frame[:4] != self._video:
            self._refresh()
        self.show_frame(frame.frame_num)

    def _refresh(self) -> None:
        session = self._session
        frame = None if session is None else session.frame
        if session is None or frame is None or not session.bodypart:
            self.show_traces((), 0)
            return
        self._video = frame[:4]
        name = session.bodypart
        trace = self._trace_of(name)
        labels = labelled_points(session.draft, frame[:4], name)
        made = StripTrace(
            name,
            self._colours.get(name, "#888888"),
            trace,
            labels,
            self._problems(session, name, frame),
        )
        self.show_traces((made,), self._length_of(session, frame))
        self.show_frame(frame.frame_num)

    def _trace_of(self, name: str) -> Trace | None:
        predictions = None if self._session is None else self._session.predictions
        if predictions is None:
            return None
        if name not in self._known:
            self._known[name] = trace_of(predictions, name)
        return self._known[name]

    def _length_of(self, session: PoseSession, frame: FrameKey) -> int:
        if session.video is not None:
            return len(session.frames)
        return 1 + max(key.frame_num for key in session.frames if key[:4] == frame[:4])

    def _problems(
        self, session: PoseSession, name: str, frame: FrameKey
    ) -> NDArray[np.int64]:
        queue = session.queue
        found = {
            key.frame_num
            for number, (key, part) in enumerate(queue.places)
            if part == name and key[:4] == frame[:4] and queue.is_open(number)
        }
        return np.array(sorted(found), np.int64)

    def _on_chosen_here(self, number: int) -> None:
        session = self._session
        frame = None if session is None else session.frame
        if session is None or frame is None:
            return
        if session.video is not None:
            session.go_to_number(number)
            return
        there = [key for key in session.frames if key[:4] == frame[:4]]
        session.go_to(min(there, key=lambda key: abs(key.frame_num - number)))
