"""``labdata-napari transform``: list and compute the transforms of brains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.commands.command import Command, add_commands, connect_to

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.lab.transforms import TransformRecord

_KEY = ("subject", "session", "dataset")
_NAMED = 5


def _chosen(arguments: argparse.Namespace) -> dict[str, str]:
    """Restriction to what was named; empty for everything."""
    named = {f"{word}_name": getattr(arguments, word) for word in _KEY}
    return {column: value for column, value in named.items() if value is not None}


def _brains(lab: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from labdata_napari.errors import NotFound
    from labdata_napari.lab.failures import translate_errors

    chosen = _chosen(arguments)
    with translate_errors():
        keys: list[dict[str, Any]] = (lab.FixedBrain & chosen).keys(order_by="KEY")
        if not keys:
            raise NotFound(_no_brain(lab, chosen))
    return keys


def _no_brain(lab: Any, chosen: dict[str, str]) -> str:
    """Say which of the given names is that of no brain, and which ones are alike."""
    brains = lab.FixedBrain.keys(order_by="KEY")
    for column, name in chosen.items():
        names = list(dict.fromkeys(key[column] for key in brains))
        if names and name not in names:
            what = column.removesuffix("_name")
            return f"There is no fixed brain of {what} '{name}'; {_alike(name, names)}"
        brains = [key for key in brains if key[column] == name]
    return "There is no fixed brain in this lab; import one first."


def _alike(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    by_letters = {each.casefold(): each for each in names}
    close = get_close_matches(name.casefold(), by_letters, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(repr(by_letters[each]) for each in close)}?"
    more = len(names) - _NAMED
    tail = f" and {more:,} more" if more > 0 else ""
    return f"there are those of {', '.join(map(repr, names[:_NAMED]))}{tail}."


def _list(arguments: argparse.Namespace) -> None:
    with connect_to(arguments) as lab:
        for key in _brains(lab, arguments):
            records = lab.brains.transforms(key)
            print("/".join(key.values()) + ("" if records else ": no transforms"))
            for record in records:
                print(f"  {record.transform_id}: {_in_words(record)}")


def _in_words(record: TransformRecord) -> str:
    if record.problem:
        return record.problem
    given = [] if record.parameters is None else record.parameters.to_row().items()
    parts = [f"{name} {value}" for name, value in given if value is not None]
    what = ", ".join(parts) or "unchanged"
    if not record.computed:
        return f"{what} (not computed)"
    shape = " × ".join(map(str, record.shape or ()))
    um = " × ".join(f"{u:.6g}" for u in record.um_per_pixel or ())
    count = record.annotations
    held = f"{count} annotation{'' if count == 1 else 's'}"
    return f"{what} → {shape}, {um} µm, {held}"


def _run(arguments: argparse.Namespace) -> None:
    from labdata_napari.errors import InvalidValue

    parameters = _parameters(arguments)
    with connect_to(arguments) as lab:
        keys = _brains(lab, arguments)
        if parameters is not None:
            if len(keys) != 1:
                raise InvalidValue(
                    f"These parameters are for one brain and {len(keys)} were named; "
                    "give --subject, --session and --dataset."
                )
            number = lab.brains.add_transform_parameters(keys[0], parameters)
            waiting = [keys[0] | {"transform_id": number}]
        else:
            waiting = _waiting(lab, keys, arguments.transform)
        if not waiting:
            print(_nothing_to_do(lab, keys))
        for key in waiting:
            _compute(lab, key, arguments.hemisphere)


def _nothing_to_do(lab: Any, keys: list[dict[str, Any]]) -> str:
    if any(lab.brains.transforms(key) for key in keys):
        return "Every transform is computed."
    return (
        "There are no transform parameters yet; give some, such as --downsample 1 1 "
        "0.5 0.5."
    )


def _waiting(
    lab: Any, keys: list[dict[str, Any]], number: int | None
) -> list[dict[str, Any]]:
    from labdata_napari.errors import NotFound

    records = [record for key in keys for record in lab.brains.transforms(key)]
    if number is not None:
        records = [record for record in records if record.transform_id == number]
        if not records:
            raise NotFound(
                f"None of these brains has transform parameters {number}; see "
                "'labdata-napari transform list'."
            )
    return [record.key for record in records if not record.computed]


def _compute(lab: Any, key: dict[str, Any], hemisphere: str | None) -> None:
    from labdata_napari.commands.progress import percent

    name = "/".join(map(str, key.values()))
    with percent(f"Transforming {name}") as progress:
        lab.brains.compute_transform(key, progress, hemisphere)
    records = lab.brains.transforms(key)
    record = next(r for r in records if r.transform_id == key["transform_id"])
    path = lab.files.locate(record.file_path, record.storage)
    print(f"{name}: {_in_words(record)}, in '{path}'.")


def _parameters(arguments: argparse.Namespace) -> TransformParameters | None:
    """Parameters that were given; None when not one was."""
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


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--subject", help="only brains of this animal")
    parser.add_argument("--session", help="only of this session")
    parser.add_argument("--dataset", help="only of this dataset")


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_key(parser)
    parser.add_argument(
        "--transform",
        type=int,
        metavar="NUMBER",
        help="only these parameters (default: all that are not computed)",
    )
    parser.add_argument(
        "--hemisphere",
        choices=("left", "right", "both"),
        help="what the row is to note (default: both where the middle is in it)",
    )
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


_COMMANDS = (
    Command("list", "List brains and their transforms", _add_key, _list),
    Command("run", "Compute transforms", _add_run, _run),
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, _COMMANDS, required=True)


COMMAND = Command("transform", "Transform fixed brains", _add_arguments)
