from __future__ import annotations

import threading

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labdata_napari.core.stacks import open_stack, probe
from labdata_napari.core.tiff_pages import RowReader, SegmentReader
from stack_files import ome_set

BRAIN = np.random.default_rng(0).integers(1, 4000, (10, 2, 30, 40)).astype(np.uint16)
OME = {
    "axes": "ZCYX",
    "PhysicalSizeZ": 25,
    "PhysicalSizeZUnit": "µm",
    "PhysicalSizeY": 10,
    "PhysicalSizeYUnit": "µm",
    "PhysicalSizeX": 5000,
    "PhysicalSizeXUnit": "nm",
    "Channel": {"Name": ["GFP", "tdTomato"]},
}


def written(path, array, **options):
    tifffile.imwrite(path, array, **options)
    return path


def test_an_ome_tiff_tells_axes_micrometres_and_channels(tmp_path):
    stack = open_stack(written(tmp_path / "b.tif", BRAIN, ome=True, metadata=OME))
    assert (stack.axes, stack.shape) == ("ZCYX", BRAIN.shape)
    assert stack.um_per_pixel == pytest.approx((25, 10, 5))
    assert stack.channel_names == ("GFP", "tdTomato")
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_wavelengths_of_ome_channels_are_read(tmp_path):
    metadata = {**OME, "Channel": {"EmissionWavelength": [509, 581]}}
    path = written(tmp_path / "b.tif", BRAIN, ome=True, metadata=metadata)
    waves = open_stack(path).channel_wavelengths_nm
    assert waves == pytest.approx((509, 581))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tile": (16, 16)},
        {"rowsperstrip": 7},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True, "tile": (32, 16)},
        {"compression": "zstd", "rowsperstrip": 11},
        {"compression": "lzw", "predictor": True},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"byteorder": ">", "compression": "zlib", "predictor": True},
    ],
    ids=str,
)
def test_every_layout_reads_as_numpy_would(tmp_path, options):
    path = written(tmp_path / "b.tif", BRAIN, ome=True, metadata=OME, **options)
    stack = open_stack(path)
    np.testing.assert_array_equal(stack[:, 1, 7], BRAIN[:, 1, 7])
    np.testing.assert_array_equal(stack[..., 33], BRAIN[..., 33])
    np.testing.assert_array_equal(stack[1::3, 0, ::12, ::5], BRAIN[1::3, 0, ::12, ::5])
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    plain = "compression" not in options and "tile" not in options
    kind = RowReader if plain else SegmentReader
    assert isinstance(stack.data.reader, kind)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations("ZC"), n=st.integers(1, 4), c=st.integers(1, 3))
def test_ome_axes_in_any_order_become_z_c_y_x(tmp_path, order, n, c):
    lengths = {"Z": n + 1, "C": c}
    truth = np.random.default_rng(n).integers(0, 99, (n + 1, c, 9, 11)).astype("u1")
    stored = truth if order == ["Z", "C"] else truth.transpose(1, 0, 2, 3)
    assert stored.shape[:2] == tuple(lengths[a] for a in order)
    path = tmp_path / "b.ome.tif"
    tifffile.imwrite(path, stored, ome=True, metadata={"axes": "".join(order) + "YX"})
    np.testing.assert_array_equal(np.asarray(open_stack(path)), truth)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8", "bool"])
def test_every_type_of_voxel_reads(tmp_path, dtype):
    array = (BRAIN > 2000) if dtype == "bool" else BRAIN.astype(dtype)
    path = written(tmp_path / "b.tif", array, ome=True, metadata={"axes": "ZCYX"})
    stack = open_stack(path)
    assert stack.dtype == array.dtype
    np.testing.assert_array_equal(stack[3], array[3])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_labdatas_imagej_file_reads_as_z_c_y_x(tmp_path, compression):
    path = written(
        tmp_path / "brain.ome.tif",
        BRAIN,
        imagej=True,
        compression=compression,
        resolution=(1 / 2.5, 1 / 2.5),
        metadata={"axes": "ZCYX", "spacing": 10, "unit": "um"},
    )
    stack = open_stack(path)
    assert stack.um_per_pixel == pytest.approx((10, 2.5, 2.5))
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_imagej_without_resolution_has_no_micrometres(tmp_path):
    path = written(tmp_path / "b.tif", BRAIN, imagej=True, metadata={"axes": "ZCYX"})
    assert open_stack(path).um_per_pixel is None


