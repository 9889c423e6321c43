"""What is read of all tables at once is what DataJoint reads of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj
import pytest
from datajoint.heading import Heading

from databases import declare_as_labdata
from labdata_napari.schema import Tables
from labdata_napari.schema.template import class_name, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import Place

MYSQL = pytest.mark.parametrize(
    "backend", [pytest.param("mysql", marks=pytest.mark.mysql)]
)
ODD = 'it\'s 5 % of "a" `b`'


def classes(tables: Tables) -> Iterator[Any]:
    for name in tables.names:
        yield getattr(tables, name)
        yield from parts_of(getattr(tables, name)).values()


def one_by_one(table: Any) -> Heading:
    """The table's heading as DataJoint alone reads it."""
    heading = Heading(table_info=table.heading.table_info)
    assert heading.attributes
    return heading


def followed(table: Any, column: str) -> str | None:
    """Where a column comes from in DataJoint's graph of foreign keys."""
    graph = table.connection.dependencies
    graph.load(force=False)
    place = table.full_table_name
    links = [
        (parent, edge["attr_map"][column])
        for parent, _, edge in graph.in_edges(place, data=True)
        if column in edge["attr_map"]
    ]
    if links:
        parent, name = links[0]
        return followed(dj.FreeTable(table.connection, parent), name)
    if column not in graph.nodes[place]["primary_key"]:
        return None
    schema, name = table.connection.adapter.split_full_table_name(place)
    return f"{schema}.{name}.{column}"


def assert_as_datajoint_s(tables: Tables, blobs_marked: bool) -> None:
    found = list(classes(tables))
    assert len(found) == 88
    for table in found:
        ours, theirs = table.heading, one_by_one(table)
        assert list(ours) == list(theirs)
        assert ours.indexes == theirs.indexes
        assert ours.table_status["comment"] == theirs.table_status["comment"]
        for name in theirs:
            one, other = ours[name], theirs[name]
            assert one.lineage == followed(table, name), (table, name)
            if other.codec or (other.is_blob and not blobs_marked):
                # the name says which column, so that a damaged value can be told
                assert one.type == "<blob>"
                column = f"{class_name(table.table_name)}.{name}"
                assert one.codec.name == f"labdata_blob {column}"
                other = other._replace(type=one.type, codec=one.codec)
            assert one == other._replace(lineage=one.lineage), (table, name)


def test_headings_are_datajoint_s_own(lab_place: Place):
    marked = lab_place.backend == "postgresql"
    assert_as_datajoint_s(Tables(lab_place.instance()), blobs_marked=marked)


@MYSQL
def test_headings_of_labdata_s_tables_are_datajoint_s_own(place: Place):
    declare_as_labdata(place)
    quoted = ODD.replace("'", "''")
    place.sql(
        f"ALTER TABLE lab_data.subject COMMENT '{quoted}',"
        f" ADD nickname varchar(30) DEFAULT '{quoted}' COMMENT '{quoted}',"
        " ADD cage int DEFAULT 5, ADD seen datetime DEFAULT CURRENT_TIMESTAMP,"
        " ADD mood varchar(9) DEFAULT 'NULL' COMMENT ':a: b'",
        "CREATE UNIQUE INDEX cages ON lab_data.subject (cage, mood)",
    )
    tables = Tables(place.instance())
    assert_as_datajoint_s(tables, blobs_marked=False)
    assert tables.Subject.heading["nickname"].comment == ODD
    assert ("cage", "mood") in tables.Subject.heading.indexes


def test_all_headings_cost_two_queries(lab_place: Place):
    instance = lab_place.instance()
    with lab_place.statements() as statements:
        tables = Tables(instance).bind_all()
        for table in classes(tables):
            assert table.heading.names
    assert len([s for s in statements if s.startswith("SELECT")]) == 2


def test_a_reader_gets_the_same_headings(lab_place: Place):
    reader = Tables(lab_place.instance(**lab_place.reader()))
    owner = Tables(lab_place.instance())
    assert reader.missing == ()
    assert reader.lacking == {}
    for ours, theirs in zip(classes(reader), classes(owner), strict=True):
        assert ours.heading.attributes == theirs.heading.attributes
