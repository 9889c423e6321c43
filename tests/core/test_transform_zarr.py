"""A transform as OME-Zarr: the same voxels, scale, names and parameters."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr

from labdata_napari.core import resample
from labdata_napari.core.resample import slabs
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_file import read_transform, write_transform
from labdata_napari.core.transform_run import unfinished
from labdata_napari.errors import Cancelled, InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

UM = (7.3, 2.0, 2.0 / 3.0)
PARAMETERS = TransformParameters(
    downsample=(0.5, 1, 0.6, 0.45),
    rotate=(2, -3, 5, False, True),
    crop=(None, (None, None, -1), (3, None), None),
    transpose=(2, 1, 3, 0),
    cast="uint8",
)
KINDS = [("t.ome.zarr", "0.5"), ("t.zarr", "0.4"), ("t.ozx", "0.5")]
KINDS += [("t.ome.zarr.zip", "0.4")]


def brain(shape: tuple[int, ...] = (40, 2, 60, 164)) -> Stack:
    voxels = np.random.default_rng(1).integers(0, 300, shape, dtype=np.uint16)
    return Stack(voxels, "ZCYX", UM, ("DAPI", "red")[: shape[1]])


def computed(stack: Stack, parameters: TransformParameters) -> np.ndarray:
    geometry = plan(stack.shape, UM, parameters)
    pieces = [piece.ravel() for piece in slabs(stack, geometry, order=1)]
    return np.concatenate(pieces).reshape(geometry.shape_out)


@pytest.mark.parametrize(("name", "version"), KINDS)
def test_it_holds_the_result_its_scale_its_channels_and_its_parameters(
    tmp_path, name, version
):
    stack = brain((40, 2, 60, 364))
    geometry = plan(stack.shape, UM, PARAMETERS)
    path = tmp_path / "new" / name
    write_transform(
        stack,
        geometry,
        path,
        PARAMETERS,
        order=1,
        ome_zarr=version,
        about={"name": "asr_25um_left", "orientation": "asr"},
    )
    assert os.listdir(path.parent) == [name]
    read = open_stack(path)
    assert read.axes == "ZCYX"
    np.testing.assert_array_equal(read, computed(stack, PARAMETERS))
    np.testing.assert_allclose(read.um_per_pixel, geometry.um_per_pixel_out)
    assert read.channel_names == ("red", "DAPI")
    assert read.levels
    for level in read.levels:
        assert level[:].mean() == pytest.approx(read[:].mean(), abs=0.6)
    note = read_transform(path)
    assert TransformParameters.from_row(note["parameters"]) == PARAMETERS
    assert tuple(note["shape"]) == geometry.shape_out
    assert (note["name"], note["orientation"]) == ("asr_25um_left", "asr")
    store = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
    group = zarr.open_group(store, mode="r")
    assert group.metadata.zarr_format == {"0.5": 3, "0.4": 2}[version]
    described = group.attrs["ome"] if version == "0.5" else group.attrs
    [image] = described["multiscales"]
    assert image["name"] == "asr_25um_left"
    assert [axis["name"] for axis in image["axes"]] == ["c", "z", "y", "x"]
    assert {axis.get("unit") for axis in image["axes"][1:]} == {"micrometer"}
    for label, channel in zip(
        ("red", "DAPI"), described["omero"]["channels"], strict=True
    ):
        assert channel["label"] == label
        assert len(channel["color"]) == 6
        assert channel["window"]["end"] <= 255
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            assert len({*names}) == len(names)
            assert {info.compress_type for info in archive.infolist()} == {0}
            assert json.loads(archive.comment)["ome"]["version"] == version


@pytest.mark.parametrize("channels", [1, 2])
def test_the_channels_may_be_any_axis(tmp_path, channels):
    stack = brain((5, channels, 20, 17))
    for transpose in itertools.permutations(range(4)):
        parameters = TransformParameters(transpose=transpose)
        geometry = plan(stack.shape, UM, parameters)
        path = tmp_path / ("".join(map(str, transpose)) + ".zarr")
        write_transform(stack, geometry, path, parameters)
        expected = np.moveaxis(stack[:].transpose(transpose), transpose.index(1), 1)
        np.testing.assert_array_equal(open_stack(path), expected)


@pytest.mark.parametrize("name", ["t.ome.zarr", "t.ozx"])
def test_a_run_that_was_stopped_goes_on_to_the_same_file(tmp_path, name, monkeypatch):
    monkeypatch.setattr(resample, "_SLAB_BYTES", 2 << 20)  # six slabs
    source = tmp_path / "brain.zarr"
    voxels = np.arange(150 * 280 * 280).reshape(150, 1, 280, 280) // 1000 % 251
    zarr.save_array(str(source), voxels.astype(np.uint8), zarr_format=2)
    stack = open_stack(source)
    parameters = TransformParameters(transpose=(0, 1, 3, 2))
    geometry = plan(stack.shape, UM, parameters)

    def write(path: Path, planes: int, end: int = 2000) -> None:
        def stop(done: int, total: int) -> None:
            begun = unfinished(path)
            if done >= end or (begun is not None and begun.done >= planes):
                raise Cancelled("stopped")

        write_transform(stack, geometry, path, parameters, stop, keep=True)

    whole = tmp_path / "whole" / name
    write(whole, 1000)
    path = tmp_path / "gone on" / name
    for planes, end in ((1, 2000), (80, 2000), (1000, 950)):
        with pytest.raises(Cancelled):
            write(path, planes, end)
        if planes == 80:  # what the journal says is not all there
            chunk = next((path.parent / f".{name}.partial").rglob("c/0/1/0/0"))
            chunk.write_bytes(b"")
    write(path, 1000)
    assert os.listdir(path.parent) == [name]
    assert contents(path) == contents(whole)


def contents(path: Path) -> dict[str, bytes]:
    if path.is_file():
        return {"": path.read_bytes()}
    files = (p for p in path.rglob("*") if p.is_file())
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


def test_cancelled_at_any_time_nothing_is_left(tmp_path):
    stack = brain((120, 2, 60, 64))
    geometry = plan(stack.shape, UM, PARAMETERS)
    for step in (1, 500, 899, 901, 1000):
        for name, version in KINDS[1:3]:

            def stop(done: int, total: int, step: int = step) -> None:
                if done >= step:
                    raise Cancelled("stopped")

            with pytest.raises(Cancelled):
                write_transform(
                    stack,
                    geometry,
                    tmp_path / "a" / name,
                    PARAMETERS,
                    stop,
                    ome_zarr=version,
                )
            assert not os.listdir(tmp_path)


def test_another_is_replaced_only_by_a_whole_one(tmp_path):
    stack, path = brain((6, 1, 20, 30)), tmp_path / "t.zarr"
    for cast in ("uint8", "float32"):
        parameters = TransformParameters(cast=cast)
        geometry = plan(stack.shape, UM, parameters)
        write_transform(stack, geometry, path, parameters)
        assert open_stack(path).dtype == cast
        assert os.listdir(tmp_path) == ["t.zarr"]


def test_other_names_and_versions_are_refused_before_anything_is_written(tmp_path):
    stack = brain((3, 1, 20, 30))
    geometry = plan(stack.shape, UM, TransformParameters())
    for name, version, said in (
        ("t.png", "0.5", "written as .ome.tif, .ome.zarr or .ome.zarr.zip"),
        ("t.zarr", "0.3", "versions 0.5, 0.4"),
    ):
        with pytest.raises(InvalidValue, match=said):
            write_transform(
                stack,
                geometry,
                tmp_path / name,
                TransformParameters(),
                ome_zarr=version,
            )
    assert not os.listdir(tmp_path)
    zarr.save_array(str(tmp_path / "plain.zarr"), stack[:])
    with pytest.raises(UnreadableFile, match="no transform parameters"):
        read_transform(tmp_path / "plain.zarr")


MAY_NOT_GROW = """
    import resource, sys, time
    from pathlib import Path
    import numpy as np
    from labdata_napari.core.transform import TransformParameters, plan
    from labdata_napari.core.transform_file import write_transform
    from labdata_napari.errors import WriteRefused

    folder = Path(sys.argv[1])
    stack = np.random.default_rng(0).integers(0, 999, (24, 2, 300, 600), np.uint16)
    parameters = TransformParameters(rotate=(1, 0, 3, False, False))
    geometry = plan(stack.shape, None, parameters)
    for limit in (1000, 20_000, 100_000, 400_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            write_transform(stack, geometry, folder / "t.ome.zarr", parameters)
        except WriteRefused:
            time.sleep(0.5)  # several chunks were being written when one failed
            print(sorted(p.name for p in folder.rglob("*")))
"""


def test_no_chunk_is_written_after_another_could_not_be(tmp_path):
    pytest.importorskip("resource", reason="this system has no limit on file sizes")
    command = [sys.executable, "-c", textwrap.dedent(MAY_NOT_GROW), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[]"] * 4