def test_imagej_time_axis_of_one_is_left_out(tmp_path):
    path = written(tmp_path / "b.tif", BRAIN[None], imagej=True)
    assert open_stack(path).shape == BRAIN.shape


def test_imagej_movies_keep_time_and_frame_rate(tmp_path):
    path = written(
        tmp_path / "m.tif", BRAIN, imagej=True, metadata={"axes": "TCYX", "fps": 20.0}
    )
    stack = open_stack(path)
    assert (stack.axes, stack.frame_rate) == ("TCYX", 20)
    assert stack.as_sections().axes == "ZCYX"


def test_pages_without_any_description_are_sections(tmp_path):
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as file:
        for section in BRAIN[:, 0]:
            file.write(section, metadata=None, contiguous=False)
    stack = open_stack(path)
    assert stack.shape == (10, 1, 30, 40)
    np.testing.assert_array_equal(stack[:, 0], BRAIN[:, 0])


def test_the_shape_of_the_row_lays_out_undescribed_pages(tmp_path):
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as file:
        for section in BRAIN.reshape(-1, 30, 40):
            file.write(section, metadata=None, contiguous=False)
    np.testing.assert_array_equal(
        np.asarray(open_stack(path, shape=BRAIN.shape)), BRAIN
    )


@pytest.mark.parametrize("imagej", [False, True])
def test_a_row_of_four_axes_puts_a_file_of_three_right(tmp_path, imagej):
    path = written(tmp_path / "t.tif", BRAIN[:, 0], imagej=imagej)
    stack = open_stack(path, shape=(10, 1, 30, 40))
    assert stack.shape == (10, 1, 30, 40)
    np.testing.assert_array_equal(stack[:, 0], BRAIN[:, 0])


def test_the_shape_of_the_row_overrules_the_axes_of_the_file(tmp_path):
    # imwrite(..., imagej=True) of a transposed volume: called TZCYX by its order.
    path = written(tmp_path / "t.tif", BRAIN, imagej=True, metadata={"axes": "TCYX"})
    stack = open_stack(path, shape=BRAIN.shape)
    assert stack.axes == "ZCYX"
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_axes_given_by_a_person_overrule_the_file(tmp_path):
    path = written(tmp_path / "t.tif", BRAIN, ome=True, metadata={"axes": "ZCYX"})
    stack = open_stack(path, axes="CZYX")
    np.testing.assert_array_equal(np.asarray(stack), BRAIN.transpose(1, 0, 2, 3))


def test_two_photon_planes_open_as_t_p_c_y_x(tmp_path):
    array = np.random.default_rng(0).integers(0, 99, (4, 3, 2, 9, 8)).astype("u2")
    path = written(tmp_path / "2p.tif", array, imagej=True)
    stack = open_stack(path)
    assert (stack.axes, stack.shape) == ("TPCYX", array.shape)
    np.testing.assert_array_equal(np.asarray(stack), array)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_pages_become_three_channels(tmp_path, planar):
    colour = np.random.default_rng(1).integers(0, 255, (6, 20, 25, 3)).astype("u1")
    stored = colour if planar == "contig" else colour.transpose(0, 3, 1, 2)
    path = written(
        tmp_path / "c.tif",
        stored,
        photometric="rgb",
        planarconfig=planar,
        tile=(16, 16),
    )
    stack = open_stack(path)
    assert stack.shape == (6, 3, 20, 25)
    assert stack.channel_names == ("red", "green", "blue")
    np.testing.assert_array_equal(stack[:, 1], colour[..., 1])


