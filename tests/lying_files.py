"""Files made to do harm: each promises, or becomes, more than there is.

Run as a script it opens and reads them all in little memory and time, and names every
one that was not refused with a sentence.
"""

from __future__ import annotations

import gzip
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import tifffile
from numcodecs import Blosc, Zstd

ARRAY = {
    "zarr_format": 2, "shape": [4, 1, 64, 64], "chunks": [4, 1, 64, 64],
    "dtype": "<u2", "order": "C", "compressor": None, "filters": None,
    "fill_value": 0,
}  # fmt: skip
LARGER = {"shape": [4, 1, 512, 256], "chunks": [4, 1, 512, 256]}
ZEROS = bytes(2**28)


def zarr_zip(path, chunk=b"", compression=zipfile.ZIP_STORED, **changed):
    with zipfile.ZipFile(path, "w", compression) as target:
        target.writestr(".zarray", json.dumps(ARRAY | changed))
        target.writestr("0.0.0.0", chunk)
    return path


def zips(folder):
    """Zarr in zips."""
    codec = {"id": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 0}
    yield zarr_zip(folder / "shape.zip", shape=[10**12] * 4)
    yield zarr_zip(folder / "chunks.zip", shape=[10**6] * 2, chunks=[10**6] * 2)
    yield zarr_zip(folder / "negative.zip", shape=[-4, 1, 64, 64])
    yield zarr_zip(folder / "axes.zip", shape=[1] * 60, chunks=[1] * 60)
    yield zarr_zip(folder / "words.zip", shape="many")
    yield zarr_zip(folder / "halves.zip", shape=[4, 1, 6.5, 64])
    yield zarr_zip(folder / "objects.zip", dtype="|O", filters=[{"id": "pickle"}])
    yield zarr_zip(folder / "text.zip", dtype="|S1000000000")
    yield zarr_zip(folder / "codec.zip", compressor={"id": "pickle"})
    yield zarr_zip(folder / "filter.zip", filters=[{"id": "pickle"}])
    yield zarr_zip(folder / "plane.zip", shape=[4, 1, 2**20, 2**20])
    for name, plan, packed in (
        ("blosc", codec, Blosc("zstd", 5, 0).encode(ZEROS)),
        ("zstd", {"id": "zstd", "level": 1}, Zstd(1).encode(ZEROS)),
        ("gzip", {"id": "gzip", "level": 1}, gzip.compress(ZEROS, 1)),
        ("zlib", {"id": "zlib", "level": 1}, zlib.compress(ZEROS, 1)),
    ):
        yield zarr_zip(folder / f"bomb_{name}.zip", packed, compressor=plan, **LARGER)
    yield zarr_zip(folder / "deflated.zip", ZEROS, zipfile.ZIP_DEFLATED)
    yield claiming(folder / "claims.zip", folder / "small.zip")
    yield overlapping(folder / "overlap.zip", folder / "small2.zip")
    yield many(folder / "entries.zip")
    data = zarr_zip(folder / "whole.zip", bytes(32768)).read_bytes()
    (folder / "directory.zip").write_bytes(
        data[:-10] + struct.pack("<I", 2**32 - 2) + data[-6:]
    )
    yield folder / "directory.zip"


def claiming(path, other):
    """Write a deflated member that says it is small and is not."""
    packed = zarr_zip(other, ZEROS, zipfile.ZIP_DEFLATED, **LARGER)
    data = bytearray(packed.read_bytes())
    entry = data.rfind(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", 2**20)
    path.write_bytes(data)
    return path


def overlapping(path, other):
    """Write a table in which many members share the same bytes."""
    data = zarr_zip(other, bytes(32768)).read_bytes()
    start = data.rfind(b"PK\1\2")
    end = data.rfind(b"PK\5\6")
    first = data[data.find(b"PK\1\2") : start]
    entry = data[start:end]
    copies = b"".join(entry[:46] + b"%d.0.0.0" % n + entry[46 + 7 :] for n in range(10))
    table = first + copies
    tail = struct.pack(
        "<4s4HIIH",
        b"PK\5\6",
        0,
        0,
        11,
        11,
        len(table),
        end - len(first) - len(entry),
        0,
    )
    path.write_bytes(data[: end - len(first) - len(entry)] + table + tail)
    return path


def many(path):
    """Write a table of three million members."""
    number = 3 * 10**6
    entry = bytearray(struct.pack("<4s4B4HIII5H2I", b"PK\1\2", *[0] * 18))
    entry[28:30] = struct.pack("<H", 1)
    table = (bytes(entry) + b"a") * number
    tail = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 0, 0, len(table), 4, 0)
    path.write_bytes(b"PK\3\4" + table + tail)
    return path


def tiff(path, **tags):
    """Write two pages of 64 × 64 pixels with other values in their tags."""
    tifffile.imwrite(path, np.zeros((2, 64, 64), np.uint16), metadata=None)
    data = bytearray(path.read_bytes())
    for offset, count in pages(data):
        for n in range(count):
            place = offset + 2 + 12 * n
            name = tifffile.TIFF.TAGS.get(struct.unpack_from("<H", data, place)[0])
            if name in tags:
                struct.pack_into("<HII", data, place + 2, *tags[name])
    path.write_bytes(data)
    return path


def pages(data):
    """Offset and number of tags of each page."""
    (offset,) = struct.unpack_from("<I", data, 4)
    while offset:
        (count,) = struct.unpack_from("<H", data, offset)
        yield offset, count
        (offset,) = struct.unpack_from("<I", data, offset + 2 + 12 * count)


