from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from numcodecs import Blosc

from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile
from stack_files import labdata_zip, ome_set

BRAIN = np.random.default_rng(0).integers(1, 4000, (10, 2, 30, 40)).astype(np.uint16)


def packed(path):
    return labdata_zip(path, BRAIN)


def refused(path, error=UnreadableFile, **options):
    """Open, expect an error about this file in one or two sentences; its words."""
    with pytest.raises(error) as caught:
        np.asarray(open_stack(path, **options))
    message = str(caught.value)
    assert Path(path).name in message
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_a_missing_file_is_not_found(tmp_path):
    refused(tmp_path / "absent.tif", NotFound)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_a_pipe_is_refused_instead_of_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(UnreadableFile, match="neither a file nor a folder"):
        open_stack(tmp_path / "pipe.tif")


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "b.tif").touch()
    assert "empty" in refused(tmp_path / "b.tif")


@pytest.mark.parametrize(
    "options",
    [
        {"ome": True, "metadata": {"axes": "ZCYX"}},
        {"ome": True, "metadata": {"axes": "ZCYX"}, "compression": "zlib"},
        {"imagej": True, "metadata": {"axes": "ZCYX"}},
        {"imagej": True, "metadata": {"axes": "ZCYX"}, "compression": "zlib"},
        {},
        {"compression": "zlib", "tile": (16, 16)},
        {"bigtiff": True, "compression": "zlib"},
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_tiff_is_never_taken_for_a_whole_one(tmp_path, options, part):
    path = tmp_path / "b.tif"
    tifffile.imwrite(path, BRAIN, **options)
    os.truncate(path, int(path.stat().st_size * part))
    refused(path)


def test_a_truncated_tiff_of_separate_pages_is_refused(tmp_path):
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as file:
        for section in BRAIN[:, 0]:
            file.write(section, metadata=None, contiguous=False)
    os.truncate(path, path.stat().st_size // 2)
    assert "cut short" in refused(path)


def test_a_damaged_plane_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "b.tif"
    tifffile.imwrite(path, BRAIN, compression="zlib", ome=True,
                     metadata={"axes": "ZCYX"})  # fmt: skip
    with tifffile.TiffFile(path) as file:
        page = file.pages[7]
        start, count = page.dataoffsets[0], page.databytecounts[0]
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\0" * count)
    stack = open_stack(path)
    np.testing.assert_array_equal(stack[0, 0], BRAIN[0, 0])
    with pytest.raises(UnreadableFile, match=r"Plane 7 of .*b\.tif"):
        stack[3, 1]


def test_a_missing_part_of_a_set_is_named(tmp_path):
    path = ome_set(tmp_path, BRAIN)
    (tmp_path / "part3.ome.tif").unlink()
    assert "part3.ome.tif" in refused(path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_truncated_zip_is_refused(tmp_path, part):
    path = packed(tmp_path / "b.zarr.zip")
    os.truncate(path, int(path.stat().st_size * part))
    refused(path)


def test_a_zip_that_is_no_zarr_is_refused(tmp_path):
    path = tmp_path / "b.zarr.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("letter.txt", "Dear all")
    assert "no zarr" in refused(path)


def test_a_zip_with_nothing_in_it_is_refused(tmp_path):
    path = tmp_path / "b.zarr.zip"
    zipfile.ZipFile(path, "w").close()
    refused(path)


@pytest.mark.parametrize("place", [40, -40])
def test_a_damaged_chunk_of_a_zip_is_named_when_it_is_read(tmp_path, place):
    path = packed(tmp_path / "b.zarr.zip")
    with zipfile.ZipFile(path) as source:
        info = source.getinfo("1.1.0.0")
    start = info.header_offset + 30 + len(info.filename)
    with path.open("r+b") as file:
        file.seek(start + (place if place > 0 else info.file_size + place))
        file.write(b"\x55\xaa\x55\xaa")
    stack = open_stack(path)
    np.testing.assert_array_equal(stack[:4], BRAIN[:4])
    with pytest.raises(UnreadableFile, match=r"1\.1\.0\.0.*b\.zarr\.zip"):
        stack[5, 1]


def test_a_damaged_chunk_of_a_folder_is_named_when_it_is_read(tmp_path):
    packed(tmp_path / "b.zarr.zip")
    folder = tmp_path / "b.zarr.folder"
    (folder / "0.1.0.0").write_bytes(b"rubbish")
    with pytest.raises(UnreadableFile, match=r"0\.1\.0\.0"):
        open_stack(folder)[0, 1]


def test_a_chunk_that_is_too_short_is_named(tmp_path):
    packed(tmp_path / "b.zarr.zip")
    folder = tmp_path / "b.zarr.folder"
    short = Blosc("zstd").encode(np.zeros(7, np.uint16))
    (folder / "0.1.0.0").write_bytes(short)
    with pytest.raises(UnreadableFile, match=r"0\.1\.0\.0"):
        open_stack(folder)[0, 1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"zarr_format": 2, "chunks": 3}'])
def test_a_damaged_description_is_refused(tmp_path, text):
    packed(tmp_path / "b.zarr.zip")
    (tmp_path / "b.zarr.folder" / ".zarray").write_text(text)
    refused(tmp_path / "b.zarr.folder")


def test_a_folder_that_is_no_zarr_is_refused(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.txt").write_text("sun")
    assert "no zarr" in refused(tmp_path / "holiday")


def test_a_group_of_several_arrays_names_them(tmp_path):
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group["raw"], group["mask"] = BRAIN, BRAIN > 5
    message = refused(tmp_path / "g.zarr")
    assert "raw" in message
    assert "mask" in message


def test_an_ome_zarr_without_its_level_is_refused(tmp_path):
    group = zarr.open_group(tmp_path / "g.zarr", mode="w", zarr_format=2)
    group["0"] = BRAIN
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}, {"path": "1"}]}]
    assert "'1'" in refused(tmp_path / "g.zarr")


@pytest.mark.parametrize("shape", [(30, 40), (1, 30, 40), (30, 40, 3)])
def test_a_single_picture_is_no_stack(tmp_path, shape):
    rgb = {"photometric": "rgb"} if shape[-1] == 3 else {}
    tifffile.imwrite(tmp_path / "b.tif", np.ones(shape, "u1"), **rgb)
    assert "single picture" in refused(tmp_path / "b.tif")


def test_a_flat_zarr_is_no_stack(tmp_path):
    zarr.create_array(tmp_path / "b.zarr", data=BRAIN[0, 0], zarr_format=2)
    assert "single picture" in refused(tmp_path / "b.zarr")


def test_a_line_of_numbers_is_no_stack(tmp_path):
    zarr.create_array(tmp_path / "b.zarr", data=np.arange(9), zarr_format=2)
    refused(tmp_path / "b.zarr")


def test_five_unnamed_axes_ask_for_names(tmp_path):
    data = np.zeros((3, 2, 2, 8, 8), "u1")
    zarr.create_array(tmp_path / "b.zarr", data=data, zarr_format=2)
    assert "name its axes" in refused(tmp_path / "b.zarr")
    assert open_stack(tmp_path / "b.zarr", axes="TPCYX").axes == "TPCYX"


def test_a_shape_that_does_not_fit_the_file_is_refused(tmp_path):
    message = refused(packed(tmp_path / "b.zarr.zip"), shape=(10, 2, 30, 41))
    assert "10 × 2 × 30 × 41" in message
    tifffile.imwrite(tmp_path / "b.tif", BRAIN)
    refused(tmp_path / "b.tif", shape=(11, 2, 30, 40))


def test_axes_that_do_not_fit_the_file_are_refused(tmp_path):
    assert "axes" in refused(packed(tmp_path / "b.zarr.zip"), axes="ZYX")


def test_axes_that_are_none_are_an_invalid_value(tmp_path):
    path = packed(tmp_path / "b.zarr.zip")
    for axes in ("ABCD", "ZZYX", "ZC"):
        with pytest.raises(InvalidValue):
            open_stack(path, axes=axes)


def test_too_few_micrometres_or_names_are_an_invalid_value(tmp_path):
    path = packed(tmp_path / "b.zarr.zip")
    with pytest.raises(InvalidValue):
        open_stack(path, um_per_pixel=(1, 2))
    with pytest.raises(InvalidValue):
        open_stack(path, channel_names=["only one"])


@pytest.mark.parametrize("dtype", ["c8", "c16", "U4"])
def test_voxels_that_are_no_numbers_are_refused(tmp_path, dtype):
    zarr.create_array(
        tmp_path / "b.zarr", shape=(4, 1, 8, 8), chunks=(4, 1, 8, 8), dtype=dtype,
        zarr_format=2,
    )  # fmt: skip
    refused(tmp_path / "b.zarr")


def test_a_complex_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((4, 8, 8), "c8"))
    assert "complex" in refused(tmp_path / "b.tif")


