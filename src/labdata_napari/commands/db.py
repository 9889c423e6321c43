"""``labdata-napari db``: look after a lab's database, above all the embedded one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.commands.checking import CHECK
from labdata_napari.commands.command import Command, add_commands
from labdata_napari.commands.creating import CREATE
from labdata_napari.commands.pose_tables import MAKE_POSE_TABLES

if TYPE_CHECKING:
    import argparse

    from labdata_napari.lab.embedded import EmbeddedPostgres


def _server(arguments: argparse.Namespace) -> EmbeddedPostgres:
    """Return the embedded database that ``--url`` names."""
    from labdata_napari import settings
    from labdata_napari.errors import InvalidValue
    from labdata_napari.lab.address import EmbeddedAddress, parse
    from labdata_napari.lab.embedded import EmbeddedPostgres

    address = parse(settings.target(arguments.url).url)
    if not isinstance(address, EmbeddedAddress):
        raise InvalidValue(
            "This command looks after an embedded database, and the address "
            f"{address.url} is a server's; give --url embedded: or "
            "--url embedded:/folder."
        )
    return EmbeddedPostgres(address.root)


def _start(arguments: argparse.Namespace) -> None:
    server = _server(arguments).start(keep=True)
    server.release()
    print(
        f"The database in '{server.root}' runs until 'labdata-napari db stop' or a "
        "restart of the computer."
    )


def _stop(arguments: argparse.Namespace) -> None:
    server = _server(arguments)
    was_running = server.stop(force=arguments.force)
    outcome = "is stopped" if was_running else "was not running"
    print(f"The database in '{server.root}' {outcome}.")


def _status(arguments: argparse.Namespace) -> None:
    status = _server(arguments).status()
    print(f"folder:  {status.root}")
    print(f"state:   {status.state}{', until it is stopped' if status.kept else ''}")
    if status.version is not None:
        print(f"version: PostgreSQL {status.version}")
        print(f"size:    {(status.size or 0) / 1e6:.1f} MB")
        print(f"used by: {', '.join(status.clients) or 'nobody'}")


def _path(arguments: argparse.Namespace) -> None:
    print(_server(arguments).root)


def _backup(arguments: argparse.Namespace) -> None:
    server = _server(arguments)
    dump = server.backup(arguments.file, overwrite=arguments.overwrite)
    print(f"Saved {dump.tables} tables ({dump.size / 1e6:.2f} MB) to '{dump.file}'.")
    print(_about_pixels(server))


def _restore(arguments: argparse.Namespace) -> None:
    server = _server(arguments)
    restored = server.restore(arguments.file, force=arguments.force)
    print(f"Restored {restored.tables} tables from '{arguments.file}'.")
    if restored.before is not None:
        print(f"What was there before is saved in '{restored.before}'.")
    print(_about_pixels(server))


def _about_pixels(server: EmbeddedPostgres) -> str:
    return (
        "A backup holds the rows, not the pixels: copy the folder "
        f"'{server.root / 'files'}' as well."
    )


def _nothing(parser: argparse.ArgumentParser) -> None:
    pass


def _add_stop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force",
        action="store_true",
        help="also when programs use it; what they have not saved is lost",
    )


def _add_backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="for example lab.dump")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a backup")
    parser.add_argument(
        "--force", action="store_true", help="disconnect programs that use the database"
    )


_COMMANDS = (
    CHECK,
    CREATE,
    MAKE_POSE_TABLES,
    Command("start", "Start the embedded one and let it run", _nothing, _start),
    Command("stop", "Stop the embedded one", _add_stop, _stop),
    Command(
        "status",
        "Say whether the embedded one runs, and who uses it",
        _nothing,
        _status,
    ),
    Command("path", "Print the folder of the embedded one", _nothing, _path),
    Command("backup", "Save every row of the embedded one", _add_backup, _backup),
    Command("restore", "Put every row back from a backup", _add_restore, _restore),
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, _COMMANDS, required=True)


COMMAND = Command("db", "Look after a lab's database", _add_arguments)
