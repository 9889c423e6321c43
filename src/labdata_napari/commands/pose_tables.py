"""``labdata-napari db pose-tables``: a place for what labdata's tables cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.commands.command import Command, connect_to

if TYPE_CHECKING:
    import argparse


def _run(arguments: argparse.Namespace) -> None:
    from labdata_napari.lab.pose_tables import POSE_TABLES, SCOPE

    with connect_to(arguments) as lab:
        made = lab.poses.make_tables()
        schema = lab.tables.schemas[SCOPE]
    names = " and ".join(POSE_TABLES)
    outcome = "Made" if made else "There already:"
    print(
        f"{outcome} {names} in '{schema}' at {lab.url}. Who labelled what, which body "
        "parts are hidden, and skeletons are now seen by all who use the lab; windows "
        "that are open see it when they connect next."
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    """There is nothing to say but which lab."""


MAKE_POSE_TABLES = Command(
    "pose-tables",
    "Make two small tables for what labdata's have no column for: who labelled what, "
    "which body parts are hidden, and skeletons",
    _add_arguments,
    _run,
)
