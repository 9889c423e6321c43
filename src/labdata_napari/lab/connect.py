"""From an address to a `Lab`."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.errors import (
    ConnectionLost,
    InvalidValue,
    LoginRefused,
    NotFound,
)
from labdata_napari.lab import preferences
from labdata_napari.lab.address import EmbeddedAddress, ServerAddress, parse
from labdata_napari.lab.copying import require_space
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.files import Files
from labdata_napari.lab.instances import close
from labdata_napari.lab.logins import log_in, reach_again
from labdata_napari.lab.server_state import lab_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.preferences import LabdataSettings

_SPACE_TO_RUN = 2 * 16 * 2**20  # two segments of PostgreSQL's log, in bytes


def connect(
    url: str | None = None,
    *,
    name: str | None = None,
    project: str | None = None,
    password: str | None = None,
    tls: bool | None = None,
    create: bool = False,
    local_paths: Sequence[Path | str] | Path | None = None,
) -> Lab:
    """Connect to a lab.

    Parameters
    ----------
    url
        ``mysql://user@host:3306`` (MariaDB too),
        ``postgresql://user@host:5432/database``, ``embedded:`` for a database of
        one's own on this computer, or ``embedded:/folder``. None:
        ``LABDATA_NAPARI_URL``, else the server in labdata's own settings
        (``~/labdata/user_preferences.json``), else ``embedded:``.
    name
        Name of the lab's database (PostgreSQL: schema). None:
        ``LABDATA_NAPARI_NAME``, else labdata's for its server, else ``lab_data``.
    project
        Project of the lab, whose tables are apart; ``""`` for none. None:
        ``LABDATA_NAPARI_PROJECT``, else labdata's for its lab, else none.
    password
        None: the one in `url`, else ``LABDATA_NAPARI_PASSWORD``, else labdata's for
        its server and user, else the one in the system's keyring. It is stored and
        logged nowhere.
    tls
        With True, connect to another computer only if the connection is encrypted;
        the server's certificate is not verified. With False, and on this computer, it
        is encrypted where the server can. ``?tls=no`` in `url` says the same as
        False. None: labdata's choice for its server, else True.
    create
        Make the 88 tables where the database has none. An embedded database gets
        them by itself. Without it nothing is ever declared or changed by connecting.
    local_paths
        Folders that hold the lab's files on this machine, the first one for new
        files. None: ``LABDATA_NAPARI_LOCAL_PATHS``, separated as in ``PATH``, else
        labdata's for its lab; an embedded lab has its own folder besides.

    Returns
    -------
    Lab
        For this thread only. Close it, or use it in a ``with`` block.

    Raises
    ------
    InvalidValue
        When the address or a name cannot be read, or labdata's settings, where nothing
        else says which lab is meant.
    LoginRefused
        When the server is there, and the user or the password is wrong or missing.
    ConnectionFailed
        When there is no server, or it lets nobody in.
    NotFound
        When the server has no such lab, or shows us nothing of it.
    WriteRefused
        When tables are to be made and may not be, or the embedded database's folder
        cannot be used.
    """
    labdata = preferences.read()
    for problem in problems_for(labdata, url):
        warnings.warn(problem, UserWarning, stacklevel=2)
    return connect_with(
        labdata,
        url,
        name=name,
        project=project,
        password=password,
        tls=tls,
        create=create,
        local_paths=local_paths,
    )


def problems_for(labdata: LabdataSettings, url: str | None) -> tuple[str, ...]:
    """Return what is wrong with labdata's settings, where it matters for an address.

    Nothing where `connect_with` refuses for that reason.
    """
    if _left_to(labdata, url):
        return ()
    where = settings.target(url, labdata=labdata).url
    matters = labdata.may_serve(where) or where == settings.DEFAULT_URL != url
    return labdata.problems if matters else ()


def _left_to(labdata: LabdataSettings, url: str | None) -> bool:
    """Whether only settings that cannot be read would say which lab is meant."""
    named = url or os.environ.get(settings.URL) or labdata.host
    return bool(labdata.broken) and not named


def connect_with(
    labdata: LabdataSettings,
    url: str | None = None,
    *,
    name: str | None = None,
    project: str | None = None,
    password: str | None = None,
    tls: bool | None = None,
    create: bool = False,
    local_paths: Sequence[Path | str] | Path | None = None,
    check: bool = True,
) -> Lab:
    """Connect as `connect` does, with labdata's settings read already.

    Their problems are the caller's to show. Without `check` a lab whose tables are not
    there is returned as well, and an embedded one is left as it is.
    """
    if _left_to(labdata, url):
        # never another lab than the one that was meant, which may have the same name
        raise InvalidValue(
            f"{labdata.broken} Until then no lab is opened by itself; name one, such "
            "as 'embedded:' for your own on this computer."
        )
    target = settings.target(url, name, project, labdata=labdata)
    if target.url == labdata.url and not labdata.user:
        raise LoginRefused(
            f"labdata's settings '{labdata.file}' name the server '{labdata.host}' but "
            "no user; add 'database.user' there, or give the address as "
            f"mysql://user@{labdata.host}:{labdata.port}.",
            target.url,
        )
    address = parse(target.url)
    theirs = labdata if labdata.serves(target.url) else None
    paths = _local_paths(local_paths, target, theirs)
    if isinstance(address, EmbeddedAddress):
        try:
            return _connect_embedded(address, target, paths, check)
        except ConnectionLost:
            # PostgreSQL ends itself when its disk is full; say that instead
            require_space(address.root, _SPACE_TO_RUN)
            raise
    if tls is None:
        tls = address.tls or theirs is None or bool(theirs.tls)
    insist = tls and address.tls is not False and not address.is_this_machine
    given = password or address.password or settings.password()
    instance = log_in(address, given, insist, labdata)
    storages = theirs.storages if theirs and theirs.name == target.name else {}
    try:
        files = Files(paths, storages=storages)
        lab = _attach(instance, address, target, files, create)
        if check:
            with translate_errors(opening=True):
                _require_tables(lab)
        return lab
    except BaseException:
        close(instance.connection)
        raise


def _local_paths(
    given: Sequence[Path | str] | Path | None,
    target: settings.Target,
    labdata: LabdataSettings | None,
) -> Sequence[Path | str]:
    if given is not None:
        return settings.several(given)
    paths = settings.local_paths()
    if not paths and labdata is not None and labdata.name == target.name:
        return labdata.local_paths
    return paths


def _attach(
    instance: Any,
    address: ServerAddress,
    target: settings.Target,
    files: Files,
    create: bool,
) -> Lab:
    from labdata_napari.lab.declaring import declare_empty
    from labdata_napari.lab.lab import Lab

    with translate_errors(f"Opening the lab '{target.name}'", opening=True):
        if create:
            declare_empty(instance, target.name, target.project)
        return Lab(
            instance,
            address.url,
            target.name,
            target.project,
            files,
            reopen=partial(reach_again, instance.connection, address),
        )


def _require_tables(lab: Lab) -> None:
    """Say at once, and what else there is, when the name is wrong."""
    if "Subject" not in lab.tables.missing:
        return
    names = lab_names(lab.connection)
    there = ", ".join(f"'{name}'" for name in names) or "no lab at all"
    wanted = lab.tables.schemas["data"]
    raise NotFound(
        f"There is no lab '{wanted}' at {lab.url}, or you may not read it; the server "
        f"shows you {there}. Check the name of the lab and of the project, or make its "
        "tables with create=True if the database is yours and empty."
    )


def _connect_embedded(
    address: EmbeddedAddress,
    target: settings.Target,
    paths: Sequence[Path | str],
    declare: bool,
) -> Lab:
    server = EmbeddedPostgres(address.root)
    if not declare:
        server.require_created()
    _start_while_importing(server)
    doing = f"Opening the local database in '{address.root}'"
    with translate_errors(doing, opening=True), contextlib.ExitStack() as undo:
        undo.callback(server.release)
        from labdata_napari.lab.declaring import declare_embedded
        from labdata_napari.lab.lab import Lab

        instance = server.instance()
        undo.callback(close, instance.connection)
        if declare:
            declare_embedded(server.cluster, instance, target.name, target.project)
        lab = Lab(
            instance,
            address.url,
            target.name,
            target.project,
            Files.for_embedded(address.root, paths),
            when_closed=server.release,
            reopen=partial(_start_again, server, instance.connection),
        )
        undo.pop_all()
    return lab


def _start_again(server: EmbeddedPostgres, connection: Any) -> None:
    """Start the server, should it be gone, and connect to where it listens now."""
    server.start()
    host, port = server.cluster.address
    connection.conn_info.update(host=host, port=port)
    with translate_errors(f"Opening the local database in '{server.root}' again"):
        connection.reconnect()


def _start_while_importing(server: EmbeddedPostgres) -> None:
    """Start the server; use the wait for what takes two seconds to import."""
    if "datajoint" in sys.modules:
        server.start()
        return
    with ThreadPoolExecutor(1, "labdata-start") as background:
        started = background.submit(server.start)
        import labdata_napari.lab.lab  # noqa: F401

        started.result()
