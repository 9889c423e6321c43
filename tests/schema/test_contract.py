"""The tables we declare are labdata's, column by column, on both servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databases import declare, declare_as_labdata
from labdata_napari.schema import Tables, templates
from labdata_napari.schema.contract import contract, differences
from labdata_napari.schema.template import parts_of, table_names

if TYPE_CHECKING:
    from databases import Place


def test_there_are_52_tables_with_36_parts():
    assert len(templates) == 52
    assert sum(len(parts_of(template)) for template in templates.values()) == 36


def test_the_templates_have_the_names_and_places_of_the_contract():
    ours = {
        full: (template.lab_scope, name)
        for template in templates.values()
        for full, name in table_names(template).items()
    }
    theirs = {full: (t["scope"], t["table"]) for full, t in contract().items()}
    assert ours == theirs


def test_every_column_says_what_it_is_in_words_that_every_charset_has():
    for template in templates.values():
        for declared in (template, *parts_of(template).values()):
            assert declared.__doc__, declared
            for line in declared.definition.strip().splitlines():
                line = line.split("# noqa")[0].strip()
                is_column = ":" in line.split("#")[0]
                assert line.isascii(), line
                assert "%" not in line, f"{line}: DataJoint cannot declare this"
                assert "#" in line or not is_column, f"{line}: says nothing"


def test_every_table_is_declared_as_the_contract_has_it(place: Place):
    tables = declare(place)
    assert tables.missing == ()
    assert differences(tables) == ()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE lab_data.project DROP COLUMN project_enddate", "columns"),
        (
            "ALTER TABLE lab_data.lab_member {modify} email {type} varchar(127)",
            "email is varchar(127), not varchar(128)",
        ),
        (
            "ALTER TABLE lab_data.lab_member {modify} is_active {set_default} 0",
            "is_active defaults to '0', not '1'",
        ),
    ],
)
def test_a_column_that_differs_is_told(
    lab_place: Place, backend: str, statement: str, said: str
):
    words = {
        "postgresql": {"modify": "ALTER", "type": "TYPE", "set_default": "SET DEFAULT"},
        "mysql": {
            "modify": "MODIFY",
            "type": "",
            "set_default": "tinyint NOT NULL DEFAULT",
        },
    }
    lab_place.sql(statement.format(**words[backend]))
    found = differences(Tables(lab_place.instance()))
    assert len(found) == 1
    assert said in found[0]


def test_a_foreign_key_that_is_gone_is_told(lab_place: Place, backend: str):
    drop = {
        "postgresql": "DROP CONSTRAINT session_experimenter_fkey",
        "mysql": "DROP FOREIGN KEY session_ibfk_2",
    }[backend]
    lab_place.sql(f"ALTER TABLE lab_data.session {drop}")
    found = differences(Tables(lab_place.instance()))
    assert len(found) == 1
    assert "Session: foreign key experimenter -> lab_member.user_name" in found[0]


@pytest.mark.parametrize("backend", [pytest.param("mysql", marks=pytest.mark.mysql)])
def test_labdata_s_own_tables_are_the_contract_s(place: Place):
    declare_as_labdata(place)
    tables = Tables(place.instance())
    assert tables.missing == ()
    assert differences(tables) == ()
