"""Build the demo lab: its files, its transform, its rows; all of it or nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from labdata_napari.core.progress import Progress, silent
from labdata_napari.demo.atlas_lab import (
    lay_into_atlas,
    remove_demo_atlas,
    write_demo_atlas,
)
from labdata_napari.demo.calendar import SUBJECTS
from labdata_napari.demo.files import DemoFile, Written, demo_files
from labdata_napari.demo.rows import LOOKUPS, Source, Transformed, demo_rows
from labdata_napari.demo.rows_video import LABEL_SET
from labdata_napari.demo.truth import DemoTruth, demo_truth
from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

_BYTES = 260_000_000  # of the files at scale 1
_TRANSFORM_STEPS, _ATLAS_STEPS, _ROW_STEPS = 300, 60, 300


def build_demo(
    lab: Lab, *, seed: int = 0, scale: float = 1.0, progress: Progress = silent
) -> DemoTruth:
    """Fill a lab with the demo: three mice, two brains, recordings, behaviour.

    Same seed and scale, same pixels and same rows, every time. Files are written
    below the lab's first local path; every row is inserted in one transaction at
    the end. Whatever ends the work early leaves neither file nor row.

    Parameters
    ----------
    lab
        A lab one may write to, without the demo's subjects.
    seed, scale
        As for `demo_truth`.
    progress
        Told steps done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    DemoTruth
        Everything that was planted; `demo_truth` gives it again without building.

    Raises
    ------
    WriteRefused
        When the lab already holds the demo, may not be written to, or the disk
        has not enough room.
    InvalidValue
        When seed or scale cannot be used.
    """
    truth = demo_truth(seed, scale)
    _refuse(lab, scale)
    planned = demo_files(truth)
    whole = sum(file.steps for file in planned)
    whole += _TRANSFORM_STEPS + _ATLAS_STEPS + _ROW_STEPS
    steps = _Steps(progress, whole)
    written = _Files(lab)
    try:
        files = {f.name: written.write(f, steps.part(f.steps)) for f in planned}
        transform = _transform(lab, truth, files, written, steps.part(_TRANSFORM_STEPS))
        atlas = write_demo_atlas(lab, scale, steps.part(_ATLAS_STEPS))
        source = Source(truth, {**files, "transform": transform.file}, transform)
        _insert(lab, source, steps.part(_ROW_STEPS))
    except BaseException:
        written.remove()
        remove_demo_atlas(lab)
        raise
    _keep_order(lab, truth)
    if atlas is not None:
        lay_into_atlas(lab, truth, transform.plan, atlas)
    return truth


def _refuse(lab: Lab, scale: float) -> None:
    from labdata_napari.lab.copying import require_space
    from labdata_napari.lab.failures import translate_errors

    if lab.read_only:
        raise WriteRefused(
            f"The demo was not built: {lab.user} may only read the database at "
            f"{lab.url}; connect as somebody who may write, or use the demo's own lab."
        )
    names = [{"subject_name": subject.name} for subject in SUBJECTS]
    with translate_errors():
        there = len(lab.Subject & names)
    if there:
        raise WriteRefused(
            f"The demo was not built: the lab at {lab.url} has subjects called "
            f"{', '.join(s.name for s in SUBJECTS)} already; build it in an empty lab."
        )
    require_space(lab.files.planned("demo").parent, int(_BYTES * scale**2))


@dataclass
class _Steps:
    """Spreads one progress over parts that count differently."""

    progress: Progress
    total: int
    done: int = 0

    def part(self, steps: int) -> Progress:
        start, self.done = self.done, self.done + steps

        def tell(done: int, total: int) -> None:
            self.progress(start + steps * done // max(total, 1), self.total)

        return tell


@dataclass
class _Files:
    """Writes files and, if it comes to that, removes them again."""

    lab: Lab
    paths: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def write(self, file: DemoFile, progress: Progress) -> Written:
        return self.add(file.file_path, file.storage, file.made, file.write, progress)

    def add(
        self,
        file_path: str,
        storage: str,
        made: datetime,
        write: Callable[[Path, Progress], None],
        progress: Progress,
    ) -> Written:
        from labdata_napari.lab.copying import make_folders, md5, writing

        target = self.lab.files.planned(file_path, storage)
        if target.exists():
            raise WriteRefused(
                f"The demo was not built: '{target}' is there already; move it away."
            )
        self.folders += make_folders(target.parent)
        self.paths.append(target)
        with writing(target):
            write(target, progress)
            size = target.stat().st_size
        row = {
            "file_path": file_path,
            "storage": storage,
            "file_datetime": made,
            "file_size": float(size),
            "file_md5": md5(target),
        }
        return Written(target, row)

    def remove(self) -> None:
        for path in self.paths:
            path.unlink(missing_ok=True)
        for folder in sorted(self.folders, key=lambda p: -len(p.parts)):
            with contextlib.suppress(OSError):  # somebody else's file is in it
                folder.rmdir()


def _transform(
    lab: Lab,
    truth: DemoTruth,
    files: dict[str, Written],
    written: _Files,
    progress: Progress,
) -> Transformed:
    """Compute the coronal brain's transform with the engine everybody uses."""
    from labdata_napari.core.stacks import open_stack
    from labdata_napari.core.transform import plan
    from labdata_napari.core.transform_file import write_transform
    from labdata_napari.core.transform_parameters import TransformParameters

    brain = truth.brains[0]
    roll, yaw = brain.tilt_degrees
    row = {
        "downsample": [1.0, 1.0, 0.4, 0.4],  # voxels as wide as they are thick
        "rotate": [0.0, -yaw, -roll, False, False],
        "crop": None,
        "transpose": None,
        "cast": "uint16",
    }
    parameters = TransformParameters.from_row(row)
    stack = open_stack(
        files["coronal"].path,
        shape=brain.shape,
        um_per_pixel=brain.um_per_pixel,
        channel_names=brain.channel_names,
    )
    made = plan(stack.shape, stack.um_per_pixel, parameters)
    folder = files["coronal"].row["file_path"].rpartition("/")[0]

    def write(path: Path, tell: Progress) -> None:
        write_transform(stack, made, path, parameters, tell)

    file = written.add(
        f"{folder}/transform_{truth.transform_id}.ome.tif",
        "analysis",
        files["coronal"].row["file_datetime"] + timedelta(days=2),
        write,
        progress,
    )
    return Transformed(parameters, made, file)


def _keep_order(lab: Lab, truth: DemoTruth) -> None:
    """Let body parts be listed from nose to tail: rows of labels have no order."""
    found = lab.poses.load_skeleton(LABEL_SET)
    lab.poses.save_skeleton(LABEL_SET, replace(found, bodyparts=truth.pose.labels))


def _insert(lab: Lab, source: Source, progress: Progress) -> None:
    from labdata_napari.lab.failures import translate_errors
    from labdata_napari.lab.limits import checked

    with translate_errors("Saving the demo's rows"), lab.connection.transaction:
        for number, (name, rows) in enumerate(demo_rows(source)):
            master, _, part = name.partition(".")
            table = getattr(lab, master)
            table = getattr(table, part) if part else table
            table.insert(
                checked(table, rows),
                allow_direct_insert=True,
                skip_duplicates=name in LOOKUPS,
            )
            progress(min(number, 119), 120)
    progress(1, 1)
