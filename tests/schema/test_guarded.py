"""What a line in a script may not do by accident: empty or drop a lab's tables."""

from __future__ import annotations

from typing import Any

import datajoint as dj
import numpy as np
import pandas as pd
import pytest

from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.schema.contract import contract
from labdata_napari.schema.restricted import misspelt_column
from labs import KEY, add_brain, add_dataset, add_transform, rows_everywhere


@pytest.fixture
def brain(lab: Any) -> dict[str, Any]:
    return add_transform(lab, add_brain(lab))


def test_a_delete_that_was_not_meant_says_what_would_go(lab: Any, brain: Any):
    before = rows_everywhere(lab)
    for delete in (
        (lab.Subject & {"subject_name": "M1"}).delete,
        lab.Subject().delete,
        lab.Subject.delete,
    ):
        with pytest.raises(WriteRefused, match="1 Subject, ") as told:
            delete()
        assert "1 FixedBrainTransform" in str(told.value)
        assert "prompt=False" in str(told.value)
    with pytest.raises(WriteRefused, match="no row of Channel is selected"):
        lab.FixedBrain.Channel().delete(part_integrity="ignore")
    assert rows_everywhere(lab) == before


def test_a_delete_that_is_meant_deletes(lab: Any, brain: Any):
    assert (lab.Session & {"subject_name": "M1"}).delete(prompt=False) == 1
    assert len(lab.FixedBrainTransform()) == len(lab.Dataset()) == 0
    assert len(lab.Subject()) == 1


def test_a_delete_may_be_meant_in_the_words_of_rows_of_files_and_of_old_datajoint(
    lab: Any, brain: Any
):
    session, channels = lab.Session & KEY, lab.FixedBrain.Channel()
    with pytest.raises(WriteRefused, match="confirm=5, the number of rows, not 4"):
        session.delete(confirm=4)
    assert session.delete(confirm=5) == 1
    assert not lab.FixedBrainTransform()
    assert (lab.Subject & KEY).delete(safemode=False) == 1
    add_brain(lab, "other.tif")
    lab.FixedBrain.Channel.insert1(KEY | {"channel_index": 0})
    with pytest.raises(dj.DataJointError, match="from a Part directly"):
        channels.delete(safemode=False)
    assert channels.delete(safemode=False, force_parts=True) == 1
    with pytest.raises(WriteRefused, match=r"1 FixedBrain\. .*confirm=3"):
        lab.File().delete(prompt=False)


def test_a_table_of_somebody_elses_without_a_key_is_counted(lab: Any):
    key = add_brain(lab)
    file = (lab.FixedBrain & key).proj("file_path", "storage").fetch1()
    adapter = lab.connection.adapter
    name = adapter.make_full_table_name(lab.tables.schemas["data"], "plugin")
    lab.connection.query(
        f"CREATE TABLE {name} (file_path varchar(512) NOT NULL, "
        "storage varchar(24) NOT NULL, note int, subject_name varchar(20), "
        "FOREIGN KEY (file_path, storage) "
        f"REFERENCES {lab.File.full_table_name} (file_path, storage), "
        "FOREIGN KEY (subject_name) "
        f"REFERENCES {lab.Subject.full_table_name} (subject_name))"
    )
    for note in range(3):
        lab.connection.query(
            f"INSERT INTO {name} VALUES (%s, %s, %s, %s)",
            args=(file["file_path"], file["storage"], note, key["subject_name"]),
        )
    with pytest.raises(WriteRefused, match="3 Plugin"):
        (lab.File & file).delete()
    with pytest.raises(WriteRefused, match=r"3 Plugin.*confirm="):
        (lab.Subject & key).delete(prompt=True)
    (lab.File & file).delete(confirm=5)
    assert lab.connection.query(f"SELECT count(*) FROM {name}").fetchone() == (0,)


def test_exactly_the_selected_rows_go(lab: Any):
    for name in ("a%b", "a%%b", "axb"):
        add_dataset(lab, subject_name=name)
    assert (lab.Subject & {"subject_name": "a%b"}).delete(prompt=False) == 1
    left = set(lab.Subject().to_arrays("subject_name"))
    assert left == {"a%%b", "axb"}
    condition = lab.Session.proj() & {"subject_name": "axb"}
    assert (lab.Subject & condition).delete(prompt=False) == 1
    assert set(lab.Subject().to_arrays("subject_name")) == {"a%%b"}


@pytest.mark.parametrize("way", ["drop", "drop_quick", "alter"])
def test_no_table_is_dropped_or_altered(lab: Any, brain: Any, way: str):
    missing, before = lab.tables.missing, rows_everywhere(lab)
    for table in (
        lab.FixedBrainTransformAnnotation,
        lab.StreamSync(),
        lab.File,
        lab.FixedBrain.Channel,
    ):
        with pytest.raises(WriteRefused, match="drops and alters no table"):
            getattr(table, way)()
    assert lab.tables.missing == missing
    assert rows_everywhere(lab) == before