def test_a_stack_without_voxels_is_refused(tmp_path):
    zarr.create_array(
        tmp_path / "b.zarr", shape=(0, 1, 8, 8), chunks=(1, 1, 8, 8), dtype="u2"
    )
    assert "no voxels" in refused(tmp_path / "b.zarr")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "PNG"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 30, "JPEG"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 30, "HDF5"),
        (b"Dear all, this is a letter.", "neither"),
        (b"I", "neither"),
    ],
)
def test_other_files_are_called_by_their_name(tmp_path, content, word):
    (tmp_path / "brain.tif").write_bytes(content)
    assert word in refused(tmp_path / "brain.tif")


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"II*\0\xff"])
def test_a_tiff_of_nothing_but_a_head_is_refused(tmp_path, head):
    (tmp_path / "b.tif").write_bytes(head)
    refused(tmp_path / "b.tif")


def test_pages_that_run_in_a_circle_are_refused(tmp_path):
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as file:
        for section in BRAIN[:3, 0]:
            file.write(section, metadata=None, contiguous=False)
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[0].offset, file.pages[2]
        number = len(last.tags)
    with path.open("r+b") as file:
        file.seek(last.offset + 2 + 12 * number)
        file.write(first.to_bytes(4, "little"))
    assert "circle" in refused(path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_one_may_not_read_says_so(tmp_path):
    path = packed(tmp_path / "b.zarr.zip")
    path.chmod(0)
    assert "permission" in refused(path)
