"""The drafts of one brain: of each of its parameter sets, and of a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from labdata_napari.core.transform_draft import TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.transform_source import TransformSource

_USUAL_UM = 25.0


class Drafts:
    """What is stored, what of it is being changed, and which set is chosen.

    Going to another set and back loses nothing.
    """

    def __init__(self) -> None:
        self._records: dict[int, TransformRecord] = {}
        self._drafts: dict[int | None, TransformDraft] = {}
        self._blank: TransformDraft | None = None
        self.number: int | None = None

    def start(self, source: TransformSource) -> None:
        """Begin on another stack."""
        rows = source.rows
        records = () if rows is None else rows.records
        self._records = {record.transform_id: record for record in records}
        self._drafts.clear()
        self.number = None
        orientation = None if rows is None else rows.orientation
        self._blank = TransformDraft(
            source.shape,
            source.um_per_pixel,
            TransformParameters(),
            orientation,
            over_time=source.over_time,
        )
        self._in_lab = rows is not None

    @property
    def records(self) -> tuple[TransformRecord, ...]:
        """The stored sets, by their numbers."""
        return tuple(self._records[number] for number in sorted(self._records))

    @property
    def blank(self) -> TransformDraft:
        """A draft that changes nothing."""
        assert self._blank is not None  # asked only after `start`
        return self._blank

    @property
    def record(self) -> TransformRecord | None:
        """The chosen set as it is stored; None for a new one."""
        return None if self.number is None else self._records.get(self.number)

    @property
    def current(self) -> TransformDraft:
        """The draft of the chosen set."""
        if self.number not in self._drafts:
            self._drafts[self.number] = self._stored(self.number)
        return self._drafts[self.number]

    @property
    def is_unsaved(self) -> bool:
        """Whether the chosen draft differs from what is stored."""
        if self._blank is None or not self._in_lab:
            return False
        record = self.record
        if record is None:
            return True
        return self.current.parameters != record.parameters

    @property
    def is_changed(self) -> bool:
        """Whether somebody changed the chosen draft since it was begun."""
        if self._blank is None or not self._in_lab:
            return False
        return self.current.parameters != self._stored(self.number).parameters

    @property
    def has_changes(self) -> bool:
        """Whether somebody changed the draft of any set since it was begun."""
        return self._in_lab and any(
            draft.parameters != self._stored(number).parameters
            for number, draft in self._drafts.items()
        )

    def first(self, wanted: int | None) -> int | None:
        """Choose the set to begin with: the wanted one, else the last."""
        numbers = sorted(self._records)
        last = numbers[-1] if numbers else None
        self.number = wanted if wanted in self._records else last
        return self.number

    def choose(self, number: int | None) -> None:
        """Choose a set; None for a new one."""
        self.number = number

    def begin_from(self, record: TransformRecord) -> TransformDraft:
        """Begin a new set from a stored one, and choose it."""
        draft = self._drafts.get(record.transform_id, self._stored(record.transform_id))
        self.number = None
        self._drafts[None] = draft
        return draft

    def note(self, draft: TransformDraft | None) -> None:
        """Remember what has become of the chosen draft."""
        if draft is not None:
            self._drafts[self.number] = draft

    def saved(self, origin: int | None, number: int, draft: TransformDraft) -> None:
        """Take note that the draft of a set is now stored under a number.

        What was changed while it was on its way goes on from what is stored.
        """
        self._drafts[number] = self._drafts.pop(origin, draft)
        if number in self._records:
            self._records[number] = replace(
                self._records[number], parameters=draft.parameters
            )
        if self.number == origin:
            self.number = number

    def forget(self, number: int) -> None:
        """Take note that a set was deleted."""
        self._records.pop(number, None)
        self._drafts.pop(number, None)
        if self.number == number:
            self.first(None)

    def update(self, records: Sequence[TransformRecord]) -> bool:
        """Take what is stored now; tell whether another draft is current for it.

        What is being changed keeps the state it was begun from, so that saving it
        notices what somebody else wrote meanwhile.
        """
        before, draft = self.record, self.current
        news = {record.transform_id: record for record in records}
        for number, old in self._records.items():
            new, mine = news.get(number), self._drafts.get(number)
            edited = mine is not None and mine.parameters != old.parameters
            if new is None or new.computed or not edited:
                continue
            if mine is not None and mine.parameters != new.parameters:
                news[number] = old
        self._records = news
        if self.number is not None and self.number not in news:
            self._drafts[None] = self._drafts.pop(self.number, draft)
            self.number = None
        elif before is not None and draft.parameters == before.parameters:
            self._drafts.pop(self.number, None)
        return self.current != draft

    def is_news(self, parameters: TransformParameters) -> bool:
        """Whether no set has these parameters, nor a new one begins with them."""
        stored = {record.parameters for record in self._records.values()}
        return parameters not in stored | {self._stored(None).parameters}

    def set_orientation(self, code: str) -> None:
        """Take note of which way the brain lies."""
        self._blank = self.blank.with_orientation(code)
        for number, draft in self._drafts.items():
            self._drafts[number] = draft.with_orientation(code)

    def _stored(self, number: int | None) -> TransformDraft:
        record = None if number is None else self._records.get(number)
        if record is not None and record.parameters is not None:
            return self.blank.with_parameters(record.parameters)
        um = self.blank.um_per_pixel
        if number is None and self._in_lab and um is not None:
            # as long as wide, so that turning keeps shapes
            usual = max(_USUAL_UM, *um)
            if min(um) < usual:
                return self.blank.with_voxel_um(usual)
        return self.blank
