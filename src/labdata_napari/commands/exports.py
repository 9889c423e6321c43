"""``labdata-napari export``: write what is in a lab as files of other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.commands.command import Command, add_commands, connect_to

if TYPE_CHECKING:
    import argparse


def _export_labels(arguments: argparse.Namespace) -> None:
    from labdata_napari.commands.progress import percent
    from labdata_napari.lab.pose_export import export_labels

    with (
        connect_to(arguments) as lab,
        percent(f"Exporting label set {arguments.number}") as progress,
    ):
        written = export_labels(
            lab,
            arguments.number,
            arguments.out,
            arguments.format,
            bodyparts=arguments.bodyparts,
            only_labelled=arguments.only_labelled,
            disperse=arguments.disperse,
            pad=not arguments.no_padding,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    print(f"Label set {arguments.number} is in", file=sys.stderr)
    print(written)


def _add_labels(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("number", type=int, metavar="N", help="number of the label set")
    add(
        "--format",
        choices=("dlc", "lightning", "coco", "slp", "nwb"),
        default="dlc",
        help="dlc (DeepLabCut, napari-deeplabcut), lightning (Lightning Pose), coco, "
        "or slp and nwb, which need the extra 'sleap' (default: dlc)",
    )
    add("--out", type=Path, required=True, metavar="FOLDER", help="project to write to")
    add("--bodyparts", nargs="+", metavar="NAME", help="which (default: all)")
    add("--only-labelled", action="store_true", help="leave out frames without labels")
    add(
        "--disperse",
        action="store_true",
        help="put body parts that the first frame lacks in it, to be dragged from",
    )
    add("--no-padding", action="store_true", help="keep pictures of different sizes")
    add("--overwrite", action="store_true", help="replace an earlier export")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    labels = Command(
        "labels",
        "Write a label set; prints where it is",
        _add_labels,
        _export_labels,
    )
    add_commands(parser, (labels,), required=True)


COMMAND = Command("export", "Write files for other tools", _add_arguments)
