"""One S3 for both: what one package put there, the other finds, streams and fetches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import labdata_napari as ln
from brain_files import brain_voxels, write_labdata_zip
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import UnreadableFile
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.lab.stores import open_store
from labs import KEY, add_dataset, files_below
from peers import assert_same_rows
from s3_server import KEYS, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry
    from peers import Labdata

pytestmark = pytest.mark.mysql
UM = (10.0, 5.0, 4.0)
HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))
FOLDER = "/".join(KEY.values())
FOLDERS = {"data": "raw/2026/", "analysis": "/results"}
"""Of the storages, in the forms that people write."""


@dataclasses.dataclass
class Shared:
    """A lab that both packages use, each with an empty disk of its own."""

    lab: Any
    ours: Path
    theirs: Path
    bucket: StorageEntry

    def objects(self) -> set[str]:
        return set(open_store(self.bucket).listed(""))


@pytest.fixture
def form() -> str:
    """How the settings name the server, which labdata finds by the environment."""
    return "{host}"


@pytest.fixture
def shared(
    labdata: Labdata,
    lab_place: Any,
    bucket: StorageEntry,
    form: str,
    s3_endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shared]:
    """A lab in S3, found by us in the settings that labdata wrote."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    labdata.look_in(theirs)
    endpoint = form.format(host=s3_endpoint.removeprefix("http://"))
    place = {"protocol": "s3", "endpoint": endpoint, "bucket": bucket.bucket} | KEYS
    storages = {name: place | {"folder": folder} for name, folder in FOLDERS.items()}
    monkeypatch.setenv("LABDATA_PATH", str(labdata.folder))
    if "://" not in endpoint:  # what labdata needs in any case
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    with labdata.keeping_files_in(s3_endpoint, **storages):
        settings = (labdata.folder / "user_preferences.json").read_text()
        assert KEYS["secret_key"] not in settings
        with ln.connect(local_paths=[ours]) as lab:
            yield Shared(lab, ours, theirs, bucket)


def test_we_stream_and_fetch_what_labdata_uploaded(shared: Shared, labdata: Labdata):
    lab = shared.lab
    add_dataset(lab)
    stack = f"{FOLDER}/stack.zarr.zip"
    labdata.write_stack(shared.theirs / stack, brain_voxels())
    assert labdata.upload("data", KEY, stack).startswith("UPLOADED 1;")
    assert shared.objects() == {f"raw/2026/{stack}"}
    [row] = lab.File().to_dicts()
    place = {name: row[name] for name in ("file_path", "storage")}
    brain = {"num_channels": 2, "height": 20, "width": 16, "um_per_pixel": np.array(UM)}
    labdata.insert("FixedBrain", KEY | place | brain)

    assert lab.files.find(**place).state == "remote"
    opened = (lab.FixedBrain & KEY).open()
    np.testing.assert_array_equal(opened[:], brain_voxels())
    assert files_below(shared.ours) == set()
    [path] = (lab.File & place).get()
    assert path == shared.ours / stack
    assert path.read_bytes() == (shared.theirs / stack).read_bytes()

    labdata.insert(
        "FixedBrainTransformParameters",
        KEY | {"transform_id": 0, "downsample": list(HALF.downsample)},
    )
    labdata.populate("FixedBrainTransform", **KEY)
    pixels = labdata.get("FixedBrainTransform", **KEY)
    transform = lab.FixedBrainTransform & KEY
    np.testing.assert_array_equal(np.asarray(transform.open()), pixels)
    np.testing.assert_array_equal(transform.get(), pixels)


def test_labdata_fetches_what_we_put_there(
    shared: Shared, labdata: Labdata, tmp_path: Path
):
    lab = shared.lab
    scope = write_labdata_zip(tmp_path / "scope" / "brain.zarr.zip", brain_voxels())
    import_brain(lab, BrainImport(scope, *KEY.values(), um_per_pixel=UM))
    assert shared.objects() == {f"raw/2026/{FOLDER}/brain.zarr.zip"}
    [place] = [row["file_path"] for row in labdata.rows("File")]
    np.testing.assert_array_equal(labdata.stream("FixedBrain", **KEY), brain_voxels())
    assert files_below(shared.theirs) == set()
    np.testing.assert_array_equal(labdata.get("FixedBrain", **KEY), brain_voxels())
    assert labdata.paths("File") == [shared.theirs / place]
    assert (shared.theirs / place).read_bytes() == scope.read_bytes()

    number = lab.brains.add_transform_parameters(KEY, HALF)
    key = lab.brains.compute_transform(KEY | {"transform_id": number})
    pixels = (lab.FixedBrainTransform & key).get()
    np.testing.assert_array_equal(labdata.get("FixedBrainTransform", **key), pixels)
    assert_same_rows(lab, labdata)


@pytest.mark.parametrize("form", ["s3.amazonaws.com:9000", "{host}", "http://{host}"])
def test_results_kept_by_one_are_fetched_by_the_other(
    shared: Shared, labdata: Labdata, tmp_path: Path
):
    lab = shared.lab
    add_dataset(lab)
    sources = {name: tmp_path / name for name in ("theirs.txt", "our results.txt")}
    for name, path in sources.items():
        path.write_text(name)
    [theirs] = labdata.upload_files(KEY, sources["theirs.txt"])
    [ours] = lab.AnalysisFile().upload_files([sources["our results.txt"]], KEY)
    assert shared.objects() == {f"results/{FOLDER}/{name}" for name in sources}
    assert_same_rows(lab, labdata)
    assert (lab.AnalysisFile & theirs).get() == [shared.ours / theirs["file_path"]]
    assert labdata.download("AnalysisFile", **ours) == [
        shared.theirs / ours["file_path"]
    ]
    assert (shared.ours / theirs["file_path"]).read_text() == "theirs.txt"
    assert (shared.theirs / ours["file_path"]).read_text() == "our results.txt"

    (shared.ours / theirs["file_path"]).unlink()
    put(shared.bucket, f"results/{theirs['file_path']}", b"thrice.txt")
    with pytest.raises(UnreadableFile, match="is damaged: its MD5 is"):
        (lab.AnalysisFile & theirs).get()
