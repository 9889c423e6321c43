"""The file of a transform: what it says, and that half of one is never there."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from labdata_napari.core import tiff_writer
from labdata_napari.core.exact import exact_plan
from labdata_napari.core.resample import slabs
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_file import read_transform, write_transform
from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from transform_cases import labdata_chain

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = TransformParameters(
    downsample=(0.5, 1, 0.6, 0.45),
    rotate=(2, -3, 5, False, True),
    crop=(None, (None, None, -1), (3, None), None),
    transpose=(2, 1, 3, 0),
    cast="uint8",
)
UM = (7.3, 1.1, 2.0 / 3.0)


class Brain:
    """An array with names for its channels, as a Stack has them."""

    def __init__(self, shape: tuple[int, ...] = (40, 2, 60, 64)) -> None:
        rng = np.random.default_rng(1)
        self.data = rng.integers(0, 300, shape, dtype=np.uint16)
        self.shape, self.dtype = self.data.shape, self.data.dtype
        self.channel_names = ("DAPI", "red & <dim>", "far µred", "4")[: shape[1]]

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        return self.data[key]


def computed(stack: Brain, parameters: TransformParameters) -> np.ndarray:
    geometry = plan(stack.shape, UM, parameters)
    pieces = [piece.ravel() for piece in slabs(stack, geometry)]
    return np.concatenate(pieces).reshape(geometry.shape_out)


def pixels(path: Path) -> dict[str, str]:
    """The attributes of the OME Pixels element."""
    with tifffile.TiffFile(path) as file:
        root = ElementTree.fromstring(file.ome_metadata)
    return dict(root.find(".//{*}Pixels").attrib)


def channel_names(path: Path) -> list[str | None]:
    with tifffile.TiffFile(path) as file:
        root = ElementTree.fromstring(file.ome_metadata)
    return [channel.get("Name") for channel in root.iterfind(".//{*}Channel")]


# --- what the file says -----------------------------------------------------------


def test_the_file_holds_the_result_its_scale_its_channels_and_its_parameters(tmp_path):
    stack = Brain()
    geometry = plan(stack.shape, UM, PARAMETERS)
    path = write_transform(
        stack, geometry, tmp_path / "new" / "folder" / "t.ome.tif", PARAMETERS
    )
    np.testing.assert_array_equal(tifffile.imread(path), computed(stack, PARAMETERS))
    said = pixels(path)
    exact = [float(said[f"PhysicalSize{axis}"]) for axis in "ZYX"]
    assert tuple(exact) == geometry.um_per_pixel_out
    assert {said[f"PhysicalSize{axis}Unit"] for axis in "ZYX"} == {"µm"}
    assert channel_names(path) == ["red & <dim>", "DAPI"]
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        assert file.is_ome
        assert not file.is_bigtiff
        assert page.is_tiled
        assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        per_um = page.get_resolution("MICROMETER")
    assert 1 / per_um[0] == pytest.approx(geometry.um_per_pixel_out[2], rel=1e-6)
    note = read_transform(path)
    assert TransformParameters.from_row(note["parameters"]) == PARAMETERS
    assert tuple(note["shape"]) == geometry.shape_out
    assert note["axes"] == "YCXZ"
    assert tuple(note["um_per_pixel"]) == geometry.um_per_pixel_out
    np.testing.assert_array_equal(note["affine"], geometry.affine)
    assert list(tmp_path.rglob("*.*")) == [path]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_channels_may_be_any_axis(tmp_path, channels):
    stack = Brain((3, channels, 20, 17))
    for transpose in itertools.permutations(range(4)):
        parameters = TransformParameters(transpose=transpose)
        geometry = plan(stack.shape, UM, parameters)
        name = "".join(map(str, transpose))
        path = write_transform(stack, geometry, tmp_path / f"{name}.tif", parameters)
        np.testing.assert_array_equal(
            tifffile.imread(path).reshape(geometry.shape_out),
            stack.data.transpose(transpose),
        )
        said = pixels(path)
        sizes = [float(said.get(f"PhysicalSize{axis}", -1)) for axis in "ZYX"]
        z, y, x = geometry.um_per_pixel_out
        lost = channels > 1 and geometry.channel_axis == 2
        assert sizes == ([y, -1, x] if lost else [z, y, x])
        assert read_transform(path)["channel_names"] == list(stack.channel_names)
        if channels == 1 or geometry.channel_axis < 2:
            assert channel_names(path) == list(stack.channel_names)


def test_pages_of_many_tiles_are_whole(tmp_path):
    stack = Brain((3, 3, 530, 300))
    for transpose in ((0, 1, 2, 3), (0, 2, 3, 1)):
        parameters = TransformParameters(transpose=transpose)
        geometry = plan(stack.shape, UM, parameters)
        path = write_transform(stack, geometry, tmp_path / "t.tif", parameters)
        np.testing.assert_array_equal(
            tifffile.imread(path), stack.data.transpose(transpose)
        )


def test_large_pages_have_coarser_copies_that_every_reader_finds(tmp_path, caplog):
    stack = Brain((2, 3, 1100, 701))
    for transpose in ((0, 1, 2, 3), (1, 0, 3, 2), (0, 2, 3, 1)):
        parameters = TransformParameters(transpose=transpose)
        geometry = plan(stack.shape, UM, parameters)
        path = tmp_path / f"{geometry.axes_out}.ome.tif"
        write_transform(stack, geometry, path, parameters)
        expected = stack.data.transpose(transpose)
        np.testing.assert_array_equal(tifffile.imread(path), expected)
        rows = 1 if geometry.channel_axis == 3 else 2
        page = expected.shape[rows : rows + 2]
        with tifffile.TiffFile(path) as file:
            [series] = file.series
            assert series.kind == "ome"
            for number, level in enumerate(series.levels):
                small = tuple(-(-n // 2**number) for n in page)
                assert level.shape[rows : rows + 2] == small
            assert number == 2
        if geometry.channel_axis == 3:
            continue
        read = open_stack(path)
        usual = np.moveaxis(expected, geometry.channel_axis, 1)
        np.testing.assert_array_equal(read, usual)
        assert read.um_per_pixel == geometry.um_per_pixel_out
        assert read.channel_names == stack.channel_names
        for level in read.levels:
            # area means, of the means before: half a count each time from rounding
            assert abs(level[:].mean() - usual.mean()) < 1
            corner = usual[0, 0, :4, :4].mean()
            assert abs(float(level[0, 0, :, :].ravel()[0]) - corner) < 150
    assert not caplog.records  # tifffile logs what it does not like


@pytest.mark.parametrize("channels", [1, 2])
def test_in_labdatas_mode_the_file_holds_what_labdata_computes(tmp_path, channels):
    stack = Brain((20, channels, 40, 44))
    parameters = TransformParameters(
        (0.5, 1, 0.5, 0.4), (2, -3, 5, False, True), None, (2, 1, 3, 0), "uint8"
    )
    geometry = exact_plan(stack.shape, UM, parameters)
    path = tmp_path / "t.ome.tif"
    write_transform(stack, geometry, path, parameters, mode="labdata")
    as_applied = TransformParameters(
        (0.5 if channels > 1 else 1, 1, 0.5, 0.4),
        parameters.rotate,
        transpose=parameters.transpose,
    )
    expected = labdata_chain(stack.data, as_applied)
    assert expected.shape == geometry.shape_out
    np.testing.assert_array_equal(tifffile.imread(path), np.squeeze(expected))
    assert read_transform(path)["mode"] == "labdata"
    with pytest.raises(InvalidValue, match="standard or labdata"):
        write_transform(stack, geometry, path, parameters, mode="exact")
    if channels == 1:
        meant = plan(stack.shape, UM, parameters)
        with pytest.raises(InvalidValue, match="another shape"):
            write_transform(stack, meant, path, parameters, mode="labdata")


def test_a_big_tiff_and_a_plain_one_hold_the_same(tmp_path, monkeypatch):
    stack, parameters = Brain((4, 2, 530, 300)), TransformParameters()
    geometry = plan(stack.shape, UM, parameters)
    plain = write_transform(stack, geometry, tmp_path / "a.tif", parameters)
    monkeypatch.setattr(tiff_writer, "_BIG_BYTES", 1000)
    big = write_transform(stack, geometry, tmp_path / "b.tif", parameters)
    with tifffile.TiffFile(plain) as one, tifffile.TiffFile(big) as other:
        assert (one.is_bigtiff, other.is_bigtiff) == (False, True)
        assert one.ome_metadata == other.ome_metadata
        for a, b in zip(one.series[0].levels, other.series[0].levels, strict=True):
            np.testing.assert_array_equal(a.asarray(), b.asarray())


def test_another_library_reads_it(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow, on libtiff, is not here")
    stack = Brain((3, 1, 300, 530))
    parameters = TransformParameters(cast="uint8")
    geometry = plan(stack.shape, UM, parameters)
    path = write_transform(stack, geometry, tmp_path / "t.ome.tif", parameters)
    with image.open(path) as picture:
        assert picture.n_frames == 3
        for k, plane in enumerate(np.clip(stack.data[:, 0], 0, 255)):
            picture.seek(k)
            np.testing.assert_array_equal(np.asarray(picture), plane)


@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"]
)
def test_every_type_is_kept(tmp_path, dtype):
    stack = np.arange(2 * 1 * 5 * 6).reshape(2, 1, 5, 6).astype(dtype) - 7
    parameters = TransformParameters()
    geometry = plan(stack.shape, None, parameters)
    path = write_transform(stack, geometry, tmp_path / "t.tif", parameters)
    read = tifffile.imread(path)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, stack[:, 0])
    assert "PhysicalSizeX" not in pixels(path)


def test_a_file_of_that_name_is_replaced_only_by_a_whole_one(tmp_path):
    path = tmp_path / "t.tif"
    path.write_bytes(b"the one before")
    stack, parameters = Brain(), PARAMETERS
    geometry = plan(stack.shape, UM, parameters)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_transform(stack, geometry, path, parameters, stop)
    assert path.read_bytes() == b"the one before"
    write_transform(stack, geometry, path, parameters)
    assert tifffile.imread(path).shape == geometry.shape_out
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()
    assert os.listdir(tmp_path) == ["t.tif"]


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_progress_counts_to_its_total_and_never_back(tmp_path):
    steps: list[tuple[int, int]] = []
    stack = Brain()
    geometry = plan(stack.shape, UM, PARAMETERS)
    write_transform(
        stack, geometry, tmp_path / "t.tif", PARAMETERS, lambda *s: steps.append(s)
    )
    assert steps == sorted(steps)
    assert {total for _, total in steps} == {1000}
    assert steps[-1] == (1000, 1000)


def test_other_tiffs_hold_no_transform(tmp_path):
    with pytest.raises(NotFound, match="no file"):
        read_transform(tmp_path / "none.tif")
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, np.zeros((3, 4), np.uint8))
    ome = tmp_path / "plain.ome.tif"
    tifffile.imwrite(ome, np.zeros((3, 4), np.uint8), metadata={"Description": "[]"})
    for path in (plain, ome):
        with pytest.raises(UnreadableFile, match="no transform parameters"):
            read_transform(path)
    plain.write_bytes(b"not a tiff at all")
    with pytest.raises(UnreadableFile, match="no readable TIFF"):
        read_transform(plain)


# --- or it is not there -----------------------------------------------------------


@pytest.mark.parametrize("step", [1, 300, 800, 899, 901, 1000])
def test_cancelling_at_any_time_leaves_nothing(tmp_path, step):
    stack = Brain((120, 2, 60, 64))
    geometry = plan(stack.shape, UM, PARAMETERS)

    def stop(done: int, total: int) -> None:
        if done >= step:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_transform(
            stack, geometry, tmp_path / "a" / "b" / "t.tif", PARAMETERS, stop, memory=0
        )
    assert not list(tmp_path.iterdir())


def test_a_stack_that_cannot_be_read_to_its_end_leaves_nothing(tmp_path):
    class Broken(Brain):
        def __getitem__(self, key):
            if key[0].stop > 30:
                raise OSError("bad sector")
            return super().__getitem__(key)

    stack = Broken((4000, 1, 60, 64))
    geometry = plan(stack.shape, UM, PARAMETERS)
    with pytest.raises(UnreadableFile, match="bad sector"):
        write_transform(stack, geometry, tmp_path / "t.tif", PARAMETERS)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_transformed_touches_no_disk(tmp_path):
    stack = np.zeros((3, 1, 4, 5), np.uint64)
    geometry = plan(stack.shape, None, TransformParameters())
    with pytest.raises(InvalidValue, match="uint64"):
        write_transform(
            stack, geometry, tmp_path / "a" / "t.tif", TransformParameters()
        )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    stack = Brain()
    geometry = plan(stack.shape, UM, PARAMETERS)
    with pytest.raises(WriteRefused, match="could not be written"):
        write_transform(stack, geometry, tmp_path / "file" / "t.tif", PARAMETERS)
    (tmp_path / "t.tif").mkdir()
    with pytest.raises(WriteRefused, match="could not be written"):
        write_transform(stack, geometry, tmp_path / "t.tif", PARAMETERS)
    assert sorted(os.listdir(tmp_path)) == ["file", "t.tif"]


FILL_THE_DISK = """
    from labdata_napari.core import resample
    resample._SLAB_BYTES = 1 << 20  # several, so that they come out of a scratch
    import sys
    from pathlib import Path
    import numpy as np
    from labdata_napari.core.transform import TransformParameters, plan
    from labdata_napari.core.transform_file import write_transform
    from labdata_napari.errors import WriteRefused

    folder, memory, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    name = sys.argv[4]
    if limit:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    stack = np.random.default_rng(0).integers(0, 65535, (60, 1, 200, 200), np.uint16)
    parameters = TransformParameters(rotate=(1, 1, 1, False, False))
    geometry = plan(stack.shape, None, parameters)
    try:
        write_transform(stack, geometry, folder / name, parameters, memory=memory)
    except WriteRefused as error:
        print(error)
    else:
        print("written")
"""


def fill_the_disk(
    folder: Path, memory: int, limit: int = 0, name: str = "t.tif"
) -> str:
    code = textwrap.dedent(FILL_THE_DISK)
    arguments = (str(folder), str(memory), str(limit), name)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("limit", [1000, 1_000_000, 3_000_000])
def test_a_file_that_may_not_grow_leaves_nothing(tmp_path, limit):
    pytest.importorskip("resource", reason="this system has no limit on file sizes")
    said = fill_the_disk(tmp_path, memory=1 << 28, limit=limit)
    assert "t.tif could not be written (File too large)" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "memory"),
    [("t.tif", 1 << 28), ("t.tif", 0), ("t.ome.zarr", 1 << 28), ("t.ozx", 1 << 28)],
)
def test_a_full_disk_leaves_nothing(tmp_path, name, memory):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small file system cannot be mounted without rights")
    try:
        said = fill_the_disk(small, memory, name=name)
        assert "No space left on device" in said
        assert ("temporary file" in said) == (memory == 0)
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)
