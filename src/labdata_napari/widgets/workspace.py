"""What the docks of one viewer share: its lab, its background work, its signals."""

from __future__ import annotations

import atexit
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtWidgets import QApplication

from labdata_napari.errors import Cancelled
from labdata_napari.widgets.annotating import Annotating
from labdata_napari.widgets.background import Job, start_worker
from labdata_napari.widgets.canvas import SafeRemoval
from labdata_napari.widgets.computing import Computing
from labdata_napari.widgets.connection import (
    Connection,
    Phase,
    Profile,
    connection_to,
    not_connected,
    open_lab,
)
from labdata_napari.widgets.journaling import Journaling
from labdata_napari.widgets.lane import DatabaseLane, OnLoss
from labdata_napari.widgets.layer_journals import LayerJournals
from labdata_napari.widgets.opening import Opener
from labdata_napari.widgets.posing import Posing
from labdata_napari.widgets.recovery import Recovery
from labdata_napari.widgets.units_ahead import prepare_units
from labdata_napari.widgets.waiting import Waiting
from labdata_napari.widgets.window_end import WindowEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer
    from qtpy.QtWidgets import QWidget

    from labdata_napari.errors import LabdataError


class Workspace:
    """The lab behind one viewer and everything that happens to it.

    Docks get it from `workspace_for`, keep no data of their own, and may come and go.

    Parameters
    ----------
    viewer
        Kept weakly; the workspace closes with it.
    """

    changed = Signal(object)
    """The new `Connection`, whenever it changes."""
    entry_opened = Signal(object)
    """The entry or transform record whose layers were just added."""
    status = Signal(str)
    """One line about what just happened or why it did not."""
    waiting = Signal(int)
    """For how many seconds the database has not answered; 0 when it does again."""
    rows_changed = Signal(object)
    """The key of rows that were written: lists of rows should refresh."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = weakref.ref(viewer)
        self._recovery = Recovery()
        self._recovery.changed.connect(self._set)
        self._recovery.told.connect(self._say)
        self._recovery.attempt_due.connect(self._try_again)
        self._lane = DatabaseLane(self._recovery)
        self._waiting = Waiting(self._lane.waited_s)
        self._waiting.told.connect(self._on_waiting)
        self._jobs: set[Job] = set()
        self._window: weakref.ref[QWidget] | None = None
        self._closed = False
        self._wanted: Profile | None = None
        self._connecting: Job | None = None
        self.connection = Connection()
        self.opener = Opener(self)
        self.journaling = Journaling()
        self._layer_journals = LayerJournals(self.journaling, viewer)
        self.annotating = Annotating(self)
        self.computing = Computing(self)
        self.posing = Posing(self)
        # The viewer may die without its window telling us, and the program may end
        # without either: this runs at the first of them.
        self._finalizer = weakref.finalize(viewer, self._lane.close)
        self._last_words = weakref.finalize(viewer, self.journaling.writer.close)

    @property
    def viewer(self) -> Viewer | None:
        """The viewer itself, without the proxy that plugins get; None once closed."""
        return None if self._closed else self._viewer()

    @property
    def window(self) -> QWidget | None:
        """The viewer's main window, once a dock has been shown in it."""
        return None if self._window is None else self._window()

    # -- connecting

    def connect(self, profile: Profile) -> Job:
        """Change to another lab, in the background."""
        self._wanted = profile
        self._recovery.follow(None)
        self._set(Connection(Phase.CONNECTING, profile))
        title = "Building the demo lab" if profile.is_demo else None
        job = Job(title).connect(self._on_connected, self._on_not_connected)
        self._connecting = job
        self._keep(job)
        self._lane.connect(
            job, partial(open_lab, profile, job.report), partial(connection_to, profile)
        )
        return job

    def reconnect(self) -> None:
        """Connect again to the lab that was connected last."""
        if self.connection.phase is Phase.LOST:
            self._recovery.try_now()
        elif self._wanted is not None:
            self.connect(self._wanted)

    def disconnect(self) -> None:
        """Let go of the lab."""
        self._wanted = self._connecting = None
        self._recovery.follow(None)
        job = Job()
        self._keep(job)
        self._lane.disconnect(job)
        self._set(Connection())

    # -- work

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        on_loss: OnLoss = OnLoss.TELL,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[LabdataError], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        title: str | None = None,
    ) -> Job:
        """Run ``function(lab, *args)`` on the thread that owns the lab.

        Parameters
        ----------
        function
            Called with ``progress=`` too when there is a title. Returns values, never
            the lab, a table or a connection.
        on_loss
            Whether it may be done again after the connection broke; `OnLoss.REPEAT`
            for what only reads, and for write-backs, which compare first.
        done, failed, progress
            Bound methods, called on the GUI thread; dropped with their widget. Without
            `failed`, the status line tells.
        title
            Shows the work in napari's activity dock, with a Cancel button.
        """
        job = Job(title).connect(done, failed or self._tell, progress)
        self._keep(job)
        self._waiting.follow(job)
        options = {} if title is None else {"progress": job.report}
        self._lane.run(job, on_loss, function, *args, **options)
        return job

    def background(
        self,
        function: Callable[..., Any],
        *args: Any,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[LabdataError], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        title: str | None = None,
        resumable: bool = False,
    ) -> Job:
        """Run ``function(*args)``, which needs no lab, on a worker thread.

        Parameters
        ----------
        resumable
            Whether it is only interrupted, not cancelled, when the window closes.

        The rest as `submit`.
        """
        failed = failed or self._tell
        if self._closed:  # napari has waited for its workers already
            job = Job().connect(done, failed)
            job.settle(None, Cancelled("The window is closing."))
            return job
        job = start_worker(
            function,
            *args,
            done=done,
            failed=failed,
            progress=progress,
            title=title,
            resumable=resumable,
        )
        self._keep(job)
        return job

    # -- the end

    def attach_window(self, window: QWidget) -> None:
        """Close with this window; docks call it when they are shown.

        A dock itself learns nothing of the viewer's end but that it is hidden.
        """
        if self._window is None:
            self._window = weakref.ref(window)
            # The last moment: what is still delivered after a window was closed and
            # before it is destroyed must find no viewer to add layers to.
            self._end = WindowEnd(window, self.close)
            window.destroyed.connect(self.close)
            if self.viewer is not None:
                SafeRemoval(self.viewer, window)
            prepare_units(self)
            # Qt 5 closes no window when the program is told to quit, and takes
            # timers away before windows.
            application = QApplication.instance()
            if application is not None:
                application.aboutToQuit.connect(self.close)
            # A program that just ends says nothing, and Qt takes all away in any order.
            atexit.register(_close, weakref.ref(self))

    def close(self) -> None:
        """Stop the background work and let go of the lab, waiting for neither."""
        if self._closed:
            return
        self._window, self._closed = None, True
        self._recovery.follow(None)
        self.computing.close()
        for signal in (
            self.changed,
            self.entry_opened,
            self.status,
            self.waiting,
            self.rows_changed,
        ):
            signal.disconnect()  # docks may be dead and not collected yet
        self.opener.archived.disconnect()
        self.posing.end()
        for job in tuple(self._jobs):
            job.end()
        self._last_words()  # unsaved edits reach the disk
        self._finalizer()

    # -- how

    def _keep(self, job: Job) -> None:
        self._jobs.add(job)
        job.ended.connect(self._jobs.discard)

    def _set(self, connection: Connection) -> None:
        self.connection = connection
        self.changed.emit(connection)

    def _on_connected(self, connection: Connection) -> None:
        if connection.profile is self._wanted:  # not overtaken by another choice
            self._recovery.follow(connection)
            self._set(connection)
            for note in connection.notes:
                self.status.emit(note)

    def _on_not_connected(self, error: LabdataError) -> None:
        if self._connecting is not None and self._connecting.is_over:
            self._set(not_connected(self._wanted, error))

    def _on_waiting(self, seconds: int) -> None:
        self.waiting.emit(seconds)

    def _try_again(self) -> None:
        job = Job()
        self._keep(job)
        job.ended.connect(self._recovery.attempted)
        self._lane.try_again(job)

    def _tell(self, error: LabdataError) -> None:
        if not isinstance(error, Cancelled):
            self._say(str(error))

    def _say(self, text: str) -> None:
        self.status.emit(text)


def _close(workspace: weakref.ref[Workspace]) -> None:
    if (there := workspace()) is not None:
        there.close()


_workspaces: weakref.WeakKeyDictionary[Viewer, Workspace] = weakref.WeakKeyDictionary()


def workspace_for(viewer: Viewer) -> Workspace:
    """Return the workspace of a viewer, making it at the first call.

    Parameters
    ----------
    viewer
        The viewer or the proxy of it that plugins are given: a proxy is short-lived,
        so what is remembered is what it stands for.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _workspaces:
        _workspaces[viewer] = Workspace(viewer)
    return _workspaces[viewer]
