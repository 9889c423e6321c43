"""A lab without some of labdata's tables or columns: the rest works, and it says so."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
import tifffile

from brain_files import brain_voxels, store_brain
from databases import declare_as_labdata
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import NotFound
from labdata_napari.lab.files import Files
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.lab.lab import Lab
from labdata_napari.schema.contract import contract
from labs import KEY, add_dataset, add_file, add_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import Place

TRANSFORM = {**KEY, "transform_id": 0}
WIDEFIELD = {
    "n_channels": 2,
    "n_frames": 1200,
    "width": 40,
    "height": 30,
    "frame_rate": 30.0,
    "um_per_pixel": [5.0, 6.0],
    "imaging_software": "labcams",
}


@pytest.fixture
def place(backend: str, server: Any) -> Iterator[Place]:
    """On MySQL the tables are as labdata left them."""
    made: Place = server.with_tables() if backend == "postgresql" else server.empty()
    if backend == "mysql":
        declare_as_labdata(made)
    yield made
    made.close()


@pytest.fixture
def attach(place: Place, store: Path) -> Callable[..., Lab]:
    def connect(**user: str) -> Lab:
        instance = place.instance(**user)
        return Lab(instance, "mysql://test@host:3306", "lab_data", None, Files([store]))

    return connect


@pytest.fixture
def filled(attach: Callable[..., Lab], store: Path) -> Lab:
    """A brain on disk with a transform, and a recording in name only."""
    lab = attach()
    store_brain(lab, store, brain_voxels())
    add_transform(lab, KEY)
    key = add_dataset(lab, dataset_name="widefield")
    stored = add_file(lab, key, "w.dat")
    lab.Widefield.insert1(key | stored | WIDEFIELD, allow_direct_insert=True)
    return lab


def without(place: Place, table: str, column: str) -> None:
    place.sql(f"ALTER TABLE lab_data.{table} DROP COLUMN {column}")


def reader_without(place: Place, hidden: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Somebody who may read every table, some of them only in part."""
    mysql = place.backend == "mysql"
    name = f"partial_{secrets.token_hex(4)}"
    schemas = {"global": "lab_data", "data": "lab_data"}
    grants = []
    for table, wanted in contract().items():
        schema = schemas.get(wanted["scope"], "lab_data_computed")
        shown = [c for c in wanted["columns"] if c not in hidden.get(table, ())]
        quote = "`" if mysql else '"'
        columns = ", ".join(f"{quote}{c}{quote}" for c in shown)
        part = f"({columns})" if table in hidden else ""
        full = f"{schema}.{quote}{wanted['table']}{quote}"
        who = f"{name}@'127.0.0.1'" if mysql else name
        if shown:
            grants.append(f"GRANT SELECT {part} ON {full} TO {who}")
    if mysql:
        place.sql(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY '{name}'", *grants)
    else:
        usage = f"GRANT USAGE ON SCHEMA lab_data, lab_data_computed TO {name}"
        place.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'", usage, *grants)
    return {"user": name, "password": name}


def offered(lab: Lab) -> set[str]:
    return {u.what for u in lab.unavailable}


def test_a_whole_lab_offers_everything(filled: Lab):
    assert filled.unavailable == ()
    assert filled.why_not("annotations") == ""


def test_without_computed_tables_brains_still_list_and_open(
    place: Place, attach: Callable[..., Lab], filled: Lab
):
    word = "DATABASE" if place.backend == "mysql" else "SCHEMA"
    tail = "" if place.backend == "mysql" else "CASCADE"
    place.sql(f"DROP {word} lab_data_computed {tail}")
    lab = attach()
    kinds = {e.kind: e for e in lab.entries.find()}
    assert set(kinds) == {"FixedBrain", "Widefield"}
    assert lab.brains.open(KEY).shape == (12, 2, 20, 16)
    details = lab.entries.details(kinds["FixedBrain"])
    assert dict(details.lines)["subject"].startswith("M1 (female")
    assert details.transforms == ()
    assert offered(lab) == {
        "transforms",
        "computing transforms",
        "annotations",
        "label sets",
    }
    assert lab.why_not("annotations") == (
        "The tables FixedBrainTransform and FixedBrainTransformAnnotation are not in "
        "this lab, or you may not read them."
    )
    for action in (
        lambda: lab.brains.transforms(KEY),
        lambda: lab.brains.open_transform(TRANSFORM),
        lambda: lab.brains.compute_transform(TRANSFORM),
        lambda: lab.brains.add_transform_parameters(KEY, TransformParameters()),
        lambda: lab.brains.load_annotations(TRANSFORM),
        lambda: lab.brains.save_annotations(
            TRANSFORM,
            AnnotationSet(),
            AnnotationSet((Annotation("a", "", [[1, 2, 3]]),)),
        ),
    ):
        with pytest.raises(NotFound, match="FixedBrainTransform"):
            action()


def test_columns_of_a_newer_labdata_are_done_without(
    place: Place, attach: Callable[..., Lab], filled: Lab, tmp_path: Path
):
    without(place, "_fixed_brain", "hardware")
    without(place, "_widefield", "um_per_pixel")
    lab = attach()
    kinds = {e.kind: e for e in lab.entries.find()}
    assert kinds["FixedBrain"].um_per_pixel == (10, 5, 4)
    assert kinds["Widefield"].um_per_pixel is None
    assert kinds["Widefield"].description == "1,200 frames, 30 Hz"
    assert lab.entries.details(kinds["Widefield"]).lines
    assert lab.brains.open(KEY).um_per_pixel == (10, 5, 4)
    assert [t.computed for t in lab.brains.transforms(KEY)] == [True]
    assert {u.what: u.reason for u in lab.unavailable} == {
        "pixel sizes of widefield recordings": "The table Widefield has no column "
        "um_per_pixel, or you may not read it.",
        "computing transforms": "The table FixedBrain has no column hardware, or you "
        "may not read it.",
        "importing brains": "The table FixedBrain has no column hardware, or you may "
        "not read it.",
    }
    file = tmp_path / "new.tif"
    tifffile.imwrite(file, brain_voxels(), ome=True, metadata={"axes": "ZCYX"})
    request = BrainImport(file, "M1", "20260101_120000", "new", (1, 1, 1))
    before = place.sql("SELECT count(*) FROM lab_data._fixed_brain")
    with pytest.raises(NotFound, match=r"importing brains\. The table FixedB"):
        import_brain(lab, request)
    assert place.sql("SELECT count(*) FROM lab_data._fixed_brain") == before


def test_a_column_one_may_not_read_is_named_where_it_is_needed(
    place: Place, attach: Callable[..., Lab], filled: Lab
):
    hidden = {
        "FixedBrain": ("file_path", "width"),
        "Session": ("session_datetime",),
        "FixedBrainTransformParameters": ("rotate",),
        "PoseEstimationLabelSet": ("pose_label_set_num", "description"),
        "Subject": tuple(contract()["Subject"]["columns"]),
    }
    hidden["Subject"] = tuple(c for c in hidden["Subject"] if c != "subject_name")
    lab = attach(**reader_without(place, hidden))
    assert lab.read_only
    assert lab.tables.missing == ("PoseEstimationLabelSet",)
    assert lab.tables.lacking["FixedBrain"] == ("file_path", "width")
    kinds = {e.kind: e for e in lab.entries.find()}
    brain = kinds["FixedBrain"]
    assert (brain.file_path, brain.size, brain.session_datetime) == (None, None, None)
    assert brain.channels == 2
    assert kinds["Widefield"].size == 1e6
    lines = dict(lab.entries.details(brain).lines)
    assert lines["subject"] == "M1 (sex unknown)"
    assert lines["channel 0"] == "label 0"
    with pytest.raises(NotFound, match="FixedBrain of this lab has no column 'file_pa"):
        lab.brains.open(KEY)
    with pytest.raises(NotFound, match="Parameters has no column rotate"):
        lab.brains.transforms(KEY)
    assert len(lab.brains.load_annotations(TRANSFORM)) == 0
    assert offered(lab) == {
        "opening brains",
        "transforms",
        "computing transforms",
        "label sets",
        "sessions' dates",
        "importing brains",
    }
