"""The two rows of a computed transform, written in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import WriteConflict
from labdata_napari.lab.keys import key_of, words
from labdata_napari.lab.parameters import locked_parameters, parameter_changes
from labdata_napari.lab.rows import fetched
from labdata_napari.lab.writing import lock_row

if TYPE_CHECKING:
    import datetime

    from labdata_napari.core.transform_parameters import TransformParameters


@dataclass(frozen=True)
class ComputedRows:
    """Rows of a result, those of `AnalysisFile` and of `FixedBrainTransform`."""

    file: dict[str, Any]
    transform: dict[str, Any]

    @property
    def place(self) -> dict[str, Any]:
        """Primary key of the file's row."""
        return {column: self.file[column] for column in ("file_path", "storage")}

    def with_file(
        self, changed: datetime.datetime, size: int, md5: str
    ) -> ComputedRows:
        """Return them with what is known of the file once it is there."""
        told = {
            "file_datetime": changed,
            "file_size": float(size),
            "file_md5": md5,
        }
        return replace(self, file=self.file | told)


@dataclass(frozen=True)
class _There:
    """What the database holds: the parameters, and who has computed from them."""

    parameters: TransformParameters | None
    computed: bool = False
    md5: str | None = None


class Result:
    """The two rows of a result; see `labdata_napari.lab.writing`.

    Parameters
    ----------
    lab
        The `Lab`.
    rows
        With the file's size and checksum.
    parameters
        What was computed with.
    """

    doing = "Saving the transform"

    def __init__(
        self, lab: Any, rows: ComputedRows, parameters: TransformParameters
    ) -> None:
        self._lab = lab
        self._rows = rows
        self._parameters = parameters
        self.key = key_of(lab.FixedBrainTransform, rows.transform)

    def read(self) -> _There:
        """Lock the brain and read what is there."""
        lock_row(self._lab.FixedBrain, self.key)
        results = (self._lab.FixedBrainTransform & self.key).proj()
        parameters = locked_parameters(self._lab, self.key)
        if not fetched(results, locked=True):
            return _There(parameters)
        # rows that are there: locking the place of one that is not stops others
        files = (self._lab.AnalysisFile & self._rows.place).proj("file_md5")
        kept = [row["file_md5"] for row in fetched(files, locked=True)]
        return _There(parameters, computed=True, md5=kept[0] if kept else None)

    def saved(self, rows: _There) -> bool | None:
        """Recognise an earlier try, whose answer was lost, by the file's checksum."""
        mine = rows.computed and rows.md5 == self._rows.file["file_md5"]
        return True if mine else None

    def conflict(self, rows: _There) -> WriteConflict | None:
        """Tell when somebody computed it too, or changed the parameters."""
        if rows.computed:
            return WriteConflict(
                f"The transform of {words(self.key)} was computed by somebody else "
                "meanwhile; theirs was kept."
            )
        theirs = rows.parameters
        changes = parameter_changes(self.key, self._parameters, theirs)
        if not changes:
            return None
        return WriteConflict(
            f"The parameters of {words(self.key)} were changed while their transform "
            f"was computed: {changes.summary()}. Nothing was written; compute it again "
            "with what they are now, or make a new transform with yours.",
            theirs,
            their_changes=changes.summary(),
            your_changes="computed with what they were",
        )

    def write(self, rows: _There) -> bool:
        """Insert both."""
        self._lab.AnalysisFile.insert1(self._rows.file)
        self._lab.FixedBrainTransform.insert1(
            self._rows.transform, allow_direct_insert=True
        )
        return True
