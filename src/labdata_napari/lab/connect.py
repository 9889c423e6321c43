"""From an address to a `Lab`."""

from __future__ import annotations

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg2
import pymysql

from labdata_napari import settings
from labdata_napari.errors import ConnectionLost, NotFound
from labdata_napari.lab.address import EmbeddedAddress, ServerAddress, parse
from labdata_napari.lab.copying import require_space
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.failures import connection_failure, translate_errors
from labdata_napari.lab.files import Files
from labdata_napari.lab.instances import close, new_instance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

_SPACE_TO_RUN = 2 * 16 * 2**20  # two segments of PostgreSQL's log, in bytes
# What makes DataJoint insist on encryption. True does not on MySQL: PyMySQL takes what
# becomes of it for "if the server can" and goes on in the clear without a word. False
# means "if the server can" to both drivers.
_ENCRYPTED = {"mysql": {"verify_mode": "none"}, "postgresql": True}


def connect(
    url: str | None = None,
    *,
    name: str | None = None,
    project: str | None = None,
    password: str | None = None,
    tls: bool = True,
    create: bool = False,
    local_paths: Sequence[Path | str] | None = None,
) -> Lab:
    """Connect to a lab.

    Parameters
    ----------
    url
        ``mysql://user@host:3306`` (MariaDB too),
        ``postgresql://user@host:5432/database``, ``embedded:`` for a database of
        one's own on this computer, or ``embedded:/folder``. None:
        ``LABDATA_NAPARI_URL``, else ``embedded:``.
    name
        Name of the lab's database (PostgreSQL: schema). None:
        ``LABDATA_NAPARI_NAME``, else ``lab_data``.
    project
        Project of the lab, whose tables are apart. None:
        ``LABDATA_NAPARI_PROJECT``, else none.
    password
        None: the one in `url`, else ``LABDATA_NAPARI_PASSWORD``. It is stored and
        logged nowhere.
    tls
        Connect to another computer only if the connection is encrypted; the server's
        certificate is not verified. With False, and on this computer, it is encrypted
        where the server can. ``?tls=no`` in `url` says the same as False.
    create
        Make the 88 tables where the database has none. An embedded database gets
        them by itself. Without it nothing is ever declared or changed by connecting.
    local_paths
        Folders that hold the lab's files on this machine, the first one for new
        files. None: ``LABDATA_NAPARI_LOCAL_PATHS``, separated as in ``PATH``; an
        embedded lab has its own folder besides.

    Returns
    -------
    Lab
        For this thread only. Close it, or use it in a ``with`` block.

    Raises
    ------
    InvalidValue
        When the address or a name cannot be read.
    ConnectionFailed
        When there is no server, no such user, or the password is wrong.
    NotFound
        When the server has no such lab, or shows us nothing of it.
    WriteRefused
        When tables are to be made and may not be, or the embedded database's folder
        cannot be used.
    """
    target = settings.target(url, name, project)
    address = parse(target.url)
    paths = settings.local_paths() if local_paths is None else tuple(local_paths)
    if isinstance(address, EmbeddedAddress):
        try:
            return _connect_embedded(address, target, paths)
        except ConnectionLost:
            # PostgreSQL ends itself when its disk is full; say that instead
            require_space(address.root, _SPACE_TO_RUN)
            raise
    secret = password or address.password or settings.password() or ""
    insist = tls and address.tls is not False and not address.is_this_machine
    instance = _reach(address, secret, insist)
    try:
        return _attach(instance, address, target, Files(paths), create)
    except BaseException:
        close(instance.connection)
        raise


def _reach(address: ServerAddress, password: str, insist: bool) -> Any:
    import datajoint as dj

    options = {"database__name": address.database} if address.database else {}
    mysql = address.backend == "mysql"
    try:
        return new_instance(
            host=address.host,
            user=address.user,
            # as text, PyMySQL knows no letters but those of western Europe
            password=password.encode() if mysql else password,
            port=address.port,
            use_tls=_ENCRYPTED[address.backend] if insist else False,
            backend=address.backend,
            **options,
        )
    except (dj.DataJointError, psycopg2.Error, pymysql.err.Error, OSError) as error:
        # without the cause: its frames hold the password
        raise connection_failure(error, address) from None


def _attach(
    instance: Any,
    address: ServerAddress,
    target: settings.Target,
    files: Files,
    create: bool,
) -> Lab:
    from labdata_napari.lab.declaring import declare_empty
    from labdata_napari.lab.lab import Lab

    with translate_errors(f"Opening the lab '{target.name}'"):
        if create:
            declare_empty(instance, target.name, target.project)
        lab = Lab(instance, address.url, target.name, target.project, files)
        _require_tables(lab)
    return lab


def _require_tables(lab: Lab) -> None:
    """Say at once, and what else there is, when the name is wrong."""
    if "Subject" not in lab.tables.missing:
        return
    rows = lab.connection.query(
        "SELECT table_schema FROM information_schema.tables "
        "WHERE table_name = 'subject' ORDER BY table_schema"
    ).fetchall()
    there = ", ".join(f"'{row[0]}'" for row in rows) or "no lab at all"
    wanted = lab.tables.schemas["data"]
    raise NotFound(
        f"There is no lab '{wanted}' at {lab.url}, or you may not read it; the server "
        f"shows you {there}. Check the name of the lab and of the project, or make its "
        "tables with create=True if the database is yours and empty."
    )


def _connect_embedded(
    address: EmbeddedAddress, target: settings.Target, paths: Sequence[Path | str]
) -> Lab:
    server = EmbeddedPostgres(address.root)
    _start_while_importing(server)
    doing = f"Opening the local database in '{address.root}'"
    with translate_errors(doing), contextlib.ExitStack() as undo:
        undo.callback(server.release)
        from labdata_napari.lab.declaring import declare_embedded
        from labdata_napari.lab.lab import Lab

        instance = server.instance()
        undo.callback(close, instance.connection)
        declare_embedded(server.cluster, instance, target.name, target.project)
        lab = Lab(
            instance,
            address.url,
            target.name,
            target.project,
            Files.for_embedded(address.root, paths),
            when_closed=server.release,
        )
        undo.pop_all()
    return lab


def _start_while_importing(server: EmbeddedPostgres) -> None:
    """Start the server; use the wait for what takes two seconds to import."""
    if "datajoint" in sys.modules:
        server.start()
        return
    with ThreadPoolExecutor(1, "labdata-start") as background:
        started = background.submit(server.start)
        import labdata_napari.lab.lab  # noqa: F401

        started.result()