def test_levels_of_a_pyramidal_ome_tiff_are_stacks_too(tmp_path):
    path = tmp_path / "p.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(BRAIN, subifds=1, metadata=OME, tile=(16, 16))
        file.write(BRAIN[..., ::2, ::2], subfiletype=1, tile=(16, 16))
    stack = open_stack(path)
    (level,) = stack.levels
    assert level.um_per_pixel == pytest.approx((25, 20, 10))
    np.testing.assert_array_equal(np.asarray(level), BRAIN[..., ::2, ::2])
    del stack  # a level alone keeps the file open
    np.testing.assert_array_equal(level[3, 1], BRAIN[3, 1, ::2, ::2])


def test_an_image_spread_over_files_is_one_stack(tmp_path):
    stack = open_stack(ome_set(tmp_path, BRAIN))
    assert (stack.shape, stack.um_per_pixel) == (BRAIN.shape, (2, 1, 1))
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_one_plane_is_read_without_touching_the_others(tmp_path):
    path = written(
        tmp_path / "b.tif", BRAIN, ome=True, metadata=OME, compression="zlib"
    )
    with tifffile.TiffFile(path) as file:
        keep = file.pages[2 * 4 + 1]
        holes = [p for p in file.pages if p.index != keep.index]
        spans = [(p.dataoffsets[0], p.databytecounts[0]) for p in holes]
    with path.open("r+b") as file:  # every other plane becomes rubbish
        for start, count in spans:
            file.seek(start)
            file.write(b"\xff" * count)
    np.testing.assert_array_equal(open_stack(path)[4, 1], BRAIN[4, 1])


def test_a_sparse_file_of_many_gigabytes_opens_and_reads_at_once(tmp_path):
    psutil = pytest.importorskip("psutil")
    path = tmp_path / "big.tif"
    shape = (1000, 2, 1024, 1024)  # 4 GB, without a byte of it on disk
    try:
        tifffile.memmap(path, shape=shape, dtype="u2", ome=True, bigtiff=True).flush()
    except OSError as error:
        pytest.skip(f"no sparse files here: {error}")
    before = psutil.Process().memory_info().rss
    stack = open_stack(path, axes="ZCYX")
    assert stack[999, 1].shape == (1024, 1024)
    assert stack[:, 0, 3].shape == (1000, 1024)
    assert psutil.Process().memory_info().rss - before < 200 * 2**20


def test_threads_may_read_one_tiff_together(tmp_path):
    path = written(
        tmp_path / "b.tif", BRAIN, ome=True, metadata=OME, compression="zlib"
    )
    stack = open_stack(path)
    wrong = []

    def work(seed):
        for z, c in np.random.default_rng(seed).integers(0, (10, 2), (40, 2)):
            if not np.array_equal(stack[z, c], BRAIN[z, c]):
                wrong.append((z, c))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_printer_resolutions_are_no_voxel_size(tmp_path):
    path = written(
        tmp_path / "b.tif", BRAIN, resolution=(300, 300), resolutionunit="inch"
    )
    assert probe(path).um_by_axis == {}
    path = written(
        tmp_path / "c.tif", BRAIN, resolution=(5000, 4000), resolutionunit="centimeter"
    )
    assert probe(path).um_by_axis == pytest.approx({"Y": 2.5, "X": 2})


def test_opening_many_tiffs_leaves_no_file_open(tmp_path):
    psutil = pytest.importorskip("psutil")
    import gc

    path = written(
        tmp_path / "b.tif", BRAIN, ome=True, metadata=OME, compression="zlib"
    )
    gc.collect()
    before = len(psutil.Process().open_files())
    for _ in range(20):
        np.asarray(open_stack(path)[0])
    gc.collect()
    assert len(psutil.Process().open_files()) <= before


def test_the_real_brain_reads_the_same_from_tiff_and_zarr(shared_data):
    tif = shared_data / "mouse_brain_50um.ome.tif"
    packed = shared_data / "mouse_brain_50um.zarr.zip"
    if not (tif.exists() and packed.exists()):
        pytest.skip("the mouse brain is not among the real data")
    one, other = open_stack(tif), open_stack(packed)
    assert one.axes == other.axes == "ZCYX"
    assert one.shape == other.shape == (270, 1, 193, 271)
    assert one.um_per_pixel == (50, 50, 50)
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
