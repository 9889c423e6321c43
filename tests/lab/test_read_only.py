"""Who may only read reads everything; every way to write says so, changing nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from datajoint import DataJointError

from brain_files import brain_voxels, store_brain, write_labdata_zip
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.ingest import BrainImport, import_brain
from labelling import frames_of, label_set, picture
from labs import files_below, rows_everywhere
from statements import writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = AnnotationSet((Annotation("track", "probe_track", np.ones((2, 3))),))
AS_IT_IS, AS_BYTES = TransformParameters(), TransformParameters(cast="uint8")


@pytest.fixture
def key(lab: Any, store: Path) -> dict[str, Any]:
    """A brain with a transform, and parameters that wait for theirs; its key."""
    brain = store_brain(lab, store, brain_voxels())
    lab.brains.add_transform_parameters(brain, AS_IT_IS)
    lab.brains.add_transform_parameters(brain, AS_BYTES)
    done = lab.brains.compute_transform(brain | {"transform_id": 0})
    lab.brains.save_annotations(done, AnnotationSet(), ONE)
    label_set(lab)
    sizes = {"n_channels": 1, "n_frames": 1, "width": 1, "height": 1}
    row = brain | sizes | {"frame_rate": 1.0, "imaging_software": "test"}
    lab.Widefield.insert1(row, allow_direct_insert=True)
    return dict(done)


def ways_to_write(
    lab: Any, key: dict[str, Any], file: Path
) -> dict[str, Callable[[], Any]]:
    waiting = key | {"transform_id": 1}
    labels = lab.poses.load_labels(0)
    frame = labels.frames[0]
    other = TransformParameters(cast="float32")
    image = np.ones((1, 1, 1))
    new = frames_of(frame._asdict(), [99])[0]
    return {
        "import": lambda: import_brain(lab, BrainImport(file, "M9", *IDS, UM)),
        "parameters": lambda: lab.brains.add_transform_parameters(key, other),
        "other parameters": lambda: lab.brains.save_transform_parameters(
            waiting, AS_BYTES, other
        ),
        "compute": lambda: lab.brains.compute_transform(waiting),
        "populate": lambda: lab.FixedBrainTransform.populate(),
        "annotate": lambda: lab.brains.save_annotations(key, ONE, AnnotationSet()),
        "label set": lambda: lab.poses.create_label_set("mine"),
        "frames": lambda: lab.poses.add_frames(0, {new: picture()}),
        "labels": lambda: lab.poses.save_labels(
            0, labels, labels.placed(frame, "nose", 1, 2)
        ),
        "projection": lambda: lab.widefield.save_projection(key, "mean", None, image),
    }


def direct_writes(lab: Any) -> dict[str, Callable[[], Any]]:
    row = {"species_name": "ox", "species_scientific_name": "Bos"}
    mouse = lab.Species & {"species_name": "mouse"}
    return {
        "insert1": lambda: lab.Species.insert1(row),
        "insert": lambda: lab.Species.insert([row], skip_duplicates=True),
        "update1": lambda: lab.Species.update1(mouse.fetch1()),
        "delete_quick": lambda: mouse.delete_quick(),
        "delete": lambda: mouse.delete(prompt=False),
        "own table": lambda: lab.connection.query(
            f"CREATE TABLE {lab.tables.schemas['data']}.mine (number int)"
        ),
    }


IDS = ("20260401_101500", "brain")
UM = (10.0, 5.0, 4.0)


def test_everything_is_read_and_nothing_written(
    lab: Any, key: dict[str, Any], connect_again: Any, lab_place: Any, tmp_path: Path
) -> None:
    file = write_labdata_zip(tmp_path / "scope" / "other.zarr.zip", brain_voxels())
    rows, files = rows_everywhere(lab), files_below(lab.files.local_paths[0])
    reader = connect_again(**lab_place.reader())
    assert reader.read_only
    assert reader.tables.missing == ()
    assert reader.brains.load_annotations(key).names == ("track",)
    assert reader.brains.open(key).shape == brain_voxels().shape
    assert {entry.kind for entry in reader.entries.find()} == {
        "FixedBrain",
        "Widefield",
        "DatasetVideo",
        "PoseEstimationLabelSet",
    }
    for name, write in ways_to_write(reader, key, file).items():
        with lab_place.statements() as seen, pytest.raises(WriteRefused) as refused:
            write()
        said = str(refused.value)
        assert "may only read this database" in said, name
        assert "\n" not in said, name
        # refused before the server was asked to
        assert writes(seen) == set(), name
    for name, write in direct_writes(reader).items():
        with pytest.raises(WriteRefused, match="does not let this user") as refused:
            write()
        assert isinstance(refused.value.__cause__, DataJointError), name
    assert rows_everywhere(lab) == rows
    assert files_below(lab.files.local_paths[0]) == files
