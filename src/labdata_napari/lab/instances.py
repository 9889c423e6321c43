"""DataJoint connections, quiet and of one's own."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import Any

import labdata_napari.schema  # noqa: F401  (its first lines must run before DataJoint's)


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
    from labdata_napari.lab.connections import Instance

    _hush()
    return Instance(**parameters)


def close(connection: Any) -> None:
    """Close a DataJoint connection, whatever state it is in; may be repeated."""
    import psycopg2
    import pymysql

    with contextlib.suppress(psycopg2.Error, pymysql.err.Error):
        connection.close()


def _hush() -> None:
    """Let DataJoint say nothing of MariaDB, nor that it connected; for good.

    Both belong to the process: whoever sets them back after connecting does so while
    other threads connect. It is repeated because a `warnings.catch_warnings` that
    somebody else leaves takes the filter away.
    """
    warnings.filterwarnings("ignore", "MariaDB is not officially", UserWarning)
    logging.getLogger("datajoint").addFilter(_is_no_greeting)


def _is_no_greeting(record: logging.LogRecord) -> bool:
    return " connected to " not in str(record.msg)
