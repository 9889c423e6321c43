"""The arguments of ``labdata-napari transform run``, and the parameters they mean."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from labdata_napari.commands.brains import add_key
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    import argparse

    from labdata_napari.core.transform_parameters import TransformParameters

_PRESET = re.compile(r"asr_([0-9.]+)um(?:_(left|right|both))?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "restriction",
        nargs="?",
        help="only brains for which this holds, as DataJoint takes it: "
        "\"session_name > '2026'\"",
    )
    add_key(parser)
    parser.add_argument(
        "--transform",
        type=int,
        metavar="NUMBER",
        help="only these parameters (default: all that are not computed)",
    )
    _add_how(parser)
    _add_sizes(parser)
    _add_columns(parser)


def _add_how(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how to compute")
    how.add_argument(
        "--dry-run",
        action="store_true",
        help="only tell the size, the time and the memory it will take",
    )
    how.add_argument(
        "--processes", type=int, metavar="N", help="so many brains at a time"
    )
    how.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="on a dask.distributed cluster, one brain a task; its workers get into "
        "the lab by their own settings",
    )
    how.add_argument(
        "--hemisphere",
        choices=("left", "right", "both"),
        help="what the row is to note (default: what the crop and the brain's "
        "orientation tell)",
    )
    how.add_argument(
        "--mode",
        choices=("standard", "linear", "labdata"),
        default="standard",
        help="linear: blurs more, in half the time without numba; labdata: voxel for "
        "voxel what labdata 0.1.25 computes, for rows that must be reproduced",
    )
    how.add_argument(
        "--ome-zarr",
        action="store_true",
        help="keep the results as zipped OME-Zarr, which labdata's get() does not read",
    )


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    sizes = parser.add_argument_group("new parameters for every brain that is named")
    sizes.add_argument(
        "--um", type=float, metavar="SIZE", help="bring it to this voxel size in µm"
    )
    sizes.add_argument(
        "--preset",
        metavar="NAME",
        help="for atlas registration: asr_25um, asr_10um_left and the like",
    )
    sizes.add_argument(
        "--orientation",
        metavar="CODE",
        help="how these brains lie, for --preset: the sides their z, y and x start at, "
        "such as asr (default: what was said in the window)",
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    new = parser.add_argument_group(
        "new parameters for one brain, applied in this order"
    )
    new.add_argument(
        "--downsample",
        nargs=4,
        type=float,
        metavar=("Z", "C", "Y", "X"),
        help="voxels out per voxel in",
    )
    new.add_argument(
        "--rotate",
        nargs=3,
        type=float,
        metavar=("ANGLEZ", "ANGLEY", "ANGLEX"),
        help="degrees in the z-y, the z-x and the y-x plane",
    )
    new.add_argument("--flip-x", action="store_true", help="mirror along x")
    new.add_argument("--flip-y", action="store_true", help="mirror along y")
    for axis in "zcyx":
        new.add_argument(
            f"--crop-{axis}",
            nargs=2,
            type=int,
            metavar=("START", "STOP"),
            help=f"what to keep along {axis}",
        )
    new.add_argument(
        "--transpose",
        nargs=4,
        type=int,
        metavar="AXIS",
        help="order of the axes 0 (z), 1 (c), 2 (y), 3 (x) in the result",
    )
    new.add_argument("--cast", help="type of the result's voxels, such as uint16")


def parameters_for(
    lab: Any, brain: dict[str, Any], arguments: argparse.Namespace
) -> tuple[TransformParameters | None, str | None]:
    """Work out the new parameters of a brain.

    Returns
    -------
    tuple
        None when none are asked for, and the hemisphere a preset is about.

    Raises
    ------
    InvalidValue
        When arguments contradict each other or do not go with the brain.
    """
    given = _columns(arguments)
    asked = [given, arguments.um, arguments.preset]
    if sum(each is not None for each in asked) > 1:
        raise InvalidValue(
            "Give --um, --preset, or the columns themselves (--downsample, --rotate, "
            "…), not several of them."
        )
    if arguments.um is not None:
        return _sized(lab, brain, arguments.um), None
    if arguments.preset is not None:
        return _preset(lab, brain, arguments.preset, arguments.orientation)
    return given, None


def _sized(lab: Any, brain: dict[str, Any], um: float) -> TransformParameters:
    from labdata_napari.core.transform_parameters import (
        TransformParameters,
        downsample_to,
    )

    sizes = lab.brains.open(brain).um_per_pixel
    if sizes is None:
        raise InvalidValue(_no_size(brain))
    parameters = TransformParameters(downsample=downsample_to(sizes, um))
    if um < min(sizes):
        print(
            f"labdata-napari: The voxels of {'/'.join(brain.values())} are "
            f"{' × '.join(f'{size:g}' for size in sizes)} µm, and a result is never "
            "finer.",
            file=sys.stderr,
        )
    return parameters


def _preset(
    lab: Any, brain: dict[str, Any], name: str, orientation: str | None
) -> tuple[TransformParameters, str]:
    from labdata_napari.core.presets import atlas_preset
    from labdata_napari.lab.orientation import known_orientation

    match = _PRESET.fullmatch(name)
    if match is None:
        raise InvalidValue(
            f"There is no preset '{name}'; write asr_25um, asr_10um_left and the like."
        )
    place = (lab.url, lab.name, lab.project)
    code = orientation or known_orientation(place, brain)
    if code is None:
        raise InvalidValue(
            f"How the brain {'/'.join(brain.values())} lies is not known; give "
            "--orientation, the sides its z, y and x start at, such as asr."
        )
    stack = lab.brains.open(brain)
    if stack.um_per_pixel is None:
        raise InvalidValue(_no_size(brain))
    preset = atlas_preset(
        stack.shape, stack.um_per_pixel, code, float(match[1]), match[2] or "both"
    )
    return preset.parameters, preset.hemisphere


def _no_size(brain: dict[str, Any]) -> str:
    return (
        f"The brain {'/'.join(brain.values())} has no voxel size in its row; enter "
        "um_per_pixel there, or give --downsample."
    )


def _columns(arguments: argparse.Namespace) -> TransformParameters | None:
    """Parameters that were given by their columns; None when not one was."""
    from labdata_napari.core.transform_parameters import TransformParameters

    turned = arguments.rotate is not None or arguments.flip_x or arguments.flip_y
    crop = [arguments.crop_z, arguments.crop_c, arguments.crop_y, arguments.crop_x]
    angles = arguments.rotate or (0.0, 0.0, 0.0)
    values: dict[str, Any] = {
        "downsample": arguments.downsample,
        "rotate": (*angles, arguments.flip_x, arguments.flip_y) if turned else None,
        "crop": crop if any(part is not None for part in crop) else None,
        "transpose": arguments.transpose,
        "cast": arguments.cast,
    }
    if all(value is None for value in values.values()):
        return None
    return TransformParameters(**values)
