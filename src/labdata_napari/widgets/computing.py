"""Computes a workspace's transforms in the background, one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari import settings as places
from labdata_napari.errors import BeingComputed, LabdataError, NotFound
from labdata_napari.lab.compute_queue import Computation, ComputeQueue, State
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings
from labdata_napari.lab.queue_file import Left, QueueFile, sentence
from labdata_napari.widgets.connection import Phase, open_lab
from labdata_napari.widgets.entry_columns import row_name
from labdata_napari.widgets.lane import OnLoss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.queue_file import LabName
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.connection import Profile
    from labdata_napari.widgets.workspace import Workspace

_LOOK_EVERY_S = 0.5


class Computing(QObject):
    """Owns the queue of a workspace; docks show it and add to it.

    Each transform is computed on a worker thread with a connection of its own, so that
    the lab's one thread stays free for everybody else.

    Parameters
    ----------
    workspace
        Whose lab is computed for.
    """

    left_behind_changed = Signal()
    """`left_behind` is another one now."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.queue = ComputeQueue()
        self._file = QueueFile(places.data_home() / "computing")
        self._runs: dict[int, _Run] = {}
        self._left: tuple[Left, ...] = ()
        self._left_lab: LabName | None = None
        self._closed = False
        self.queue.changed.connect(self._on_changed)
        self.queue.stop_asked.connect(self._on_stop_asked)
        workspace.changed.connect(self._on_connection)

    # -- what docks ask for

    def compute(
        self, key: Mapping[str, Any], settings: ComputeSettings = STANDARD
    ) -> int | None:
        """Queue parameters that are stored; return the computation's number.

        Parameters
        ----------
        key
            A brain's key and ``transform_id``.
        settings
            How to compute it.

        Returns
        -------
        int or None
            None when no lab is connected.
        """
        return self._add(key, _name(key), None, settings)

    def compute_new(
        self,
        brain: Mapping[str, Any],
        parameters: TransformParameters,
        settings: ComputeSettings = STANDARD,
    ) -> int | None:
        """Queue parameters that are to be stored first; see `compute`."""
        name = f"{row_name(brain)}, new transform"
        return self._add(brain, name, parameters, settings)

    def cancel(self, number: int) -> None:
        """Stop a computation, or take it off the queue; nothing of it is kept."""
        self.queue.cancel(number)

    def open_result(self, number: int) -> None:
        """Open the result of a computation that is done."""
        self._workspace.submit(
            _record_of,
            self.queue[number].key,
            on_loss=OnLoss.REPEAT,
            done=self._on_record,
        )

    # -- what an earlier napari left

    @property
    def left_behind(self) -> str:
        """What was not finished in this lab, in a sentence; empty when all was."""
        return sentence(self._left)

    def resume(self) -> None:
        """Queue again what was left behind."""
        profile = self._workspace.connection.profile
        for left in self._left:
            self.queue.add(
                left.key,
                left.name,
                parameters=left.parameters,
                settings=left.settings,
                lab=_Place(profile, left.lab),
            )
        self.forget_left_behind()

    def forget_left_behind(self) -> None:
        """Let what was left behind be."""
        self._file.settle()
        self._left = ()
        self.left_behind_changed.emit()

    def close(self) -> None:
        """Stop, and leave what is not finished for another window to go on with."""
        if not self._closed:
            self._closed = True
            self._file.close()

    # -- how

    def _add(
        self,
        key: Mapping[str, Any],
        name: str,
        parameters: TransformParameters | None,
        settings: ComputeSettings,
    ) -> int | None:
        connection = self._workspace.connection
        if connection.profile is None or not connection.is_open:
            self._workspace.status.emit("Connect to a lab first.")
            return None
        lab = (connection.url, connection.name, connection.project)
        return self.queue.add(
            key,
            name,
            parameters=parameters,
            settings=settings,
            lab=_Place(connection.profile, lab),
        )

    def _on_changed(self) -> None:
        if self._closed:
            return
        self._keep()
        due = self.queue.next_due()
        if due is not None:
            self._runs[due.number] = _Run(self, due.number)
            self.queue.begun(due.number)
            self._runs[due.number].start(self._workspace, due)

    def _keep(self) -> None:
        left = [
            Left(
                one.lab.lab,
                one.key,
                one.name,
                one.parameters,
                one.settings,
                one.state is State.RUNNING,
            )
            for one in self.queue.unfinished
            if one.state is not State.STOPPING
        ]
        try:
            self._file.keep(left)
        except LabdataError as error:
            self._workspace.status.emit(str(error))

    def _on_stop_asked(self, number: int) -> None:
        self._runs[number].cancel()

    def ended(
        self, number: int, key: Mapping[str, Any] | None, error: LabdataError | None
    ) -> None:
        """Hear from a run what came of it."""
        self._runs.pop(number, None)
        if self._closed:
            return
        one = self.queue[number]
        if key is not None:
            said = f"Transform {key['transform_id']} of {row_name(key)} is computed."
        elif one.state is State.STOPPING:
            said = f"{one.name} was cancelled; no file was kept."
        else:
            said = str(error)
        self.queue.ended(number, key, error, "" if key is None else _name(key))
        self._workspace.status.emit(said)
        self._workspace.rows_changed.emit({} if key is None else dict(key))

    def _on_connection(self, _: object) -> None:
        connection = self._workspace.connection
        lab = (connection.url, connection.name, connection.project)
        if connection.phase is not Phase.OPEN or lab == self._left_lab:
            return
        self._left_lab = lab
        self._left = self._file.left_behind(lab)
        self.left_behind_changed.emit()

    def _on_record(self, record: TransformRecord) -> None:
        self._workspace.opener.open_transform(record)


