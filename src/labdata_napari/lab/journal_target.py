"""Which rows something belongs to that is kept in files of this person's own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.lab.address import parse

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Target:
    """The rows of which something is kept, such as a working copy's journal.

    Attributes
    ----------
    url
        Address of the lab; a password in it is dropped.
    name, project
        The lab's database and project there.
    kind, key
        The table and the primary key of what was opened.
    """

    url: str
    name: str
    project: str | None
    kind: str
    key: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", parse(self.url).url)
        object.__setattr__(self, "key", {k: _plain(v) for k, v in self.key.items()})

    @property
    def stem(self) -> str:
        """What the names of this target's files begin with."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def _plain(value: Any) -> Any:
    """Give a key's value as JSON has it, whatever driver it came from."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, int, float, type(None))) else str(value)
