"""Saving the parameters of a draft, and having them computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.errors import WriteConflict, WriteRefused
from labdata_napari.widgets.entry_columns import row_name
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.workspace import Workspace


@dataclass(frozen=True)
class Saving:
    """A draft on its way to the database.

    Attributes
    ----------
    lab, key
        Of the brain.
    draft
        What is saved.
    origin
        Number of the set that it was the draft of; None for a new one.
    transform_id, baseline
        The set it is written into, and what that held; None for another one.
    compute
        Whether it is to be computed then.
    """

    lab: LabIdentity
    key: Mapping[str, Any]
    draft: TransformDraft
    origin: int | None
    transform_id: int | None
    baseline: TransformParameters | None
    compute: bool


class SavingFlow(QObject):
    """Writes drafts back; asks when somebody else changed the set meanwhile.

    Parameters
    ----------
    workspace
        Whose lab is written to.
    question
        Where conflicts and deletions are asked about.
    parent
        Its owner.
    """

    saved = Signal(object, int)
    """The `Saving`, and the number of the set it is stored as."""
    deleted = Signal(object, object)
    """The lab, and the `TransformRecord` that was."""
    ended = Signal()
    """Nothing is on its way any more, whatever came of it."""
    told = Signal(str)

    def __init__(
        self, workspace: Workspace, question: Question, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._question = question
        self._saving: Saving | None = None
        self._deleting: tuple[LabIdentity, TransformRecord] | None = None
        self._busy = False

    @property
    def is_busy(self) -> bool:
        """Whether something is on its way."""
        return self._busy

    def save(
        self,
        lab: LabIdentity,
        key: Mapping[str, Any],
        draft: TransformDraft,
        record: TransformRecord | None,
        *,
        compute: bool,
    ) -> None:
        """Save a draft: into its own set where that is unused, else as another one."""
        own = record is not None and not record.computed and record.parameters
        origin = None if record is None else record.transform_id
        self._start(
            Saving(
                lab,
                key,
                draft,
                origin,
                origin if own else None,
                record.parameters if own and record is not None else None,
                compute,
            )
        )

    def ask_delete(self, lab: LabIdentity, record: TransformRecord) -> None:
        """Ask, then delete an unused set."""
        self._deleting = (lab, record)
        yes = Answer(
            "Delete", "Delete the row", "transform_delete_yes", self._on_delete
        )
        no = Answer("Keep", "Leave it", "transform_delete_no")
        self._question.ask(
            f"Delete parameters {record.transform_id} of this brain?", (yes, no)
        )

    def _start(self, saving: Saving) -> None:
        self._saving, self._busy = saving, True
        self.told.emit("Saving the parameters …")
        self._workspace.submit(
            partial(_save, saving=saving),
            on_loss=OnLoss.REPEAT,
            done=self._on_saved,
            failed=self._on_failed,
        )

    def _on_saved(self, number: int) -> None:
        self._busy = False
        if self._saving is not None:
            self.told.emit("")
            self.saved.emit(self._saving, number)
        self.ended.emit()

    def _on_failed(self, error: LabdataError) -> None:
        self._busy = False
        if not isinstance(error, WriteConflict) or self._saving is None:
            self.told.emit(str(error))
        else:
            self.told.emit("Somebody else changed these parameters; nothing was saved.")
            other = Answer(
                "Save as another set",
                "Keep theirs and put yours beside it",
                "transform_conflict_other",
                self._save_beside,
            )
            no = Answer("Not now", "Write nothing", "transform_conflict_no")
            name = row_name(self._saving.key)
            self._question.ask(
                f"Somebody else changed these parameters of {name} since they were "
                "loaded: "
                f"{error.their_changes}. Yours: {error.your_changes}. Nothing was "
                "saved.",
                (other, no),
            )
        self.ended.emit()

    def _save_beside(self) -> None:
        if self._saving is not None:
            self._start(replace(self._saving, transform_id=None, baseline=None))

    def _on_delete(self) -> None:
        if self._deleting is None:
            return
        lab, record = self._deleting
        self._workspace.submit(
            partial(_delete, home=lab, record=record),
            on_loss=OnLoss.REPEAT,
            done=self._on_deleted,
            failed=self._on_failed_delete,
        )

    def _on_deleted(self, answer: tuple[LabIdentity, TransformRecord]) -> None:
        lab, record = answer
        self.told.emit(f"Parameters {record.transform_id} are deleted.")
        self.deleted.emit(lab, record)

    def _on_failed_delete(self, error: LabdataError) -> None:
        self.told.emit(str(error))


def _save(lab: Lab, *, saving: Saving) -> int:
    _check_home(lab, saving.lab)
    parameters = saving.draft.parameters
    if saving.transform_id is None or saving.baseline is None:
        return lab.brains.add_transform_parameters(saving.key, parameters)
    key = {**saving.key, "transform_id": saving.transform_id}
    lab.brains.save_transform_parameters(key, saving.baseline, parameters)
    return saving.transform_id


def _delete(
    lab: Lab, *, home: LabIdentity, record: TransformRecord
) -> tuple[LabIdentity, TransformRecord]:
    _check_home(lab, home)
    if record.parameters is None:
        raise WriteRefused(
            "These parameters cannot be read, so they are not deleted from here; see "
            "labdata-napari db check."
        )
    lab.brains.save_transform_parameters(record.key, record.parameters, None)
    return home, record


def _check_home(lab: Lab, home: LabIdentity) -> None:
    if home != (lab.url, lab.name, lab.project):
        raise WriteRefused(
            "This brain belongs to another lab than the one that is connected now; "
            "connect to that one again, then save."
        )
