"""Passwords into the keyring and out of it, for a worker thread."""

from __future__ import annotations

from labdata_napari.lab.address import ServerAddress, parse
from labdata_napari.lab.passwords import forget, remember


def keep_password(url: str, password: str) -> str:
    """Put the password of an address into the keyring; say so in a sentence.

    Raises
    ------
    KeyringFailed
        When it does not take it.
    """
    address = parse(url)
    if not isinstance(address, ServerAddress):
        return "This lab needs no password."
    remember(address, password)
    return f"The password of {address.user} at {address.host} is in the keyring."


def forget_password(url: str) -> None:
    """Take the password of an address out of the keyring.

    Raises
    ------
    KeyringFailed
        When it does not answer.
    """
    address = parse(url)
    if isinstance(address, ServerAddress):
        forget(address)
