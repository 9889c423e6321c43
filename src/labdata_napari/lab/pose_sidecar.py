"""What a lab's tables have no place for, in a file of this person's own per label set.

It stands in for the tables of `labdata_napari.lab.pose_tables` where a lab has none:
the same is kept, and nobody else sees it. Frames that were suggested and that nobody
labelled yet are always here: they are one person's list of what to do.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.locks import FileLock
from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_detail import Detail
from labdata_napari.core.pose_draft import Place, State
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PATIENCE_S = 10.0
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, InvalidValue)


@dataclass(frozen=True)
class Aside:
    """What is kept of a label set beside the lab.

    Attributes
    ----------
    details
        Of labels, whether they are still there or not.
    skeleton
        None where nobody gave one.
    suggested
        Frames worth labelling.
    """

    details: Mapping[Place, Detail] = field(default_factory=dict)
    skeleton: Skeleton | None = None
    suggested: tuple[FrameKey, ...] = ()


def read_aside(lab: Any, num: int) -> Aside:
    """Read what is kept; nothing where there is no file that can be read."""
    return _read(_path(_target(lab, num)))


def keep_aside(
    lab: Any,
    num: int,
    details: Mapping[Place, Detail],
    skeleton: Skeleton | None = None,
    suggested: tuple[FrameKey, ...] | None = None,
) -> None:
    """Keep more, in the place of what is there of the same labels.

    Parameters
    ----------
    lab, num
        Which set.
    details
        By place; of labels that are gone, nothing is kept.
    skeleton
        None to leave the one that is there.
    suggested
        In the place of those that are there; None to leave them.

    Raises
    ------
    WriteRefused
        When the file cannot be written.
    """
    target = _target(lab, num)
    path = _path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(path.with_suffix(".lock"))
        if not lock.acquire(patience=_PATIENCE_S):
            raise WriteRefused(f"'{lock.path}' is locked by another program.")
        try:
            there = _read(path)
            known = {p: d for p, d in there.details.items() if p not in details}
            known |= {p: d for p, d in details.items() if d.state is not State.ABSENT}
            frames = there.suggested if suggested is None else suggested
            now = Aside(known, skeleton or there.skeleton, frames)
            if now == Aside():
                path.unlink(missing_ok=True)
            elif now != there:
                write_private(path, _to_json(target, now))
        finally:
            lock.discard()
    except (OSError, WriteRefused) as error:
        raise WriteRefused(
            "Who labelled what, and which body parts are hidden, cannot be kept in "
            f"'{path.parent}': {getattr(error, 'strerror', None) or error}. Free some "
            f"room there, or set {settings.HOME} to another folder."
        ) from error


def forget_aside(lab: Any, num: int) -> None:
    """Remove what an earlier set of that number left, if it can be."""
    with contextlib.suppress(OSError):
        _path(_target(lab, num)).unlink(missing_ok=True)


def _target(lab: Any, num: int) -> Target:
    key = {"pose_label_set_num": int(num)}
    return Target(lab.url, lab.name, lab.project, "PoseEstimationLabelSet", key)


def _path(target: Target) -> Path:
    return settings.data_home() / "labels" / f"{target.stem}.json"


def _read(path: Path) -> Aside:
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return Aside()
    except _BROKEN:
        with contextlib.suppress(OSError):
            os.replace(path, path.with_suffix(".damaged"))
        return Aside()


def _to_json(target: Target, aside: Aside) -> str:
    rows = [
        [*frame, name, int(d.state), d.source, d.x, d.y, d.user, d.when.isoformat()]
        for (frame, name), d in aside.details.items()
    ]
    skeleton = None if aside.skeleton is None else aside.skeleton.to_json()
    record = {"set": asdict(target), "labels": rows, "skeleton": skeleton}
    record["suggested"] = [list(frame) for frame in aside.suggested]
    return json.dumps(record, separators=(",", ":")) + "\n"


def _from_json(record: dict[str, Any]) -> Aside:
    details = {}
    for *frame, name, state, source, x, y, user, when in record["labels"]:
        key = _frame(frame)
        time = datetime.datetime.fromisoformat(when)
        made = Detail(State(state), int(source), x, y, str(user), time)
        details[key, str(name)] = made
    skeleton = record["skeleton"]
    suggested = tuple(_frame(frame) for frame in record.get("suggested", ()))
    known = None if skeleton is None else Skeleton.from_json(skeleton)
    return Aside(details, known, suggested)


def _frame(values: Sequence[Any]) -> FrameKey:
    return FrameKey.from_row(dict(zip(FrameKey._fields, values, strict=True)))