def test_rows_of_files_keep_their_own_guard(lab: Any, brain: Any):
    with pytest.raises(WriteRefused, match="confirm="):
        (lab.File & {"storage": "data"}).delete()


def test_a_misspelt_column_never_means_every_row(lab: Any, brain: Any):
    before = rows_everywhere(lab)
    wrong = {"subject": "M2"}
    for rows in (
        lab.FixedBrain & wrong,
        lab.FixedBrain & [KEY, wrong],
        lab.FixedBrain & wrong & KEY,
        lab.File & KEY,
    ):
        for delete in (rows.delete, rows.delete_quick):
            with pytest.raises(WriteRefused, match="every row would have been") as said:
                delete()
    assert "names no column of File" in str(said.value)
    with pytest.raises(WriteRefused, match="no column 'subject', but 'subject_name'"):
        (lab.FixedBrain & wrong).delete(prompt=False)
    assert rows_everywhere(lab) == before
    session = lab.Session & {"sesion_name": "x"}
    for rows in (
        lab.Subject & wrong,
        lab.Subject & session,
        lab.Subject & session.proj(),
        lab.Subject & (session * lab.Dataset),
        lab.Subject & [KEY, lab.Dataset & session],
        lab.Subject
        & lab.Session.aggr(lab.Dataset & {"datset_name": "x"}, n="count(*)"),
        lab.Subject & session.aggr(lab.Dataset, n="count(*)"),
        lab.Subject & dj.U("subject_name").aggr(session, n="count(*)"),
        lab.Subject & (lab.Session * lab.Dataset & {"datset_name": "x"}),
        lab.Subject & (lab.Session.proj() + session.proj() & {"session_name": "x"}),
        lab.Subject & (lab.Session & dj.Top(1) & {"sesion_name": "x"}),
        lab.Subject - session,
        lab.Session - {"subject_name": "x", "sesion_name": "y"},
        lab.Subject & dj.Not(wrong),
        lab.Subject & np.array([("M2",)], [("subject", "U9")]),
        lab.Subject & np.array([("M2",)], [("subject", "U9")])[0],
        lab.Subject & pd.DataFrame([wrong]),
        lab.Subject & pd.DataFrame([wrong]).set_index("subject"),
        lab.FixedBrain & {"subject_name": "M1", "session": "x"},
        lab.File & {"storage": "data", "filepath": "x"},
    ):
        for delete in (rows.delete, rows.delete_quick):
            with pytest.raises(WriteRefused, match="there is no column"):
                delete()
    with pytest.raises(WriteRefused, match="no column 'subject', but 'subject_name'"):
        (lab.Subject & wrong).delete(prompt=False)
    assert rows_everywhere(lab) == before
    with pytest.raises(WriteRefused, match="these rows would go"):
        (lab.Subject & lab.Session.keys() & lab.Dataset.keys()).delete()
    # a row of another table still is a restriction, whatever else it holds
    for restriction in (
        lab.Session.to_arrays(),
        lab.Session.to_pandas(),
        pd.DataFrame([KEY]),
        lab.Session.aggr(lab.Dataset, n="count(*)"),
        dj.Not(lab.Session & {**KEY, "session_name": "x"}),
    ):
        with pytest.raises(WriteRefused, match="these rows would go"):
            (lab.Subject & restriction).delete()
    assert len(lab.FixedBrain & {**KEY, "subject_sex": "F"}) == 1
    (lab.FixedBrainTransformAnnotation & (brain | wrong)).delete_quick()


def test_a_misspelt_column_in_an_aggregation_is_named_in_one_line(lab: Any):
    counted = lab.Subject.aggr(lab.Session, n="count(sesion_name)")
    for ask in (counted.to_dicts, (lab.Subject & counted).to_dicts):
        with pytest.raises(dj.errors.UnknownAttributeError, match="check its") as e:
            ask()
        assert "sesion_name" in str(e.value)
        assert "\n" not in str(e.value)


def test_rows_of_other_tables_are_no_misspelt_names():
    tables = contract()
    for table in tables.values():
        for other in tables.values():
            for names in (other["primary_key"], other["columns"]):
                assert not misspelt_column(names, table["columns"])
    for table in tables.values():
        for name in table["primary_key"]:
            given = [n for n in table["primary_key"] if n != name] + [f"{name}s"]
            assert f"but '{name}'" in misspelt_column(given, table["columns"])


def test_a_misspelt_key_is_refused_with_what_was_meant(lab: Any, brain: Any):
    meant = "no column 'subject', but 'subject_name'"
    wrong = {"subject": "M1"}
    with pytest.raises(InvalidValue, match=meant):
        lab.FixedBrainTransform.populate(wrong)
    with pytest.raises(InvalidValue, match="none of its names is a column"):
        lab.FixedBrainTransform.populate({"strain": "x"})
    key = {name: value for name, value in KEY.items() if name != "subject_name"}
    for ask in (
        lab.brains.open,
        lab.brains.transforms,
        lab.widefield.projections,
        lambda k: lab.recordings.open("TwoPhoton", k),
    ):
        with pytest.raises(InvalidValue, match=meant):
            ask(key | wrong)
