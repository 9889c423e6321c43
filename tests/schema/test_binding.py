"""Binding the tables: nothing but rows is ever written to a database that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datajoint as dj
import numpy as np
import pytest

from databases import declare, declare_as_labdata
from labdata_napari.errors import InvalidValue, NotFound, WriteRefused
from labdata_napari.schema import Tables, insert_vocabulary
from labs import WHEN, add_brain, add_dataset

if TYPE_CHECKING:
    from databases import Place

READS = ("SELECT", "SHOW", "SET ", "BEGIN", "START", "ROLLBACK", "COMMIT")
MYSQL = pytest.mark.parametrize(
    "backend", [pytest.param("mysql", marks=pytest.mark.mysql)]
)


def changes(statements: list[str]) -> list[str]:
    return [s for s in statements if not s.lstrip(" (").upper().startswith(READS)]


def use_everything(tables: Tables) -> None:
    """Read each table in each way that could tempt DataJoint to write."""
    tables.bind_all()
    for name in tables.names:
        table = getattr(tables, name)
        assert table().to_dicts(limit=1, order_by="KEY") is not None
        assert not hasattr(table, "jobs")
        for part in table().parts(as_objects=True):
            assert len(part.heading) > 0
    tables.FixedBrainTransform.progress()
    keys = tables.FixedBrainTransformParameters - tables.FixedBrainTransform.proj()
    assert len(keys) == 0
    dj.Diagram.cascade(tables.Dataset & {"subject_name": "nobody"}).counts()


# -- attaching -----------------------------------------------------------------------


def test_attaching_and_reading_everything_sends_nothing_but_reads(lab_place: Place):
    instance = lab_place.instance()
    with lab_place.statements() as statements:
        use_everything(Tables(instance))
    assert len(statements) > 100
    assert changes(statements) == []


@MYSQL
def test_blobs_in_labdata_s_tables_are_in_labdata_s_form(place: Place):
    declare_as_labdata(place)
    tables = Tables(place.instance())
    value = [10.0, 2.5, 2.5]
    key = add_brain(tables, um_per_pixel=value)
    raw = place.sql("SELECT um_per_pixel FROM lab_data._fixed_brain")[0][0]
    # magic word of DataJoint's own serialisation, list of three, as 0.14 writes it
    assert raw.startswith(b"dj0\0\2\3")
    assert raw == dj.blob.pack(value)
    assert (tables.FixedBrain & key).fetch1("um_per_pixel") == value
    matrix = np.eye(3)
    tables.FixedBrain.update1({**key, "um_per_pixel": matrix})
    raw = place.sql("SELECT um_per_pixel FROM lab_data._fixed_brain")[0][0]
    assert raw.startswith(b"mYm\0")


@MYSQL
def test_attaching_to_labdata_s_own_tables_sends_nothing_but_reads(place: Place):
    declare_as_labdata(place)
    instance = place.instance()
    with place.statements() as statements:
        use_everything(Tables(instance))
    assert len(statements) > 100
    assert changes(statements) == []


@MYSQL
def test_creating_where_labdata_was_writes_no_lineage_for_its_tables(place: Place):
    declare_as_labdata(place)
    place.sql(
        "SET foreign_key_checks = 0",
        "DROP TABLE lab_data_computed.__fixed_brain_transform",
    )
    with pytest.raises(NotFound, match="FixedBrainTransform is not in"):
        _ = Tables(place.instance()).FixedBrainTransform
    declare(place)
    shown = place.sql("SHOW TABLES IN lab_data")
    assert ("~lineage",) not in shown
    assert Tables(place.instance()).missing == ()


def test_a_project_has_data_of_its_own_and_shares_people_and_files(place: Place):
    instance = place.instance()
    lab = Tables(instance, create=True)
    project = Tables(instance, project="spine", create=True)
    add_brain(lab)
    add_dataset(project, subject_name="S1")
    assert lab.Subject.to_arrays("subject_name").tolist() == ["M1"]
    assert project.Subject.to_arrays("subject_name").tolist() == ["S1"]
    assert len(project.LabMember()) == 1
    assert project.schemas == {
        "global": "lab_data",
        "data": "lab_data_spine",
        "computed": "lab_data_spine_computed",
    }
    joined = project.Subject * project.LabMember.proj("date_joined")
    assert len(joined) == 1


def test_the_watch_on_statements_sees_what_declaring_sends(place: Place):
    instance = place.instance()
    with place.statements() as statements:
        _ = Tables(instance, create=True).Species
    assert any("CREATE TABLE" in statement for statement in changes(statements))


def test_creating_leaves_tables_that_are_there_alone(lab_place: Place):
    instance = lab_place.instance()
    with lab_place.statements() as statements:
        Tables(instance, create=True).bind_all()
    assert changes(statements) == []


def test_a_reader_can_bind_and_read_but_not_write(lab_place: Place):
    key = add_brain(declare(lab_place), um_per_pixel=[10.0, 2.5, 2.5])
    reader = lab_place.instance(**lab_place.reader())
    tables = Tables(reader)
    use_everything(tables)
    assert (tables.FixedBrain & key).fetch1("um_per_pixel") == [10.0, 2.5, 2.5]
    assert tables.FixedBrain.primary_key == list(key)
    with pytest.raises(WriteRefused):
        tables.LabMember.insert1({"user_name": "eve", "date_joined": "2026-01-31"})


def test_tables_that_are_not_there_are_reported_and_the_others_work(lab_place: Place):
    cascade = "CASCADE" if lab_place.backend == "postgresql" else ""
    lab_place.sql(f"DROP TABLE lab_data._widefield__projection {cascade}")
    lab_place.sql(f"DROP TABLE lab_data.death {cascade}")
    tables = Tables(lab_place.instance()).bind_all()
    assert set(tables.missing) == {"Widefield.Projection", "Death"}
    assert len(tables.Widefield()) == 0
    with pytest.raises(NotFound, match="Death is not in the database 'lab_data'"):
        _ = tables.Death


def test_a_database_that_is_not_there_is_reported(lab_place: Place):
    tables = Tables(lab_place.instance(), project="elsewhere").bind_all()
    assert len(tables.missing) == 88 - 12  # all but the global ones
    assert "File" not in tables.missing
    assert "FixedBrain" in tables.missing


def test_an_unknown_class_is_an_attribute_error(tables: Tables):
    assert not hasattr(tables, "NoSuchTable")
    assert not hasattr(tables, "template")


def test_a_name_that_no_database_can_have_is_refused(lab_place: Place):
    instance = lab_place.instance()
    for name in ("lab data", "lab;drop", "", "lab.data", "läb"):
        with pytest.raises(InvalidValue, match="cannot be part of a database's name"):
            Tables(instance, name)
    with pytest.raises(InvalidValue, match="'spine/2' cannot be part"):
        Tables(instance, project="spine/2")


# -- several at once -----------------------------------------------------------------


def test_two_connections_have_classes_of_their_own(lab_place: Place):
    first, second = (Tables(lab_place.instance()) for _ in range(2))
    assert first.FixedBrain is not second.FixedBrain
    assert first.FixedBrain.Channel is not second.FixedBrain.Channel
    assert first.FixedBrain.lab is first
    assert first.FixedBrain.Channel.lab is first
    assert second.FixedBrain.Channel.master is second.FixedBrain
    add_brain(first)
    assert len(second.FixedBrain()) == 1
    assert first.FixedBrain is first.FixedBrain


def test_methods_find_what_owns_the_binding(lab_place: Place):
    owner = object()
    tables = Tables(lab_place.instance(), owner=owner)
    assert tables.FixedBrain.lab is owner
    assert (tables.FixedBrain & {"subject_name": "x"}).lab is owner


# -- values --------------------------------------------------------------------------

BLOBS = [
    [0.4, 1, 0.4, 0.4],
    (2.0, -3.0, 5.0, False, True),
    [None, [0, 10, None], (5, None, -2), None],
    {"power": 3, "leds": ["a", "b"], "on": None},
    np.arange(12, dtype=np.float64).reshape(4, 3) / 7,
    np.zeros((0, 3)),
    np.arange(5000, dtype=np.uint16).reshape(50, 100),
    np.float32(1.5),
    "µm and 数",
]


def test_a_value_comes_back_from_a_blob_as_it_was(tables: Tables):
    key = add_brain(tables)
    for value in BLOBS:
        tables.FixedBrain.update1({**key, "um_per_pixel": value})
        stored = (tables.FixedBrain & key).fetch1("um_per_pixel")
        assert type(stored) is type(value)
        np.testing.assert_equal(stored, value)
        if isinstance(value, np.ndarray):
            assert stored.dtype == value.dtype


def test_defaults_and_nulls_are_the_table_s(tables: Tables):
    key = add_brain(tables)
    tables.FixedBrainTransformParameters.insert1(key)
    row = tables.FixedBrainTransformParameters.fetch1()
    assert row["transform_id"] == 0
    assert row["rotate"] is row["cast"] is None
    file = {"file_path": "a/b.tif", "file_datetime": WHEN, "file_size": 2.0**40}
    tables.File.insert1(file)
    stored = tables.File & {"file_path": "a/b.tif"}
    assert stored.fetch1("storage", "file_size") == ("data", 2.0**40)


def test_restrictions_by_other_tables_follow_the_foreign_keys(lab_place: Place):
    # what other clients left in ~lineage must not matter: make it wrong
    quote = '"' if lab_place.backend == "postgresql" else "`"
    lineage = f"lab_data.{quote}~lineage{quote}"
    lab_place.sql(f"UPDATE {lineage} SET lineage = 'x.y.z'")
    tables = Tables(lab_place.instance())
    key = add_brain(tables)
    assert len(tables.FixedBrain & (tables.Subject & "subject_sex = 'F'").proj()) == 1
    assert len(tables.FixedBrain * tables.Session) == 1
    led = tables.Session.proj(..., user_name="experimenter") & "user_name = 'ana'"
    assert len(led & tables.LabMember) == 1
    (tables.Dataset & key).delete(prompt=False)
    assert len(tables.FixedBrain()) == 0


# -- vocabulary ----------------------------------------------------------------------


def test_words_are_added_once_and_those_there_stay(tables: Tables):
    tables.DatasetType.insert1({"dataset_type": "two-photon"})
    insert_vocabulary(tables)
    insert_vocabulary(tables)
    words = tables.DatasetType.to_arrays("dataset_type").tolist()
    assert {"two-photon", "fixed-brain", "widefield"} <= set(words)
    assert len(words) == len(set(words))
    assert "mouse" in tables.Species.to_arrays("species_name")


def test_a_lab_s_words_are_its_own(lab_place: Place):
    with pytest.raises(WriteRefused, match="attached"):
        insert_vocabulary(Tables(lab_place.instance()))
    assert lab_place.sql("SELECT count(*) FROM lab_data.dataset") == [(0,)]
