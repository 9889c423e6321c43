"""labdata on a lab that we made: the tables of ``db create`` on an empty server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import labdata_napari as ln
from every_row import every_row
from labdata_napari.schema.contract import contract
from peers import Labdata, assert_same_rows
from relay import reached
from statements import declared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.mysql


@pytest.fixture
def backend() -> str:
    return "mysql"


@pytest.fixture
def our_lab(place: Any) -> Iterator[Any]:
    for where in reached(place):
        with ln.connect(where.url(), password=where.password, create=True) as lab:
            yield lab


def test_labdata_takes_them_for_its_own(
    our_lab: Any, place: Any, labdata_installed: None, tmp_path: Path
):
    before = declared(place)
    labdata = Labdata(tmp_path / "labdata", place.parameters)
    try:
        for name, row in every_row():
            labdata.insert(name, row)
        assert assert_same_rows(our_lab, labdata) == set(contract())
        labdata.delete("Subject")
        assert not our_lab.FixedBrainTransformAnnotation()
        assert assert_same_rows(our_lab, labdata) < set(contract())
    finally:
        labdata.stop()
    after = declared(place)
    assert before.pop("hidden rows") != after.pop("hidden rows")  # labdata's log
    assert after == before
