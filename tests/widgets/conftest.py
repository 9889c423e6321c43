"""A real embedded lab with two brains, and a real viewer on it."""

from __future__ import annotations

import gc
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from npe2 import PluginManifest
from qtpy.QtCore import QThreadPool

from annotating import KEY, Story
from labdata_napari import connect
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.record_table import RecordTableView
from labdata_napari.widgets.workspace import workspace_for
from moved_to_s3 import Moved
from transform_hands import KEY as BRAIN
from transform_hands import opened_dock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.storage import StorageEntry
    from labdata_napari.widgets.workspace import Workspace

SHAPE = (12, 2, 60, 80)
UM = (50.0, 20.0, 20.0)


@dataclass(frozen=True)
class LabFolder:
    """A lab on disk.

    Attributes
    ----------
    url
        To connect to it.
    volume
        The pixels of every brain, (Z, C, Y, X).
    """

    url: str
    volume: np.ndarray

    @property
    def profile(self) -> Profile:
        return Profile("Test lab", self.url, "lab_data")

    def connect(self) -> Lab:
        return connect(self.url)


def add_brain(lab: Lab, subject: str, session: str, file: Path) -> dict[str, Any]:
    return import_brain(
        lab,
        BrainImport(file, subject, session, "brain", UM, channel_names=("GFP", "Cy5")),
    )


def make_volume() -> np.ndarray:
    """An ellipsoid that brightens along x, and a bright line in the second channel."""
    z, y, x = np.indices((SHAPE[0], *SHAPE[2:]))
    inside = ((z - 6) / 6) ** 2 + ((y - 30) / 28) ** 2 + ((x - 40) / 38) ** 2 < 1
    volume = np.zeros(SHAPE, np.uint16)
    volume[:, 0] = 100 + inside * (400 + 5 * x)
    volume[:, 1] = 80 + inside * (np.abs(x - y - 10) < 3) * 3000
    return volume


@pytest.fixture(scope="session")
def template_lab(tmp_path_factory: pytest.TempPathFactory) -> LabFolder:
    """Build the lab once; tests that write get a copy of it."""
    folder = tmp_path_factory.mktemp("lab") / "db"
    place = LabFolder(f"embedded:{folder}", make_volume())
    file = folder.with_name("brain.ome.tif")
    tifffile.imwrite(file, place.volume, ome=True, metadata={"axes": "ZCYX"})
    with place.connect() as lab:
        key = add_brain(lab, "M1", "20260101_120000", file)
        add_brain(lab, "M2", "20250601_090000", file)
        number = lab.brains.add_transform_parameters(
            key, TransformParameters(downsample=(1.0, 1.0, 0.5, 0.5))
        )
        transform = lab.brains.compute_transform({**key, "transform_id": number})
        track = np.array([[2.0, 10.0, 15.0], [5.0, 14.0, 19.0], [8.0, 18.0, 23.0]])
        lab.brains.save_annotations(
            transform,
            AnnotationSet(),
            AnnotationSet((Annotation("probe 1", "probe_track", track),)),
        )
    return place


def copied(lab: LabFolder, target: Path) -> LabFolder:
    shutil.copytree(lab.url.removeprefix("embedded:"), target)
    return LabFolder(f"embedded:{target}", lab.volume)


@pytest.fixture(scope="session")
def running_lab(
    template_lab: LabFolder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabFolder]:
    """Keep the server of a lab running between tests."""
    lab = copied(template_lab, tmp_path_factory.mktemp("running") / "db")
    with EmbeddedPostgres(lab.url.removeprefix("embedded:")):
        yield lab


@pytest.fixture(scope="session")
def connected_lab(running_lab: LabFolder) -> Iterator[Lab]:
    with running_lab.connect() as lab:
        yield lab


@pytest.fixture
def shared_lab(running_lab: LabFolder, connected_lab: Lab) -> Iterator[LabFolder]:
    """One lab for all tests that write nothing but annotations; those are put back."""
    table = connected_lab.FixedBrainTransformAnnotation
    before = table.to_dicts(order_by="KEY")
    yield running_lab
    table().delete(prompt=False)
    table.insert(before)


