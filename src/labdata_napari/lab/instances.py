"""DataJoint connections, quiet and of one's own."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from typing import TYPE_CHECKING, Any

import labdata_napari.schema  # noqa: F401  (its first lines must run before DataJoint's)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to wait for rows that somebody else is changing. The servers' own limits
# (none, and 50 s) are made for programs, not for a person in front of a window.
_LOCK_PATIENCE = 20


def new_instance(**parameters: Any) -> Any:
    """Connect with DataJoint.

    Parameters
    ----------
    **parameters
        What `datajoint.Instance` takes; ``database__name`` for PostgreSQL.

    Returns
    -------
    datajoint.Instance
        A connection that no other object shares.
    """
    with _quiet():
        import datajoint as dj

        instance = dj.Instance(**parameters, safemode=False, loglevel="WARNING")
    _introduce(instance.connection)
    return instance


def close(connection: Any) -> None:
    """Close a DataJoint connection, whatever state it is in; may be repeated."""
    import psycopg2
    import pymysql

    with contextlib.suppress(psycopg2.Error, pymysql.err.Error):
        connection.close()


def _introduce(connection: Any) -> None:
    """Say who we are, for others who look, and how long we wait for locks."""
    if connection.adapter.backend == "postgresql":
        connection.query(
            "SELECT set_config('application_name', %s, false), "
            "set_config('lock_timeout', %s, false)",
            (f"labdata-napari (process {os.getpid()})", f"{_LOCK_PATIENCE}s"),
        )
    else:
        connection.query(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_PATIENCE}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop what DataJoint says about MariaDB, TLS fall-back and its own modules."""
    logger = logging.getLogger("datajoint")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*MariaDB is not officially")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
