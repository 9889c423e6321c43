"""The address of a lab, taken apart; its password is never shown again."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from labdata_napari import settings
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

_PORTS = {"mysql": 3306, "postgresql": 5432}
_SCHEMES = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_SWITCH = {"yes": True, "true": True, "on": True, "no": False}
_SWITCH |= {"false": False, "off": False}
_FORMS = (
    "'mysql://user@host:3306', 'postgresql://user@host:5432/database', 'embedded:' "
    "or 'embedded:/folder'"
)


@dataclass(frozen=True)
class ServerAddress:
    """A database server somebody else runs.

    Attributes
    ----------
    backend
        ``"mysql"`` (MariaDB too) or ``"postgresql"``.
    host, port
        Where it listens.
    user
        Name to log in with.
    database
        PostgreSQL only: the database inside the server.
    password
        As the URL had it, or None. Not part of `url` nor of the repr.
    tls
        Whether the connection must be encrypted, if the URL says so.
    """

    backend: str
    host: str
    port: int
    user: str
    database: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool | None = None

    @property
    def url(self) -> str:
        """The address without its password."""
        tail = f"/{quote(self.database)}" if self.database else ""
        user = quote(self.user, safe="")
        return f"{self.backend}://{user}@{self.host}:{self.port}{tail}"

    @property
    def is_this_machine(self) -> bool:
        """Whether nothing between us and the server could listen."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True)
class EmbeddedAddress:
    """A PostgreSQL of one's own, in a folder.

    Attributes
    ----------
    root
        The folder.
    url
        ``"embedded:"`` followed by the folder, unless it is the default one.
    """

    root: Path
    url: str


def parse(url: str) -> ServerAddress | EmbeddedAddress:
    """Take an address apart.

    Parameters
    ----------
    url
        ``mysql://user@host:3306``, ``postgresql://user@host:5432/database`` (either
        with ``?tls=no``), ``embedded:`` or ``embedded:/folder``. A password may
        follow the user, after a colon; its special characters as ``%xx``.

    Returns
    -------
    ServerAddress or EmbeddedAddress
        The parts.

    Raises
    ------
    InvalidValue
        When it is none of these. The sentence does not repeat the address, which
        may hold a password.
    """
    scheme, colon, rest = url.strip().partition(":")
    if is_embedded(url):
        return _embedded(rest)
    if not colon or scheme.lower() not in _SCHEMES or not rest.startswith("//"):
        raise InvalidValue(f"That is not the address of a lab; write {_FORMS}.")
    return _server(_SCHEMES[scheme.lower()], rest)


def is_embedded(url: str) -> bool:
    """Whether an address is of a database of one's own; looks at no folder."""
    scheme, colon, _ = url.strip().partition(":")
    return bool(colon) and scheme.lower() == "embedded"


def with_user(url: str, user: str) -> str:
    """Return a server's address for another user, without any password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}@{host}"))


def _embedded(folder: str) -> EmbeddedAddress:
    default = settings.data_home() / "db"
    if not folder:
        return EmbeddedAddress(settings.absolute(default), "embedded:")
    try:
        root = settings.absolute(folder.removeprefix("//"))
    except (RuntimeError, ValueError) as error:  # ~nobody, links in a circle, NUL
        raise InvalidValue(
            f"The folder '{folder}' of an embedded database cannot be found ({error}); "
            "write it out from the root."
        ) from None
    return EmbeddedAddress(root, f"embedded:{root}")


def _server(backend: str, rest: str) -> ServerAddress:
    unreadable = InvalidValue(
        f"The {backend} address cannot be read; write {_FORMS}, special characters of "
        "the user or the password as %xx, or give the password apart from it "
        f"(argument or {settings.PASSWORD})."
    )
    try:
        parts = urlsplit(rest)
        host, port = parts.hostname, parts.port
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise unreadable from None  # the cause would quote the password
    database = unquote(parts.path.strip("/")) or None
    tls = options.pop("tls", [""])[-1].lower()
    if not host or "@" in parts.path + parts.query or parts.fragment or options:
        raise unreadable
    if tls and tls not in _SWITCH:
        raise InvalidValue(
            f"The address ends with 'tls={tls}', which says neither yes nor no; write "
            "'?tls=no' to connect without encryption where the server offers none, or "
            "leave it out."
        )
    if not parts.username:
        raise InvalidValue(
            f"The {backend} address names no user; write '{backend}://user@{host}'."
        )
    if ":" in host:
        raise InvalidValue(
            f"The address '{host}' is of a kind that DataJoint cannot use (IPv6); give "
            "the computer's name instead."
        )
    if backend == "mysql" and database:
        raise InvalidValue(
            f"A mysql address ends with the port, not with '/{database}'; give the "
            f"name of the lab's database as name='{database}' (--name {database})."
        )
    return ServerAddress(
        backend=backend,
        host=host,
        port=port or _PORTS[backend],
        user=unquote(parts.username),
        database=database,
        password=None if parts.password is None else unquote(parts.password),
        tls=_SWITCH.get(tls),
    )
