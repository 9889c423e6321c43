"""Write back what somebody edited: read again, compare, then write or say.

Every row that a person edits goes through `write_back`, in one transaction:

1. Lock. Everybody who writes below the same parent row locks that row first, so one
   waits for the other and numbers can be given out. A range of rows cannot be locked
   alike everywhere: PostgreSQL leaves its gaps open, InnoDB lets two lock the same gap
   and then neither fill it.
2. Read the rows again, locked too: on MySQL a plain read within a transaction may show
   what was there before others committed.
3. Compare. If the rows are what was to be written already, that was an earlier attempt
   whose answer was lost: nothing is written and it counts as saved. If they are no
   longer what was loaded, it is a conflict.
4. Write only what differs.
"""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from labdata_napari.errors import LabdataError, NotFound, WriteConflict, WriteRefused
from labdata_napari.lab.failures import collided, translate_errors
from labdata_napari.lab.keys import key_of, named, words
from labdata_napari.lab.rows import fetched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.changes import Changes

_log = logging.getLogger(__name__)

_ATTEMPTS = 12
_LONGEST_PAUSE_S = 0.5
_APART_SHOWN = 6

Rows = TypeVar("Rows")
Done = TypeVar("Done")
Answer = TypeVar("Answer", covariant=True)


class Edit(Protocol[Rows, Answer]):
    """Something to write back, in steps; all but `doing` run in the transaction.

    Attributes
    ----------
    doing
        To begin a sentence with, such as "Saving the annotations".
    """

    doing: str

    def read(self) -> Rows:
        """Lock the parent (see `lock_row`), then read the rows, locking them."""

    def saved(self, rows: Rows) -> Answer | None:
        """Tell what was saved if the rows are as they shall become; else None."""

    def conflict(self, rows: Rows) -> WriteConflict | None:
        """Tell how the rows differ from what was loaded; None when they do not."""

    def write(self, rows: Rows) -> Answer:
        """Write what differs from the rows, which are what was loaded."""


def write_back(lab: Any, edit: Edit[Rows, Done]) -> Done:
    """Write an edit in one transaction, or nothing.

    May be called again with the same edit after `ConnectionLost`, on a new
    connection, whether or not the server had committed before it went: the rows are
    read and compared first, so the edit is written exactly once, or somebody else's
    change to it is told. It is never tried again by itself then. It is tried again
    after a deadlock or a number that another one took at the same moment: then the
    server has undone the whole transaction.

    Raises
    ------
    WriteConflict
        When somebody else changed the rows since they were loaded; nothing is written.
    NotFound
        When the parent row is gone.
    WriteRefused
        When this user may not write, or others kept the rows locked.
    InvalidValue
        When the server does not take a value.
    ConnectionLost
        When the connection broke; call again to see to it.
    """
    if lab.read_only:
        raise WriteRefused(
            f"{edit.doing}: {lab.user} may only read this database, so nothing was "
            "changed. Connect as somebody who may write."
        )
    for attempt in range(_ATTEMPTS):
        try:
            return _attempt(lab, edit)
        except LabdataError as error:
            if not collided(error) or attempt == _ATTEMPTS - 1:
                raise
            _log.debug("Beginning again. %s", error)
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.01 * 2**attempt)))
    raise AssertionError("the last attempt returns or raises")


def _attempt(lab: Any, edit: Edit[Rows, Done]) -> Done:
    with translate_errors(edit.doing), lab.connection.transaction:
        rows = edit.read()
        done = edit.saved(rows)
        if done is not None:
            return done
        conflict = edit.conflict(rows)
        if conflict is not None:
            raise conflict
        return edit.write(rows)


def lock_row(table: Any, key: Mapping[str, Any]) -> dict[str, Any]:
    """Lock the row with a key until the end of the transaction; return its key.

    Raises
    ------
    NotFound
        When there is none.
    """
    key = key_of(table, key)
    if not fetched((table & key).proj(), locked=True):
        raise NotFound(
            f"There is no {named(table)} with {words(key)} any more, so nothing was "
            "changed; look at the list again."
        )
    return key


def conflicting(
    what: str, theirs: object, their_changes: Changes[Any], my_changes: Changes[Any]
) -> WriteConflict:
    """Make the error that shows both versions.

    Parameters
    ----------
    what
        Such as "these annotations".
    theirs
        What the database holds now.
    their_changes, my_changes
        How it, and how what was to be written, differs from what was loaded.
    """
    mine = my_changes.summary()
    apart = my_changes.compared_with(their_changes)
    if apart:
        shown = "; ".join(pair.words for pair in apart[:_APART_SHOWN])
        more = len(apart) - _APART_SHOWN
        mine += f"; compared with theirs, {shown}{f'; and {more} more' * (more > 0)}"
    return conflicting_words(what, theirs, their_changes.summary(), mine)


def conflicting_words(
    what: str, theirs: object, their_words: str, my_words: str
) -> WriteConflict:
    """Make the error from words.

    Parameters
    ----------
    what
        Such as "these annotations".
    theirs
        What the database holds now.
    their_words, my_words
        How it, and how what was to be written, differs from what was loaded.
    """
    return WriteConflict(
        f"Somebody else changed {what} since they were loaded: {their_words}. Yours: "
        f"{my_words}. Nothing was written; take theirs, or write yours over them.",
        theirs,
        their_changes=their_words,
        your_changes=my_words,
    )
