"""Write image files as other programs do, for tests."""

from __future__ import annotations

import zipfile

import numpy as np
import tifffile
import zarr
from numcodecs import Blosc


def labdata_zip(path, array, chunks=None, compression=zipfile.ZIP_STORED, root=""):
    """Write as the labdata package does: zarr 2, Blosc zstd 6, planes, stored zip."""
    chunks = chunks or (4, 1, *array.shape[2:])
    folder = path.with_suffix(".folder")
    made = zarr.create_array(
        folder,
        shape=array.shape,
        chunks=chunks,
        dtype=array.dtype,
        zarr_format=2,
        compressors=Blosc("zstd", 6, Blosc.SHUFFLE),
    )
    made[...] = array
    with zipfile.ZipFile(path, "w", compression) as target:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                target.write(file, root + file.relative_to(folder).as_posix())
    return path


def ome_zarr(path, array, axes="zcyx", version="0.4", unit="micrometer", levels=2):
    """Write an OME-Zarr folder with levels of every second voxel in y and x."""
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    kinds = {"c": "channel", "t": "time"}
    named = [{"name": a, "type": kinds.get(a, "space")} for a in axes]
    for axis in named:
        if axis["type"] == "space":
            axis["unit"] = unit
    base = {"z": 25.0, "y": 10.0, "x": 5.0}
    datasets = []
    for level in range(levels):
        step = tuple(slice(None, None, 2**level if a in "yx" else 1) for a in axes)
        group[str(level)] = np.ascontiguousarray(array[step])
        scale = [base.get(a, 1.0) * (2**level if a in "yx" else 1) for a in axes]
        datasets.append(
            {
                "path": str(level),
                "coordinateTransformations": [{"type": "scale", "scale": scale}],
            }
        )
    described = {
        "multiscales": [{"version": version, "axes": named, "datasets": datasets}],
        "omero": {"channels": [{"label": "GFP"}, {"label": "tdTomato"}]},
    }
    group.attrs.update(described if version == "0.4" else {"ome": described})
    return path


def ome_set(folder, array, name="part{}.ome.tif", files=5):
    """Write an image (10, 2, 30, 40) as OME-TIFF files of two sections each."""
    planes = "".join(
        f'<TiffData IFD="{i}" FirstZ="{2 * n + i // 2}" FirstC="{i % 2}" '
        'PlaneCount="1">'
        f'<UUID FileName="{name.format(n)}">urn:uuid:{n:08}-0000-0000-0000-000000000000'
        "</UUID></TiffData>"
        for n in range(files)
        for i in range(4)
    )
    for n in range(files):
        xml = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/'
            f'2016-06" UUID="urn:uuid:{n:08}-0000-0000-0000-000000000000">'
            '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" '
            'Type="uint16" SizeX="40" SizeY="30" SizeC="2" SizeZ="10" SizeT="1" '
            'PhysicalSizeZ="2" PhysicalSizeY="1" PhysicalSizeX="1">'
            f'<Channel ID="Channel:0:0"/><Channel ID="Channel:0:1"/>{planes}'
            "</Pixels></Image></OME>"
        )
        planes_here = array[2 * n : 2 * n + 2].reshape(4, 30, 40)
        with tifffile.TiffWriter(folder / name.format(n)) as file:
            for i, plane in enumerate(planes_here):
                file.write(
                    plane,
                    description=None if i else xml,
                    metadata=None,
                    compression="zlib",
                )
    return folder / name.format(0)
