"""Rows that somebody else wrote, by mistake or on purpose: told, and nothing more."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datajoint import blob
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.lab.rows import fetched
from labs import KEY, WHEN, add_brain, add_dataset, add_transform, postgresql

if TYPE_CHECKING:
    from pathlib import Path

GARBAGE = b"this was never written by DataJoint"
BOMB = b"ZL123\0" + (10**11).to_bytes(8, "little") + zlib.compress(bytes(10**7))
RAGGED = blob.pack([[1.0], [2.0, 3.0]])
WORDS = blob.pack("about ten micrometres")


def store_raw(lab: Any, table: Any, key: dict[str, Any], **raw: bytes) -> None:
    """Put bytes into blob columns, past everything that checks them."""
    where = (table & key).where_clause()
    sets = ", ".join(f"{column} = %s" for column in raw)
    lab.connection.query(
        f"UPDATE {table.full_table_name} SET {sets}{where.replace('%', '%%')}",
        args=tuple(raw.values()),
    )


@pytest.mark.parametrize("stored", [GARBAGE, BOMB, RAGGED, WORDS, b""], ids=range(5))
def test_one_bad_brain_hides_no_other(lab, stored):
    keys = [add_brain(lab, dataset_name=f"brain{n}") for n in range(3)]
    store_raw(lab, lab.FixedBrain, keys[1], um_per_pixel=stored)
    entries = {e.dataset: e for e in lab.entries.find()}
    assert len(entries) == 3
    um = [entries[f"brain{n}"].um_per_pixel for n in range(3)]
    assert um == [(25, 10, 5), None, (25, 10, 5)]
    lines = dict(lab.entries.details(entries["brain1"]).lines)
    assert lines["file"].endswith("brain1/brain.ome.tif")
    if stored in (GARBAGE, BOMB, b""):
        assert "damaged" in lines["µm per pixel"]
        with pytest.raises(InvalidValue, match=r"um_per_pixel of .*'brain1'.*damaged"):
            lab.brains.open(keys[1])


@pytest.mark.filterwarnings("ignore:fetch")
def test_a_bare_fetch_says_which_value_of_which_row_is_damaged(lab):
    for name in ("brain", "other"):
        key = add_brain(lab, dataset_name=name)
    store_raw(lab, lab.FixedBrain, key, um_per_pixel=GARBAGE)
    rows, bad = lab.FixedBrain(), lab.FixedBrain & key
    said = (
        r"FixedBrain\.um_per_pixel of {'subject_name': 'M1', .*'other'} is damaged \("
    )
    for fetch in (
        rows.to_dicts,
        rows.to_arrays,
        rows.fetch,
        bad.fetch1,
        lambda: rows.to_arrays("um_per_pixel"),
        lambda: bad.fetch1("um_per_pixel"),
        lambda: list(rows),
        (rows * lab.Dataset).to_dicts,
        rows.proj(um="um_per_pixel").to_dicts,
    ):
        with pytest.raises(InvalidValue, match=said) as told:
            fetch()
        assert "the other columns with .proj(..., '-um_per_pixel')." in str(told.value)
    good = rows.proj(..., "-um_per_pixel").to_dicts()
    assert [row["width"] for row in good] == [40, 40]
    other = rows & {"dataset_name": "brain"}
    assert np.array_equal(other.fetch1("um_per_pixel"), [25, 10, 5])


@postgresql  # MariaDB refuses so much in one piece
def test_a_hundred_megabytes_where_three_numbers_belong(lab):
    key = add_brain(lab)
    header = blob.pack(np.zeros(12_500_000), False)[:29]
    zeros = "%s || decode(repeat('00', 100000000), 'hex')"
    where = (lab.FixedBrain & key).where_clause()
    lab.connection.query(
        f"UPDATE {lab.FixedBrain.full_table_name} SET um_per_pixel = {zeros}{where}",
        args=(header,),
    )
    (entry,) = lab.entries.find()
    assert entry.um_per_pixel is None
    lines = dict(lab.entries.details(entry).lines)
    assert lines["µm per pixel"] == "12500000 values"


@pytest.mark.parametrize("stored", [GARBAGE, BOMB], ids=range(2))
def test_one_bad_transform_hides_no_other(lab, stored):
    key = add_brain(lab)
    first, second, _ = (add_transform(lab, key, n) for n in range(3))
    store_raw(lab, lab.FixedBrainTransformParameters, first, crop=stored)
    store_raw(lab, lab.FixedBrainTransform, second, shape=stored, um_per_pixel=stored)
    records = lab.brains.transforms(key)
    assert [r.transform_id for r in records] == [0, 1, 2]
    assert "damaged" in records[0].problem
    assert records[1].parameters is not None
    assert (records[1].shape, records[1].um_per_pixel) == (None, None)
    assert records[2].shape == (5, 2, 15, 20)
    with pytest.raises(InvalidValue, match=r"transform id 0.*damaged"):
        lab.brains.compute_transform(first)
    # and another set may still be added
    assert lab.brains.add_transform_parameters(key, records[2].parameters) in (1, 2)


@pytest.mark.parametrize("stored", [GARBAGE, BOMB, RAGGED, WORDS], ids=range(4))
def test_a_bad_annotation_is_named_and_left_alone(lab, stored):
    key = add_transform(lab, add_brain(lab))
    points = np.zeros((3, 3))
    edited = AnnotationSet(tuple(Annotation(f"a{n}", "", points) for n in range(3)))
    lab.brains.save_annotations(key, AnnotationSet(()), edited)
    bad = key | {"annotation_id": 2}
    store_raw(lab, lab.FixedBrainTransformAnnotation, bad, xyz=stored)
    with pytest.warns(UserWarning, match=r"'a2' \(id 2\) cannot be read.*stays"):
        loaded = lab.brains.load_annotations(key)
    assert loaded.names == ("a0", "a1")
    assert [each.annotation_id for each in loaded.unreadable] == [2]
    assert lab.brains.transforms(key)[0].annotations == 3

    changed = loaded.removed("a0").with_added(Annotation("new", "", points))
    saved = lab.brains.save_annotations(key, loaded, changed)
    assert [a.annotation_id for a in saved.added] == [3]
    assert loaded.saved(saved).unreadable == loaded.unreadable
    query = lab.FixedBrainTransformAnnotation & key
    kept = {row["annotation_id"]: row["xyz"] for row in fetched(query)}
    assert sorted(kept) == [1, 2, 3]
    assert bytes(kept[2]) == stored


PATHS = [
    "../../outside.tif",
    "/etc/passwd",
    "C:\\data\\a.tif",
    "C:/data/a.tif",
    "a\\..\\..\\b.tif",
    "M1/../../outside.tif",
    "~/a.tif",
    "./..",
    ".",
    "a/" * 120 + "b",
    "x" * 254,
    "nul\u202e.tif",
    "M1/link/outside.tif",
    "M1/outside.tif",
]


@postgresql
@pytest.mark.parametrize("file_path", PATHS)
def test_no_path_of_a_row_leads_out_of_its_store(lab, store: Path, file_path):
    outside = store.parent / "outside.tif"
    outside.write_bytes(b"secret")
    (store / "M1").mkdir(parents=True)
    (store / "M1" / "link").symlink_to(store.parent)
    (store / "M1" / "outside.tif").symlink_to(outside)
    key = add_brain(lab)
    file = {"file_path": file_path, "storage": "data"}
    lab.File.insert1(file | {"file_datetime": WHEN, "file_size": 1.0})
    lab.FixedBrain.update1(key | file)
    with pytest.raises(LabdataError) as failure:
        lab.brains.open(key)
    assert len(str(failure.value)) < 1200
    (entry,) = lab.entries.find()
    lab.entries.details(entry)
    for do in (lab.files.locate, lab.files.planned, lab.files.target):
        try:
            found = do(file_path)
        except LabdataError:
            continue
        assert found.resolve().is_relative_to(store.resolve())
    assert outside.read_bytes() == b"secret"


NAMES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
    min_size=1,
    max_size=18,
).filter(lambda name: name == name.strip() and name != "M1")
SPECIAL = st.sampled_from(
    ["%", "_", "a_b", "a%b", "'", '"', "''", "a'b", '"; --', "\\", "a\\'b", "{x}",
     "%s", "%(x)s", "a/b", "`", "1 OR 1=1", "µ", "𝒳", "a\nb", "NULL", "*", ":x", "?"]
)  # fmt: skip


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=SPECIAL | NAMES)
def test_a_row_of_any_name_is_found_and_no_other(lab, name):
    other = KEY | {"transform_id": 0}
    if not lab.FixedBrain & KEY:
        add_transform(lab, add_brain(lab))
    with_name = {"subject_name": name}
    before = len(lab.Subject())
    try:
        key = add_dataset(lab, **with_name)
        lab.FixedBrain.insert1(key | {"num_channels": 1}, allow_direct_insert=True)
        transform = add_transform(lab, key)
        added = AnnotationSet((Annotation(name, name[:9], np.zeros((2, 3))),))
        lab.brains.save_annotations(transform, AnnotationSet(()), added)

        assert (lab.Subject & with_name).fetch1("subject_name") == name
        assert len(lab.Subject()) == before + 1
        (read,) = lab.brains.load_annotations(transform)
        assert (read.name, read.type) == (name, name[:9])
        assert len(lab.brains.load_annotations(other)) == 0
        (entry,) = [e for e in lab.brains.find() if e.key == key]
        assert lab.entries.details(entry).transforms[0].annotations == 1
        changed = AnnotationSet((replace(read, type="other"),))
        lab.brains.save_annotations(transform, AnnotationSet((read,)), changed)
        (read,) = lab.brains.load_annotations(transform)
        assert (read.name, read.type) == (name, "other")
        lab.brains.save_annotations(transform, changed, AnnotationSet(()))
        assert len(lab.brains.load_annotations(transform)) == 0
    finally:
        forget(lab, with_name)
    assert len(lab.Subject()) == before


def forget(lab: Any, subject: dict[str, str]) -> None:
    """Remove a subject and everything below it."""
    files = (lab.FixedBrainTransform & subject).proj("file_path", "storage").to_dicts()
    for table in (
        lab.FixedBrainTransformAnnotation,
        lab.FixedBrainTransform,
        lab.FixedBrainTransformParameters,
        lab.FixedBrain,
        lab.Dataset,
        lab.Session,
        lab.Subject,
    ):
        (table & subject).delete_quick()
    for file in files:
        place = {column: file[column] for column in ("file_path", "storage")}
        (lab.AnalysisFile & place).delete_quick()
