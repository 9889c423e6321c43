"""The embedded database as root, as other users, and where little is permitted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded_servers import AT_REST, processes_of, read, write
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.postgres_binaries import account, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="only root on Linux can become other users",
)
NOBODY = 65534
NAMELESS = 1234  # as containers are often run


def test_as_root_the_server_runs_though_postgresql_refuses_root(root: Path):
    programs = installed()[max(installed())]
    refusal = subprocess.run(
        [programs.folder / "postgres", "-D", root / "pgdata"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        '"root" execution of the PostgreSQL server is not permitted' in refusal.stderr
    )
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        assert read(server) == [1]
    assert (root / "pgdata").stat().st_uid == 0


@pytest.mark.parametrize("user", [NOBODY, NAMELESS])
def test_two_users_of_one_computer_each_have_their_own(
    user: int, root: Path, open_folder: Path
):
    theirs = open_folder / "db"
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        _in_child(lambda: _use(theirs), user=user)
        assert read(server) == [1]
    assert theirs.stat().st_uid == user
    assert {p.name for p in theirs.iterdir()} == AT_REST
    assert not processes_of(theirs)


def test_somebody_elses_folder_is_refused_in_a_sentence(root: Path, open_folder: Path):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    shutil.move(root, closed / "db")

    def knock() -> None:
        with pytest.raises(WriteRefused, match="this account may not write there"):
            EmbeddedPostgres(closed / "db").start()

    _in_child(knock, user=NOBODY)


def test_a_folder_one_may_only_read_is_refused_in_a_sentence(open_folder: Path):
    (open_folder / "read").mkdir(mode=0o755)

    def knock() -> None:
        with pytest.raises(WriteRefused, match="this account may not write there"):
            EmbeddedPostgres(open_folder / "read" / "db").start()

    _in_child(knock, user=NOBODY)


def test_root_without_namespaces_runs_it_as_nobody_below_closed_folders(
    open_folder: Path,
):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)

    def use() -> None:
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        assert account().prefix[0] == "setpriv"
        _use(closed / "db")
        assert (closed / "db" / "pgdata").stat().st_uid == NOBODY

    _in_child(use, namespace=True)
    # and where namespaces are permitted again, it is given back
    with EmbeddedPostgres(closed / "db") as server:
        assert read(server) == [1]
    assert (closed / "db" / "pgdata").stat().st_uid == 0


def test_root_who_is_permitted_neither_is_told_what_to_do(tmp_path: Path):
    code = (
        "import sys\n"
        "from labdata_napari.lab.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(sys.argv[1]).start()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "db"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ConnectionFailed: PostgreSQL does not run as root" in done.stderr
    assert "as an ordinary user, or connect to a server." in done.stderr


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder everybody may write to, outside of pytest's, which are closed."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


def _use(root: Path) -> None:
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        assert read(server) == [1]


def _in_child(
    work: Callable[[], None], user: int | None = None, namespace: bool = False
) -> None:
    """Do something in a process of its own, as another user or in a namespace.

    The namespace has every user, so that root there is as in a container, but it
    may forbid to make more of them.
    """
    ready, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        if namespace:
            os.read(ready[0], 1)
            for kind in ("uid_map", "gid_map"):
                Path(f"/proc/{child}/{kind}").write_text("0 0 65536")
            os.write(mapped[1], b".")
        _, status = os.waitpid(child, 0)
        for end in (*ready, *mapped):
            os.close(end)
        assert os.waitstatus_to_exitcode(status) == 0
        return
    with contextlib.suppress(BaseException):
        try:
            account.cache_clear()
            if namespace:
                assert ctypes.CDLL(None).unshare(0x10000000) == 0
                os.write(ready[1], b".")
                os.read(mapped[0], 1)
            os.setgroups([])
            os.setgid(user or 0)
            os.setuid(user or 0)
            os.umask(0o022)
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            raise
    os._exit(1)
