"""DataJoint connections, quiet and of one's own."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import TYPE_CHECKING, Any

import labdata_napari.schema  # noqa: F401  (its first lines must run before DataJoint's)

if TYPE_CHECKING:
    from collections.abc import Iterator


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
        from labdata_napari.lab.connections import Instance

        return Instance(**parameters)


def close(connection: Any) -> None:
    """Close a DataJoint connection, whatever state it is in; may be repeated."""
    import psycopg2
    import pymysql

    with contextlib.suppress(psycopg2.Error, pymysql.err.Error):
        connection.close()


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
