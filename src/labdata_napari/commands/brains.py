"""Which brains a command is about, and how their transforms are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.spelling import alike

if TYPE_CHECKING:
    import argparse

    from labdata_napari.lab.transforms import TransformRecord

_KEY = ("subject", "session", "dataset")


def _chosen(arguments: argparse.Namespace) -> dict[str, str]:
    """Restriction to what was named; empty for everything."""
    named = {f"{word}_name": getattr(arguments, word) for word in _KEY}
    return {column: value for column, value in named.items() if value is not None}


def brains_of(lab: Any, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the keys of the brains that were named.

    Raises
    ------
    NotFound
        When there is none; says which name is wrong.
    """
    from labdata_napari.errors import NotFound
    from labdata_napari.lab.failures import translate_errors

    chosen = _chosen(arguments)
    with translate_errors():
        brains = lab.FixedBrain & chosen
        condition = getattr(arguments, "restriction", None)
        keys = _restricted(brains, condition)
        if not keys and condition is not None and lab.FixedBrain & chosen:
            raise NotFound(f"There is no fixed brain with {condition}.")
        if not keys:
            raise NotFound(_no_brain(lab, chosen))
    return keys


def _restricted(brains: Any, condition: str | None) -> list[dict[str, Any]]:
    """Return the keys of those brains for which a condition holds.

    Raises
    ------
    InvalidValue
        When it is none: the reason is whatever DataJoint or the server found.
    """
    from labdata_napari.errors import ConnectionFailed, InvalidValue, LabdataError
    from labdata_napari.lab.failures import translate_errors

    try:
        with translate_errors():
            restricted = brains if condition is None else brains & condition
            keys: list[dict[str, Any]] = restricted.keys(order_by="KEY")
    except LabdataError as error:
        if condition is None or isinstance(error, ConnectionFailed):
            raise
        columns = ", ".join(brains.heading.names)
        raise InvalidValue(
            f"The restriction {condition!r} is not understood; write it as in "
            f"\"session_name > '2026'\". The columns are {columns}."
        ) from error
    return keys


def _no_brain(lab: Any, chosen: dict[str, str]) -> str:
    """Say which of the given names is that of no brain, and which ones are alike."""
    brains = lab.FixedBrain.keys(order_by="KEY")
    for column, name in chosen.items():
        names = list(dict.fromkeys(key[column] for key in brains))
        if names and name not in names:
            what = column.removesuffix("_name")
            near = alike(name, names, "there are those of")
            return f"There is no fixed brain of {what} '{name}'; {near}"
        brains = [key for key in brains if key[column] == name]
    return "There is no fixed brain in this lab; import one first."


def in_words(record: TransformRecord) -> str:
    """Describe a transform in a line."""
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


def add_key(parser: argparse.ArgumentParser) -> None:
    """Add what names brains."""
    parser.add_argument("--subject", help="only brains of this animal")
    parser.add_argument("--session", help="only of this session")
    parser.add_argument("--dataset", help="only of this dataset")
