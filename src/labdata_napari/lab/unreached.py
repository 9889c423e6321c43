"""Why a server could not be connected to, as one sentence for a person.

Drivers and servers give no codes then, only words; what they have in common is looked
for here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.errors import ConnectionFailed, LabdataError, LoginRefused

if TYPE_CHECKING:
    from labdata_napari.lab.address import ServerAddress

_NO_HOST = (
    "name or service not known",
    "translate host name",
    "getaddrinfo",
    "nodename nor servname",
    "name resolution",
    "no such host",
)
_NO_ANSWER = ("timed out", "timeout", "no route", "unreachable")
_NO_LOGIN = (
    "password authentication failed",
    "no password supplied",
    "access denied for user",
    "authentication failed",
    "is not permitted to log in",
    'role "',
)
_NO_ENTRY = ("no pg_hba.conf entry", "is not allowed to connect")
_NO_TLS = ("does not support ssl", "ssl is required but")
_STARTING = ("starting up", "shutting down", "recovery mode")
_NO_ROOM = ("too many connections", "too many clients", "connection slots")


def connection_failure(error: BaseException, address: ServerAddress) -> LabdataError:
    """Return the sentence for a connection that did not come about.

    Parameters
    ----------
    error
        What the driver raised.
    address
        Where to; its password is not used.
    """
    text = " ".join(str(part) for part in error.args).lower()
    where = f"'{address.host}:{address.port}'"

    def says(*phrases: str) -> bool:
        return any(phrase in text for phrase in phrases)

    if says(*_NO_HOST):
        sentence = (
            f"There is no computer '{address.host}'; check the name, and that you are "
            "in the lab's network or VPN."
        )
    elif says(*_NO_ENTRY):
        sentence = (
            f"The server at {where} does not let '{address.user}' in from this "
            "computer; ask whoever looks after it."
        )
    elif says('database "', "unknown database") and says("exist", "unknown"):
        sentence = (
            f"The server at {where} has no database '{address.database}'; check the "
            "name after the last '/' of the address."
        )
    elif says(*_NO_LOGIN):
        return LoginRefused(
            f"The database at {where} does not accept the user '{address.user}' with "
            "this password; check both, and that the user may log in from here.",
            address.url,
        )
    elif says(*_NO_TLS):
        sentence = (
            f"The server at {where} offers no encrypted connection; only if you trust "
            "the network between, connect without (tls=False, or '?tls=no' in the "
            "address)."
        )
    elif says(*_STARTING):
        sentence = (
            f"The database at {where} is starting or stopping; try again in a moment."
        )
    elif says(*_NO_ROOM):
        sentence = (
            f"The database at {where} has no free connection; try again in a moment."
        )
    elif says(*_NO_ANSWER):
        sentence = (
            f"Nothing answers at {where}; check the address, the VPN and the firewall."
        )
    elif says("refused"):
        sentence = (
            f"No database listens at {where}; check that the server runs and the port "
            "is right."
        )
    else:
        sentence = f"The database at {where} could not be reached: {_reason(error)}."
    return ConnectionFailed(sentence)


def _reason(error: BaseException) -> str:
    if len(error.args) > 1 and isinstance(error.args[0], int):  # pymysql's code
        return str(error.args[1]).strip().splitlines()[0].rstrip(".")
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if "FATAL" in lines[-1] else 0].rstrip(".")
