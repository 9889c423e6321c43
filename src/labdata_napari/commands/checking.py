"""``labdata-napari db check``: one report of a lab."""

from __future__ import annotations

import argparse
from textwrap import shorten
from typing import TYPE_CHECKING

from labdata_napari.commands.command import Command, connect_to
from labdata_napari.core.spelling import alike

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labdata_napari.lab.checking import FilesReport, Report
    from labdata_napari.lab.checking_files import FileRow

    Line = tuple[str, str]

_SHOWN = 10
_REASON = 300  # letters
_UNSEEN = "not there, or not visible to this user"
_STATES = {
    "local": "on this computer",
    "remote": "in their storage",
    "archived": "archived",
    "restoring": "being restored",
    "missing": "missing",
    "unknown": "not known",
}


def _run(arguments: argparse.Namespace) -> None:
    import json

    from labdata_napari.commands.progress import percent
    from labdata_napari.errors import LabdataError, ProblemsFound
    from labdata_napari.lab.checking import check

    try:
        with (
            connect_to(arguments, check=False) as lab,
            percent("Looking for files") as progress,
        ):
            report = check(lab, arguments.files, progress)
    except LabdataError as error:
        if arguments.json:  # a program reads what came of it there, not on stderr
            print(json.dumps({"error": str(error), "problems": ["no report"]}))
        raise
    if arguments.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        print("\n".join(_in_words(report)))
    if report.problems:
        raise ProblemsFound(f"Found problems: {', '.join(report.problems)}.")


def _in_words(report: Report) -> Iterator[str]:
    yield f"Lab '{report.lab}' at {report.url}"
    yield ""
    before = ""
    for name, text in _lines(report):
        yield f"{'' if name == before else name:12}{text}".rstrip()
        before = name
    if not report.problems:
        yield ""
        yield "Everything is as it should be."


def _lines(report: Report) -> Iterator[Line]:
    server = report.server
    secret = f"encrypted ({server.tls})" if server.tls else "not encrypted"
    yield "server", f"{server.kind} {server.version}, connection {secret}"
    yield "user", report.user
    width = max(len(schema.name) for schema in report.schemas)
    for schema in report.schemas:
        rights = "may read and write" if schema.may_write else "may read"
        state = f"{schema.tables:3} tables, {rights}" if schema.tables else _UNSEEN
        yield "databases", f"{schema.name:{width}}  {state}"
    if report.others and report.lab not in report.others:
        yield "databases", f"no lab '{report.lab}': {alike(report.lab, report.others)}"
    there = report.tables - len(report.missing_tables)
    if not there and not report.others:
        yield "databases", "no lab to be seen; 'labdata-napari db create' makes one"
    same = "" if report.differences or not there else ", as labdata declares them"
    yield "tables", f"{there} of {report.tables}{same}"
    for table in report.missing_tables if there else ():
        yield "tables", f"{table} is missing, or not for this user to read"
    for difference in report.differences:
        yield "tables", difference
    for folder in report.folders:
        rights = "may read and write" if folder.may_write else "may read"
        yield "folders", f"{folder.folder}  {folder.problem or rights}"
    for storage in report.storages:
        where = f"'{storage.name}' in {storage.where}"
        yield "storages", storage.problem or f"{where}  reachable"
    if report.files is not None:
        yield from _files(report.files)


def _files(files: FilesReport) -> Iterator[Line]:
    where = [
        f"{files.states[s]:,} {w}" for s, w in _STATES.items() if s in files.states
    ]
    named = f"{files.rows:,} named by rows, {_size(files.size)}"
    yield "files", f"{named}: {', '.join(where)}" if where else named
    yield from _rows("missing", files.missing)
    yield from _rows("not known", files.unknown)
    if files.orphans is None:
        yield "orphans", "not known: this user may not read every table that has files"
    else:
        yield from _rows("orphans", files.orphans)
    unnamed = files.unnamed
    if unnamed is not None and unnamed.count:
        least = "" if unnamed.complete else "at least "
        text = f"{least}{unnamed.count:,} files that no row names"
        yield "unnamed", f"{text}, {_size(unnamed.size)}"
        yield from (("unnamed", f"  {path}") for path in unnamed.first[:_SHOWN])
        if unnamed.count > _SHOWN:
            yield "unnamed", "  …"


def _rows(name: str, rows: Sequence[FileRow]) -> Iterator[Line]:
    if not rows:
        return
    what = "rows of AnalysisFile that nothing uses" if name == "orphans" else "files"
    yield name, f"{len(rows):,} {what}, {_size(sum(row.size for row in rows))}"
    before = ""
    for row in rows[:_SHOWN]:
        yield name, f"  {row.file_path} ({row.storage}, {_size(row.size)})"
        if row.problem and row.problem != before:  # a storage that is down says one
            yield name, f"    {shorten(row.problem, _REASON, placeholder=' …')}"
        before = row.problem
    if len(rows) > _SHOWN:
        yield name, "  …"


def _size(size: float) -> str:
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} bytes"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--files",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look for every file, and for files that no row names (default: yes)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


CHECK = Command(
    "check",
    "Look at a lab's server, tables, storages and files; change nothing; exit code 1 "
    "when somebody should see to something",
    _add_arguments,
    _run,
)
