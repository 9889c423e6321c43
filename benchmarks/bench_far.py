"""A database 80 ms away: what one waits for, and what one would for DataJoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj
import pytest

from databases import declare
from far_actions import costs, fill_lab
from labdata_napari.lab.instances import close, new_instance
from relay import reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import Place
    from relay import Where

ROUND_TRIP_S = 0.08
PEER = "DataJoint's FreeTable and to_dicts, a table after the other"
LISTED = (
    "FixedBrain",
    "Widefield",
    "TwoPhoton",
    "Miniscope",
    "DatasetVideo",
    "PoseEstimationLabelSet",
    "FixedBrainTransform",
    "FixedBrainTransformAnnotation",
)


@pytest.fixture
def far(lab_place: Place, tmp_path: Path) -> Iterator[Where]:
    fill_lab(lab_place, tmp_path / "store")
    for where in reached(lab_place):
        where.relay.delay(ROUND_TRIP_S)
        yield where


def connect_and_list(backend: str) -> str:
    return f"80 ms away: connect and list ({backend})"


def test_actions(
    measure: Callable[..., Any], far: Where, tmp_path: Path, backend: str
) -> None:
    """Measure the first two things one waits for, and print what each thing costs."""
    found = []

    def work() -> None:
        for cost in costs(far, tmp_path / "store"):
            found.append(cost)
            if cost.action == "first list":
                return

    measure(connect_and_list(backend), work, target="< 2 s", rounds=3)
    for cost in costs(far, tmp_path / "store"):
        traffic = cost.traffic
        print(
            f"{backend} {cost.action:22} {traffic.round_trips:3} round trips, "
            f"{traffic.sent:6,} + {traffic.received:7,} bytes, {cost.seconds:.2f} s"
        )
    assert found


def test_datajoint(measure: Callable[..., Any], far: Where, backend: str) -> None:
    names = [getattr(declare(far.place), name).full_table_name for name in LISTED]
    there = far.place.parameters | {"host": "127.0.0.1", "port": far.relay.port}

    def work() -> None:
        connection = new_instance(**there).connection
        for name in names:
            dj.FreeTable(connection, name).proj().to_dicts()
        close(connection)

    measure(connect_and_list(backend), work, peer=PEER, rounds=1, warm=0)
