"""Label sets as SLEAP and NWB files, through the extra ``sleap`` (sleap-io)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.hdf_members import check_whole
from labdata_napari.core.label_export import REPLACE
from labdata_napari.core.label_files import LabelFile
from labdata_napari.core.label_table import LabelTable, shortest
from labdata_napari.core.pose_draft import State
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.label_export import LabelExport

_MOST_BYTES = 1 << 40
"""Of one dataset: NWB files hold recordings, which are not read."""


def read_sleap(path: Path) -> LabelFile:
    """Read the labels of a ``.slp`` or ``.nwb`` file.

    Parameters
    ----------
    path
        With videos that pictures are frames of. Where a frame has several animals
        their body parts are called "1/nose", "2/nose", ….

    Returns
    -------
    LabelFile
        Rows are "<number of the video>/<its name>/<number of the frame>".

    Raises
    ------
    NotFound
        When there is no file, or sleap-io is not installed.
    UnreadableFile
        When it cannot be read.
    """
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.")
    _check(path)
    sio = _sleap_io()
    load = sio.load_nwb if path.suffix.lower() == ".nwb" else sio.load_slp
    more = {} if path.suffix.lower() == ".nwb" else {"open_videos": False}
    try:
        labels = load(str(path), **more)
    except Exception as error:
        raise UnreadableFile(f"'{path}' cannot be read ({error}).") from error
    return _label_file(path, labels)


def write_sleap(
    path: Path,
    export: LabelExport,
    videos: Mapping[tuple[str, ...], Path],
    overwrite: bool = False,
) -> Path:
    """Write the labels of a set as ``.slp`` or ``.nwb``, by the ending of the name.

    Parameters
    ----------
    path
        File to write.
    export
        What to write; its pictures are not: the file names the videos.
    videos
        The file of each video, by its key.
    overwrite
        Whether a file that is there may be replaced.

    Raises
    ------
    NotFound
        When sleap-io is not installed.
    WriteRefused
        When something is there already, or the disk refuses.
    """
    sio = _sleap_io()
    if path.exists() and not overwrite:
        raise WriteRefused(
            f"'{path}' exists already; choose another folder, or {REPLACE}."
        )
    part = path.with_name(f".{os.getpid()}.{path.name}")
    is_nwb = path.suffix.lower() == ".nwb"
    save = sio.save_nwb if is_nwb else sio.save_slp
    try:
        # NWB keeps the size and rate of videos, for which they are opened
        labels = _labels(sio, export, videos, opened=is_nwb)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(labels, str(part))
        os.replace(part, path)
    except (OSError, ValueError, ImportError) as error:
        part.unlink(missing_ok=True)
        raise WriteRefused(f"'{path}' cannot be written: {error}.") from error
    return path


def _check(path: Path) -> None:
    """See that a file leads nowhere else: sleap-io would follow it."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            check_whole(file, _MOST_BYTES)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UnreadableFile(f"'{path}' cannot be read ({error}).") from error


def _sleap_io() -> Any:
    try:
        import sleap_io
    except ImportError as error:
        raise NotFound(
            "SLEAP and NWB files need the package sleap-io: pip install "
            "'labdata-napari[sleap]', then try again."
        ) from error
    return sleap_io


def _label_file(path: Path, labels: Any) -> LabelFile:
    if not labels.labeled_frames or not labels.skeletons:
        raise UnreadableFile(f"'{path}' holds no labels.")
    skeleton = labels.skeletons[0]
    nodes = [str(name) for name in skeleton.node_names]
    several = any(len(f.instances) > 1 for f in labels.labeled_frames)
    found: dict[tuple[str, str], tuple[float, float, bool]] = {}
    videos: dict[str | int, str] = {}
    order = {id(video): n for n, video in enumerate(labels.videos)}
    rows = []
    for frame in labels.labeled_frames:
        number = order[id(frame.video)]
        name = Path(str(_first(frame.video.filename)).replace("\\", "/")).stem
        row = f"{number}/{name}/{int(frame.frame_idx)}"
        rows.append(row)
        videos[row] = name
        for animal, instance in enumerate(frame.instances, start=1):
            before = f"{animal}/" if several else ""
            points = instance.points
            for node, xy, seen in zip(
                nodes, points["xy"].tolist(), points["visible"].tolist(), strict=True
            ):
                found[row, before + node] = (*xy, bool(seen))
    names = tuple(dict.fromkeys(name for _, name in found)) or tuple(nodes)
    xy = np.full((len(rows), len(names), 2), np.nan)
    states = np.full(xy.shape[:2], State.ABSENT, np.uint8)
    at = {row: n for n, row in enumerate(rows)}
    of_name = {name: n for n, name in enumerate(names)}
    for (row, name), (x, y, seen) in found.items():
        if x == x:
            place = at[row], of_name[name]
            xy[place] = x, y
            states[place] = State.VISIBLE if seen else State.OCCLUDED
    # NWB has no place for what is hidden, only for what is somewhere
    told = None if path.suffix.lower() == ".nwb" else states
    table = LabelTable("sleap", names, tuple(rows), xy, states=told)
    edges = tuple((str(a), str(b)) for a, b in skeleton.edge_names)
    return LabelFile(path, table.without_repeated_rows(), {}, None, videos, edges)


def _labels(
    sio: Any,
    export: LabelExport,
    videos: Mapping[tuple[str, ...], Path],
    opened: bool,
) -> Any:
    labels = export.draft.labels
    # Skeleton makes nodes of the very list it is given
    skeleton = sio.Skeleton(list(labels.bodyparts), edges=[*map(list, export.edges)])
    made = {
        key: sio.Video.from_filename(str(file))
        if opened
        else sio.Video(filename=str(file), open_backend=False)
        for key, file in videos.items()
    }
    states = export.draft.states()
    # NWB loses the place of what is not visible
    seen = (State.VISIBLE, State.OCCLUDED) if opened else (State.VISIBLE,)
    frames = []
    for n, key in enumerate(export.frames):
        xy = shortest(labels.xyz[n, :, :2])
        instance = sio.Instance.from_numpy(xy, skeleton=skeleton)
        instance.points["visible"] = np.isin(states[n], seen) & ~np.isnan(xy[:, 0])
        frames.append(
            sio.LabeledFrame(
                video=made[key[:4]], frame_idx=key.frame_num, instances=[instance]
            )
        )
    return sio.Labels(frames, videos=list(made.values()), skeletons=[skeleton])


def _first(filename: Any) -> Any:
    return filename[0] if isinstance(filename, list) and filename else filename
