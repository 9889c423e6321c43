"""A project that labdata declared: tables of its own, files and people shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import labdata_napari as ln
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.lab.projects import ProjectChoice, find_projects
from labs import KEY, add_brain, add_transform
from peers import assert_same_rows, plain_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peers import Labdata

pytestmark = pytest.mark.mysql
POINTS = np.arange(12, dtype=float).reshape(4, 3)


@pytest.fixture
def in_project(
    labdata: Labdata, lab_place: Any, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A lab on the project, while labdata is in it as well."""
    monkeypatch.setenv("LABDATA_PATH", str(labdata.folder))
    try:
        with (
            labdata.in_project("projx"),
            ln.connect(project="projx", local_paths=[store]) as lab,
        ):
            yield lab
    finally:
        lab_place.sql(
            "SET foreign_key_checks = 0",
            "DROP DATABASE lab_data_projx",
            "DROP DATABASE lab_data_projx_computed",
        )


def test_both_work_in_a_project_and_share_what_is_the_labs(
    lab: Any, in_project: Any, labdata: Labdata, tmp_path: Path
):
    assert in_project.tables.missing == ()
    key = add_transform(in_project, add_brain(in_project))
    about = {"project_description": "for tests", "project_contact": "ana"}
    labdata.insert("Project", {"project_name": "projx"} | about)
    assert find_projects(lab) == (ProjectChoice("projx", "for tests"),)
    assert find_projects(in_project) == find_projects(lab)

    drawn = AnnotationSet((Annotation("ours", "probe_track", POINTS),))
    in_project.brains.save_annotations(key, AnnotationSet(), drawn)
    [row] = labdata.rows("FixedBrainTransformAnnotation")
    assert row["annotation_name"] == "ours"
    theirs = {"annotation_id": 7, "annotation_name": "theirs", "xyz": POINTS * 2}
    labdata.insert(
        "FixedBrainTransformAnnotation", row | theirs | {"annotation_type": "injection"}
    )
    loaded = in_project.brains.load_annotations(key)
    np.testing.assert_array_equal(loaded["theirs"].points, POINTS * 2)
    labdata.insert(
        "Subject", *(r | {"subject_name": "M2"} for r in labdata.rows("Subject"))
    )
    assert in_project.Subject().to_arrays("subject_name").tolist() == ["M1", "M2"]
    assert [entry.dataset for entry in in_project.entries.find()] == ["brain"]

    notes = [tmp_path / name for name in ("ours.txt", "theirs.txt")]
    for note in notes:
        note.write_bytes(b"a result")
    kept = in_project.AnalysisFile().upload_files(notes[:1], KEY)
    kept += labdata.upload_files(KEY, notes[1])
    folder = f"projx/{'/'.join(KEY.values())}"
    assert [k["file_path"] for k in kept] == [f"{folder}/{n.name}" for n in notes]
    assert assert_same_rows(in_project, labdata) >= {"Subject", "FixedBrain", "File"}
    for name in ("LabMember", "Project", "File", "AnalysisFile"):
        assert plain_rows(lab, name) == labdata.plain_rows(name) != []
    for name in ("Subject", "Dataset", "FixedBrain", "FixedBrainTransformAnnotation"):
        assert plain_rows(lab, name) == []
