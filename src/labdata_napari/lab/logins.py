"""Getting into a server, with whichever password is known for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg2
import pymysql

from labdata_napari.errors import ConnectionLost, KeyringFailed, LoginRefused
from labdata_napari.lab import passwords
from labdata_napari.lab.instances import new_instance
from labdata_napari.lab.unreached import connection_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.lab.address import ServerAddress
    from labdata_napari.lab.preferences import LabdataSettings

# What makes DataJoint insist on encryption. True does not on MySQL: PyMySQL takes what
# becomes of it for "if the server can" and goes on in the clear without a word. False
# means "if the server can" to both drivers.
_ENCRYPTED = {"mysql": {"verify_mode": "none"}, "postgresql": True}


def log_in(
    address: ServerAddress,
    password: str | None,
    insist: bool,
    labdata: LabdataSettings,
) -> Any:
    """Connect to a server.

    Parameters
    ----------
    address
        Which server, and as whom.
    password
        The only one to try; None or empty: what labdata's settings have for this user,
        then what the keyring has, else none.
    insist
        Whether the connection must be encrypted.
    labdata
        labdata's own settings.

    Returns
    -------
    datajoint.Instance
        A connection that no other object shares.

    Raises
    ------
    LoginRefused
        When the server accepts none of them.
    ConnectionFailed
        When it cannot be reached.
    """
    if password:
        return _reach(address, password, insist)
    refused: LoginRefused | None = None
    ours = labdata.url == address.url
    problem = f" {labdata.password_problem}" if ours else ""
    try:
        for known in _known(address, labdata):
            try:
                return _reach(address, known, insist)
            except LoginRefused as error:
                refused = error
    except KeyringFailed as error:
        problem = f"{problem} {error}"
    if refused is None:
        try:
            return _reach(address, "", insist)
        except LoginRefused:
            refused = LoginRefused(
                f"The database at '{address.host}:{address.port}' does not accept the "
                f"user '{address.user}' without a password, and none is known here.",
                address.url,
            )
    raise LoginRefused(f"{refused}{problem}".rstrip(), address.url) from None


def reach_again(connection: Any, address: ServerAddress) -> None:
    """Bring a lost connection back, as the same user with the same password.

    Raises
    ------
    LoginRefused
        When the server does not accept them any more.
    ConnectionFailed
        When it cannot be reached.
    """
    try:
        connection.reconnect()
    except (psycopg2.Error, pymysql.err.Error) as error:
        raise connection_failure(error, address) from None


def _known(address: ServerAddress, labdata: LabdataSettings) -> Iterator[str]:
    """Yield the passwords known for a user of a server; the keyring's last."""
    if labdata.password and labdata.url == address.url:
        yield labdata.password
    kept = passwords.remembered(address)
    if kept:
        yield kept


def _reach(address: ServerAddress, password: str, insist: bool) -> Any:
    import datajoint as dj

    options = {"database__name": address.database} if address.database else {}
    mysql = address.backend == "mysql"
    try:
        return new_instance(
            host=address.host,
            user=address.user,
            # as text, PyMySQL knows no letters but those of western Europe
            password=password.encode() if mysql else password,
            port=address.port,
            use_tls=_ENCRYPTED[address.backend] if insist else False,
            backend=address.backend,
            **options,
        )
    except (dj.DataJointError, psycopg2.Error, pymysql.err.Error, OSError) as error:
        # without the cause: its frames hold the password
        raise connection_failure(error, address) from None
    except ConnectionLost as error:
        raise connection_failure(error.__cause__ or error, address) from None
