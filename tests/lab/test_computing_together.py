"""Several programs compute the transforms of one lab: each once, whoever dies."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from brain_files import brain_voxels, write_labdata_zip
from computing_peer import STAGES, peer, said_until
from labdata_napari.core.transform_parameters import TransformParameters
from labs import add_brain, files_below, postgresql, rows_everywhere

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
COUNT = 5


def add_brain_with_parameters(lab: Any, store: Path, count: int) -> dict[str, str]:
    voxels = brain_voxels()
    size = dict(zip(("num_channels", "height", "width"), voxels.shape[1:], strict=True))
    um = np.array([10.0, 5.0, 4.0])
    key = add_brain(lab, "brain.zarr.zip", um_per_pixel=um, **size)
    write_labdata_zip(store.joinpath(*key.values(), "brain.zarr.zip"), voxels)
    for number in range(count):
        half = TransformParameters(downsample=(1, 1, 1 / (number + 2), 0.5))
        assert lab.brains.add_transform_parameters(key, half) == number
    return key


def assert_whole(lab: Any, store: Path, key: dict[str, str], count: int) -> None:
    """Every transform has its rows and its file, and there is nothing else."""
    assert len(lab.FixedBrainTransform()) == len(lab.AnalysisFile()) == count
    for row in lab.AnalysisFile.to_dicts():
        content = (store / row["file_path"]).read_bytes()
        assert row["file_md5"] == hashlib.md5(content).hexdigest()
    folder = "/".join(key.values())
    files = {name for name in files_below(store) if name.startswith(f"{folder}/")}
    wanted = {f"{folder}/transform_{n}.ome.tif" for n in range(count)}
    assert files == wanted | {f"{folder}/brain.zarr.zip"}


def test_three_programs_compute_each_once_and_take_over_from_a_dead_one(
    lab: Any, lab_place: Any, store: Path
) -> None:
    key = add_brain_with_parameters(lab, store, COUNT)
    with contextlib.ExitStack() as children:
        dying = children.enter_context(peer(lab_place, store, "computing"))
        said_until(dying, "hangs")
        others = [children.enter_context(peer(lab_place, store)) for _ in range(2)]
        said = [said_until(child, "waits") for child in others]
        dying.kill()
        said += [said_until(child, "over") for child in others]
    computed = [line for lines in said for line in lines if line.startswith("computed")]
    assert sorted(computed) == [f"computed {number}" for number in range(COUNT)]
    assert_whole(lab, store, key, COUNT)


@postgresql
@pytest.mark.parametrize("stage", STAGES[1:])
def test_killed_at_any_stage_the_next_one_goes_on(
    lab: Any, lab_place: Any, store: Path, stage: str
) -> None:
    key = add_brain_with_parameters(lab, store, 1)
    before = rows_everywhere(lab)
    with peer(lab_place, store, stage) as dying:
        said_until(dying, "hangs")
    if stage != "committed":
        assert rows_everywhere(lab) == before
    there = (lab.FixedBrainTransform & key).to_dicts()
    done = lab.FixedBrainTransform.populate(key)
    assert done == {"success_count": 0 if there else 1, "error_list": []}
    assert_whole(lab, store, key, 1)
