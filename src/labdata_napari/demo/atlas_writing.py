"""Write an atlas in the layouts of BrainGlobe, without its pictures and meshes."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.atlas_regions import Regions

_CHUNK = 64


def write_version3(
    root: Path,
    name: str,
    volume: NDArray[Any],
    regions: Regions,
    resolution_um: float,
    version: str = "1_0",
) -> Path:
    """Write an atlas as brainglobe-atlasapi 3 keeps them.

    Parameters
    ----------
    root
        Folder that takes the place of ``~/.brainglobe``.
    name
        Without the resolution, which is appended.
    volume
        Region numbers, axes "asr".

    Returns
    -------
    Path
        The folder to open.
    """
    top = root / "brainglobe-atlasapi"
    annotations = f"annotation-sets/{name}-annotation/{version}"
    words = f"terminologies/{name}-terminology/{version}"
    _write_zarr(
        top / annotations / "annotations_compressed.ome.zarr", volume, resolution_um
    )
    (top / words).mkdir(parents=True)
    (top / words / "terminology.csv").write_text(_terminology(regions), "utf-8")
    folder = top / "atlases" / f"{name}_{resolution_um:g}um" / version
    folder.mkdir(parents=True)
    _write_json(
        folder / "manifest.json",
        _about(name, volume, resolution_um, version.replace("_", "."))
        | {
            "annotation_set": {"location": f"/{annotations}"},
            "terminology": {"location": f"/{words}"},
        },
    )
    return folder


def write_legacy(
    root: Path, name: str, volume: NDArray[Any], regions: Regions, resolution_um: float
) -> Path:
    """Write an atlas in BrainGlobe's older layout; arguments as `write_version3`."""
    import tifffile

    folder = root / f"{name}_{resolution_um:g}um_v1.0"
    folder.mkdir(parents=True)
    tifffile.imwrite(folder / "annotation.tiff", volume, compression="zlib")
    _write_json(
        folder / "structures.json",
        [
            {
                "acronym": region.acronym,
                "id": region.id,
                "name": region.name,
                "structure_id_path": list(region.path),
                "rgb_triplet": list(region.color),
            }
            for region in regions
        ],
    )
    _write_json(folder / "metadata.json", _about(name, volume, resolution_um, "1.0"))
    return folder


def _about(
    name: str, volume: NDArray[Any], resolution_um: float, version: str
) -> dict[str, Any]:
    return {
        "name": name,
        "citation": "unpublished",
        "species": "invented",
        "symmetric": True,
        "resolution": [resolution_um] * 3,
        "orientation": "asr",
        "version": version,
        "shape": list(volume.shape),
    }


def _terminology(regions: Regions) -> str:
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(
        [
            "identifier",
            "parent_identifier",
            "annotation_value",
            "name",
            "abbreviation",
            "color_hex_triplet",
            "root_identifier_path",
        ]
    )
    for region in regions:
        color = "#{:02X}{:02X}{:02X}".format(*region.color)
        parent = "" if region.parent is None else region.parent
        write(
            [
                region.id,
                parent,
                region.id,
                region.name,
                region.acronym,
                color,
                list(region.path),
            ]
        )
    return text.getvalue()


def _write_zarr(path: Path, volume: NDArray[Any], resolution_um: float) -> None:
    """Write a one-level OME-Zarr 0.5, in millimetres as BrainGlobe's are."""
    import zarr

    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    chunks = tuple(min(_CHUNK, n) for n in volume.shape)
    array = group.create_array(
        "0", shape=volume.shape, dtype=volume.dtype, chunks=chunks
    )
    array[:] = volume
    scale = {"type": "scale", "scale": [resolution_um / 1000] * 3}
    axes = [{"name": n, "type": "space", "unit": "millimeter"} for n in "zyx"]
    level = {"path": "0", "coordinateTransformations": [scale]}
    image = {"name": "", "axes": axes, "datasets": [level]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