class _Place:
    """Which lab, and how to get into it; two are equal when the lab is the same."""

    def __init__(self, profile: Profile | None, lab: LabName) -> None:
        self.profile = profile
        self.lab = lab

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Place) and self.lab == other.lab

    def __hash__(self) -> int:
        return hash(self.lab)


class _Run(QObject):
    """One computation under way; its slots know which one."""

    def __init__(self, owner: Computing, number: int) -> None:
        super().__init__(owner)
        self._owner = owner
        self._number = number
        self._job: Job | None = None

    def start(self, workspace: Workspace, one: Computation) -> None:
        """Begin, on a worker thread."""
        self._job = workspace.background(
            _compute,
            one.lab.profile,
            one,
            done=self._on_done,
            failed=self._on_failed,
            progress=self._on_progress,
            title=f"Transforming {one.name}",
            resumable=True,
        )

    def cancel(self) -> None:
        """Ask it to stop."""
        if self._job is not None:
            self._job.cancel()

    def _on_progress(self, done: int, total: int) -> None:
        self._owner.queue.progressed(self._number, done, total)

    def _on_done(self, key: Mapping[str, Any]) -> None:
        self._owner.ended(self._number, key, None)

    def _on_failed(self, error: LabdataError) -> None:
        self._owner.ended(self._number, None, error)


def _name(key: Mapping[str, Any]) -> str:
    return f"{row_name(key)}, transform {key['transform_id']}"


def _compute(profile: Profile, one: Computation, progress: Progress) -> dict[str, Any]:
    """Compute one, with a lab of its own; waits while others compute it."""
    progress(0, 1)
    with open_lab(profile, progress) as lab:
        key = dict(one.key)
        if one.parameters is not None:
            number = lab.brains.add_transform_parameters(key, one.parameters)
            key["transform_id"] = number
        while True:
            try:
                return lab.brains.compute_transform(
                    key, progress, settings=one.settings
                )
            except BeingComputed:
                progress(0, 0)
                time.sleep(_LOOK_EVERY_S)


def _record_of(lab: Lab, key: Mapping[str, Any]) -> TransformRecord:
    for record in lab.brains.transforms(key):
        if record.transform_id == key["transform_id"]:
            return record
    raise NotFound(
        f"Transform {key['transform_id']} of {row_name(key)} is not there any more."
    )
