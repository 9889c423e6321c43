"""Brains opened from their rows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    UnreadableFile,
)
from labs import (
    KEY,
    add_brain,
    add_file,
    postgresql,
)
from placed import VOXELS, at, placed_brain
from stack_files import labdata_zip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def brain(lab: Any, store: Path) -> dict[str, str]:
    """A brain with its file."""
    return placed_brain(lab, store)


def test_a_brain_opens_with_what_its_rows_say(lab: Any, brain: dict[str, str]) -> None:
    for number, (name, nm) in enumerate([("DAPI", 460.0), (None, None)]):
        columns = {"channel_description": name, "channel_wavelength": nm}
        row = brain | {"channel_index": number} | columns
        lab.FixedBrain.Channel.insert1(row, allow_direct_insert=True)
    stack = lab.brains.open(brain | {"transform_id": 3, "anything": "else"})
    assert stack.axes == "ZCYX"
    assert stack.um_per_pixel == (25, 10, 5)
    assert stack.channel_names == ("DAPI", "")
    assert stack.channel_wavelengths_nm == (460, None)
    np.testing.assert_array_equal(np.asarray(stack), VOXELS)
    np.testing.assert_array_equal(stack[3, 1, 2:9, ::7], VOXELS[3, 1, 2:9, ::7])


@postgresql
@pytest.mark.parametrize(
    ("write", "channels"),
    [
        # one channel, three axes: what labdata's one-channel stacks look like
        (lambda p: tifffile.imwrite(p, VOXELS[:, 0], photometric="minisblack"), 1),
        (lambda p: labdata_zip(p, VOXELS[:, 0], chunks=(4, 30, 40)), 1),
        # channels first
        (lambda p: labdata_zip(p, VOXELS.transpose(1, 0, 2, 3)), 2),
        # pages one after the other, without a word about channels
        (
            lambda p: tifffile.imwrite(
                p, VOXELS.reshape(12, 30, 40), photometric="minisblack"
            ),
            2,
        ),
        # sections written as time points
        (lambda p: tifffile.imwrite(p, VOXELS, ome=True, metadata={"axes": "TCYX"}), 2),
    ],
)
def test_files_in_another_order_are_put_right_by_the_row(
    lab: Any, store: Path, write: Callable[[Path], Any], channels: int
) -> None:
    key = add_brain(lab, name="a.bin", num_channels=channels)
    write(at(lab, store))
    stack = lab.brains.open(key)
    assert stack.axes == "ZCYX"
    np.testing.assert_array_equal(np.asarray(stack), VOXELS[:, :channels])
    assert stack.um_per_pixel == (25, 10, 5)


@postgresql
def test_a_row_that_says_little_leaves_it_to_the_file(lab: Any, store: Path) -> None:
    columns = dict.fromkeys(("num_channels", "width", "height", "um_per_pixel"))
    key = add_brain(lab, **columns)
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeZ": 3.0,
        "PhysicalSizeY": 2.0,
        "PhysicalSizeX": 1.0,
        "Channel": {"Name": ["a", "b"]},
    }
    tifffile.imwrite(at(lab, store), VOXELS, ome=True, metadata=metadata)
    stack = lab.brains.open(key)
    assert stack.um_per_pixel == (3, 2, 1)
    assert stack.channel_names == ("a", "b")


@postgresql
def test_brains_that_cannot_be_opened_say_why(lab: Any, store: Path) -> None:
    with pytest.raises(NotFound, match="no FixedBrain with subject 'M1'"):
        lab.brains.open(KEY)
    with pytest.raises(InvalidValue, match="dataset_name is missing"):
        lab.brains.open({"subject_name": "M1", "session_name": "s"})
    key = add_brain(lab)
    with pytest.raises(NotFound) as error:
        lab.brains.open(key)
    assert str(store) in str(error.value)
    path = at(lab, store)
    tifffile.imwrite(path, VOXELS[:, :, :29], photometric="minisblack")
    with pytest.raises(UnreadableFile, match="the table says"):
        lab.brains.open(key)
    tifffile.imwrite(path, VOXELS, ome=True, metadata={"axes": "ZCYX"})
    os.truncate(path, path.stat().st_size - 5000)
    with pytest.raises(UnreadableFile, match=r"cut short|damaged"):
        lab.brains.open(key)
    other = add_brain(lab, name="x", dataset_name="d2", file_path=None, storage=None)
    with pytest.raises(NotFound, match="names no file"):
        lab.brains.open(other)
    lab.FixedBrain.update1(other | add_file(lab, other, "../../../../secret.tif"))
    with pytest.raises(InvalidValue, match=r"'\.\.'"):
        lab.brains.open(other)
