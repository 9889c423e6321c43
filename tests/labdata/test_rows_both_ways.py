"""Rows that labdata wrote and rows that we wrote: both packages read both the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from every_row import BLOBS, blob_rows, every_row
from labdata_napari.schema.contract import contract, differences
from peers import assert_same_rows, ours
from plain import from_plain, to_plain

if TYPE_CHECKING:
    from peers import Labdata

pytestmark = pytest.mark.mysql
# columns of either kind that hold blobs, and the number in their key
BLOB_COLUMNS = (
    ("Note.Image", "image", "image_id"),
    ("FixedBrainTransformParameters", "rotate", "transform_id"),
)


@pytest.mark.parametrize("value", BLOBS, ids=lambda value: type(value).__name__)
def test_the_form_in_which_values_are_compared_keeps_them(value):
    plain = to_plain(value)
    again = from_plain(plain)
    assert to_plain(again) == plain
    assert type(again) is type(value)


def test_labdata_s_tables_are_the_contract_s(lab, labdata: Labdata):
    assert labdata.version == "0.1.25"
    assert lab.tables.missing == ()
    assert differences(lab.tables) == ()
    for name in contract():
        assert labdata.name_of(name) == ours(lab, name).full_table_name


def test_what_labdata_wrote_is_read_as_it_reads_it(lab, labdata: Labdata):
    for name, row in every_row():
        labdata.insert(name, row)
    for name, column, number in BLOB_COLUMNS:
        labdata.insert(name, *blob_rows(name, column, number))
    assert assert_same_rows(lab, labdata) == set(contract())


def test_what_we_wrote_labdata_reads_as_we_do(lab, labdata: Labdata):
    for name, row in every_row():
        direct = {} if "." in name else {"allow_direct_insert": True}
        ours(lab, name).insert1(row, **direct)
    for name, column, number in BLOB_COLUMNS:
        ours(lab, name).insert(blob_rows(name, column, number))
    assert assert_same_rows(lab, labdata) == set(contract())