def ome(path, xml=None, array=None, **more):
    """Write an OME-TIFF with another description."""
    array = np.zeros((2, 64, 64), np.uint16) if array is None else array
    tifffile.imwrite(path, array, description=xml, metadata=None, **more)
    return path


def description(pixels="", data="", before=""):
    sizes = 'SizeX="64" SizeY="64" SizeC="1" SizeZ="2" SizeT="1"'
    return (
        f'<?xml version="1.0"?>{before}<OME xmlns="http://www.openmicroscopy.org/'
        'Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        f'DimensionOrder="XYZCT" Type="uint16" {pixels or sizes}>'
        f'<Channel ID="Channel:0:0"/>{data}</Pixels></Image></OME>'
    )


def tiffs(folder):
    """TIFFs and OME-TIFFs."""
    long, huge = 4, 2**31 - 2
    yield tiff(
        folder / "wide.tif",
        ImageWidth=(long, 1, huge),
        ImageLength=(long, 1, huge),
        RowsPerStrip=(long, 1, 1),
    )
    yield tiff(
        folder / "packed.tif",
        ImageWidth=(long, 1, 10**6),
        ImageLength=(long, 1, 10**6),
        RowsPerStrip=(long, 1, 10**6),
        Compression=(3, 1, 8),
    )
    yield tiff(
        folder / "packed_rows.tif",
        ImageWidth=(long, 1, 10**6),
        ImageLength=(long, 1, 10**6),
        RowsPerStrip=(long, 1, 1),
        Compression=(3, 1, 8),
    )
    yield tiff(folder / "strips.tif", StripOffsets=(long, 2**30, 8))
    yield tiff(folder / "far.tif", StripOffsets=(long, 1, 2**31))
    yield tiff(
        folder / "samples.tif",
        SamplesPerPixel=(3, 1, 65535),
        ImageLength=(long, 1, 10**6),
    )
    yield tiff(folder / "nothing.tif", ImageWidth=(long, 1, 0))
    yield tiff(folder / "rows.tif", RowsPerStrip=(long, 1, 0), Compression=(3, 1, 8))
    circle = bytearray(tiff(folder / "whole.tif").read_bytes())
    _, (offset, count) = pages(circle)
    struct.pack_into("<I", circle, offset + 2 + 12 * count, offset)
    (folder / "circle.tif").write_bytes(circle)
    yield folder / "circle.tif"
    tags = bytearray(tiff(folder / "whole.tif").read_bytes())
    struct.pack_into("<H", tags, offset, 65535)
    (folder / "tags.tif").write_bytes(tags)
    yield folder / "tags.tif"
    bomb = '<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    yield ome(folder / "entities.ome.tif", description(data="&a9;", before=bomb + "]>"))
    yield ome(
        folder / "external.ome.tif",
        description(
            data="&e;", before='<!DOCTYPE x [<!ENTITY e SYSTEM "/etc/passwd">]>'
        ),
    )
    big = 'SizeX="64" SizeY="64" SizeC="1" SizeZ="{}" SizeT="1"'
    yield ome(folder / "planes.ome.tif", description(big.format(10**12)))
    yield ome(
        folder / "count.ome.tif",
        description(data='<TiffData IFD="0" PlaneCount="1000000000000"/>'),
    )
    names = "".join(
        f'<TiffData IFD="0" FirstZ="{z}" PlaneCount="1"><UUID FileName="{name}">'
        f"urn:uuid:{z}</UUID></TiffData>"
        for z, name in enumerate(("outside.ome.tif", "../secret.tif"))
    )
    yield ome(folder / "outside.ome.tif", description(data=names))
    yield ome(
        folder / "absolute.ome.tif",
        description(data=names.replace("../secret.tif", "/etc/passwd")),
    )
    yield bomb_in_a_strip(folder / "strip.tif")


def bomb_in_a_strip(path):
    """Write a page whose one strip unpacks to more than it has room for."""
    packed = zlib.compress(ZEROS, 1)
    tags = [
        (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 16), (259, 3, 1, 8),
        (262, 3, 1, 1), (273, 4, 1, 400), (277, 3, 1, 1), (278, 4, 1, 64),
        (279, 4, 1, len(packed)), (339, 3, 1, 1),
    ]  # fmt: skip
    page = struct.pack("<H", len(tags))
    page += b"".join(struct.pack("<HHII", *tag) for tag in tags)
    second = 8 + len(page) + 4
    head = b"II*\0" + struct.pack("<I", 8) + page + struct.pack("<I", second) + page
    path.write_bytes(head.ljust(400, b"\0") + packed)
    return path


def main(folder):
    import resource

    from labdata_napari.core.stacks import open_stack
    from labdata_napari.errors import LabdataError

    paths = sorted(Path(folder).glob("*.zip")) + sorted(Path(folder).glob("*.tif"))
    whole = Path(folder) / "whole.zip", Path(folder) / "whole.tif"
    for path in whole:  # whatever is imported lazily counts as used already
        np.asarray(open_stack(path))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    for path in paths:
        if path in whole or path.name.startswith("small"):
            continue
        try:
            np.asarray(open_stack(path))
        except LabdataError as error:
            print(path.name, "refused:", error)
        except Exception as error:  # noqa: BLE001, what must not be
            print(path.name, "FAILED:", type(error).__name__, error)
        else:
            print(path.name, "BELIEVED")


if __name__ == "__main__":
    main(sys.argv[1])
