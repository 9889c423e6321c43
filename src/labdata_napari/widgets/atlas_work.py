"""What the atlas part of the Annotations dock has done in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.orientation_answer import glances
from labdata_napari.errors import Cancelled
from labdata_napari.lab.other_atlases import remember_atlas

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.atlases import AtlasFound
    from labdata_napari.lab.laying import AtlasFacts
    from labdata_napari.lab.other_atlases import OtherAtlas
    from labdata_napari.lab.wish import Wish
    from labdata_napari.layers.source import LayerSource
    from labdata_napari.widgets.atlas_form import AtlasForm
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.workspace import Workspace


class AtlasWork:
    """Finds and reads atlases and lays brains into them; the form says how far it is.

    Parameters
    ----------
    workspace
        Has the threads.
    form
        Says what is being done, and what went wrong.
    """

    def __init__(self, workspace: Workspace, form: AtlasForm) -> None:
        self._workspace = workspace
        self._form = form
        self._job: Job | None = None

    def find(
        self,
        name: str,
        done: Callable[[tuple[str, list[AtlasFound]]], None],
        other: OtherAtlas | None = None,
    ) -> None:
        """List the atlases that are here, another one being remembered first."""
        url = self._workspace.connection.url
        self._workspace.background(
            _find, url, name, other, done=done, failed=self.failed
        )

    def glance(
        self,
        source: LayerSource,
        volume: Any,
        done: Callable[[tuple[LayerSource, Any]], None],
    ) -> None:
        """Look at a brain (Z, Y, X) from three sides."""
        self._workspace.background(_glance, source, volume, done=done)

    def read(
        self,
        name: str,
        facts: AtlasFacts,
        opened: AtlasVolume | None,
        done: Callable[[AtlasVolume], None],
    ) -> None:
        """Open an atlas, unless it is the one that is open already."""
        self._start(f"Reading the atlas {name}", _read, name, facts, opened, done=done)

    def lay(
        self,
        wish: Wish,
        facts: AtlasFacts,
        opened: AtlasVolume | None,
        done: Callable[[tuple[Wish, InAtlas]], None],
    ) -> None:
        """Lay a brain into an atlas as somebody wishes."""
        title = f"Laying the brain into {wish.atlas}"
        self._start(title, _lay, wish, facts, opened, done=done)

    def stop(self) -> None:
        """Cancel what is being read or laid."""
        if self._job is not None and not self._job.is_over:
            self._job.cancel()

    def failed(self, error: LabdataError) -> None:
        """Say in the form what went wrong."""
        self._form.show_busy("")
        self._form.tell("" if isinstance(error, Cancelled) else str(error))

    # -- inside

    def _start(self, title: str, function: Any, *args: Any, done: Any) -> None:
        self.stop()
        self._form.show_busy(f"{title} …")
        self._job = self._workspace.background(
            function,
            self._workspace.connection.url,
            *args,
            title=title,
            done=done,
            failed=self.failed,
            progress=self._on_progress,
        )

    def _on_progress(self, done: int, total: int) -> None:
        if self._job is not None and not self._job.is_over and total > 1:
            self._form.tell(f"{self._job.title}: {100 * done // total} %")


def _find(
    url: str, name: str, other: OtherAtlas | None
) -> tuple[str, list[AtlasFound]]:
    from labdata_napari.lab.atlases import find_atlases

    chosen = name if other is None else remember_atlas(other)
    return chosen, find_atlases(url)


def _glance(source: LayerSource, volume: Any) -> tuple[LayerSource, Any]:
    return source, glances(volume)


def _read(
    url: str,
    name: str,
    facts: AtlasFacts,
    opened: AtlasVolume | None,
    progress: Progress,
) -> AtlasVolume:
    from labdata_napari.lab.laying import open_wished

    return open_wished(name, url, facts, opened, progress)


def _lay(
    url: str,
    wish: Wish,
    facts: AtlasFacts,
    opened: AtlasVolume | None,
    progress: Progress,
) -> tuple[Wish, InAtlas]:
    from labdata_napari.lab.laying import lay, open_wished

    atlas = open_wished(wish.atlas, url, facts, opened, progress)
    return wish, lay(wish, atlas, facts, progress)
