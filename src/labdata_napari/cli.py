"""The command line: ``labdata-napari COMMAND``."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from labdata_napari import __version__
from labdata_napari.commands import db, exports, imports, transform, window
from labdata_napari.commands.command import add_commands, add_target
from labdata_napari.commands.ending import Ended, endings_raised
from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Sequence

# in the order of the help; without one of them the window opens
COMMANDS = (
    window.DEMO,
    window.OPEN,
    imports.COMMAND,
    exports.COMMAND,
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
        Exit code: 0, or 1 when it failed, which a sentence on stderr explains, or
        as usual 128 and the signal's number when it was stopped.
    """
    arguments = parser().parse_args(argv)
    # a window's event loop runs no Python for a signal
    windowed = window.opens_window(arguments)
    if not windowed:
        # Python would walk through all it has loaded several times before it ends,
        # which is most of the wait for a command that was stopped
        atexit.register(gc.freeze)
    try:
        with contextlib.nullcontext() if windowed else endings_raised():
            arguments.run(arguments)
            sys.stdout.flush()
    except LabdataError as error:
        print(f"labdata-napari: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stopped:
        # the terminal may be what was closed
        with contextlib.suppress(OSError):
            print("labdata-napari: Stopped before it was done.", file=sys.stderr)
        return 128 + (stopped.number if isinstance(stopped, Ended) else signal.SIGINT)
    except BrokenPipeError:
        # whoever read our output, such as head, has seen enough; what is still in
        # the buffer has nowhere to go when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
