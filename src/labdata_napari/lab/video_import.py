"""A video on disk becomes rows: all of them and a whole file, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.core.video import open_video
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.import_plan import require_place
from labdata_napari.lab.keys import words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.placing import Placed, placed
from labdata_napari.lab.publishing import NewFile, published
from labdata_napari.lab.session_rows import (
    Row,
    parent_rows,
    refuse_reader,
    same_file_row,
)
from labdata_napari.lab.video_opening import VIDEO_ENDINGS, video_index_home

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.stacks import Stack

DATASET_TYPE = "video"


@dataclass(frozen=True)
class VideoImport:
    """What a person asks for when a video is to be imported.

    Attributes
    ----------
    file
        Video file.
    subject, session, dataset
        Where it belongs; made when they are new. A session is called by its date and
        time.
    video
        Its name; that of the file without its ending when empty.
    in_place
        Leave the file where it is instead of copying it into the lab's folder.
    session_datetime, experimenter, dob, sex, strain
        Of a new session and subject, as `BrainImport` has them.
    storage
        Name of the storage the row is to name.
    """

    file: Path
    subject: str = ""
    session: str = ""
    dataset: str = ""
    video: str = ""
    in_place: bool = False
    session_datetime: datetime.datetime | None = None
    experimenter: str | None = None
    dob: datetime.date | None = None
    sex: str = "U"
    strain: str = "unknown"
    storage: str = "data"


@dataclass(frozen=True, eq=False)
class _VideoPlan:
    """What is going to be stored; a `labdata_napari.lab.placing.Plan`."""

    request: VideoImport
    source: Path
    stack: Stack
    key: dict[str, str]
    session_datetime: datetime.datetime
    packed: bool = False

    @property
    def file_path(self) -> str:
        """POSIX path in the store."""
        folders = [self.key[f"{c}_name"] for c in ("subject", "session", "dataset")]
        return "/".join((*folders, self.source.name))

    def check(self, path: Path) -> None:
        """Raise UnreadableFile unless a file is this video."""
        if path != self.source:
            open_video(path)


def import_video(
    lab: Any, request: VideoImport, progress: Progress = silent
) -> dict[str, Any]:
    """Import a video into a lab.

    Parameters
    ----------
    lab
        The `Lab`.
    request
        What to import.
    progress
        Called with bytes done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    dict
        Key of the `DatasetVideo`. The same file under the same key a second time
        changes nothing; a video that has rows but no file gets it.

    Raises
    ------
    NotFound, UnreadableFile
        When the file is missing, broken or no video.
    InvalidValue
        When something is missing or does not fit; one sentence names all that is.
    WriteRefused
        When there is another file under this key, this user may not write, or the
        disk is full.
    ConnectionLost
        When the server went away. Import again: what was stored is found.
    """
    plan = _planned(request)
    doing = f"Importing '{plan.source.name}'"
    with translate_errors(doing):
        if _is_there(lab, plan):
            return dict(plan.key)
    refuse_reader(lab, plan.source)
    with placed(lab.files, plan, progress) as file:
        row = _file_row(plan, file)
        new = NewFile(file.path, file.file_path, request.storage, file.size, file.md5)
        with (
            published(lab.files, [new], progress),
            translate_errors(doing),
            lab.connection.transaction,
        ):
            for table, values in _rows(lab, plan, row):
                if table is lab.File and same_file_row(lab, values):
                    continue
                table.insert(
                    checked(table, [values]),
                    allow_direct_insert=True,
                    skip_duplicates=table is not lab.File,
                )
            file.finish()
    return dict(plan.key)


def _planned(request: VideoImport) -> _VideoPlan:
    source = request.file.expanduser().absolute()
    began = require_place(request, source)
    if source.suffix.lower() not in VIDEO_ENDINGS:
        raise InvalidValue(
            f"'{source.name}' is not called like a video; its name must end in "
            f"{', '.join(VIDEO_ENDINGS)}."
        )
    key = {
        "subject_name": request.subject,
        "session_name": request.session,
        "dataset_name": request.dataset,
        "video_name": request.video or re.sub(r"\s+", "_", source.stem),
    }
    stack = open_video(source, video_index_home())
    return _VideoPlan(request, source, stack, key, began)


def _is_there(lab: Any, plan: _VideoPlan) -> bool:
    """Whether the video is there with this file; raise when it has another one."""
    rows = (lab.DatasetVideo.File & plan.key).to_dicts()
    if not rows:
        return False
    from labdata_napari.lab.copying import md5

    places = [{c: row[c] for c in ("file_path", "storage")} for row in rows]
    stored = (lab.File & places).to_dicts()
    size = plan.source.stat().st_size
    alike = [row for row in stored if row["file_size"] == size]
    if alike and md5(plan.source) in {row["file_md5"] for row in alike}:
        return True
    raise WriteRefused(
        f"A video with {words(plan.key)} is there already and holds another file, "
        f"'{places[0]['file_path']}'; choose another name for the video. Nothing was "
        "changed."
    )


def _file_row(plan: _VideoPlan, file: Placed) -> dict[str, Any]:
    return {
        "file_path": file.file_path,
        "storage": plan.request.storage,
        "file_datetime": file.changed,
        "file_size": float(file.size),
        "file_md5": file.md5,
    }


def _rows(lab: Any, plan: _VideoPlan, file: dict[str, Any]) -> list[Row]:
    place = {name: file[name] for name in ("file_path", "storage")}
    dataset = {name: plan.key[name] for name in list(plan.key)[:3]}
    measures = {
        "frame_rate": plan.stack.frame_rate,
        "n_frames": float(len(plan.stack)),
    }
    return [
        *parent_rows(lab, plan.key, plan.request, plan.session_datetime, DATASET_TYPE),
        (lab.File, file),
        (lab.Dataset.DataFiles, dataset | place),
        (lab.DatasetVideo, plan.key | measures),
        (lab.DatasetVideo.File, plan.key | place),
    ]
