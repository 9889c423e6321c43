"""labdata's own settings on this computer: read, never written.

``$LABDATA_PATH`` (else ``~/labdata``) holds ``user_preferences.json`` (or the file
that ``$LABDATA_PREFERENCES`` names) and the key its secrets are encrypted with. What
cannot be used is left out and said in one sentence; the rest counts.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.address import ServerAddress, parse
from labdata_napari.lab.labdata_secrets import Secrets
from labdata_napari.lab.path_rules import DEFAULT_RULES, are_rules, names_in
from labdata_napari.lab.storage import StorageEntry
from labdata_napari.settings import DEFAULT_NAME, absolute

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = "user_preferences.json"
_PORT = 3306
_LOCAL = "~/data"  # where labdata looks when its file does not say
# labdata makes its file by itself, with these in place of a server and of buckets
_NO_HOST = "database-path."
_NO_BUCKET = "xxxx-"


@dataclass(frozen=True)
class LabdataSettings:
    """What labdata's settings say of a lab.

    Attributes
    ----------
    file
        Where they were read from; None when there is no file.
    host, port
        The MySQL or MariaDB server. An empty host: labdata is not set up here.
    user
        Name to log in with; empty when the settings leave it open.
    password
        Decrypted, or None. Not in the repr.
    password_problem
        Why there is no password although the settings have one, or empty.
    tls
        True: encrypted or not at all. False: as it comes. None: encrypted if the
        server can, which is labdata's default.
    name, project
        Which of the server's databases.
    local_paths
        Folders of this computer that mirror the storages.
    path_rules
        Which folders of a file's path below those name subject, session and dataset.
    storages
        Disks and buckets by the name that rows give them.
    broken
        Why nothing of the file could be used, or empty: there may be a lab in it.
    problems
        What could not be used, a sentence each.
    """

    file: Path | None = None
    host: str = ""
    port: int = _PORT
    user: str = ""
    password: str | None = field(default=None, repr=False)
    password_problem: str = ""
    tls: bool | None = None
    name: str = DEFAULT_NAME
    project: str | None = None
    local_paths: tuple[Path, ...] = ()
    path_rules: str = DEFAULT_RULES
    storages: Mapping[str, StorageEntry] = field(default_factory=dict)
    broken: str = ""
    problems: tuple[str, ...] = ()

    @property
    def url(self) -> str | None:
        """Address of the lab's server; None when labdata is not set up here."""
        if not self.host:
            return None
        if not self.user:
            return f"mysql://{self.host}:{self.port}"
        return ServerAddress("mysql", self.host, self.port, self.user).url

    def serves(self, url: str) -> bool:
        """Whether an address is that of the server these settings are about."""
        try:
            address = parse(url)
        except InvalidValue:
            return url == self.url
        return (
            isinstance(address, ServerAddress)
            and address.backend == "mysql"
            and (address.host, address.port) == (self.host, self.port)
        )

    def may_serve(self, url: str) -> bool:
        """Whether an address is that server's, or could be and nobody can tell."""
        if not self.broken:
            return self.serves(url)
        try:
            address = parse(url)
        except InvalidValue:
            return False
        return isinstance(address, ServerAddress) and address.backend == "mysql"

    def names_in(self, path: Path) -> dict[str, str]:
        """Read off a file's path what it belongs to; see `path_rules.names_in`."""
        return names_in(path, self.local_paths, self.path_rules)


def read(environment: Mapping[str, str] = os.environ) -> LabdataSettings:
    """Read labdata's settings; nothing is written, made, or raised.

    Parameters
    ----------
    environment
        Variables that say where the settings are, and some of them instead:
        ``LABDATA_PATH``, ``LABDATA_PREFERENCES``, ``LABDATA_DATABASE_HOST``,
        ``LABDATA_DATABASE_USER``, ``LABDATA_DATABASE_PASS``, ``LABDATA_DATABASE``,
        ``LABDATA_DATABASE_PROJECT``, ``LABDATA_OVERRIDE_DATAPATH``, and what labdata
        gives the jobs it submits to a cluster, ``LABDATA_CREDENTIALS``.
    """
    folder = Path(environment.get("LABDATA_PATH") or "~/labdata").expanduser()
    file = folder / Path(environment.get("LABDATA_PREFERENCES") or _FILE).expanduser()
    return _Reader(folder, file, environment).read()


