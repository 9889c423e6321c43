"""Rows of `File` and `AnalysisFile`: their files found, fetched and restored."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, StorageFailed
from labdata_napari.lab.places import Wanted, archived, states
from labdata_napari.lab.publishing import in_s3
from labdata_napari.lab.safe_paths import first_in
from labdata_napari.schema.selection import all_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.places import Place
    from labdata_napari.lab.removing import Deletion

_Keys = list[dict[str, Any]]


class FileRows:
    """Methods of `File` and `AnalysisFile`, which say what each does.

    Parameters
    ----------
    lab
        The lab whose tables and files they are.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    @property
    def _files(self) -> Files:
        files: Files = self._lab.files
        return files

    def get(
        self,
        rows: Any,
        local_paths: Sequence[Path | str] | Path | None = None,
        check_if_archived: bool = True,
        with_restore: bool = True,
        with_download: bool = True,
        progress: Progress | None = None,
    ) -> list[Path]:
        """Find the files of selected rows here, or bring them; see `File.get`."""
        keys = all_keys(rows)
        here, missing, refused = self._looked_for(keys, local_paths)
        if refused:
            raise refused[0]
        if not missing or not with_download:
            return here
        away = [key for key in keys if key["file_path"] in set(missing)]
        for key in away:
            if not in_s3(self._files, key["storage"]):
                # then it is nowhere: say where was looked
                self._files.locate(key["file_path"], key["storage"])
        if check_if_archived:
            self._archived(self._asked(away), with_restore)
        with self._lab.own_errors():
            wanted = [Wanted.from_row(row) for row in rows.to_dicts(order_by="KEY")]
        return self._files.download(wanted, progress or silent, local_paths)

    def local_and_missing(
        self, keys: _Keys, local_paths: Sequence[Path | str] | Path | None = None
    ) -> tuple[list[Path], list[str]]:
        """Tell which files are here; see `File.check_if_files_local`."""
        found, missing, refused = self._looked_for(keys, local_paths)
        for error in refused:
            warnings.warn(f"It counts as not local: {error}", UserWarning, stacklevel=3)
        return found, missing

    def _looked_for(
        self, keys: _Keys, local_paths: Sequence[Path | str] | Path | None
    ) -> tuple[list[Path], list[str], list[InvalidValue]]:
        """Look for files here; the paths refused are among the missing ones too."""
        files = self._files
        here = files if local_paths is None else files.elsewhere(local_paths)
        found, missing, refused = [], [], []
        for key in keys:
            path = None
            try:
                path = first_in(here.folders_of(key["storage"]), key["file_path"])
            except InvalidValue as error:
                refused.append(error)
            if path is None:
                missing.append(str(key["file_path"]))
            else:
                found.append(path)
        return found, missing, refused

    def check_archived(
        self, keys: _Keys, with_restore: bool = True, suppress_error: bool = False
    ) -> bool:
        """Tell whether files are archived; see `File.check_if_files_archived`."""
        places = self._asked(keys)
        for place in places:
            if place.state in ("missing", "refused"):
                said = f"It counts as not archived: {place.problem}"
                warnings.warn(said, UserWarning, stacklevel=3)
        return self._archived(places, with_restore, suppress_error)

    def _archived(
        self, places: list[Place], with_restore: bool, suppress_error: bool = False
    ) -> bool:
        cold = [p for p in places if p.state in ("archived", "restoring")]
        if not cold:
            return False
        requested: tuple[str, ...] = ()
        if with_restore:
            waiting = [(place.file_path, place.storage) for place in cold]
            requested = self._files.restore(waiting)
        if not suppress_error:
            raise archived(cold, requested)
        return True

    def upload(
        self, sources: Sequence[Path | str], dataset: Mapping[str, Any], force: bool
    ) -> list[dict[str, str]]:
        """Store files and add rows for them; see `AnalysisFile.upload_files`."""
        from labdata_napari.lab.uploading import upload_files

        return upload_files(self._lab, sources, dataset, force)

    def delete(
        self,
        rows: Any,
        transaction: bool = True,
        safemode: bool | None = None,
        force_parts: bool = False,
        confirm: int | None = None,
    ) -> Deletion:
        """Delete rows with all that refers to them; see `File.delete`."""
        from labdata_napari.lab.removing import delete

        return delete(self._lab, rows, transaction, safemode, force_parts, confirm)

    def _asked(self, keys: _Keys) -> list[Place]:
        """Ask the storages in S3, whether files are here as well or not."""
        asked = [
            (str(key["file_path"]), str(key["storage"]))
            for key in keys
            if in_s3(self._files, key["storage"])
        ]
        places = list(states(self._files.elsewhere(()), asked).values())
        for place in places:
            if place.state == "unknown":
                raise StorageFailed(place.problem)
        return places
