"""Try a lab out and say, point by point, what works."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labdata_napari import settings
from labdata_napari.errors import LabdataError, LoginRefused
from labdata_napari.lab import preferences
from labdata_napari.lab.address import EmbeddedAddress, parse
from labdata_napari.lab.connect import connect_with
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.privileges import rights_of
from labdata_napari.lab.server_state import server_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.preferences import LabdataSettings
    from labdata_napari.lab.storage import StorageEntry

_NAMED = 4  # missing tables that are named one by one


class Outcome(Enum):
    """How one point came out."""

    GOOD = "works"
    NOTE = "works with a limit"
    BAD = "does not work"


@dataclass(frozen=True)
class Finding:
    """What came of one point.

    Attributes
    ----------
    what
        The point, in a word or two: "Server", "Login", "Tables".
    outcome
        How it came out.
    sentence
        What was found, and what to do where it does not work.
    """

    what: str
    outcome: Outcome
    sentence: str


def try_lab(
    url: str | None = None,
    *,
    name: str | None = None,
    project: str | None = None,
    password: str | None = None,
    tls: bool | None = None,
    labdata: LabdataSettings | None = None,
) -> Iterator[Finding]:
    """Connect as `labdata_napari.connect` does and tell how far it got.

    Nothing is written, and nothing declared on a server. What does not work is a
    finding, not an error.

    Parameters
    ----------
    url, name, project, password, tls
        As `labdata_napari.connect` takes them.
    labdata
        labdata's own settings; None reads them.

    Yields
    ------
    Finding
        One after the other, as soon as it is known; none after one without which the
        rest cannot work.
    """
    labdata = preferences.read() if labdata is None else labdata
    try:
        lab = connect_with(
            labdata,
            url,
            name=name,
            project=project,
            password=password,
            tls=tls,
            check=False,
        )
    except LoginRefused as error:
        where = urlsplit(error.url)
        at = f"'{where.hostname}:{where.port}'"
        yield Finding("Server", Outcome.GOOD, f"A database answers at {at}.")
        yield Finding("Login", Outcome.BAD, str(error))
        return
    except LabdataError as error:
        yield Finding("Server", Outcome.BAD, str(error))
        return
    with contextlib.closing(lab):
        yield from examine(lab)


def examine(lab: Lab) -> Iterator[Finding]:
    """Tell what works in a lab that is connected; see `try_lab`."""
    for point in (_server, _schemas, _tables, _reading, _writing):
        try:
            with translate_errors(opening=True):
                found = point(lab)
        except LabdataError as error:
            name = point.__name__.removeprefix("_").capitalize()
            found = Finding(name, Outcome.BAD, str(error))
        yield found
        if point is _server:
            yield Finding("Login", Outcome.GOOD, f"You are in as '{lab.user}'.")
        if point is _schemas and found.outcome is Outcome.BAD:
            break
    yield from _folders(lab)
    for entry in lab.files.storages.values():
        yield _storage(entry)


def _server(lab: Lab) -> Finding:
    state = server_state(lab.connection)
    version = f"{state.kind} {state.version}"
    address = parse(lab.url)
    if isinstance(address, EmbeddedAddress):
        return Finding(
            "Server", Outcome.GOOD, f"{version} in '{address.root}', on this computer."
        )
    if state.tls:
        how, outcome = f"encrypted ({state.tls})", Outcome.GOOD
    elif address.is_this_machine:
        how, outcome = "not encrypted, which on this computer is safe", Outcome.GOOD
    else:
        how = "not encrypted: others in the network can read along"
        outcome = Outcome.NOTE
    where = f"'{address.host}:{address.port}'"
    return Finding("Server", outcome, f"{version} at {where}, {how}.")


def _schemas(lab: Lab) -> Finding:
    wanted = list(dict.fromkeys(lab.tables.schemas.values()))
    shown = {
        row[0]
        for row in lab.connection.query(
            "SELECT DISTINCT table_schema FROM information_schema.tables"
        ).fetchall()
    }
    missing = [name for name in wanted if name not in shown]
    if not missing:
        return Finding("Schemas", Outcome.GOOD, f"{_listed(wanted)} are there.")
    which = f"There is no {_listed(missing)}, or you may not read it"
    if lab.tables.schemas["data"] in missing:
        return Finding(
            "Schemas",
            Outcome.BAD,
            f"{which}; check the name of the lab and of the project.",
        )
    return Finding(
        "Schemas",
        Outcome.NOTE,
        f"{which}; what is kept there cannot be shown. Ask whoever looks after the "
        "database.",
    )


def _tables(lab: Lab) -> Finding:
    from labdata_napari.schema.contract import contract

    missing, every = lab.tables.missing, len(contract())
    if not missing:
        return Finding("Tables", Outcome.GOOD, f"All {every} are there.")
    named = ", ".join(missing[:_NAMED])
    more = len(missing) - _NAMED
    tail = f" and {more} more" if more > 0 else ""
    return Finding(
        "Tables",
        Outcome.NOTE,
        f"{every - len(missing)} of {every}; not there, or not for you: {named}{tail}.",
    )


def _reading(lab: Lab) -> Finding:
    count = len(lab.Subject())
    subjects = "1 subject" if count == 1 else f"{count:,} subjects"
    return Finding("Reading", Outcome.GOOD, f"You may read: {subjects}.")


def _writing(lab: Lab) -> Finding:
    schemas = {
        scope: rights_of(lab.connection, lab.tables.schemas[scope]).may_write
        for scope in ("data", "computed")
    }
    if all(schemas.values()):
        return Finding("Writing", Outcome.GOOD, "You may add rows.")
    closed = [lab.tables.schemas[scope] for scope, may in schemas.items() if not may]
    return Finding(
        "Writing",
        Outcome.NOTE,
        f"You may not add rows to {_listed(closed)}: what belongs there can be looked "
        "at, not saved.",
    )


def _folders(lab: Lab) -> Iterator[Finding]:
    folders = lab.files.local_paths
    if not folders:
        yield Finding(
            "Local folders",
            Outcome.NOTE,
            "None is set; name the folders that hold the lab's files in labdata's "
            f"settings ('local_paths') or in {settings.LOCAL_PATHS}.",
        )
    for folder in folders:
        there = folder.is_dir()
        said = "is there" if there else "does not exist on this computer, or is not"
        tail = "" if there else " mounted"
        outcome = Outcome.GOOD if there else Outcome.NOTE
        yield Finding("Local folder", outcome, f"'{folder}' {said}{tail}.")


def _storage(entry: StorageEntry) -> Finding:
    from labdata_napari.lab.stores import open_store

    what = f"Storage '{entry.name}'"
    try:
        open_store(entry).check()
    except LabdataError as error:
        return Finding(what, Outcome.NOTE, str(error))
    if entry.protocol == "local":
        return Finding(what, Outcome.GOOD, f"The folder '{entry.folder}' is there.")
    where = f" at '{entry.endpoint}'" if entry.endpoint else ""
    return Finding(
        what, Outcome.GOOD, f"The bucket '{entry.bucket}'{where} can be listed."
    )


def _listed(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
