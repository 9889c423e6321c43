"""Passwords that a person asked us to remember, in the system's keyring only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import KeyringFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.address import ServerAddress

_SERVICE = "labdata-napari"
_PATIENCE = 60.0  # seconds, in which the person may unlock it


def keyring_problem() -> str:
    """Say why no password can be remembered here, in a sentence; empty when it can."""
    try:
        usable = _ask("asked", _is_usable)
    except KeyringFailed as error:
        return str(error)
    if usable:
        return ""
    return (
        "This computer has no keyring to remember passwords in; the one you type is "
        "kept until napari closes."
    )


def remembered(address: ServerAddress) -> str | None:
    """Return the password kept for a user of a server, if there is one.

    Raises
    ------
    KeyringFailed
        When the keyring is there but does not answer.
    """
    if not _ask("asked", _is_usable):
        return None
    password: str | None = _ask(
        "read", lambda: _keyring().get_password(_SERVICE, address.url)
    )
    return password


def remember(address: ServerAddress, password: str) -> None:
    """Keep the password of a user of a server.

    Raises
    ------
    KeyringFailed
        When there is no keyring, or it does not answer.
    """
    problem = keyring_problem()
    if problem:
        raise KeyringFailed(problem)
    _ask("written", lambda: _keyring().set_password(_SERVICE, address.url, password))


def forget(address: ServerAddress) -> None:
    """Remove the password of a user of a server, if there is one.

    Raises
    ------
    KeyringFailed
        When the keyring is there but does not answer.
    """
    if remembered(address) is not None:
        _ask("written", lambda: _keyring().delete_password(_SERVICE, address.url))


def _keyring() -> Any:
    import keyring  # here, because finding its backends takes a while

    return keyring


def _is_usable() -> bool:
    return bool(_keyring().get_keyring().priority > 0)


def _ask(doing: str, question: Callable[[], Any]) -> Any:
    """Ask the keyring on a thread of its own: it may hang, and fail in any way."""
    asking = ThreadPoolExecutor(1, "labdata-keyring")
    future = asking.submit(question)
    asking.shutdown(wait=False)
    try:
        error = future.exception(_PATIENCE)
    except TimeoutError:
        reason = f"no answer in {_PATIENCE:g} s"
    else:
        if error is None:
            return future.result()
        reason = _first_line(error)
    # without the cause: the frames of a backend hold the password
    raise KeyringFailed(
        f"The keyring could not be {doing} ({reason}); unlock it, or type the password "
        "each time."
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
