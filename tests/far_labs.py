"""A lab on a server at the other end of a wire that a test can cut.

Fixtures
--------
far
    A `FarLab` on each kind of server in turn, filled once per module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari import settings
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.lab.files import Files
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.widgets.connection import Profile
from relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

UM = (50.0, 20.0, 20.0)
TRACK = Annotation(
    "probe 1", "probe_track", np.array([[2.0, 10, 15], [5, 14, 19], [8, 18, 23]])
)
"""What `FarLab` holds of the transform."""


@dataclass(frozen=True)
class FarLab:
    """A lab on a server, reached over a wire, with two brains and a transform."""

    place: Any
    relay: Relay
    store: Path

    @property
    def url(self) -> str:
        parameters = self.place.parameters
        tail = parameters.get("database__name", "")
        return (
            f"{parameters['backend']}://{parameters['user']}@127.0.0.1:"
            f"{self.relay.port}/{tail}".rstrip("/")
        )

    @property
    def profile(self) -> Profile:
        password = self.place.parameters["password"]
        return Profile("Far lab", self.url, "lab_data", password=password)

    def connect(self) -> Lab:
        """Somebody else's connection."""
        return _near(self.place, self.store)

    def kill(self) -> None:
        """End everybody's connections from the server's side."""
        if self.place.backend == "mysql":
            sql = "SELECT id FROM information_schema.processlist WHERE user = 'labdata'"
            for (number,) in self.place.sql(f"{sql} AND id <> CONNECTION_ID()"):
                self.place.sql(f"KILL {number}")
        else:
            self.place.sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )


def write_brain(file: Path) -> None:
    """A brain of 12 planes in two channels."""
    _, y, x = np.indices((12, 60, 80))
    volume = np.stack([100 + 5 * x, 80 + 50 * (abs(x - y) < 3)], axis=1)
    volume = volume.reshape(12, 2, 60, 80).astype(np.uint16)
    tifffile.imwrite(file, volume, ome=True, metadata={"axes": "ZCYX"})


def _near(place: Any, store: Path) -> Lab:
    from labdata_napari.lab.lab import Lab

    return Lab(
        place.instance(), "mysql://test@host:3306", "lab_data", None, Files([store])
    )


@pytest.fixture(
    scope="module",
    params=["postgresql", pytest.param("mysql", marks=pytest.mark.mysql)],
)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path]]:
    """A server with a lab in it."""
    place = request.getfixturevalue(f"{request.param}_server").with_tables()
    store = tmp_path_factory.mktemp("store")
    file = tmp_path_factory.mktemp("scope") / "brain.ome.tif"
    write_brain(file)
    with _near(place, store) as lab:
        for subject in ("M1", "M2"):
            key = import_brain(
                lab, BrainImport(file, subject, "20260101_120000", "brain", UM)
            )
        key = key | {"subject_name": "M1"}
        number = lab.brains.add_transform_parameters(
            key, TransformParameters(downsample=(1.0, 1.0, 0.5, 0.5))
        )
        transform = lab.brains.compute_transform({**key, "transform_id": number})
        lab.brains.save_annotations(transform, AnnotationSet(), AnnotationSet((TRACK,)))
    yield place, store
    place.close()


@pytest.fixture
def far(filled: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[FarLab]:
    place, store = filled
    monkeypatch.setenv(settings.LOCAL_PATHS, str(store))
    parameters = place.parameters
    with Relay(parameters["host"], parameters["port"]) as relay:
        yield FarLab(place, relay, store)
    place.disconnect()
