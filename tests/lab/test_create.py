"""Tables on a server somebody else runs: made only where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import labdata_napari as ln
from databases import Place, declare_as_labdata
from labdata_napari.errors import NotFound, WriteRefused
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def empty(place: Place) -> Iterator[Where]:
    """A server with no lab."""
    yield from reached(place)


@pytest.fixture
def lab_server(lab_place: Place) -> Iterator[Where]:
    """A server with the 88 tables."""
    yield from reached(lab_place)


def test_tables_are_made_in_an_empty_database_when_asked(empty: Where):
    for _ in range(2):  # the second time there is nothing to do
        with ln.connect(empty.url(), password=empty.password, create=True) as lab:
            assert lab.tables.missing == ()
            assert len(lab.DatasetType & {"dataset_type": "fixed-brain"}) == 1
    with ln.connect(empty.url(), password=empty.password) as lab:
        assert lab.tables.missing == ()


@pytest.mark.parametrize("backend", ["postgresql"])
def test_tables_are_made_in_a_schema_that_was_made_for_them(empty: Where):
    empty.place.sql("CREATE SCHEMA lab_data")
    with ln.connect(empty.url(), password=empty.password, create=True) as lab:
        assert lab.tables.missing == ()


def test_tables_are_not_made_in_a_database_that_has_some(lab_server: Where):
    lab_server.place.sql("DROP TABLE lab_data.death")
    with ln.connect(lab_server.url(), password=lab_server.password) as lab:
        lab.LabMember.insert1({"user_name": "ana", "date_joined": "2026-01-01"})
    with pytest.raises(WriteRefused, match=r"not empty .* 1 of the lab's are miss"):
        ln.connect(lab_server.url(), password=lab_server.password, create=True)
    with ln.connect(lab_server.url(), password=lab_server.password) as lab:
        assert lab.tables.missing == ("Death",)


def test_somebody_who_may_not_make_tables_is_told(empty: Where):
    reader = empty.place.reader()
    with pytest.raises(WriteRefused, match="does not let this user do that"):
        ln.connect(
            empty.url(user=reader["user"]), password=reader["password"], create=True
        )


def test_an_empty_server_is_told_from_a_lab(empty: Where):
    with pytest.raises(NotFound, match="shows you no lab at all"):
        ln.connect(empty.url(), password=empty.password)


@pytest.mark.parametrize("backend", ["mysql"])
def test_a_database_that_labdata_declared_is_a_lab(empty: Where):
    declare_as_labdata(empty.place)
    with ln.connect(empty.url(), password=empty.password) as lab:
        assert lab.tables.missing == ()
