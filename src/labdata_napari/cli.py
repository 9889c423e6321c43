"""The command line: ``labdata-napari COMMAND``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from labdata_napari import __version__
from labdata_napari.commands import db, imports, transform, window
from labdata_napari.commands.command import add_commands, add_target
from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Sequence

# in the order of the help; without one of them the window opens
COMMANDS = (
    window.DEMO,
    window.OPEN,
    imports.COMMAND,
    transform.COMMAND,
    db.COMMAND,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    made = argparse.ArgumentParser(
        prog="labdata-napari",
        description="A lab's DataJoint database and its pixels, in napari.",
    )
    made.add_argument(
        "--version", action="version", version=f"labdata-napari {__version__}"
    )
    made.set_defaults(url=None, name=None, project=None, run=window.run_browser)
    add_target(made)
    add_commands(made, COMMANDS, required=False)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        Its words; None: those this program was called with.

    Returns
    -------
    int
        Exit code: 0, or 1 when it failed, which a sentence on stderr explains.
    """
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except LabdataError as error:
        print(f"labdata-napari: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