class _Reader:
    """Takes values out of one file and collects what was wrong with them."""

    def __init__(
        self, folder: Path, file: Path, environment: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._file = file
        self._environment = environment
        self._problems: list[str] = []
        self._secrets = Secrets(folder, self._problems)

    def read(self) -> LabdataSettings:
        everything = self._load()
        broken = self._problems[0] if self._problems else ""
        values = everything or {}
        database = self._section(values, "database")
        sent = self._secrets.credentials(self._env("LABDATA_CREDENTIALS"))
        user = self._login("LABDATA_DATABASE_USER", "database.user", sent, database)
        host, port = self._server(database, user)
        password = self._login(
            "LABDATA_DATABASE_PASS", "database.password", sent, database
        )
        plain = self._secrets.plain(password, "the database password")
        lost = self._problems[-1] if password and not plain else ""
        return LabdataSettings(
            file=None if everything is None else self._file,
            host=host,
            port=port,
            user=user,
            password=plain or None,
            password_problem=lost,
            tls=self._tls(database),
            name=self._env("LABDATA_DATABASE")
            or self._text(database, "database.name")
            or DEFAULT_NAME,
            project=self._project(database),
            local_paths=self._folders(values) if host else (),
            path_rules=self._rules(values),
            storages=MappingProxyType(
                self._storages(values, self._section(sent, "storage"))
            ),
            broken=broken,
            problems=tuple(self._problems),
        )

    def _load(self) -> dict[str, Any] | None:
        try:
            values = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            self._say_if_named()
            return None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._say(
                f"labdata's settings '{self._file}' cannot be read ({reason}), so they "
                "do not count; check who may read the file."
            )
            return None
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            where = f" (line {line})" if line else ""
            self._say(
                f"labdata's settings '{self._file}' are not valid JSON{where}, so they "
                "do not count; correct the file."
            )
            return None
        if not isinstance(values, dict):
            self._not(values, "the file", "a set of named values")
            return None
        return values

    def _say_if_named(self) -> None:
        """Say that there is no file, where a variable promises one.

        A folder without a file is what labdata finds when it is used first.
        """
        if self._env("LABDATA_PREFERENCES"):
            missing, variable = f"file '{self._file}'", "LABDATA_PREFERENCES"
        elif self._env("LABDATA_PATH") and not self._folder.is_dir():
            missing, variable = f"folder '{self._folder}'", "LABDATA_PATH"
        else:
            return
        self._say(
            f"There is no {missing}, which {variable} names for labdata's settings; "
            "correct the variable or remove it."
        )

    def _login(
        self,
        variable: str,
        key: str,
        sent: dict[str, Any],
        database: dict[str, Any],
    ) -> str:
        return self._env(variable) or self._text(sent, key) or self._text(database, key)

    def _server(self, database: dict[str, Any], user: str) -> tuple[str, int]:
        default = "localhost" if user else ""
        given = (
            self._env("LABDATA_DATABASE_HOST")
            or self._text(database, "database.host")
            or default
        )
        host, _, port = given.strip().lower().partition(":")
        if host.startswith(_NO_HOST):
            return "", _PORT
        port = port or database.get("database.port", _PORT)
        if isinstance(port, bool) or not str(port).isdigit() or int(port) > 65535:
            self._not(port, "'database.port'", "the number of a port")
            return host, _PORT
        return host, int(port)

    def _project(self, database: dict[str, Any]) -> str | None:
        # set but empty means none, whatever the file says
        if "LABDATA_DATABASE_PROJECT" in self._environment:
            return self._environment["LABDATA_DATABASE_PROJECT"] or None
        return self._text(database, "database.project") or None

    def _tls(self, database: dict[str, Any]) -> bool | None:
        wanted = database.get("database.use_tls")
        if isinstance(wanted, dict):
            self._say(
                f"labdata's settings '{self._file}' have certificates in "
                "'database.use_tls'; labdata-napari encrypts the connection but does "
                "not verify them."
            )
            return True
        if wanted is None or isinstance(wanted, bool):
            return wanted
        self._not(wanted, "'database.use_tls'", "true, false or null")
        return True

    def _folders(self, values: dict[str, Any]) -> tuple[Path, ...]:
        instead = self._env("LABDATA_OVERRIDE_DATAPATH")
        if instead:
            return (absolute(instead),)
        listed = values.get("local_paths", [_LOCAL])
        if isinstance(listed, str):
            listed = [listed]
        if not isinstance(listed, list):
            self._not(listed, "'local_paths'", "a list of folders")
            listed = []
        good = [p for p in listed if isinstance(p, str) and p and "\0" not in p]
        if len(good) < len(listed):
            self._say(
                f"'local_paths' in labdata's settings '{self._file}' lists something "
                "that is no folder, which does not count; correct the file."
            )
        return tuple(dict.fromkeys(absolute(p) for p in good))

    def _rules(self, values: dict[str, Any]) -> str:
        rules = self._text(values, "path_rules")
        if not rules or are_rules(rules):
            return rules or DEFAULT_RULES
        self._say(
            f"'path_rules' in labdata's settings '{self._file}' cannot be read, so "
            f"'{DEFAULT_RULES}' counts; write it like that, with a folder between two "
            "slashes."
        )
        return DEFAULT_RULES

    def _storages(
        self, values: dict[str, Any], sent: dict[str, Any]
    ) -> dict[str, StorageEntry]:
        found = {}
        for name in self._section(values, "storage"):
            entry = self._section(values["storage"], name)
            keys = self._section(sent, name)
            made = self._storage(name, entry | keys) if entry else None
            if made is not None:
                found[name] = made
        return found

    def _storage(self, name: str, entry: dict[str, Any]) -> StorageEntry | None:
        protocol = self._text(entry, "protocol") or "s3"
        bucket = self._text(entry, "bucket")
        if bucket.startswith(_NO_BUCKET):
            return None
        if protocol not in ("local", "s3") or (protocol == "s3" and not bucket):
            what = "names no bucket" if protocol == "s3" else f"is of kind {protocol!r}"
            self._say(
                f"The storage '{name}' in labdata's settings '{self._file}' {what}, so "
                "it does not count; labdata-napari reads storages of kind 'local' and "
                "'s3'."
            )
            return None
        keys = {
            key: self._secrets.plain(self._text(entry, key), f"the keys of '{name}'")
            for key in ("access_key", "secret_key")
        }
        return StorageEntry(
            name,
            protocol,
            folder=self._text(entry, "folder"),
            endpoint=self._text(entry, "endpoint") or None,
            bucket=bucket or None,
            access_key=keys["access_key"] or None,
            secret_key=keys["secret_key"] or None,
        )

    def _section(self, values: dict[str, Any], name: str) -> dict[str, Any]:
        section = values.get(name)
        if isinstance(section, dict):
            return section
        if section is not None:
            self._not(section, f"'{name}'", "a set of named values")
        return {}

    def _text(self, values: dict[str, Any], key: str) -> str:
        value = values.get(key)
        if isinstance(value, str) and "\0" not in value:
            return value.strip() if key != "database.password" else value
        if value is not None:
            self._not(value, f"'{key}'", "a text")
        return ""

    def _env(self, name: str) -> str:
        return self._environment.get(name, "")

    def _not(self, value: object, what: str, wanted: str) -> None:
        # the value itself might be a password in the wrong place
        self._say(
            f"In labdata's settings '{self._file}' {what} is of kind "
            f"{type(value).__name__}, not {wanted}, so it does not count; correct the "
            "file."
        )

    def _say(self, problem: str) -> None:
        # a name in the file may have line breaks in it
        self._problems.append(" ".join(problem.split()))
