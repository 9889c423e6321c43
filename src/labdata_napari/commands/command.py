"""What a command of the command line consists of."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labdata_napari.errors import LoginRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.lab import Lab


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes
    ----------
    name
        The word that calls it.
    help
        One line, without a full stop.
    add_arguments
        Adds its arguments, or commands of its own, to a parser.
    run
        Does it, given the parsed arguments; prints what came of it; raises
        `LabdataError` when nothing did. None for a command that only has others
        below it.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None] | None = None


def add_commands(
    parser: argparse.ArgumentParser, commands: tuple[Command, ...], required: bool
) -> None:
    """Add commands to a parser, each with ``--url``, ``--name`` and ``--project``."""
    below = parser.add_subparsers(title="commands", metavar="COMMAND")
    below.required = required
    for command in commands:
        added = below.add_parser(
            command.name, help=command.help, description=f"{command.help}."
        )
        add_target(added)
        command.add_arguments(added)
        if command.run is not None:
            added.set_defaults(run=command.run)


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which lab."""
    # not given is not the same as None: it must not undo what came before the command
    group = parser.add_argument_group("which lab", argument_default=argparse.SUPPRESS)
    group.add_argument(
        "--url",
        help="mysql://user@host:3306, postgresql://user@host:5432/database, embedded: "
        "or embedded:/folder (default: $LABDATA_NAPARI_URL, else the server in "
        "labdata's own settings, else embedded:); the password comes from "
        "$LABDATA_NAPARI_PASSWORD, labdata's settings or the keyring, or is asked for",
    )
    group.add_argument(
        "--name",
        help="name of the lab's database (default: $LABDATA_NAPARI_NAME, else that of "
        "labdata's settings, else lab_data)",
    )
    group.add_argument(
        "--project",
        help="project of the lab (default: $LABDATA_NAPARI_PROJECT, else that of "
        "labdata's settings; '' for none)",
    )


def connect_to(arguments: argparse.Namespace, check: bool = True) -> Lab:
    """Connect to the lab that arguments name; ask for a password at a terminal.

    Without `check` it is left as it is, whether or not its tables are there.
    """
    from labdata_napari.lab import preferences
    from labdata_napari.lab.address import ServerAddress, parse
    from labdata_napari.lab.connect import connect_with, problems_for

    labdata = preferences.read()
    for problem in problems_for(labdata, arguments.url):
        print(f"labdata-napari: {problem}", file=sys.stderr)
    names = {"name": arguments.name, "project": arguments.project}
    try:
        return connect_with(labdata, arguments.url, **names, check=check)
    except LoginRefused as refused:
        if not sys.stdin.isatty() or not urlsplit(refused.url).username:
            raise
        print(f"labdata-napari: {refused}", file=sys.stderr)
        address = parse(refused.url)
        assert isinstance(address, ServerAddress)
        password = getpass.getpass(f"Password of {address.user} at {address.host}: ")
    return connect_with(labdata, arguments.url, **names, password=password, check=check)
