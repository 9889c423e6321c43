"""Projections of widefield recordings: computed from the file, kept in the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

from labdata_napari.errors import InvalidValue, NotFound, WriteConflict, WriteRefused
from labs import KEY, add_dataset, add_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
FRAMES = np.random.default_rng(1).integers(0, 4000, (50, 2, 8, 12)).astype(np.uint16)


@pytest.fixture
def key(lab: Any, store: Path) -> dict[str, str]:
    key = add_dataset(lab, dataset_name="wide")
    place = add_file(lab, key, "frames.zarr.zip")
    path = store / place["file_path"]
    path.parent.mkdir(parents=True)
    with zarr.storage.ZipStore(path, mode="w") as file:
        zarr.create_array(file, data=FRAMES, chunks=(10, 2, 8, 12))
    row = {
        "n_channels": 2,
        "n_frames": 50,
        "width": 12,
        "height": 8,
        "frame_rate": 30.0,
        "imaging_software": "test",
    }
    lab.Widefield.insert1(key | place | row, allow_direct_insert=True)
    return key


def stored(lab: Any) -> dict[str, Any]:
    rows = lab.Widefield.Projection.to_dicts()
    return {row["proj_name"]: row["proj"] for row in rows}


def test_projections_are_computed_kept_and_read(
    lab: Any, key: dict[str, str], lab_place: Any
) -> None:
    assert lab.widefield.projections(key) == {}
    found = lab.widefield.compute_projections(key)
    np.testing.assert_allclose(found["std"], FRAMES.std(axis=0), rtol=1e-5)
    assert lab.widefield.projections(key) == {}
    for name, image in found.items():
        changes = lab.widefield.save_projection(key, name, None, image)
        assert changes.summary() == f"1 added ({name})"
    kept = lab.widefield.projections(key)
    assert list(kept) == ["mean", "std", "var", "max"]
    for name, image in found.items():
        assert kept[name].dtype == image.dtype
        np.testing.assert_array_equal(kept[name], image)
    with lab_place.statements() as seen:
        # again, as after an answer that was lost; and nothing new
        lab.widefield.save_projection(key, "max", None, found["max"])
        assert not lab.widefield.save_projection(key, "max", kept["max"], found["max"])
    assert not [s for s in seen if s.startswith(WRITES)]
    other = found["mean"] + np.float32(1)
    changes = lab.widefield.save_projection(key, "mean", kept["mean"], other)
    assert changes.summary() == (
        "1 changed (mean: 192 of 192 pixels differ, by up to 1)"
    )
    np.testing.assert_array_equal(stored(lab)["mean"], other)


def test_two_who_keep_the_same_picture_see_both(
    lab: Any, key: dict[str, str], connect_again: Callable[..., Any]
) -> None:
    theirs, mine = np.ones((2, 8, 12), np.float32), np.zeros((2, 8, 12), np.float32)
    connect_again().widefield.save_projection(key, "mean", None, theirs)
    with pytest.raises(WriteConflict, match="Nothing was written") as error:
        lab.widefield.save_projection(key, "mean", None, mine)
    np.testing.assert_array_equal(error.value.theirs, theirs)
    assert error.value.their_changes == "1 added (mean)"
    apart = "compared with theirs, mean: 192 of 192 pixels differ, by up to 1"
    assert apart in str(error.value)
    with pytest.raises(WriteConflict) as error:
        lab.widefield.save_projection(key, "mean", mine + 2, mine)
    assert "192 of 192 pixels differ, by up to 1" in error.value.their_changes
    assert "192 of 192 pixels differ, by up to 2" in error.value.your_changes
    np.testing.assert_array_equal(stored(lab)["mean"], theirs)
    # another one is nobody's conflict; mine over theirs, knowing it
    lab.widefield.save_projection(key, "var", None, mine)
    lab.widefield.save_projection(key, "mean", error.value.theirs, mine)
    np.testing.assert_array_equal(stored(lab)["mean"], mine)
    lab.Widefield.Projection.delete_quick()
    with pytest.raises(WriteConflict, match=r"1 removed \(mean\)") as error:
        lab.widefield.save_projection(key, "mean", mine, theirs)
    assert error.value.theirs is None


def test_what_cannot_be_kept_is_said(
    lab: Any,
    key: dict[str, str],
    lab_place: Any,
    connect_again: Callable[..., Any],
) -> None:
    image = np.zeros((2, 8, 12))
    with pytest.raises(InvalidValue, match="no projection 'median'"):
        lab.widefield.save_projection(key, "median", None, image)
    with pytest.raises(InvalidValue, match=r"\(C, Y, X\); got \(8, 12\)"):
        lab.widefield.save_projection(key, "mean", None, image[0])
    with pytest.raises(NotFound, match="no Widefield"):
        lab.widefield.save_projection(KEY, "mean", None, image)
    with pytest.raises(NotFound, match="no Widefield"):
        lab.widefield.projections(KEY)
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        reader.widefield.save_projection(key, "mean", None, image)
    assert stored(lab) == {}
