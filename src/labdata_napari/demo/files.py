"""The files of the demo lab and how each is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.demo import brain_pixels, cells, mouse, widefield
from labdata_napari.demo.motion import FRAME_RATE, move
from labdata_napari.demo.writing import (
    in_order,
    write_ome_tiff,
    write_video,
    write_zarr_zip,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.demo.truth import DemoTruth

DATASET_KEY = ("subject_name", "session_name", "dataset_name")


@dataclass(frozen=True)
class DemoFile:
    """One file to be written.

    Attributes
    ----------
    name
        What `rows` call it.
    table
        ``"File"`` or ``"AnalysisFile"``.
    file_path, storage, made
        Of its row.
    steps
        How much work it is, about 10 ms each.
    write
        Writes it to a path, telling progress.
    """

    name: str
    table: str
    file_path: str
    storage: str
    made: datetime
    steps: int
    write: Callable[[Path, Progress], None]


@dataclass(frozen=True)
class Written:
    """A file that is there: where it lies, and its row."""

    path: Path
    row: Mapping[str, Any]

    @property
    def key(self) -> dict[str, str]:
        """Primary key of its row."""
        return {"file_path": self.row["file_path"], "storage": self.row["storage"]}


def demo_files(truth: DemoTruth) -> tuple[DemoFile, ...]:
    """List the files of the demo lab in the order they are written."""
    coronal, horizontal = truth.brains
    files = [
        _of(coronal.key, "coronal", coronal.file_name, 9, _write_brain, truth, 0),
        _of(
            horizontal.key,
            "horizontal",
            horizontal.file_name,
            4,
            _write_brain,
            truth,
            1,
        ),
        _of(
            truth.widefield.key,
            "widefield",
            truth.widefield.file_name,
            1,
            _write_widefield,
            truth,
        ),
    ]
    for name in ("two_photon", "miniscope"):
        cells_ = getattr(truth, name)
        files.append(
            _of(cells_.key, name, cells_.file_name, 3, _write_cells, truth, name)
        )
    pose, spikes = truth.pose.key, truth.spikes.key
    files.append(_of(pose, "video", "top_camera.mp4", 7, _write_movie, truth))
    files.append(_of(spikes, "ephys", "Cajal_g0_first_second.ap.bin", 0, _raw, truth))
    log = "imaging_log.txt"
    files.append(_of(coronal.key, "log", log, 0, partial(_text, _IMAGING_LOG)))
    for name, write in (("waveforms", _waveforms), ("features", _features)):
        file_path = f"{_folder(spikes)}/spike_sorting/{name}.npy"
        files.append(
            _of(spikes, name, file_path, 0, write, truth, analysis=timedelta(1))
        )
    model = "pose_estimation_models/model_1/config.yaml"
    config = partial(_text, _MODEL_CONFIG)
    files.append(_of(pose, "model", model, 0, config, analysis=timedelta(days=9)))
    return tuple(files)


def _folder(key: Mapping[str, Any]) -> str:
    return "/".join(str(key[part]) for part in DATASET_KEY)


def _of(
    key: Mapping[str, Any],
    name: str,
    file_name: str,
    seconds: float,
    write: Callable[..., None],
    *arguments: Any,
    analysis: timedelta | None = None,
) -> DemoFile:
    """Describe a file; an `analysis` file is made that much after the session."""
    session = datetime.strptime(key["session_name"], "%Y%m%d_%H%M%S")
    made = session + (analysis or timedelta(minutes=40))
    return DemoFile(
        name=name,
        table="AnalysisFile" if analysis else "File",
        file_path=file_name if analysis else f"{_folder(key)}/{file_name}",
        storage="analysis" if analysis else "data",
        made=made,
        steps=max(1, round(100 * seconds)),
        write=partial(write, *arguments),
    )


def _told(frames: Iterable[Any], count: int, progress: Progress) -> Iterator[Any]:
    """Pass frames on, telling how many there have been."""
    for number, frame in enumerate(frames):
        progress(number, count)
        yield frame
    progress(count, count)


def _write_brain(truth: DemoTruth, number: int, path: Path, progress: Progress) -> None:
    brain = truth.brains[number]
    count = brain.shape[0]
    drawn = in_order(partial(brain_pixels.plane, brain), count)
    planes = _told(drawn, count, progress)
    if brain.file_name.endswith(".zarr.zip"):
        write_zarr_zip(path, planes, brain.shape, chunk=4)
    else:
        write_ome_tiff(
            path, planes, brain.shape, brain.um_per_pixel, brain.channel_names
        )


def _write_widefield(truth: DemoTruth, path: Path, progress: Progress) -> None:
    recording = truth.widefield
    count = recording.shape[0]
    frames = in_order(partial(widefield.frame, recording), count)
    write_zarr_zip(path, _told(frames, count, progress), recording.shape, chunk=16)


def _write_cells(truth: DemoTruth, name: str, path: Path, progress: Progress) -> None:
    recording = getattr(truth, name)
    count = recording.shape[0]
    frames = in_order(partial(cells.frame, recording), count)
    write_zarr_zip(path, _told(frames, count, progress), recording.shape, chunk=16)


def _write_movie(truth: DemoTruth, path: Path, progress: Progress) -> None:
    count = truth.pose.n_frames
    motion = move(truth.seed, count)

    def draw(number: int) -> Any:
        return mouse.frame(motion, number, truth.seed)

    write_video(path, _told(in_order(draw, count), count, progress), FRAME_RATE)


def _raw(truth: DemoTruth, path: Path, progress: Progress) -> None:
    voltage = truth.spikes.voltage(0, int(truth.spikes.sampling_rate), truth.seed)
    path.write_bytes(voltage.astype("<i2").tobytes())
    progress(1, 1)


def _waveforms(truth: DemoTruth, path: Path, progress: Progress) -> None:
    templates = [truth.spikes.template(unit) for unit in truth.spikes.units]
    _save(path, np.stack(templates), progress)


def _features(truth: DemoTruth, path: Path, progress: Progress) -> None:
    amplitudes = [
        np.full(len(truth.spikes.spike_samples[u.unit_id]), u.amplitude_uv)
        for u in truth.spikes.units
    ]
    _save(path, np.concatenate(amplitudes), progress)


def _save(path: Path, values: Any, progress: Progress) -> None:
    with path.open("wb") as stream:  # given a path, numpy would change its name
        np.save(stream, values.astype(np.float32))
    progress(1, 1)


def _text(content: str, path: Path, progress: Progress) -> None:
    path.write_bytes(content.encode())
    progress(1, 1)


_IMAGING_LOG = """\
Serial two-photon imaging, brain of Cajal
2025-06-18 10:15  agarose block mounted, olfactory bulbs first
2025-06-18 10:40  laser warm; channel 0 autofluorescence, channel 1 DiI
2025-06-19 21:05  272 sections done, no tile missing
"""

_MODEL_CONFIG = """\
# Not a real model: the demo lab's predictions are drawn, not inferred.
bodyparts: [nose, left_ear, right_ear, neck, body_center, tail_base, tail_mid, tail_tip]
"""
