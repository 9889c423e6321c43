"""Whatever we do to a lab's database, only rows change, and only those of the action.

Read from the server's own log of every statement, on tables that labdata declared.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from brain_files import brain_voxels, write_labdata_zip
from every_row import every_row
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import LabdataError
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.schema.contract import contract
from labdata_napari.widgets.rows import row_opening
from labelling import add_video, frames_of, labels_of, picture
from labs import KEY
from statements import declared, writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from peers import Labdata

pytestmark = pytest.mark.mysql
POINTS = np.arange(12, dtype=float).reshape(4, 3)


@dataclass
class Person:
    """Does one thing after the other, with a lab."""

    lab: Any
    scope: Path
    video: dict[str, str]
    key: dict[str, Any]

    def bind_and_read_every_table(self) -> None:
        self.lab.tables.bind_all()
        for name in self.lab.tables.names:
            table = getattr(self.lab, name)
            table().to_dicts(order_by="KEY")
            for part in table().parts(as_objects=True):
                part.to_dicts(order_by="KEY")
                assert repr(part)
            assert repr(table())
            table().parents(), table().children(), table().describe()

    def browse(self) -> None:
        found = self.lab.entries.find()
        assert {entry.kind for entry in found} >= {"FixedBrain", "Widefield"}
        for entry in found:
            with contextlib.suppress(LabdataError):  # values that mean nothing
                self.lab.entries.details(entry)

    def fail_to_open_what_is_not_here(self) -> None:
        for entry in self.lab.entries.find():
            with pytest.raises(LabdataError):
                row_opening(self.lab, entry.kind, entry.key)()

    def import_a_brain(self) -> None:
        request = BrainImport(self.scope, *KEY.values(), um_per_pixel=(10, 5, 4))
        assert import_brain(self.lab, request) == KEY

    def open_a_brain(self) -> None:
        assert (self.lab.FixedBrain & KEY).open()[0, 0].any()
        assert len((self.lab.File & "file_path LIKE 'M1%'").get()) == 1
        [entry] = (e for e in self.lab.entries.find("M1") if e.kind == "FixedBrain")
        self.lab.entries.details(entry)

    def set_transform_parameters(self) -> None:
        halved = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))
        number = self.lab.brains.add_transform_parameters(KEY, halved)
        self.key = KEY | {"transform_id": number}
        other = TransformParameters(cast="uint8")
        again = KEY | {"transform_id": number + 1}
        assert self.lab.brains.add_transform_parameters(KEY, other) == number + 1
        turned = TransformParameters(rotate=(0, 0, 90, False, False))
        self.lab.brains.save_transform_parameters(again, other, turned)
        self.lab.brains.save_transform_parameters(again, turned, None)

    def compute_a_transform(self) -> None:
        self.lab.FixedBrainTransform.populate(KEY)
        assert self.lab.brains.compute_transform(self.key) == self.key

    def open_a_transform(self) -> None:
        assert (self.lab.FixedBrainTransform & self.key).open()[0, 0].any()
        assert self.lab.brains.transforms(KEY)[0].computed

    def annotate(self) -> None:
        two = [Annotation(f"track {n}", "probe_track", POINTS + n) for n in range(2)]
        first = AnnotationSet(tuple(two))
        self.lab.brains.save_annotations(self.key, AnnotationSet(), first)
        loaded = self.lab.brains.load_annotations(self.key)
        moved = Annotation(
            "track 0", "probe_track", POINTS * 2, loaded["track 0"].annotation_id
        )
        self.lab.brains.save_annotations(self.key, loaded, AnnotationSet((moved,)))

    def label(self) -> None:
        frames = frames_of(self.video, (3, 10))
        number = self.lab.poses.create_label_set("for tests")
        pictures = {frame: picture(frame.frame_num) for frame in frames}
        self.lab.poses.add_frames(number, pictures, labels_of(frames))
        loaded = self.lab.poses.load_labels(number)
        edited = loaded.placed(frames[0], "nose", 1, 2).removed(frames[1], "tail")
        self.lab.poses.save_labels(number, loaded, edited)
        self.lab.poses.load_frame(number, frames[0])

    def keep_a_projection(self) -> None:
        [key] = (self.lab.Widefield & "n_channels < 0").keys()
        first, second = np.zeros((1, 2, 3)), np.ones((1, 2, 3))
        self.lab.widefield.save_projection(key, "mean", None, first)
        self.lab.widefield.save_projection(key, "mean", first, second)
        assert self.lab.widefield.projections(key)["mean"].all()

    def use_tables_as_datajoint_does(self) -> None:
        note = {"notetaker": "ana", "note_datetime": "2026-01-01 12:00:00"}
        self.lab.Note.insert1(note | {"notes": "a\nb"})
        self.lab.Note.update1(note | {"notes": "changed"})
        (self.lab.Dataset & KEY).delete(prompt=False)
        assert not self.lab.FixedBrain & KEY


def tables(schema: str, *names: str, verb: str = "INSERT INTO") -> set[str]:
    return {f"{verb} {schema}.{name}" for name in names}


def deletes(schema: str, *names: str) -> set[str]:
    return tables(schema, *names, verb="DELETE FROM")


COMPUTED = "lab_data_computed"
PARAMETERS = "fixed_brain_transform_parameters"
PROJECTION = "_widefield__projection"
ANNOTATION = "fixed_brain_transform_annotation"
LABEL = "pose_estimation_label_set__label"
WRITES: dict[Callable[[Person], None], set[str]] = {
    Person.bind_and_read_every_table: set(),
    Person.browse: set(),
    Person.fail_to_open_what_is_not_here: set(),
    Person.import_a_brain: tables(
        "lab_data",
        "lab_member",
        "#species",
        "#strain",
        "subject",
        "session",
        "#dataset_type",
        "dataset",
        "dataset__data_files",
        "file",
        "_fixed_brain",
        "_fixed_brain__channel",
    ),
    Person.open_a_brain: set(),
    Person.set_transform_parameters: tables(COMPUTED, PARAMETERS)
    | tables(COMPUTED, PARAMETERS, verb="UPDATE")
    | deletes(COMPUTED, PARAMETERS),
    Person.compute_a_transform: tables("lab_data", "analysis_file")
    | tables(COMPUTED, "__fixed_brain_transform"),
    Person.open_a_transform: set(),
    Person.annotate: tables(COMPUTED, ANNOTATION)
    | deletes(COMPUTED, ANNOTATION)
    | tables(COMPUTED, ANNOTATION, verb="UPDATE"),
    Person.label: tables(COMPUTED, "pose_estimation_label_set")
    | tables(COMPUTED, "pose_estimation_label_set__frame", LABEL)
    | deletes(COMPUTED, LABEL),
    Person.keep_a_projection: tables("lab_data", PROJECTION)
    | tables("lab_data", PROJECTION, verb="UPDATE"),
}


@pytest.mark.filterwarnings("ignore:Casting complex values")
def test_only_rows_of_the_action_change(
    lab, lab_place, labdata: Labdata, tmp_path: Path
):
    for name, row in every_row():
        labdata.insert(name, row)
    scope = write_labdata_zip(tmp_path / "scope" / "brain.zarr.zip", brain_voxels())
    person = Person(lab, scope, add_video(lab, subject_name="V1"), {})
    before = declared(lab_place)
    for action, allowed in WRITES.items():
        with lab_place.statements() as seen:
            action(person)
        assert len(seen) > 0, action.__name__
        assert writes(seen) == allowed, action.__name__
    with lab_place.statements() as seen:
        person.use_tables_as_datajoint_does()
    # a cascade asks every table below for the rows to delete, also where there are none
    below = {
        f"DELETE FROM {lab.tables.schemas[t['scope']]}.{t['table']}"
        for t in contract().values()
    }
    assert {w for w in writes(seen) if w not in below} == tables(
        "lab_data", "note"
    ) | tables("lab_data", "note", verb="UPDATE")
    assert declared(lab_place) == before


def test_the_watch_sees_what_it_is_there_to_see(lab_place):
    before = declared(lab_place)
    with lab_place.statements() as seen:
        lab_place.sql(
            "CREATE TABLE lab_data.`~lineage` (a int)",
            "SELECT 1",
            "SET SESSION sql_mode = ''",
            "insert into `lab_data`.`#species` values ('a', 'b', null)",
        )
    assert writes(seen) == {
        "CREATE TABLE lab_data.`~lineage` (a int)",
        "INSERT INTO lab_data.#species",
    }
    assert declared(lab_place) != before
    lab_place.sql("DROP TABLE lab_data.`~lineage`")
    assert declared(lab_place) == before
