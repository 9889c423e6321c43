"""Parameter sets of a brain's transforms: added, changed and removed while unused."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from labdata_napari.core.changes import Changed, Changes
from labdata_napari.core.transform_parameters import ParameterSet, TransformParameters
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, row_of, words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.rows import damage_of, fetched
from labdata_napari.lab.writing import conflicting, lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.errors import WriteConflict

Key = dict[str, Any]
_BLOBS = dict.fromkeys(
    ("downsample", "rotate", "crop", "transpose"), lambda value: value
)


def add_parameters(
    lab: Any,
    key: Mapping[str, Any],
    parameters: TransformParameters,
    even_if_there: bool = False,
) -> int:
    """Store a parameter set of a brain unless it is there; return its number."""
    with translate_errors():
        brain = key_of(lab.FixedBrain, row_of(lab.FixedBrain, key))
        values = brain | {"transform_id": 0} | parameters.to_row()
        table = lab.FixedBrainTransformParameters
        [row] = checked(table, [values], "the transform parameters")
    kind = _Copy if even_if_there else _Addition
    return write_back(lab, kind(lab, brain, parameters, row))


def load_parameters(lab: Any, key: Mapping[str, Any]) -> TransformParameters:
    """Read one parameter set."""
    return TransformParameters.from_row(row_of(lab.FixedBrainTransformParameters, key))


def save_parameters(
    lab: Any,
    key: Mapping[str, Any],
    baseline: TransformParameters,
    edited: TransformParameters | None,
) -> Changes[ParameterSet]:
    """Change an unused parameter set, or remove it when `edited` is None."""
    table = lab.FixedBrainTransformParameters
    key = key_of(table, key)
    changes = parameter_changes(key, baseline, edited)
    if not changes:
        return changes
    if edited is not None and not lab.read_only:
        with translate_errors():
            checked(table, [key | edited.to_row()], "the transform parameters")
    return write_back(lab, _Correction(lab, key, baseline, edited, changes))


class _Addition:
    """A new parameter set; an equal one that is there already will do."""

    doing = "Saving the transform parameters"

    def __init__(
        self, lab: Any, brain: Key, parameters: TransformParameters, row: Key
    ) -> None:
        self._lab = lab
        self._table = lab.FixedBrainTransformParameters
        self._brain = brain
        self._parameters = parameters
        self._row = row

    def read(self) -> list[Key]:
        lock_row(self._lab.FixedBrain, self._brain)
        query = self._table & self._brain
        rows = fetched(query, _BLOBS, locked=True, lenient=True)
        return sorted(rows, key=_number)

    def saved(self, rows: list[Key]) -> int | None:
        for row in rows:
            if damage_of(row):
                continue
            with contextlib.suppress(InvalidValue):  # a row that makes no sense
                if TransformParameters.from_row(row) == self._parameters:
                    return _number(row)
        return None

    def conflict(self, rows: list[Key]) -> None:
        """Nothing can be overwritten."""

    def write(self, rows: list[Key]) -> int:
        number = max(map(_number, rows), default=-1) + 1
        self._table.insert1(self._row | {"transform_id": number})
        return number


class _Copy(_Addition):
    """A new parameter set, whatever is there; twice when it is written twice."""

    def saved(self, rows: list[Key]) -> None:
        """Take no other set for this one."""


class _Correction:
    """Another value for a parameter set that nothing was computed from, or none."""

    doing = "Saving the transform parameters"

    def __init__(
        self,
        lab: Any,
        key: Key,
        baseline: TransformParameters,
        edited: TransformParameters | None,
        changes: Changes[ParameterSet],
    ) -> None:
        self._lab = lab
        self._table = lab.FixedBrainTransformParameters
        self._key = key
        self._baseline = baseline
        self._edited = edited
        self._changes = changes

    def read(self) -> TransformParameters | None:
        lock_row(self._lab.FixedBrain, self._key)
        return locked_parameters(self._lab, self._key)

    def saved(self, rows: TransformParameters | None) -> Changes[ParameterSet] | None:
        return self._changes if rows == self._edited else None

    def conflict(self, rows: TransformParameters | None) -> WriteConflict | None:
        theirs = parameter_changes(self._key, self._baseline, rows)
        if not theirs:
            return None
        return conflicting(
            f"the parameters of {words(self._key)}",
            rows,
            theirs,
            self._changes,
        )

    def write(self, rows: TransformParameters | None) -> Changes[ParameterSet]:
        computed = self._lab.FixedBrainTransform & self._key
        if fetched(computed.proj(), locked=True):
            raise WriteRefused(
                f"The parameters of {words(self._key)} have been computed with, so "
                "they must stay as they are; add a set of parameters beside them."
            )
        if self._edited is None:
            (self._table & self._key).delete_quick()
        else:
            self._table.update1(self._key | self._edited.to_row())
        return self._changes


def locked_parameters(lab: Any, key: Key) -> TransformParameters | None:
    """Read a parameter set within a transaction, locking it; None when it is gone."""
    table = lab.FixedBrainTransformParameters
    rows = fetched(table & key_of(table, key), _BLOBS, locked=True)
    return TransformParameters.from_row(rows[0]) if rows else None


def parameter_changes(
    key: Key, before: TransformParameters, after: TransformParameters | None
) -> Changes[ParameterSet]:
    """Compare two states of a parameter set; None stands for a removed one."""
    number = _number(key)
    old = ParameterSet(number, before)
    if after is None:
        return Changes(removed=(old,))
    if after == before:
        return Changes()
    return Changes(changed=(Changed(old, ParameterSet(number, after)),))


def _number(row: Mapping[str, Any]) -> int:
    return int(row["transform_id"])
