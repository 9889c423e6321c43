"""What a model made of a whole video: a place and a likelihood in every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from labdata_napari.core.pose import FrameKey
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

_MOST_FRAMES = 100_000_000

UNKNOWN_MODEL = 2**31 - 1
"""Source of labels taken from predictions in a file, which names no model's number."""


class VideoKey(NamedTuple):
    """Which video."""

    subject_name: str
    session_name: str
    dataset_name: str
    video_name: str

    def frame(self, number: int) -> FrameKey:
        """Give the key of one of its frames."""
        return FrameKey(*self, number)


class Seen(NamedTuple):
    """Where a model sees a body part in a frame, in pixels, and how sure it is."""

    x: float
    y: float
    likelihood: float


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of one model for one video; never written to.

    Attributes
    ----------
    bodyparts
        Distinct names, in the order of the second axis.
    xy
        (frames, bodyparts, 2) float32 pixels; NaN where the model saw nothing.
    likelihood
        (frames, bodyparts) float32, 0 to 1; ones where the model gave none.
    model_num
        Number of the model; None where it is not known.

    Raises
    ------
    InvalidValue
        When the shapes do not fit.
    """

    bodyparts: tuple[str, ...]
    xy: NDArray[np.float32]
    likelihood: NDArray[np.float32]
    model_num: int | None = None

    @classmethod
    def of(
        cls,
        bodyparts: Iterable[str],
        xy: ArrayLike,
        likelihood: ArrayLike | None = None,
        model_num: int | None = None,
    ) -> Predictions:
        """Make them of anything that is an array."""
        places = np.asarray(xy, np.float32)
        if likelihood is None:
            likelihood = np.ones(places.shape[:2], np.float32)
        sure = np.asarray(likelihood, np.float32)
        return cls(tuple(bodyparts), places, sure, model_num)

    def __post_init__(self) -> None:
        parts = len(self.bodyparts)
        shape = self.xy.shape
        fits = len(shape) == 3 and shape[1:] == (parts, 2)
        if not fits or self.likelihood.shape != shape[:2]:
            raise InvalidValue(
                f"Predictions of {parts} body parts must be (frames, {parts}, 2) with "
                f"likelihoods (frames, {parts}); got {shape} and "
                f"{self.likelihood.shape}."
            )

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self.xy)

    @property
    def source(self) -> int:
        """What a label taken from here names as its source."""
        return UNKNOWN_MODEL if self.model_num is None else self.model_num

    def at(self, number: int) -> dict[str, Seen]:
        """Give what was seen in a frame, by body part; nothing beyond the last."""
        if not 0 <= number < len(self):
            return {}
        rows = zip(self.xy[number].tolist(), self.likelihood[number], strict=True)
        return {
            name: Seen(x, y, float(sure))
            for name, ((x, y), sure) in zip(self.bodyparts, rows, strict=True)
        }


def read_predictions(path: Path) -> Predictions:
    """Read what a model made of a video from a file of DeepLabCut or Lightning Pose.

    Parameters
    ----------
    path
        ``.h5`` or ``.csv`` with a row per frame.

    Returns
    -------
    Predictions
        Without the number of a model; NaN in frames that the file leaves out.

    Raises
    ------
    NotFound, UnreadableFile
        When there is no file, or it is none of predictions.
    """
    from labdata_napari.core.label_files import frame_number, read_table

    table = read_table(path)
    numbers = [frame_number(row) for row in table.rows]
    if not numbers or None in numbers:
        raise UnreadableFile(
            f"'{path}' does not say which frames its rows are; choose the file that a "
            "model wrote for a video."
        )
    at = np.array(numbers, np.intp)
    if at.max() >= _MOST_FRAMES or (np.bincount(at) > 1).any():
        raise UnreadableFile(
            f"'{path}' has a row for a frame twice, or for frame {at.max():,}; choose "
            "the file that a model wrote for one video."
        )
    shape = (int(at.max()) + 1, len(table.bodyparts))
    xy = np.full((*shape, 2), np.nan, np.float32)
    xy[at] = table.xy
    sure = np.full(shape, np.nan, np.float32)
    sure[at] = 1.0 if table.likelihood is None else table.likelihood
    return Predictions.of(table.bodyparts, xy, sure)
