"""The demo's widefield recording: waves over the dorsal cortex of known speed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class WidefieldTruth:
    """What happens in the widefield recording.

    At every frame of `stimulus_frames` a light is shown to the right eye; a ring of
    activity starts at `source` and runs outwards over the left hemisphere.

    Attributes
    ----------
    key
        Primary key of the Widefield row.
    file_name
        A labdata zarr.zip.
    shape
        (T, C, Y, X); channel 0 is excited at 470 nm (calcium and blood), channel 1
        at 405 nm (blood alone).
    um_per_pixel
        y, x in µm.
    frame_rate
        Of each channel, in Hz.
    stimulus_frames
        First frame of every stimulus.
    source
        y, x in pixels.
    speed, width
        Of the ring: pixels per second; Gaussian sigma in pixels.
    delay_s, decay_s
        From the stimulus to the ring's start; of its brightness.
    amplitude
        Of the ring at its start, as dF/F.
    blood_amplitude, blood_rate
        Of the vessels' pulsing, as dF/F and in Hz.
    """

    key: Mapping[str, str]
    file_name: str
    shape: tuple[int, int, int, int]
    um_per_pixel: tuple[float, float]
    frame_rate: float
    stimulus_frames: tuple[int, ...]
    source: tuple[float, float]
    speed: float
    width: float
    delay_s: float
    decay_s: float
    amplitude: float
    blood_amplitude: float
    blood_rate: float
    seed: int

    def activity(self, frame: int) -> Array:
        """dF/F of the calcium signal in one frame, without noise: (Y, X)."""
        y, x = np.ogrid[: self.shape[2], : self.shape[3]]
        away = np.hypot(y - self.source[0], x - self.source[1])
        value = np.zeros(self.shape[2:])
        for start in self.stimulus_frames:
            since = (frame - start) / self.frame_rate - self.delay_s
            if since < 0 or since > 8 * self.decay_s:
                continue
            ring = np.exp(-((away - self.speed * since) ** 2) / (2 * self.width**2))
            value += self.amplitude * np.exp(-since / self.decay_s) * ring
        return np.asarray(value * (x < self.shape[3] / 2 - 4))


def widefield_truth(seed: int, scale: float) -> WidefieldTruth:
    """Describe the recording without drawing it."""
    frames = max(64, round(280 * scale))
    rng = np.random.default_rng([seed, 50])
    gaps = rng.integers(38, 52, frames // 40)
    starts = np.cumsum(gaps) - 30
    return WidefieldTruth(
        key={
            "subject_name": "Golgi",
            "session_name": "20250922_093000",
            "dataset_name": "widefield",
        },
        file_name="Golgi_20250922_widefield.zarr.zip",
        shape=(frames, 2, 216, 256),
        um_per_pixel=(42.0, 42.0),
        frame_rate=15.0,
        stimulus_frames=tuple(int(n) for n in starts if n < frames - 20),
        source=(142.0, 66.0),
        speed=62.0,
        width=9.0,
        delay_s=0.10,
        decay_s=0.55,
        amplitude=0.11,
        blood_amplitude=0.008,
        blood_rate=0.9,
        seed=seed,
    )


def frame(truth: WidefieldTruth, number: int) -> NDArray[np.uint16]:
    """Draw both channels of one frame: (2, Y, X) uint16."""
    still, vessels = _still(truth)
    rng = np.random.default_rng([truth.seed, 51, number])
    time = number / truth.frame_rate
    pulse = np.sin(2 * np.pi * truth.blood_rate * time) + 0.6 * np.sin(
        2 * np.pi * 0.23 * time + 1
    )
    blood = truth.blood_amplitude * pulse * (1 + 2 * vessels)
    calcium = truth.activity(number) * (1 - 0.7 * vessels) + _background(truth, number)
    light = np.stack([still[0] * (1 + calcium - blood), still[1] * (1 - blood)])
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    return np.asarray(
        np.clip(light + noise * np.sqrt(0.014 * light + 1) + 0.5, 0, 65535), np.uint16
    )


def _background(truth: WidefieldTruth, number: int) -> Array:
    """Slow waves that are always there, of a few per mille."""
    y, x = np.ogrid[: truth.shape[2], : truth.shape[3]]
    time = number / truth.frame_rate
    side = np.where(x < truth.shape[3] / 2, 0.0, 1.1)
    return np.asarray(
        0.006 * np.sin(0.035 * y + 2 * np.pi * 0.31 * time + side)
        + 0.005 * np.sin(0.04 * x - 0.02 * y - 2 * np.pi * 0.17 * time)
    )


@cache
def _still(truth: WidefieldTruth) -> tuple[Array, Array]:
    """Draw the view at rest (2, Y, X) in counts; and the vessels (Y, X), 0 to 1."""
    size_y, size_x = truth.shape[2:]
    y, x = np.mgrid[:size_y, :size_x].astype(float)
    u, v = (x - size_x / 2) / (0.47 * size_x), (y - 0.50 * size_y) / (0.53 * size_y)
    # Wide behind, narrow in front: what one sees through the skull from above.
    outline = np.hypot(u / (0.80 + 0.24 * np.clip(v + 0.35, -0.7, 0.6)), v * 1.04)
    brain = 1 / (1 + np.exp((outline - 0.93) / 0.018))
    rng = np.random.default_rng([truth.seed, 52])
    vessels = _vessels(rng, size_y, size_x) * brain
    sinus = np.exp(-(((x - size_x / 2) / 3.2) ** 2)) * brain
    vessels = np.maximum(vessels, 0.9 * sinus)
    texture = gaussian_filter(rng.standard_normal((size_y, size_x)), 6)
    light = 1.12 - 0.42 * (u**2 + v**2)
    base = brain * light * (1 + 0.10 * texture / texture.std() * 0.5)
    base = base * (1 - 0.52 * vessels) + 0.055 + 0.02 * (1 - brain)
    return np.stack([1500 * base, 980 * base**0.9]), vessels


def _vessels(rng: np.random.Generator, size_y: int, size_x: int) -> Array:
    """Branching lines from the sides and the midline: (Y, X), 0 to 1."""
    image = np.zeros((size_y, size_x))
    buds = []
    for side in (-1, 1):
        for place in np.linspace(0.18, 0.88, 5) + rng.uniform(-0.04, 0.04, 5):
            buds.append((place * size_y, size_x / 2, np.pi / 2 - side * np.pi / 2, 1.5))
        for place in np.linspace(0.30, 0.80, 3) + rng.uniform(-0.05, 0.05, 3):
            edge = size_x / 2 + side * 0.42 * size_x
            buds.append((place * size_y, edge, np.pi / 2 + side * np.pi / 2, 1.9))
    while buds:
        y, x, heading, thick = buds.pop()
        for _ in range(int(34 + 26 * thick)):
            heading += rng.normal(0, 0.09)
            y, x = y + np.sin(heading), x + np.cos(heading)
            thick *= 0.992
            _dot(image, y, x, thick)
            if thick > 0.75 and rng.random() < 0.035:
                bend = rng.choice([-1, 1]) * rng.uniform(0.5, 0.9)
                buds.append((y, x, heading + bend, thick * 0.72))
    return np.clip(image, 0, 1)


def _dot(image: Array, y: float, x: float, thick: float) -> None:
    reach = int(3 * thick) + 1
    i, j = round(y), round(x)
    rows = slice(max(i - reach, 0), max(i + reach + 1, 0))
    columns = slice(max(j - reach, 0), max(j + reach + 1, 0))
    part = image[rows, columns]
    if part.size:
        dy = np.arange(part.shape[0])[:, None] + rows.start - y
        dx = np.arange(part.shape[1])[None, :] + columns.start - x
        np.maximum(part, np.exp(-(dy**2 + dx**2) / (2 * thick**2)), out=part)
