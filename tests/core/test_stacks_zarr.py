from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import zarr
from imagecodecs.numcodecs import Blosc2
from numcodecs import Delta

from labdata_napari.core.formats_zarr import ChunkReader
from labdata_napari.core.stacks import open_stack, probe
from stack_files import labdata_zip, ome_zarr

BRAIN = np.random.default_rng(0).integers(1, 4000, (10, 2, 30, 40)).astype(np.uint16)


def test_a_labdata_zip_reads_as_numpy_would(tmp_path):
    stack = open_stack(labdata_zip(tmp_path / "brain.zarr.zip", BRAIN))
    assert (stack.axes, stack.shape, stack.dtype) == ("ZCYX", BRAIN.shape, np.uint16)
    assert isinstance(stack.data.reader, ChunkReader)
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    np.testing.assert_array_equal(stack[:, 1, 7], BRAIN[:, 1, 7])
    np.testing.assert_array_equal(stack[2:9:3, ..., ::-2], BRAIN[2:9:3, ..., ::-2])
    assert stack[3, 1, 4, 5] == BRAIN[3, 1, 4, 5]
    assert stack.um_per_pixel is None


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_made_by_packing_the_folder_reads_too(tmp_path, compression):
    path = labdata_zip(
        tmp_path / "b.zip", BRAIN, compression=compression, root="my brain.zarr/"
    )
    np.testing.assert_array_equal(np.asarray(open_stack(path)), BRAIN)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("order", ["C", "F"])
def test_bare_zarr_folders_of_both_versions_read(tmp_path, version, order):
    more = {"order": order} if version == 2 else {}
    made = zarr.create_array(
        tmp_path / "b.zarr",
        shape=BRAIN.shape,
        chunks=(3, 1, 16, 16),
        dtype=">u2" if version == 2 else "u2",
        zarr_format=version,
        **more,
    )
    made[...] = BRAIN
    np.testing.assert_array_equal(np.asarray(open_stack(tmp_path / "b.zarr")), BRAIN)


@pytest.mark.parametrize("filters", [None, [Delta("<u2")]])
def test_what_labdata_compressed_with_blosc2_reads(tmp_path, filters):
    # by us, and by zarr where there are filters
    zarr.create_array(
        tmp_path / "b.zarr",
        data=BRAIN,
        chunks=(4, 1, *BRAIN.shape[2:]),
        zarr_format=2,
        compressors=Blosc2(level=6, shuffle=1),
        filters=filters,
    )
    code = "import sys; from labdata_napari.core.stacks import open_stack; "
    code += "import numpy as np; print(np.asarray(open_stack(sys.argv[1])).sum())"
    # a process in which nobody has made the codec known
    made = [sys.executable, "-c", code, tmp_path / "b.zarr"]
    said = subprocess.run(made, check=True, capture_output=True, text=True).stdout
    assert int(said) == BRAIN.sum()


@pytest.mark.parametrize("where", ["start", "end"])
def test_chunks_are_read_straight_from_shards(tmp_path, where):
    codec = zarr.codecs.ShardingCodec(chunk_shape=(2, 1, 15, 20), index_location=where)
    made = zarr.create_array(
        tmp_path / "b.zarr",
        shape=BRAIN.shape,
        chunks=(4, 1, 30, 40),
        dtype="u2",
        serializer=codec,
        compressors=None,
        fill_value=5,
    )
    made[:4] = BRAIN[:4]
    stack = open_stack(tmp_path / "b.zarr")
    assert isinstance(stack.data.reader, ChunkReader)
    np.testing.assert_array_equal(stack[:4, 1, 3], BRAIN[:4, 1, 3])
    assert np.unique(stack[4:]) == 5


def test_an_array_with_other_codecs_is_read_through_zarr(tmp_path):
    made = zarr.create_array(
        tmp_path / "b.zarr",
        shape=BRAIN.shape,
        chunks=(2, 1, 15, 20),
        dtype="u2",
        filters=[zarr.codecs.TransposeCodec(order=(3, 2, 1, 0))],
    )
    made[...] = BRAIN
    stack = open_stack(tmp_path / "b.zarr")
    assert not isinstance(stack.data.reader, ChunkReader)
    np.testing.assert_array_equal(stack[:, 1, 3], BRAIN[:, 1, 3])


def test_a_group_of_one_array_is_that_array(tmp_path):
    zarr.open_group(tmp_path / "g.zarr", mode="w")["data"] = BRAIN
    np.testing.assert_array_equal(np.asarray(open_stack(tmp_path / "g.zarr")), BRAIN)


def test_chunks_that_were_left_out_read_as_the_fill_value(tmp_path):
    made = zarr.create_array(
        tmp_path / "b.zarr", shape=(8, 1, 9, 9), chunks=(4, 1, 9, 9), dtype="u2",
        zarr_format=2, fill_value=7,
    )  # fmt: skip
    made[:4] = 3
    stack = open_stack(tmp_path / "b.zarr")
    assert np.unique(stack[:4]) == 3
    assert np.unique(stack[4:]) == 7


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_tells_axes_micrometres_and_channels(tmp_path, version):
    stack = open_stack(ome_zarr(tmp_path / "b.zarr", BRAIN, version=version))
    assert (stack.axes, stack.um_per_pixel) == ("ZCYX", (25, 10, 5))
    assert stack.channel_names == ("GFP", "tdTomato")
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    (level,) = stack.levels
    assert level.um_per_pixel == (25, 20, 10)
    np.testing.assert_array_equal(np.asarray(level), BRAIN[:, :, ::2, ::2])


