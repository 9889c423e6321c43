"""A real embedded lab with two brains, and a real viewer on it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import QThreadPool

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labdata_napari.lab.lab import Lab
    from labdata_napari.widgets.workspace import Workspace

SHAPE = (12, 2, 60, 80)
UM = (50.0, 20.0, 20.0)


@dataclass(frozen=True)
class LabPlace:
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
        from labdata_napari import connect

        return connect(self.url)


def brain_key(subject: str) -> dict[str, Any]:
    return {
        "subject_name": subject,
        "session_name": "20260101_120000",
        "dataset_name": "brain",
    }


def add_brain(lab: Lab, subject: str, volume: np.ndarray, when: datetime) -> None:
    """Rows and file of one brain, put there with plain DataJoint."""
    key = brain_key(subject)
    file_path = f"{subject}/20260101_120000/brain/{subject}.ome.tif"
    target = lab.files.target(file_path, "data")
    target.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(target, volume, ome=True, metadata={"axes": "ZCYX"})
    person = {"user_name": "tester", "date_joined": "2024-01-01"}
    lab.LabMember.insert1(person, skip_duplicates=True)
    lab.Subject.insert1(
        {
            "subject_name": subject,
            "subject_dob": "2025-10-01",
            "subject_sex": "F",
            "strain_name": lab.Strain.to_dicts(order_by="KEY")[0]["strain_name"],
            "user_name": "tester",
        }
    )
    lab.Session.insert1({**brain_key(subject), "session_datetime": when}, **IGNORE)
    lab.Dataset.insert1(key, **IGNORE)
    file = {"file_path": file_path, "storage": "data"}
    lab.File.insert1(
        {
            **file,
            "file_datetime": when,
            "file_size": target.stat().st_size,
            "file_md5": "0" * 32,
        }
    )
    depth, channels, height, width = volume.shape
    lab.FixedBrain.insert1(
        {
            **key,
            **file,
            "num_channels": channels,
            "width": width,
            "height": height,
            "um_per_pixel": np.array(UM),
        },
        allow_direct_insert=True,
    )
    for number, (name, wave) in enumerate((("GFP", 509.0), ("Cy5", 670.0))):
        lab.FixedBrain.Channel.insert1(
            {
                **key,
                "channel_index": number,
                "channel_wavelength": wave,
                "channel_description": name,
            },
            allow_direct_insert=True,
        )


IGNORE = {"ignore_extra_fields": True}


def make_volume() -> np.ndarray:
    z, y, x = np.indices((SHAPE[0], *SHAPE[2:]))
    inside = ((z - 6) / 6) ** 2 + ((y - 30) / 28) ** 2 + ((x - 40) / 38) ** 2 < 1
    volume = np.zeros(SHAPE, np.uint16)
    volume[:, 0] = 100 + inside * (400 + 5 * x)
    volume[:, 1] = 80 + inside * (np.abs(x - y - 10) < 3) * 3000
    return volume


@pytest.fixture(scope="session")
def template_lab(tmp_path_factory: pytest.TempPathFactory) -> LabPlace:
    """Build the lab once; tests that write get a copy of it."""
    folder = tmp_path_factory.mktemp("lab") / "db"
    place = LabPlace(f"embedded:{folder}", make_volume())
    with place.connect() as lab:
        add_brain(lab, "M1", place.volume, datetime(2026, 1, 1, 12))
        add_brain(lab, "M2", place.volume, datetime(2025, 6, 1, 9))
        key = brain_key("M1")
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


@pytest.fixture
def lab_place(template_lab: LabPlace, tmp_path: Path) -> LabPlace:
    """A lab of the test's own."""
    source = template_lab.url.removeprefix("embedded:")
    target = tmp_path / "lab" / "db"
    shutil.copytree(source, target)
    return LabPlace(f"embedded:{target}", template_lab.volume)


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
) -> Callable[[LabPlace], tuple[Any, Workspace]]:
    """Connect a new viewer to a lab and wait until it is open."""

    def open_it(place: LabPlace, **options: Any) -> tuple[Any, Workspace]:
        viewer = make_napari_viewer(**options)
        workspace = workspace_for(viewer)
        workspace.connect(place.profile)
        qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
        return viewer, workspace

    return open_it
