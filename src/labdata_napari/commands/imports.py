"""``labdata-napari import``: bring files into a lab."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Any

from labdata_napari.commands.command import Command, add_commands, connect_to


def _import_brain(arguments: argparse.Namespace) -> None:
    from labdata_napari.commands.progress import percent
    from labdata_napari.lab.failures import translate_errors
    from labdata_napari.lab.ingest import BrainImport, import_brain, plan_import

    plan = plan_import(BrainImport(**_values(arguments) | _missing(arguments)))
    with connect_to(arguments) as lab:
        with translate_errors():
            there = bool(lab.FixedBrain & plan.key)
        with percent(f"Importing '{plan.source.name}'") as progress:
            key = import_brain(lab, plan, progress)
        path = lab.brains.open(key).path
    for note in plan.notes:
        print(note)
    names = ", ".join(f"{c.removesuffix('_name')} '{v}'" for c, v in key.items())
    shape = " × ".join(map(str, plan.stack.shape))
    um = " × ".join(f"{u:g}" for u in plan.um_per_pixel)
    done = "was imported before" if there else "is imported"
    print(f"'{plan.source.name}' {done} as {names}:")
    print(f"{shape} (z, c, y, x), {plan.stack.dtype}, {um} µm (z, y, x), in '{path}'.")


def _values(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "file": arguments.file,
        "subject": arguments.subject,
        "session": arguments.session,
        "dataset": arguments.dataset,
        "um_per_pixel": arguments.um_per_pixel,
        "channel_names": arguments.channels,
        "axes": arguments.axes,
        "in_place": arguments.in_place,
        "session_datetime": arguments.session_datetime,
        "experimenter": arguments.experimenter,
        "dob": arguments.dob,
        "sex": arguments.sex,
        "strain": arguments.strain,
        "hardware": arguments.hardware,
        "storage": arguments.storage,
    }


def _missing(arguments: argparse.Namespace) -> dict[str, str]:
    """Return what was not given, as the folders of a file in labdata's lab say it."""
    from labdata_napari import settings
    from labdata_napari.lab import preferences

    labdata = preferences.read()
    if not labdata.serves(settings.target(arguments.url, labdata=labdata).url):
        return {}
    names = labdata.names_in(arguments.file)
    return {what: name for what, name in names.items() if not getattr(arguments, what)}


def _add_brain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="TIFF, OME-TIFF, zarr.zip, ozx, or a zarr folder",
    )
    _add_where(parser)
    add = parser.add_argument
    add(
        "--um-per-pixel",
        nargs=3,
        type=float,
        metavar=("Z", "Y", "X"),
        help="µm from voxel to voxel (default: what the file says)",
    )
    add(
        "--channels",
        nargs="+",
        metavar="NAME",
        help="names of the channels (default: what the file says)",
    )
    add(
        "--axes", help="axes as they are stored, for example CZYX, if the file is wrong"
    )
    add("--in-place", action="store_true", help="leave the file where it is")
    _add_new_session(parser)
    add("--hardware", help="microscope")
    add("--storage", default="data", help="storage the row names (default: data)")


def _add_where(parser: argparse.ArgumentParser) -> None:
    # none of these is required here: one sentence names all that is missing, once
    # the folders of the file have been read
    add = parser.add_argument
    add("--subject", default="", help="animal, made when it is new")
    add("--session", default="", help="its session, for example 20260101_120000")
    add("--dataset", default="", help="dataset of the session, for example brain")


def _add_new_session(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--session-datetime",
        type=_when,
        metavar="WHEN",
        help="when a new session began, if its name does not say it: 2026-01-01T12:00",
    )
    add("--experimenter", help="lab member (default: who is logged in)")
    add(
        "--dob",
        type=_day,
        metavar="DATE",
        help="birth of a new animal (default: day "
        "of the session, as the table wants one)",
    )
    add("--sex", default="U", help="of a new animal: M, F or U (default: U, unknown)")
    add("--strain", default="unknown", help="of a new animal (default: unknown)")


def _import_video(arguments: argparse.Namespace) -> None:
    from labdata_napari.commands.progress import percent
    from labdata_napari.lab.video_import import VideoImport, import_video

    values = {name: getattr(arguments, name) for name in (*_SESSION, *_VIDEO)}
    request = VideoImport(**values | _missing(arguments))
    with connect_to(arguments) as lab:
        with percent(f"Importing '{arguments.file.name}'") as progress:
            key = import_video(lab, request, progress)
        stack = lab.recordings.open("DatasetVideo", key)
    names = ", ".join(f"{c.removesuffix('_name')} '{v}'" for c, v in key.items())
    rate = "" if stack.frame_rate is None else f" at {stack.frame_rate:g} Hz"
    print(f"'{arguments.file.name}' is imported as {names}:")
    print(f"{len(stack):,} frames of {stack.shape[2]} × {stack.shape[1]}{rate}.")


def _add_video(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="video file")
    _add_where(parser)
    add("--video", default="", help="name of the video (default: that of the file)")
    add("--in-place", action="store_true", help="leave the file where it is")
    _add_new_session(parser)
    add("--storage", default="data", help="storage the row names (default: data)")


def _import_labels(arguments: argparse.Namespace) -> None:
    from labdata_napari.lab.pose_import import LabelImport, import_labels
    from labdata_napari.lab.pose_update import update_labels

    with connect_to(arguments) as lab:
        if arguments.into is not None:
            done = update_labels(lab, arguments.into, arguments.path)
            marked = f"; {done.marked:,} hidden or seen again" * bool(done.marked)
            print(
                f"Label set {arguments.into}: {done.updated:,} moved, "
                f"{done.added:,} added, {done.removed:,} removed, "
                f"{done.unchanged:,} unchanged, in {done.frames:,} frames{marked}."
            )
            return
        values = {name: getattr(arguments, name) for name in (*_SESSION, *_LABELS)}
        made = import_labels(lab, LabelImport(**values))
    if made.without_picture:
        print(
            f"{made.without_picture:,} of the frames have no picture, neither beside "
            "the labels nor in a video of this lab.",
            file=sys.stderr,
        )
    print(
        f"{made.labels:,} labels in {made.frames:,} frames are label set",
        file=sys.stderr,
    )
    print(made.num)


def _add_labels(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "path",
        type=Path,
        metavar="FOLDER|FILE",
        help="project of DeepLabCut or Lightning Pose, or .h5, .csv, COCO .json, .slp "
        "or .nwb",
    )
    _add_where(parser)
    add("--video", default="", help="name of the video (default: that of the folder)")
    add("--description", help="of the label set (default: where it is from)")
    add("--labeler", help="lab member who labelled")
    add(
        "--into",
        type=int,
        metavar="N",
        help="bring the labels back into label set N, from which they were exported, "
        "instead of making a set",
    )
    _add_new_session(parser)


_SESSION = (
    *("subject", "session", "dataset", "video", "session_datetime"),
    *("experimenter", "dob", "sex", "strain"),
)
_VIDEO = ("file", "in_place", "storage")
_LABELS = ("path", "description", "labeler")


def _when(text: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not as 2026-01-31T12:00"
        ) from None


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not as 2026-01-31") from None


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    brain = Command(
        "brain", "Import a stack of a fixed brain", _add_brain, _import_brain
    )
    video = Command("video", "Import a video", _add_video, _import_video)
    labels = Command(
        "labels",
        "Import labels of body parts; prints the number of the label set",
        _add_labels,
        _import_labels,
    )
    add_commands(parser, (brain, video, labels), required=True)


COMMAND = Command("import", "Bring files into a lab", _add_arguments)
