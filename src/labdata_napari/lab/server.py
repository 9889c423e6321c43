"""The server process of a data folder: finding, starting and stopping it.

On POSIX the server itself holds a lock on ``server.lock``: it inherits the open
file, so the lock is there for as long as any process of it lives, and no process
number has to be believed. That also holds between containers, or computers, that
share the folder and cannot see each other's processes.

Who may start or stop it is not decided here but in `embedded`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

from labdata_napari.core.locks import FileLock, is_locked
from labdata_napari.errors import ConnectionFailed, WriteRefused
from labdata_napari.lab.cluster import refused
from labdata_napari.lab.postgres_binaries import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.cluster import Cluster

# keeps every word of the command as it is, whatever is in a path, and leaves the
# server to init, so that it never becomes a zombie of ours
_DETACH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &'


_LOOK_S = 0.2
_LATEST = 4096
"""How often, and how many bytes of what a server said last, are looked at."""


class Server:
    """The processes that serve one data folder.

    Parameters
    ----------
    cluster
        The data folder.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._lock_file = cluster.root / "server.lock"

    def alive(self) -> bool:
        """Whether any process of the server lives, answering or not."""
        if sys.platform != "win32" and is_locked(self._lock_file):
            return True
        return self._postmaster() is not None

    def start(self, patience: float) -> None:
        """Start the server and wait until it answers.

        Parameters
        ----------
        patience
            Seconds; recovery after a crash counts too.

        Raises
        ------
        ConnectionFailed
            When it does not start; the sentence has what it said last.
        WriteRefused
            When the disk is full or the folder is not ours.
        """
        deadline = time.monotonic() + patience
        if self._await_earlier(deadline):
            return
        self.cluster.tidy()
        self.cluster.configure()
        said_before = self.cluster.log.stat().st_size
        self._launch()
        while not self.cluster.answers():
            if not self.alive() or time.monotonic() > deadline:
                self.stop()
                raise self._not_started(said_before)
            time.sleep(0.02)

    def stop(self, patience: float = 30.0) -> None:
        """Stop the server, cutting off whoever is still connected.

        Rows that were committed are safe; open transactions are rolled back.

        Raises
        ------
        ConnectionFailed
            When it lives on.
        """
        process = self._postmaster() or self._search()
        for mode in ("fast", "immediate"):
            if process is not None:
                self._tell(process, mode)
            if self._gone(patience, unless_recovering=mode == "fast"):
                break
        else:
            raise ConnectionFailed(
                f"The local database in '{self.cluster.root}' does not stop; look into "
                f"'{self.cluster.log}', or restart the computer."
            )
        self.cluster.tidy()
        lock = FileLock(self._lock_file)
        if self._lock_file.exists() and lock.acquire(patience=1.0):
            lock.discard()

    # -- inside ----------------------------------------------------------------

    def _await_earlier(self, deadline: float) -> bool:
        """Wait for a server that starts, recovers or dies; say whether it answers."""
        while self.alive():
            if self.cluster.answers():
                return True
            self._refuse_elsewhere()
            if time.monotonic() > deadline:
                raise ConnectionFailed(
                    f"The local database in '{self.cluster.root}' is running but does "
                    f"not answer; look into '{self.cluster.log}', or stop it with "
                    "'labdata-napari db stop --force'."
                )
            time.sleep(0.05)
        return False

    def _refuse_elsewhere(self) -> None:
        try:
            computer = self._lock_file.read_text("utf-8")
        except OSError:
            return
        if computer not in {"", platform.node()}:
            raise WriteRefused(
                f"The local database in '{self.cluster.root}' is in use on the "
                f"computer '{computer}', and only one at a time can; close it there, "
                "or choose a folder on a local disk (LABDATA_NAPARI_HOME)."
            )

    def _launch(self) -> None:
        cluster = self.cluster
        if sys.platform == "win32":
            # pg_ctl also drops an administrator's rights, which postgres insists on
            place = ("-D", cluster.data, "-l", cluster.log)
            cluster.programs.run("pg_ctl", "start", "--wait", *place)
            return
        # Not pg_ctl here: it builds a shell line that a '$' in the path breaks.
        command = cluster.programs.command("postgres", "-D", cluster.data)
        lock = FileLock(self._lock_file)
        lock.acquire(patience=5.0)
        try:
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), platform.node().encode())
            subprocess.run(
                ["/bin/sh", "-c", _DETACH, "sh", cluster.log, *command],
                env=clean_environment(),
                cwd="/",
                pass_fds=[lock.fileno()],
                start_new_session=True,  # Ctrl-C in our terminal is not for it
                check=True,
            )
        finally:
            lock.close()  # the server goes on holding it

    def _not_started(self, said_before: int) -> ConnectionFailed | WriteRefused:
        with open(self.cluster.log, encoding="utf-8", errors="replace") as stream:
            stream.seek(said_before)
            said = stream.read()
        what = f"The local database in '{self.cluster.root}' did not start"
        return refused(what, said, f"; the whole log is '{self.cluster.log}'")

    def _postmaster(self) -> psutil.Process | None:
        """Find the server's first process.

        A number in ``postmaster.pid`` is never trusted alone: after a crash it may
        be anybody's, so the process must be a postgres of this data folder.
        """
        file = self.cluster.data / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text("ascii").split()[0]))
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if self._serves(process) else None

    def _search(self) -> psutil.Process | None:
        """Find the first process without the file that names it."""
        if not self.alive():
            return None
        return next((p for p in psutil.process_iter() if self._serves(p)), None)

    def _serves(self, process: psutil.Process) -> bool:
        try:
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and process.name().startswith("postgres")
                and any(_same(word, self.cluster.data) for word in process.cmdline())
            )
        except psutil.Error:
            return False

    def _tell(self, process: psutil.Process, mode: str) -> None:
        if sys.platform == "win32":
            place = ("-D", self.cluster.data, "-m", mode)
            self.cluster.programs.run("pg_ctl", "stop", "--no-wait", *place)
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT if mode == "fast" else signal.SIGQUIT)

    def _gone(self, patience: float, unless_recovering: bool = False) -> bool:
        deadline = time.monotonic() + patience
        look = time.monotonic() + _LOOK_S
        while self.alive():
            now = time.monotonic()
            if now > deadline:
                return False
            if unless_recovering and now > look:
                if self._recovers():
                    return False
                look = now + _LOOK_S
            time.sleep(0.01)
        return True

    def _recovers(self) -> bool:
        """Whether it is on its way up after a crash, say on a full disk.

        On that way it may be deaf to a polite request, and there is nothing to save.
        """
        try:
            with open(self.cluster.log, "rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LATEST))
                said = stream.read()
        except OSError:  # somebody deleted the folder
            return False
        return said.rfind(b"automatic recovery in progress") > said.rfind(
            b"ready to accept connections"
        )


def _same(word: str, path: Path) -> bool:
    if os.path.basename(word) != path.name:
        return False
    with contextlib.suppress(OSError, ValueError):
        return os.path.samefile(word, path)
    return False