@pytest.fixture
def lab_folder(template_lab: LabFolder, tmp_path: Path) -> LabFolder:
    """A lab of the test's own, to write to and to stop."""
    return copied(template_lab, tmp_path / "lab" / "db")


@pytest.fixture(autouse=True, scope="module")
def small_heap() -> None:
    """Let napari's collections, some at each window's end, see this file's things only.

    They took a sixth of the time of a test with a window, for modules and test items
    that stay to the end.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches and the default lab stay inside the test."""
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LABDATA_NAPARI_URL", raising=False)


@pytest.fixture(autouse=True)
def quiet_end() -> Iterator[None]:
    """Let no worker outlive its test."""
    yield
    QThreadPool.globalInstance().waitForDone(5000)


@pytest.fixture
def open_workspace(
    make_napari_viewer: Callable[..., Any], qtbot: Any
) -> Iterator[Callable[[LabFolder], tuple[Any, Workspace]]]:
    """Connect a new viewer to a lab and wait until it is open."""
    opened: list[Workspace] = []

    def open_it(place: LabFolder, **options: Any) -> tuple[Any, Workspace]:
        viewer = make_napari_viewer(**options)
        workspace = workspace_for(viewer)
        opened.append(workspace)
        workspace.connect(place.profile)
        qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
        return viewer, workspace

    yield open_it
    for workspace in opened:  # as a window does that is closed
        workspace.close()


@pytest.fixture
def open_browser(
    open_workspace: Callable[..., Any], qtbot: Any
) -> Callable[..., tuple[Any, Workspace, Any]]:
    """Dock a browser in a viewer on a lab and wait until it lists the entries."""

    def open_it(place: LabFolder, **options: Any) -> tuple[Any, Workspace, Any]:
        viewer, workspace = open_workspace(place, **options)
        _, browser = viewer.window.add_plugin_dock_widget(
            "labdata-napari", "Lab Browser"
        )
        table = browser.findChild(RecordTableView, "entry_table")
        qtbot.waitUntil(lambda: table.records().total > 0, timeout=10_000)
        return viewer, workspace, browser

    return open_it


@pytest.fixture
def open_dock(open_workspace: Callable[..., Any]) -> Callable[..., Any]:
    """Open a brain in the Transform dock of a new viewer."""

    def open_it(place: LabFolder, key: dict[str, Any] = BRAIN) -> tuple[Any, Any, Any]:
        viewer, workspace = open_workspace(place, show=True)
        return viewer, workspace, opened_dock(viewer, workspace, key)

    return open_it


@pytest.fixture
def moved(
    open_browser: Callable[..., Any],
    shared_lab: LabFolder,
    bucket: StorageEntry,
    tmp_path: Path,
    qtbot: Any,
) -> Moved:
    """A browser whose files a test may `move` to S3."""
    opened = open_browser(shared_lab, show=True)
    return Moved(*opened, tmp_path / "here", bucket, qtbot)


@pytest.fixture(autouse=True)
def own_preferences(plugin_settings: None, npe2pm: Any) -> None:
    """Preferences start at their defaults and are written nowhere else."""
    if "labdata-napari" not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution("labdata-napari"))


@pytest.fixture
def open_story(
    open_workspace: Callable[..., Any], qtbot: Any
) -> Callable[[LabFolder], Story]:
    """Open a transform and the Annotations dock beside it."""

    def transform(lab: Lab) -> Any:
        return lab.brains.transforms({k: KEY[k] for k in list(KEY)[:3]})[0]

    def open_it(folder: LabFolder) -> Story:
        viewer, workspace = open_workspace(folder, show=True)
        viewer.window.resize(1200, 800)
        _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Annotations")
        with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
            workspace.submit(transform, done=workspace.opener.open_transform)
        return Story(viewer, workspace, dock, qtbot, folder)

    return open_it


@pytest.fixture
def story(open_story: Callable[..., Story], shared_lab: LabFolder) -> Story:
    return open_story(shared_lab)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the second database of a test: what Qt does is the same on both."""
    names = {item.nodeid for item in items}
    for item in items:
        other = item.nodeid.replace("mysql", "postgresql")
        if other != item.nodeid and other in names:
            item.add_marker(pytest.mark.one_qt)