def test_axes_of_an_ome_zarr_are_put_into_the_usual_order(tmp_path):
    stored = BRAIN.transpose(1, 0, 2, 3)[None]
    path = ome_zarr(tmp_path / "b.zarr", stored, axes="tczyx")
    stack = open_stack(path)
    assert stack.axes == "ZCYX"
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    assert stack.levels[0].shape == (10, 2, 15, 20)


@pytest.mark.parametrize(("unit", "um"), [("nanometer", 0.025), ("millimeter", 25e3)])
def test_ome_zarr_units_become_micrometres(tmp_path, unit, um):
    path = ome_zarr(tmp_path / "b.zarr", BRAIN, unit=unit)
    assert open_stack(path).um_per_pixel[0] == pytest.approx(um)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ozx_is_read_like_the_folder(tmp_path, version):
    folder = ome_zarr(tmp_path / "b.zarr", BRAIN, version=version)
    packed = tmp_path / "b.ozx"
    with zipfile.ZipFile(packed, "w") as target:
        target.comment = json.dumps({"ome": {"version": version}}).encode()
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                target.write(file, file.relative_to(folder).as_posix())
    stack = open_stack(packed)
    assert stack.channel_names == ("GFP", "tdTomato")
    assert len(stack.levels) == 1
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_the_content_decides_not_the_name(tmp_path):
    path = labdata_zip(tmp_path / "brain.tif", BRAIN)
    np.testing.assert_array_equal(np.asarray(open_stack(path)), BRAIN)


def test_pointing_at_the_description_opens_the_array_around_it(tmp_path):
    zarr.create_array(tmp_path / "b.zarr", data=BRAIN, zarr_format=2)
    assert open_stack(tmp_path / "b.zarr" / ".zarray").shape == BRAIN.shape


def test_a_stack_without_channels_gets_one(tmp_path):
    zarr.create_array(tmp_path / "b.zarr", data=BRAIN[:, 0], zarr_format=2)
    stack = open_stack(tmp_path / "b.zarr")
    assert stack.shape == (10, 1, 30, 40)
    np.testing.assert_array_equal(stack[:, 0], BRAIN[:, 0])


def test_colour_sections_become_three_channels(tmp_path):
    colour = np.random.default_rng(1).integers(0, 255, (6, 20, 25, 3)).astype("u1")
    zarr.create_array(tmp_path / "b.zarr", data=colour, zarr_format=2)
    stack = open_stack(tmp_path / "b.zarr")
    assert stack.shape == (6, 3, 20, 25)
    assert stack.channel_names == ("red", "green", "blue")
    np.testing.assert_array_equal(stack[:, 2], colour[..., 2])


def test_a_recording_opens_in_the_axes_its_row_gives(tmp_path):
    path = labdata_zip(tmp_path / "w.zarr.zip", BRAIN)
    stack = open_stack(path, axes="TCYX", um_per_pixel=(20, 20))
    assert (stack.axes, stack.um_per_pixel) == ("TCYX", (20, 20))
    np.testing.assert_array_equal(stack[4], BRAIN[4])


def test_dimension_names_of_a_bare_array_are_followed(tmp_path):
    zarr.create_array(
        tmp_path / "b.zarr",
        data=BRAIN.transpose(1, 0, 2, 3).copy(),
        dimension_names=["c", "z", "y", "x"],
    )
    np.testing.assert_array_equal(np.asarray(open_stack(tmp_path / "b.zarr")), BRAIN)


def test_paths_with_spaces_and_accents_open(tmp_path):
    folder = tmp_path / "données de Zoé µ 数据"
    folder.mkdir()
    stack = open_stack(labdata_zip(folder / "cerveau n° 1.zarr.zip", BRAIN))
    np.testing.assert_array_equal(stack[0], BRAIN[0])


def test_dask_views_are_lazy_and_right(tmp_path):
    stack = open_stack(labdata_zip(tmp_path / "b.zarr.zip", BRAIN))
    np.testing.assert_array_equal(stack.dask()[3:5, 1].compute(), BRAIN[3:5, 1])
    np.testing.assert_array_equal(stack.channel(1).compute(), BRAIN[:, 1])
    np.testing.assert_array_equal(np.asarray(stack.channel_view(1)[3]), BRAIN[3, 1])


def test_probing_tells_what_the_file_says(tmp_path):
    info = probe(ome_zarr(tmp_path / "b.zarr", BRAIN))
    assert (info.shape, info.axes, info.format) == (BRAIN.shape, "ZCYX", "OME-Zarr")
    assert info.um_per_pixel == (25, 10, 5)
    assert info.size_bytes == BRAIN.nbytes


def test_opening_many_stacks_leaves_no_file_open(tmp_path):
    psutil = pytest.importorskip("psutil")
    import gc

    path = labdata_zip(tmp_path / "b.zarr.zip", BRAIN)
    gc.collect()
    before = len(psutil.Process().open_files())
    for _ in range(20):
        np.asarray(open_stack(path)[0])
    gc.collect()
    assert len(psutil.Process().open_files()) <= before


def test_threads_read_rightly_where_the_system_has_no_positioned_read(
    tmp_path, monkeypatch
):
    monkeypatch.delattr(os, "pread", raising=False)  # as on Windows
    stack = open_stack(labdata_zip(tmp_path / "b.zarr.zip", BRAIN))
    with ThreadPoolExecutor(6) as pool:
        planes = list(pool.map(lambda n: stack[n % 10, n % 2], range(200)))
    for n, plane in enumerate(planes):
        np.testing.assert_array_equal(plane, BRAIN[n % 10, n % 2])
