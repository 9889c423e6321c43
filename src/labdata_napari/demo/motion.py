"""How the demo's mouse moves through its arena, and what a tracker made of it.

Places are pixels of the video, x then y, centre of the first pixel at (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

WIDTH, HEIGHT, FRAME_RATE = 640, 480, 20.0
LABELS = (
    "nose",
    "left_ear",
    "right_ear",
    "neck",
    "body_center",
    "tail_base",
    "tail_mid",
    "tail_tip",
)
_BEHIND_HEAD = {"neck": 17.0, "body_center": 45.0, "tail_base": 90.0}
_TAIL_BASE = 83.0
_TAIL = 88.0  # px from its base to its tip
_STEP = 1.0  # px between two points of the path


@dataclass(frozen=True)
class PlantedError:
    """One stretch of frames in which the tracker is wrong about one label.

    Attributes
    ----------
    kind
        "jump" (far away, one frame), "unsure" (far away, low likelihood), "swap"
        (the two ears exchanged) or "lost" (wanders off for a while).
    label
        Body part; a swap names the left ear and concerns both.
    first, last
        Frames, both wrong.
    likelihood
        What the tracker claims.
    """

    kind: str
    label: str
    first: int
    last: int
    likelihood: float


@dataclass(frozen=True, eq=False)
class PoseTruth:
    """The video's mouse: where it really is, and where the model says it is.

    Attributes
    ----------
    key
        Primary key of the DatasetVideo row.
    labels
        Names of the body parts.
    xy
        (frames, labels, 2) true places, x and y in pixels.
    predicted
        (frames, labels, 2) the model's.
    likelihood
        (frames, labels), 0 to 1.
    errors
        The planted mistakes; everywhere else predictions are within 6 px.
    labelled_frames
        Frames of the label set, whose labels are true.
    unlabelled
        (frame, label) that the label set leaves out: the tail was hard to see.
    """

    key: Mapping[str, str]
    labels: tuple[str, ...]
    xy: Array
    predicted: Array
    likelihood: Array
    errors: tuple[PlantedError, ...]
    labelled_frames: tuple[int, ...]
    unlabelled: tuple[tuple[int, str], ...]

    @property
    def n_frames(self) -> int:
        """Length of the video."""
        return len(self.xy)


@dataclass(frozen=True, eq=False)
class Motion:
    """What `mouse` needs to draw every frame.

    Attributes
    ----------
    spine
        (frames, 12, 2) from behind the head to the rump.
    tail
        (frames, 16, 2) from its base to its tip.
    head
        (frames, 2) centre of the head.
    gaze
        (frames,) direction of the head in radians.
    walked
        (frames,) px walked so far; moves the paws.
    xy
        (frames, labels, 2) body parts, in the order of `LABELS`.
    """

    spine: Array
    tail: Array
    head: Array
    gaze: Array
    walked: Array
    xy: Array


def _path(rng: np.random.Generator, length: int) -> Array:
    """Draw a wandering line of `length` points `_STEP` px apart, kept off the walls."""
    turn = gaussian_filter1d(rng.standard_normal(length + 400), 40)[200:-200]
    turn *= 0.016 / turn.std()
    place, heading = np.array([330.0, 250.0]), 0.4
    middle, roomy = np.array([WIDTH / 2, HEIGHT / 2]), np.array([205.0, 135.0])
    path = np.empty((length, 2))
    for k in range(length):
        out = (place - middle) / roomy
        # Near a wall the mouse turns back towards the middle.
        wish = np.arctan2(*(-(out * np.abs(out) ** 3))[::-1])
        wall = min(float(np.hypot(*out)) ** 6, 1.5)
        off = (wish - heading + np.pi) % (2 * np.pi) - np.pi
        heading += turn[k] + 0.030 * wall * np.tanh(off)
        place = place + _STEP * np.array([np.cos(heading), np.sin(heading)])
        path[k] = place
    return path


def _speed(rng: np.random.Generator, frames: int) -> Array:
    """Px per frame: bouts of walking with stops to sniff."""
    drive = gaussian_filter1d(rng.standard_normal(frames + 300), 15)[150:-150]
    drive /= drive.std()
    speed = 6.9 * np.clip(drive + 0.55, 0, 1.9)
    return np.asarray(gaussian_filter1d(speed, 2))


def move(seed: int, frames: int) -> Motion:
    """Let the mouse run for a number of frames."""
    rng = np.random.default_rng([seed, 30])
    lead = _TAIL_BASE + _TAIL + 40
    walked = np.cumsum(_speed(rng, frames))
    path = _path(rng, int(walked[-1] + lead) + 60)
    smooth = gaussian_filter1d(path, 6, axis=0)
    arc = np.arange(len(path)) * _STEP

    def at(behind: Array | float) -> Array:
        """Places `behind` px behind the head in every frame."""
        where = walked[:, None] + lead - np.atleast_1d(np.asarray(behind, float))
        return np.stack([np.interp(where, arc, smooth[:, k]) for k in (0, 1)], -1)

    head = at(0.0)[:, 0]
    ahead = at(-8.0)[:, 0] - at(14.0)[:, 0]
    gaze = np.arctan2(ahead[:, 1], ahead[:, 0])
    time = np.arange(frames) / FRAME_RATE
    still = np.exp(-np.gradient(walked) / 2.2)
    gaze = gaze + (0.10 + 0.33 * still) * np.sin(2 * np.pi * 0.55 * time + 1.0)
    spine = at(np.linspace(10, _TAIL_BASE - 2, 12))
    tail = _tail(at, walked, time)
    xy = _body_parts(at, head, gaze, tail)
    return Motion(spine, tail, head, gaze, walked, xy)


def _tail(at: Any, walked: Array, time: Array) -> Array:
    share = np.linspace(0, 1, 16)
    line = at(_TAIL_BASE + _TAIL * share)
    along = np.gradient(line, axis=1)
    across = np.stack([-along[..., 1], along[..., 0]], -1)
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9
    swing = 9 * np.sin(walked / 26 + 0.8 * time)[:, None] * share**1.4
    curl = 7 * np.sin(0.9 * time + 2)[:, None] * share**2
    return np.asarray(line + (swing + curl)[..., None] * across)


def _body_parts(at: Any, head: Array, gaze: Array, tail: Array) -> Array:
    forward = np.stack([np.cos(gaze), np.sin(gaze)], -1)
    # y points down, so this is the mouse's own left.
    left = np.stack([np.sin(gaze), -np.cos(gaze)], -1)
    parts = {
        "nose": head + 22 * forward,
        "left_ear": head - 5 * forward + 14 * left,
        "right_ear": head - 5 * forward - 14 * left,
        "tail_mid": (tail[:, 7] + tail[:, 8]) / 2,
        "tail_tip": tail[:, -1],
    }
    for name, behind in _BEHIND_HEAD.items():
        parts[name] = at(behind)[:, 0]
    return np.stack([parts[name] for name in LABELS], axis=1)


def pose_truth(seed: int, scale: float) -> PoseTruth:
    """Work out the true poses and the flawed predictions, without drawing anything."""
    frames = max(120, round(600 * scale))
    xy = move(seed, frames).xy
    rng = np.random.default_rng([seed, 31])
    predicted = xy + np.clip(rng.normal(0, 1.1, xy.shape), -4, 4)
    likelihood = np.clip(1 - rng.gamma(1.2, 0.012, xy.shape[:2]), 0.75, 0.9999)
    errors = _plant(rng, frames)
    for error in errors:
        _spoil(rng, error, xy, predicted, likelihood)
    count = max(8, round(24 * scale))
    labelled = np.linspace(7, frames - 12, count).round().astype(int).tolist()
    return PoseTruth(
        key={
            "subject_name": "Nissl",
            "session_name": "20260212_110000",
            "dataset_name": "open_field",
            "video_name": "top_camera",
        },
        labels=LABELS,
        xy=xy,
        predicted=predicted,
        likelihood=likelihood,
        errors=errors,
        labelled_frames=tuple(labelled),
        unlabelled=((labelled[2], "tail_tip"), (labelled[-3], "tail_mid")),
    )


def _plant(rng: np.random.Generator, frames: int) -> tuple[PlantedError, ...]:
    kinds = (
        ("jump", 1, 0.92),
        ("unsure", 1, 0.25),
        ("swap", 5, 0.85),
        ("lost", 10, 0.35),
        ("unsure", 2, 0.40),
        ("jump", 1, 0.97),
    )
    count = frames // 20
    starts = np.linspace(15, frames - 20, count) + rng.integers(-5, 5, count)
    errors = []
    for n, start in enumerate(starts.astype(int)):
        kind, length, claim = kinds[n % len(kinds)]
        label = LABELS[int(rng.integers(len(LABELS)))]
        label = {"swap": "left_ear", "lost": "tail_tip"}.get(kind, label)
        errors.append(
            PlantedError(kind, label, int(start), int(start) + length - 1, claim)
        )
    return tuple(errors)


def _spoil(
    rng: np.random.Generator,
    error: PlantedError,
    xy: Array,
    predicted: Array,
    likelihood: Array,
) -> None:
    part = LABELS.index(error.label)
    frames = slice(error.first, error.last + 1)
    if error.kind == "swap":
        pair = [part, LABELS.index("right_ear")]
        predicted[frames, pair] = predicted[frames, pair[::-1]]
        likelihood[frames, pair] = error.likelihood
        return
    # Towards the middle, give or take: a tracker only points into the picture.
    inwards = np.array([WIDTH / 2, HEIGHT / 2]) - xy[error.first, part]
    angle = np.arctan2(inwards[1], inwards[0]) + rng.uniform(-0.9, 0.9)
    away = rng.uniform(45, 120) * np.array([np.cos(angle), np.sin(angle)])
    if error.kind == "lost":
        away = np.linspace(0.2, 0.6, error.last - error.first + 1)[:, None] * away
    predicted[frames, part] = xy[frames, part] + away
    likelihood[frames, part] = error.likelihood
