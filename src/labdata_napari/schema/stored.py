"""What `File` and `AnalysisFile` do with the files that their rows name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.schema.selection import all_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.removing import Deletion


class StoredFiles:
    """Methods shared by the tables of files; names and arguments are labdata's."""

    # not for every row without a word: they transfer much or cost money
    of_selected_rows = ("get", "check_if_files_archived")

    def get(
        self: Any,
        local_paths: Sequence[Path | str] | Path | None = None,
        check_if_archived: bool = True,
        restore: bool = True,
        download: bool = True,
        progress: Progress | None = None,
    ) -> list[Path]:
        """Find the selected files on this machine; download those that are not.

        Parameters
        ----------
        local_paths
            Folders to search, the first one to download to. None: the lab's own.
        check_if_archived
            Ask first whether files are in cold storage; nothing is downloaded then.
        restore
            Ask for readable copies of those that are. This costs money; the error
            then says what was asked for.
        download
            With False, only return those that are here.
        progress
            Told bytes done of bytes in all; raise `Cancelled` from it to stop. The
            next `get` goes on where it was.

        Returns
        -------
        list of Path
            In the order of the keys.

        Raises
        ------
        NotFound
            When no row is selected, or a file is neither here nor in its storage.
        InvalidValue
            When a path leaves its storage.
        Archived
            When files are in cold storage.
        UnreadableFile
            When a file does not have the size and checksum of its row.
        StorageFailed
            When a storage cannot be reached or refuses.
        WriteRefused
            When the disk is full or refuses.
        """
        found: list[Path] = self.lab.file_rows.get(
            self, local_paths, check_if_archived, restore, download, progress
        )
        return found

    def check_if_files_local(
        self: Any, local_paths: Sequence[Path | str] | Path | None = None
    ) -> tuple[list[Path], list[str]]:
        """Tell which of the selected files are on this machine.

        Returns
        -------
        local : list of Path
            Those that are.
        missing : list of str
            ``file_path`` of those that are not; with a warning those whose path leaves
            their store, which are not looked for.
        """
        found: tuple[list[Path], list[str]] = self.lab.file_rows.local_and_missing(
            all_keys(self), local_paths
        )
        return found

    def check_if_files_archived(
        self: Any,
        files: Any = None,
        restore: bool = True,
        suppress_error: bool = False,
    ) -> bool:
        """Tell whether files are in cold storage, and have them restored.

        Parameters
        ----------
        files
            Restricted table of the files to ask about. None: the selected ones.
        restore
            Ask for readable copies of those not asked for yet. This costs money.
        suppress_error
            Return True instead of raising.

        Returns
        -------
        bool
            Whether any is archived, being restored included. Files that the storage
            does not have, or whose path leaves it, are named in a warning.

        Raises
        ------
        Archived
            When any is; `Archived.requested` names those that were asked for.
        """
        rows = self if files is None else files
        cold: bool = self.lab.file_rows.check_archived(
            all_keys(rows), restore, suppress_error
        )
        return cold

    def delete(
        self: Any,
        transaction: bool = True,
        safemode: bool | None = None,
        force_parts: bool = False,
        confirm: int | None = None,
        prompt: bool | None = None,
    ) -> Deletion:
        """Delete the selected rows, all rows that refer to them, and their files in S3.

        Called without `confirm` it deletes nothing and says in an error how many rows
        of which tables would go: every dataset, brain and annotation that needs the
        file. Files on this machine and on shared disks are left alone.

        Parameters
        ----------
        transaction
            Must be True: files are removed after the rows are gone for good.
        safemode
            With False, `confirm` is not needed as long as nothing refers to the rows.
        force_parts
            Delete parts of other tables also where their master stays.
        confirm
            How many rows go in all; what the error says.
        prompt
            What DataJoint from 2.0 on calls `safemode`.

        Returns
        -------
        Deletion
            Rows deleted per table, files removed and files kept.

        Raises
        ------
        WriteRefused
            When `confirm` is not the number of rows; nothing was deleted.
        LeftBehind
            When the rows are gone and a file could not be removed from its storage.
        """
        done: Deletion = self.lab.file_rows.delete(
            self,
            transaction,
            prompt if safemode is None else safemode,
            force_parts,
            confirm,
        )
        return done
