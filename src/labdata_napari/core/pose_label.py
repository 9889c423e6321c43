"""Which frame of which video, and where one body part is in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class FrameKey(NamedTuple):
    """Which frame of which video: what labels are matched by, never their order."""

    subject_name: str
    session_name: str
    dataset_name: str
    video_name: str
    frame_num: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> FrameKey:
        """Take it out of a row; other columns are ignored."""
        subject, session, dataset, video, number = (row[name] for name in cls._fields)
        return cls(str(subject), str(session), str(dataset), str(video), int(number))

    def to_row(self) -> dict[str, Any]:
        """Give the five columns."""
        return self._asdict()

    @property
    def words(self) -> str:
        """Such as "frame 12 of M1 20260101_120000 pose camera0"."""
        return f"frame {self.frame_num} of {' '.join(self[:4])}"


@dataclass(frozen=True)
class Label:
    """Where one body part is in one frame, in pixels; `z` where there is a third axis.

    The numbers are exactly those of float32, which is what a row keeps.
    """

    frame: FrameKey
    bodypart: str
    x: float
    y: float
    z: float | None = None

    @property
    def name(self) -> str:
        """Such as "nose in frame 12 of M1 20260101_120000 pose camera0"."""
        return f"{self.bodypart} in {self.frame.words}"

    @property
    def place(self) -> tuple[FrameKey, str]:
        """What identifies it within a label set."""
        return self.frame, self.bodypart

    def difference(self, before: Label) -> str:
        """Say how far it moved, and where to: "moved 3.2 px to (212.5, 87)"."""
        parts = []
        distance = math.hypot(self.x - before.x, self.y - before.y)
        if distance:
            parts.append(f"moved {distance:.3g} px to ({self.x:.6g}, {self.y:.6g})")
        if self.z != before.z:
            parts.append(f"z {_z_words(before.z)} → {_z_words(self.z)}")
        return ", ".join(parts)

    def to_row(self) -> dict[str, Any]:
        """Give its columns, but that of the label set."""
        place = {**self.frame.to_row(), "label_name": self.bodypart}
        return place | {"x": self.x, "y": self.y, "z": self.z}


def _z_words(z: float | None) -> str:
    return "none" if z is None else f"{z:g}"
