"""Deleting a file deletes that file, whatever signs are in its name; or says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj
import pytest

from labdata_napari.errors import NotFound, WriteRefused
from labs import KEY, WHEN, add_brain, add_dataset, postgresql, rows_everywhere

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("%", "%%", "%%%%", "a%b", "axb", "a_b", "%(x)s", "it's", '"`')
"""Each a name by itself, and several a pattern that means another of them."""
BACKSLASHES = ("a\\b", "a\\\\b", "a\\'b", "\\%", "\\")


def add_files(lab: Any, *names: str) -> None:
    """Rows of files, each with a dataset that needs it."""
    key = add_dataset(lab)
    rows = [
        {"file_path": n, "storage": "data", "file_datetime": WHEN, "file_size": 1.0}
        for n in names
    ]
    lab.File.insert(rows)
    places = [{n: row[n] for n in ("file_path", "storage")} for row in rows]
    lab.Dataset.DataFiles.insert([key | place for place in places])


def names_of(table: Any) -> set[str]:
    return {row["file_path"] for row in table.to_dicts()}


def assert_left(lab: Any, left: set[str]) -> None:
    assert names_of(lab.File()) == names_of(lab.Dataset.DataFiles()) == left


def test_only_the_row_of_that_name_goes(lab: Any) -> None:
    add_files(lab, *NAMES)
    left = set(NAMES)
    for name in NAMES:
        rows = lab.File & {"file_path": name}
        done = rows.delete(force_parts=True, confirm=2)
        assert done.rows == {"File": 1, "Dataset.DataFiles": 1}
        assert done.kept == (name,)
        left.remove(name)
        assert_left(lab, left)
    with pytest.raises(NotFound, match="nothing was deleted"):
        (lab.File & {"file_path": "%"}).delete(confirm=2)


def test_with_backslashes_it_goes_or_is_left_and_no_other_does(lab: Any) -> None:
    add_files(lab, *BACKSLASHES)
    left = set(BACKSLASHES)
    for name in BACKSLASHES:
        rows = lab.File & {"file_path": name}
        if lab.connection.adapter.backend == "mysql":
            rows.delete(force_parts=True, confirm=2)
            left.remove(name)
        else:
            with pytest.raises((WriteRefused, NotFound), match="othing was deleted"):
                rows.delete(force_parts=True, confirm=2)
        assert_left(lab, left)


def test_patterns_mean_what_they_select(lab: Any) -> None:
    add_files(lab, "M%/a", "M%x/a", "M/b%", "M/b%c", "N/c")
    left = names_of(lab.File())
    for pattern in ("M!%/%", "M!%x%", "%!%", "%b!%_"):
        rows = lab.File & f"file_path LIKE '{pattern}' ESCAPE '!'"
        [one] = names_of(rows)
        rows.delete(force_parts=True, confirm=2)
        left.remove(one)
        assert_left(lab, left)


def test_files_selected_by_what_refers_to_them(lab: Any) -> None:
    key = add_brain(lab)
    add_brain(lab, dataset_name="other")
    before = rows_everywhere(lab)
    rows = lab.File & (lab.FixedBrain & key)
    [path] = names_of(rows)
    with pytest.raises(WriteRefused, match="1 File, 1 FixedBrain"):
        rows.delete()
    assert rows_everywhere(lab) == before
    rows.delete(confirm=2)
    assert path not in names_of(lab.File())
    assert len(lab.File()) == len(lab.FixedBrain()) == 1


@postgresql
def test_the_first_of_several_goes_alone(lab: Any) -> None:
    add_files(lab, "a%", "b%", "c%")
    rows = lab.File & "file_path LIKE '%!%' ESCAPE '!'" & dj.Top(2)
    rows.delete(force_parts=True, confirm=4)
    assert_left(lab, {"c%"})


def test_a_result_that_is_in_use_is_not_replaced(
    lab: Any, store: Path, tmp_path: Path
) -> None:
    source = tmp_path / "50%.npz"
    source.write_bytes(b"first")
    key = add_brain(lab)
    [place] = lab.AnalysisFile().upload_files([source], KEY)
    lab.FixedBrainTransformParameters.insert1(key | {"transform_id": 0})
    lab.FixedBrainTransform.insert1(
        key | place | {"transform_id": 0}, allow_direct_insert=True
    )
    source.write_bytes(b"second")
    with pytest.raises(WriteRefused, match="is used by rows of FixedBrainTransform"):
        lab.AnalysisFile().upload_files([source], KEY)
    assert (store / place["file_path"]).read_bytes() == b"first"
