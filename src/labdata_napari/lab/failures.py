"""What a database says when it fails, as one sentence for a person.

DataJoint translates some errors of the two drivers and lets others through; either
way the driver's error, with its code, is in the chain of the exception. The codes
are looked up here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import (
    ConnectionFailed,
    ConnectionLost,
    InvalidValue,
    LabdataError,
    NotFound,
    WriteRefused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class _Failure:
    """A kind of failure: which of our errors it is, and its sentence."""

    error: type[LabdataError]
    sentence: str


_LOST = _Failure(
    ConnectionLost,
    "The connection to the database was lost, so nothing was changed; try again in a "
    "moment{in_a_script}.",
)
_IN_A_SCRIPT = " (in a script, after lab.reconnect())"
_BUSY = _Failure(
    ConnectionFailed,
    "The database server has no free connection ({detail}); try again in a moment.",
)
_DENIED = _Failure(
    WriteRefused,
    "The database does not let this user do that ({detail}), so nothing was changed; "
    "ask whoever looks after the database, or connect as another user.",
)
_READ_ONLY = _Failure(
    WriteRefused,
    "The database server only lets one read at present ({detail}), so nothing was "
    "changed; ask whoever looks after it.",
)
_LOCKED = _Failure(
    WriteRefused,
    "Somebody else is changing the same rows ({detail}), so nothing was changed; try "
    "again in a moment.",
)
_FULL = _Failure(
    WriteRefused,
    "The disk of the database server is full ({detail}), so nothing was changed; free "
    "some space there and try again.",
)
_ABORTED = _Failure(
    WriteRefused,
    "An earlier step of the same change failed, so nothing of it was saved; try again.",
)
_UNFIT = _Failure(
    InvalidValue,
    "A value does not fit its column ({detail}), so nothing was changed; shorten or "
    "correct it.",
)
_TOO_LARGE = _Failure(
    InvalidValue,
    "A value is larger than the database server takes in one piece ({detail}), so "
    "nothing was changed; make it smaller.",
)
_ABSENT = _Failure(
    InvalidValue,
    "A value that every row needs is missing ({detail}), so nothing was changed; fill "
    "it in.",
)
_DUPLICATE = _Failure(
    InvalidValue,
    "A row with this key is there already ({detail}), so nothing was changed; choose "
    "another key, or change that row.",
)
_ORPHAN = _Failure(
    InvalidValue,
    "A row refers to one that does not exist ({detail}), so nothing was changed; add "
    "that one first.",
)
_REFERRED = _Failure(
    WriteRefused,
    "Other rows refer to this one ({detail}), so nothing was changed; remove them "
    "first.",
)
_UNKNOWN_TABLE = _Failure(
    NotFound,
    "The database has no such table ({detail}); check the name of the lab and of the "
    "project.",
)
_UNKNOWN_COLUMN = _Failure(
    NotFound,
    "The table has no such column ({detail}); check its name, and that the database "
    "is as labdata declares it.",
)
_REFUSED = _Failure(
    WriteRefused, "The database refused ({detail}), so nothing was changed."
)
_UNUSABLE = _Failure(InvalidValue, "DataJoint refused: {detail}.")

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "08000": _LOST,
    "08003": _LOST,
    "08006": _LOST,
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": _LOST,
    "57P05": _LOST,
    "25P03": _LOST,
    "53300": _BUSY,
    "42501": _DENIED,
    "25006": _READ_ONLY,
    "55P03": _LOCKED,
    "55006": _LOCKED,
    "40P01": _LOCKED,
    "40001": _LOCKED,
    "57014": _LOCKED,
    "53100": _FULL,
    "25P02": _ABORTED,
    "54000": _TOO_LARGE,
    "23502": _ABSENT,
    "23505": _DUPLICATE,
    "23503": _ORPHAN,
    "23001": _REFERRED,
    "42P01": _UNKNOWN_TABLE,
    "3F000": _UNKNOWN_TABLE,
    "42703": _UNKNOWN_COLUMN,
}
# https://dev.mysql.com/doc/mysql-errors/8.4/en/ and MariaDB's list, where it differs
_MYSQL = {
    0: _LOST,
    1053: _LOST,
    1077: _LOST,
    1927: _LOST,
    2003: _LOST,
    2006: _LOST,
    2013: _LOST,
    2055: _LOST,
    4031: _LOST,
    1040: _BUSY,
    1203: _BUSY,
    1226: _BUSY,
    1044: _DENIED,
    1142: _DENIED,
    1143: _DENIED,
    1227: _DENIED,
    1370: _DENIED,
    1290: _READ_ONLY,
    1792: _READ_ONLY,
    1836: _READ_ONLY,
    1020: _LOCKED,
    1205: _LOCKED,
    1213: _LOCKED,
    3572: _LOCKED,
    3024: _LOCKED,
    1969: _LOCKED,
    1021: _FULL,
    1026: _FULL,
    1114: _FULL,
    1153: _TOO_LARGE,
    1048: _ABSENT,
    1364: _ABSENT,
    1264: _UNFIT,
    1265: _UNFIT,
    1292: _UNFIT,
    1366: _UNFIT,
    1406: _UNFIT,
    1062: _DUPLICATE,
    1216: _ORPHAN,
    1452: _ORPHAN,
    1217: _REFERRED,
    1451: _REFERRED,
    3730: _REFERRED,
    1049: _UNKNOWN_TABLE,
    1146: _UNKNOWN_TABLE,
    1054: _UNKNOWN_COLUMN,
}
_NO_SPACE = "No space left on device"
# deadlock, a snapshot that is too old, a key that was free a moment ago
_COLLISIONS = {"40P01", "40001", "23505", 1213, 1020, 1062}


@contextlib.contextmanager
def translate_errors(doing: str = "", opening: bool = False) -> Iterator[None]:
    """Turn errors of the drivers and of DataJoint into ours, each one sentence.

    Parameters
    ----------
    doing
        What was being done, to begin the sentence with, for example
        ``"Saving the annotations of M1"``.
    opening
        Whether there is no lab yet that could be reconnected.

    Raises
    ------
    ConnectionLost
        When the connection broke; make a new `Lab`.
    WriteRefused
        When it is a matter of rights, locks, or a full disk.
    InvalidValue
        When a value or a key cannot be stored.
    NotFound
        When a table or column is not there.

    Notes
    -----
    Our own errors pass as they are, and so do errors that are no database's.
    """
    import datajoint as dj
    import psycopg2
    import pymysql

    try:
        yield
    except (dj.DataJointError, psycopg2.Error, pymysql.err.Error) as error:
        raise translated(error, doing, opening) from error
    except (ConnectionLost, WriteRefused) as error:
        cause = error.__cause__
        if cause is None or str(error) != str(translated(cause)):
            raise
        # a connection told it, which does not know what was being done
        raise translated(cause, doing, opening) from cause


def translated(
    error: BaseException, doing: str = "", opening: bool = False
) -> LabdataError:
    """Return our error for one of a driver or of DataJoint."""
    if isinstance(error, LabdataError):
        return error
    failure, detail = _classified(error)
    sentence = failure.sentence.format(
        detail=detail.rstrip("."), in_a_script="" if opening else _IN_A_SCRIPT
    )
    return failure.error(f"{doing}: {sentence}" if doing else sentence)


def collided(error: BaseException) -> bool:
    """Whether another transaction was in the way, so that this one was undone.

    The same one may succeed when it is begun again.
    """
    import psycopg2
    import pymysql

    if isinstance(error, ConnectionLost):
        return False
    for each in _chain(error):
        if isinstance(each, psycopg2.Error):
            return each.pgcode in _COLLISIONS
        if isinstance(each, pymysql.err.Error):
            return bool(each.args) and each.args[0] in _COLLISIONS
    return False


def _classified(error: BaseException) -> tuple[_Failure, str]:
    import datajoint as dj
    import psycopg2
    import pymysql

    for each in _chain(error):
        if isinstance(each, psycopg2.Error):
            return _postgresql(each)
        if isinstance(each, pymysql.err.Error):
            return _mysql(each)
    detail = _first_line(error)
    if isinstance(error, dj.errors.LostConnectionError):
        return _LOST, detail
    return _UNUSABLE, detail


def _postgresql(error: Any) -> tuple[_Failure, str]:
    import psycopg2

    detail = error.diag.message_detail or error.diag.message_primary
    detail = detail or _first_line(error)
    code = error.pgcode
    if code is None:
        # the driver's own objection, or the server could not say anything any more
        own = isinstance(error, psycopg2.ProgrammingError | psycopg2.NotSupportedError)
        return (_UNUSABLE if own else _LOST), detail
    if code == "23503" and "still referenced" in str(error):
        return _REFERRED, detail
    if code in _POSTGRESQL:
        if code in {"42501", "25006", "23502"}:
            detail = error.diag.message_primary
        return _POSTGRESQL[code], detail
    if code.startswith("22"):
        return _UNFIT, error.diag.message_primary
    return _REFUSED, detail


def _mysql(error: Any) -> tuple[_Failure, str]:
    code = error.args[0] if error.args else 0
    detail = str(error.args[1]) if len(error.args) > 1 else _first_line(error)
    if _NO_SPACE in detail or "Got error 28" in detail:
        return _FULL, detail
    if "Got error 122" in detail:  # quota
        return _FULL, detail
    return _MYSQL.get(code, _REFUSED), detail


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it was raised from, outermost first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _first_line(error: BaseException) -> str:
    text = " ".join(str(part) for part in error.args if part) or type(error).__name__
    return text.strip().splitlines()[0]
