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


CHANGES = {
    "postgresql": (
        "ALTER TABLE lab_data.project DROP COLUMN project_enddate",
        "ALTER TABLE lab_data.lab_member ALTER email TYPE varchar(127)",
        "ALTER TABLE lab_data.lab_member ALTER is_active SET DEFAULT 0",
        "ALTER TABLE lab_data.lab_member ALTER first_name SET NOT NULL",
        "ALTER TABLE lab_data.session DROP CONSTRAINT session_experimenter_fkey",
        "ALTER TABLE lab_data.note__image DROP CONSTRAINT note__image_pkey",
    ),
    "mysql": (
        "ALTER TABLE lab_data.project DROP COLUMN project_enddate",
        "ALTER TABLE lab_data.lab_member MODIFY email varchar(127)",
        "ALTER TABLE lab_data.lab_member MODIFY is_active tinyint DEFAULT 0 NOT NULL",
        "ALTER TABLE lab_data.lab_member MODIFY first_name varchar(32) NOT NULL",
        "ALTER TABLE lab_data.session DROP FOREIGN KEY session_ibfk_2",
        "ALTER TABLE lab_data.note__image DROP PRIMARY KEY, ADD KEY k "
        "(notetaker, note_datetime)",
    ),
}


def test_whatever_differs_is_told(lab_place: Place, backend: str):
    lab_place.sql(*CHANGES[backend])
    found = differences(Tables(lab_place.instance()))
    told = (
        "LabMember: email is varchar(127), not varchar(128)",
        "LabMember: first_name may not be null",
        "LabMember: is_active defaults to '0', not '1'",
        "Note.Image: primary key [], not ['notetaker', 'note_datetime', 'image_id']",
        "Project: column project_enddate is missing, or not for this user to read",
        "Session: foreign key experimenter -> lab_member.user_name",
    )
    assert len(found) == len(told), found
    for line, start in zip(sorted(found), told, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize("backend", [pytest.param("mysql", marks=pytest.mark.mysql)])
def test_labdata_s_own_tables_are_the_contract_s(place: Place):
    declare_as_labdata(place)
    tables = Tables(place.instance())
    assert tables.missing == ()
    assert differences(tables) == ()
