"""How another process gets into the lab that this one is connected to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdata_napari.lab.lab import Lab


@dataclass(frozen=True)
class Reach:
    """What `labdata_napari.connect` needs.

    Attributes
    ----------
    url, name, project
        As of a `Lab`.
    tls
        False where it was not insisted on.
    password
        None: as the other process finds it, in its own settings.
    """

    url: str
    name: str
    project: str | None
    tls: bool
    password: Any = field(default=None, repr=False)

    def open(self) -> Lab:
        """Connect."""
        from labdata_napari.lab import preferences
        from labdata_napari.lab.connect import connect_with

        return connect_with(
            preferences.read(),
            self.url,
            name=self.name,
            project=self.project or "",
            password=self.password,
            tls=self.tls,
        )


def reach_of(lab: Lab, with_password: bool) -> Reach:
    """Tell how to get into a lab.

    Parameters
    ----------
    lab
        One that is connected.
    with_password
        Only for what is given to a process directly: nobody else may see it.
    """
    info = lab.connection.conn_info
    embedded = lab.url.startswith("embedded:")
    return Reach(
        lab.url,
        lab.name,
        lab.project,
        tls=bool(info["ssl_input"]),
        password=info["passwd"] if with_password and not embedded else None,
    )
