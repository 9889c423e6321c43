"""labdata's folder on somebody's computer, as labdata 0.1.25 leaves it.

Fixtures
--------
labdata_home
    A `LabdataHome` that ``LABDATA_PATH`` names; nothing in it yet.
keyring_memory
    A keyring that holds passwords as long as the test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from cryptography.fernet import Fernet
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULTS: dict[str, Any] = {
    "allow_s3_download": False,
    "compute": {
        "analysis": {"populate": "labdata.compute.PopulateCompute"},
        "containers": {"local": "/home/ana/labdata/containers", "storage": "analysis"},
        "default_target": "slurm",
        "remotes": {},
    },
    "database": {
        "database.host": "database-path.us-west-2.rds.amazonaws.com",
        "database.name": "lab_data",
        "database.user": None,
    },
    "local_paths": ["/home/ana/data"],
    "path_rules": "{subject_name}/{session_name}/{dataset_name}",
    "path_rules_session_date": ["session_name", "%Y%m%d_%H%M%S"],
    "plugins_folder": "/home/ana/labdata/plugins",
    "queues": None,
    "run_defaults": {"delete-cache": False},
    "scratch_path": "/home/ana/scratch",
    "storage": {
        name: {
            "access_key": None,
            "bucket": f"xxxx-{name}",
            "endpoint": "s3.amazonaws.com:9000",
            "folder": "",
            "protocol": "s3",
            "secret_key": None,
        }
        for name in ("analysis", "data")
    },
    "submit_defaults": None,
    "upload_host": None,
    "upload_path": None,
    "upload_storage": None,
}
"""What labdata writes when it is imported for the first time."""


@dataclass(frozen=True)
class LabdataHome:
    """A folder of labdata's."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "user_preferences.json"

    @property
    def key_file(self) -> Path:
        return self.folder / ".labdata_encrypted.key"

    def write(self, database: dict[str, Any] | None = None, /, **changed: Any) -> None:
        """Write the file as labdata does; `database` without its prefix."""
        self.folder.mkdir(exist_ok=True)
        named = {f"database.{k}": v for k, v in (database or {}).items()}
        values = DEFAULTS | {"database": DEFAULTS["database"] | named} | changed
        self.file.write_text(json.dumps(values, sort_keys=True, indent=4))

    def encrypted(self, secret: str) -> str:
        """A secret as labdata stores it; makes the key at the first call."""
        self.folder.mkdir(exist_ok=True)
        if not self.key_file.exists():
            self.key_file.write_text(Fernet.generate_key().decode())
            self.key_file.chmod(0o600)
        token = Fernet(self.key_file.read_text()).encrypt(secret.encode())
        return f"encrypted:{token.decode()}"

    def state(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and time of every file."""
        files = sorted(self.folder.rglob("*")) if self.folder.exists() else []
        return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


@pytest.fixture
def labdata_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabdataHome:
    home = LabdataHome(tmp_path / "labdata")
    home.folder.mkdir()
    monkeypatch.setenv("LABDATA_PATH", str(home.folder))
    return home


class MemoryKeyring(KeyringBackend):
    """Holds passwords in memory; fails like a locked one when told to."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = ""

    def get_password(self, service: str, username: str) -> str | None:
        self._refuse()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._refuse()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._refuse()
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")

    def _refuse(self) -> None:
        if self.locked:
            raise ArithmeticError(self.locked)  # backends raise whatever they like


@pytest.fixture
def keyring_memory() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(NoKeyring())
