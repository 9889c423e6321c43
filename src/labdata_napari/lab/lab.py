"""A lab: its tables, its files, and the views on them, over one connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from labdata_napari.lab.availability import Unavailable, unavailable
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.instances import close
from labdata_napari.lab.privileges import rights_of
from labdata_napari.schema import Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from labdata_napari.lab.brains import Brains
    from labdata_napari.lab.entries import Entries
    from labdata_napari.lab.file_rows import FileRows
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.poses import Poses
    from labdata_napari.lab.privileges import Rights
    from labdata_napari.lab.recordings import Recordings
    from labdata_napari.lab.widefield import Widefields


class Lab:
    """A lab's database and files. Belongs to the thread that made it.

    Made by `labdata_napari.connect`. Any of the 88 tables is an attribute, its
    parts below it: ``lab.FixedBrain``, ``lab.Widefield.Projection``.

    Parameters
    ----------
    instance
        A `datajoint.Instance`, closed together with this.
    url
        Its address, without a password.
    name, project
        Which of the server's databases; see `connect`.
    files
        Where the lab's files lie on this machine.
    when_closed
        Called once at the end of `close`.
    reopen
        Brings the connection back once it was lost, and raises our errors.

    Attributes
    ----------
    tables
        The bound classes.
    connection
        The DataJoint connection, for transactions and plain SQL.
    url, name, project
        As given.
    files
        As given.

    Examples
    --------
    >>> import labdata_napari as ln
    >>> with ln.connect("embedded:") as lab:  # doctest: +SKIP
    ...     (lab.FixedBrain & {"subject_name": "M1"}).open()
    """

    def __init__(
        self,
        instance: Any,
        url: str,
        name: str,
        project: str | None,
        files: Files,
        when_closed: Callable[[], None] | None = None,
        reopen: Callable[[], None] | None = None,
    ) -> None:
        self.connection = instance.connection
        self._reopen = reopen
        self.url = url
        self.name = name
        self.project = project
        self.files = files
        self._when_closed = when_closed
        self.tables = Tables(instance, name, project, owner=self)

    def __getattr__(self, name: str) -> Any:
        # only asked for what is not found otherwise, so a name of a table class
        if name.startswith("_") or name == "tables":
            raise AttributeError(name)
        return getattr(self.tables, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables.names]

    def __repr__(self) -> str:
        project = f", project={self.project!r}" if self.project else ""
        return f"Lab({self.url!r}, name={self.name!r}{project})"

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def user(self) -> str:
        """Who the server says we are."""
        return self._rights.user

    @property
    def read_only(self) -> bool:
        """Whether this user may not add rows, as far as rights tell beforehand."""
        return not self._rights.may_write

    @cached_property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """What this lab cannot offer, for want of tables or columns of labdata's."""
        return unavailable(self.tables)

    def why_not(self, what: str) -> str:
        """Say why this lab cannot offer something; empty when it can.

        Parameters
        ----------
        what
            As the entries of `unavailable` call it, such as "annotations".
        """
        return next((u.reason for u in self.unavailable if u.what == what), "")

    @cached_property
    def _rights(self) -> Rights:
        with translate_errors():
            return rights_of(self.connection, self.tables.schemas["data"])

    @cached_property
    def brains(self) -> Brains:
        """Fixed brains, their transforms and annotations."""
        from labdata_napari.lab.brains import Brains

        return Brains(self)

    @cached_property
    def recordings(self) -> Recordings:
        """Widefield, two-photon and miniscope recordings, and videos."""
        from labdata_napari.lab.recordings import Recordings

        return Recordings(self)

    @cached_property
    def poses(self) -> Poses:
        """Label sets and the labels in them."""
        from labdata_napari.lab.poses import Poses

        return Poses(self)

    @cached_property
    def widefield(self) -> Widefields:
        """Projections of widefield recordings."""
        from labdata_napari.lab.widefield import Widefields

        return Widefields(self)

    @cached_property
    def entries(self) -> Entries:
        """What there is to open, for lists."""
        from labdata_napari.lab.entries import Entries

        return Entries(self)

    @cached_property
    def file_rows(self) -> FileRows:
        """What `File` and `AnalysisFile` do with the files of their rows."""
        from labdata_napari.lab.file_rows import FileRows

        return FileRows(self)

    def own_errors(self) -> AbstractContextManager[None]:
        """Turn what a driver or DataJoint raises in a block into our errors."""
        return translate_errors()

    def check(self) -> None:
        """See that the database is there, if nothing was heard of it for a while.

        Raises
        ------
        ConnectionLost
            When it does not answer, or the connection is known to be broken.
        """
        self.connection.check()

    def reconnect(self) -> None:
        """Connect again after a `ConnectionLost`; tables and views go on working.

        Nothing that was interrupted is repeated. An idle connection that broke comes
        back by itself at the next use; this says at once whether it does.

        Raises
        ------
        ConnectionFailed
            When the database cannot be reached (yet).
        LoginRefused
            When it does not let us in any more.
        """
        if self._reopen is not None:
            self._reopen()
        else:
            with translate_errors("Connecting again"):
                self.connection.reconnect()
        self.__dict__.pop("_rights", None)  # as whom and with what rights, now

    def close(self) -> None:
        """Close the connection and stop what `connect` started. May be repeated."""
        close(self.connection)
        if self._when_closed is not None:
            done, self._when_closed = self._when_closed, None
            done()
