"""``labdata-napari db create``: the tables of a lab on a server of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.commands.command import Command, connect_to

if TYPE_CHECKING:
    import argparse

    from labdata_napari.lab.declaring import Plan


def _run(arguments: argparse.Namespace) -> None:
    from labdata_napari.lab.declaring import declare_empty, plan
    from labdata_napari.lab.failures import translate_errors

    _refuse_embedded(arguments)
    with connect_to(arguments, check=False) as lab:
        make = plan if arguments.dry_run else declare_empty
        with translate_errors(f"Making the tables of '{lab.tables.schemas['data']}'"):
            done = make(lab, lab.name, lab.project)
        print(_in_words(done, lab, arguments.dry_run))
        if arguments.dry_run:
            for table in done.tables:
                print(f"  {table}")
        print(_users(lab))


def _refuse_embedded(arguments: argparse.Namespace) -> None:
    from labdata_napari import settings
    from labdata_napari.errors import InvalidValue
    from labdata_napari.lab import preferences
    from labdata_napari.lab.address import EmbeddedAddress, parse

    target = settings.target(arguments.url, labdata=preferences.read())
    if isinstance(parse(target.url), EmbeddedAddress):
        raise InvalidValue(
            "An embedded database gets its tables by itself, when it is opened first; "
            "give --url mysql://… or postgresql://… to make them on a server."
        )


def _in_words(done: Plan, lab: Any, dry_run: bool) -> str:
    if not done.tables:
        names = " and ".join(
            f"'{s}'" for s in dict.fromkeys(lab.tables.schemas.values())
        )
        return f"All tables are there already, in {names} at {lab.url}."
    count = f"{len(done.tables)} table{'' if len(done.tables) == 1 else 's'}"
    where = " and ".join(f"'{schema}'" for schema in done.schemas)
    made = "Would make" if dry_run else "Made"
    return f"{made} {count} in {where} at {lab.url}{':' if dry_run else '.'}"


def _users(lab: Any) -> str:
    from labdata_napari.lab.failures import translate_errors
    from labdata_napari.lab.grants import user_kinds

    with translate_errors():
        kinds = user_kinds(lab.connection, lab.tables.schemas)
    lines = [
        "",
        "Everybody gets a user of their own. Put their names for ADMIN, WRITER and",
        "READER, choose each PASSWORD, and run as an administrator of the server:",
    ]
    for kind in kinds:
        lines += ["", f"-- {kind.purpose}"]
        lines += [f"{statement};" for statement in kind.statements]
    return "\n".join(lines)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only say which tables would be made, and which users are needed",
    )


CREATE = Command(
    "create",
    "Make the tables of a lab on an empty server, and say which users it needs",
    _add_arguments,
    _run,
)
