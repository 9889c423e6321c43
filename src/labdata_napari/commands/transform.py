"""``labdata-napari transform``: list and compute the transforms of brains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.commands.brains import add_key, brains_of, in_words
from labdata_napari.commands.command import Command, add_commands, connect_to
from labdata_napari.commands.transform_run import RUN

if TYPE_CHECKING:
    import argparse


def _list(arguments: argparse.Namespace) -> None:
    with connect_to(arguments) as lab:
        for key in brains_of(lab, arguments):
            records = lab.brains.transforms(key)
            print("/".join(key.values()) + ("" if records else ": no transforms"))
            for record in records:
                print(f"  {record.transform_id}: {in_words(record)}")


_COMMANDS = (
    Command("list", "List brains and their transforms", add_key, _list),
    RUN,
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, _COMMANDS, required=True)


COMMAND = Command("transform", "Transform fixed brains", _add_arguments)
