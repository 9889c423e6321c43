"""Draw the demo's mouse: a black one, seen from above, in a box with some cheese."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from labdata_napari.demo.motion import FRAME_RATE, HEIGHT, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.demo.motion import Motion

    Array = NDArray[Any]

SYNC_PERIOD_S, SYNC_ON_S = 2.0, 0.5
"""The lamp in the upper left corner is on for 0.5 s every 2 s, from time 0."""

_FUR, _SHEEN = (44, 40, 40), (112, 104, 100)
_SKIN, _PALE = (205, 150, 146), (226, 178, 172)
_RADII = np.array([12, 14.5, 17, 19, 20.5, 21.5, 22, 22, 21, 19, 15.5, 10.5])
_CHEESE = np.array([(549.0, 413.0), (603.0, 435.0), (596.0, 391.0)])


@cache
def arena() -> Array:
    """Draw the empty box once: (480, 640, 3) float32."""
    rng = np.random.default_rng(42)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    bedding = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 1.1)
    broad = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 25)
    light = 1.04 - 0.22 * ((x / WIDTH - 0.46) ** 2 + (y / HEIGHT - 0.44) ** 2) * 2
    floor = light * (1 + 0.10 * bedding / bedding.std() * 0.5 + 0.03 * broad / 0.011)
    image = floor[..., None] * np.array([196, 186, 166], np.float32)
    edge = np.minimum(np.minimum(x, WIDTH - 1 - x), np.minimum(y, HEIGHT - 1 - y))
    wall = np.clip(30 - edge, 0, 1)[..., None]
    face = (0.55 + 0.45 * np.clip(edge / 30, 0, 1))[..., None]
    image += (face * np.array([128, 140, 150], np.float32) - image) * wall
    image *= (1 - 0.35 * np.exp(-np.clip(edge - 30, 0, 99) / 6) * (edge >= 30))[
        ..., None
    ]
    _cheese(image, x, y)
    return np.asarray(image, np.float32)


def _cheese(image: Array, x: Array, y: Array) -> None:
    shadow = _triangle(x - 5, y - 6, _CHEESE)
    image *= (1 - 0.35 * np.clip(0.5 - shadow / 4, 0, 1))[..., None]
    body = _triangle(x, y, _CHEESE)
    _over(image, np.clip(0.5 - body, 0, 1), (238, 196, 76))
    _over(image, np.clip(1.6 - np.abs(body + 1.6), 0, 1) * 0.7, (206, 152, 44))
    for cx, cy, r in ((583, 418, 6.5), (590, 402, 4.0), (569, 413, 3.5)):
        hole = np.hypot(x - cx, y - cy) - r
        _over(image, np.clip(0.5 - hole, 0, 1), (196, 146, 44))


def _triangle(x: Array, y: Array, corners: Array) -> Array:
    """Distance outside a triangle whose corners run clockwise on the screen."""
    sides = []
    for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        ex, ey = (q - p) / np.hypot(*(q - p))
        sides.append((x - p[0]) * ey - (y - p[1]) * ex)
    distance = np.maximum.reduce(sides)
    middle = corners.mean(axis=0)
    inside = np.maximum.reduce(
        [
            (middle[0] - p[0]) * (q - p)[1] - (middle[1] - p[1]) * (q - p)[0]
            for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
    )
    return np.asarray(distance if inside < 0 else np.minimum.reduce(sides) * -1)


def _over(image: Array, alpha: Array, colour: tuple[float, ...] | Array) -> None:
    image += (np.asarray(colour, np.float32) - image) * alpha[..., None]


def frame(motion: Motion, number: int, seed: int) -> NDArray[np.uint8]:
    """Draw one frame.

    Returns
    -------
    ndarray
        (480, 640, 3) uint8, RGB.
    """
    image = arena().copy()
    points = np.concatenate(
        [motion.spine[number], motion.tail[number], motion.head[number][None]]
    )
    box, x, y = _box(points, 44)
    _mouse(image[box], x, y, motion, number)
    _lamp(image, number)
    shift = np.random.default_rng([seed, 32, number]).integers(0, HEIGHT, 2)
    noisy = image.astype(np.int16) + np.roll(_noise(), shift, axis=(0, 1))
    return np.clip(noisy, 0, 255).astype(np.uint8)


@cache
def _noise() -> Array:
    """Camera noise for one frame, (480, 640, 1) int16; frames shift it about."""
    rng = np.random.default_rng(43)
    return rng.normal(0.5, 1.3, (HEIGHT, WIDTH, 1)).round().astype(np.int16)


def _box(points: Array, margin: int) -> tuple[tuple[slice, slice], Array, Array]:
    """Cut out the part of the picture around some points: slices and coordinates."""
    low = np.maximum(np.floor(points.min(axis=0)) - margin, 0).astype(int)
    high = np.ceil(points.max(axis=0)) + margin + 1
    high = np.minimum(high, (WIDTH, HEIGHT)).astype(int)
    x = np.arange(low[0], high[0], dtype=np.float32)[None, :]
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None]
    return (slice(low[1], high[1]), slice(low[0], high[0])), x, y


def _lamp(image: Array, number: int) -> None:
    on = (number / FRAME_RATE) % SYNC_PERIOD_S < SYNC_ON_S
    image[10:20, 10:20] = (250, 60, 50) if on else (70, 30, 30)


def _mouse(image: Array, x: Array, y: Array, motion: Motion, number: int) -> None:
    head, gaze = motion.head[number], motion.gaze[number]
    # Coordinates of the head: u ahead, v to the mouse's left.
    ahead, across = np.float32(np.cos(gaze)), np.float32(np.sin(gaze))
    dx, dy = x - np.float32(head[0]), y - np.float32(head[1])
    u, v = dx * ahead + dy * across, dx * across - dy * ahead
    body = _chain(x, y, _along(motion.spine[number], 20), _along(_RADII, 20))
    width = 12.5 - 0.30 * u - 0.008 * u * u
    skull = np.maximum(np.abs(v) - width, np.maximum(u - 21, -u - 16)) * 0.85
    fur = _blend(body, skull, 7)
    tail = _tail(x, y, motion.tail[number])
    _shadow(image, np.minimum(fur, tail))
    _over(image, _cover(tail), _SKIN)
    _over(image, _cover(np.abs(tail + 2.2) - 0.6) * 0.35, _PALE)
    _paws(image, x, y, motion, number)
    _over(image, _cover(fur), _FUR)
    sheen = np.clip(-fur - 3, 0, 14) / 14
    _over(image, sheen * sheen * 0.42 * (fur < 0), _SHEEN)
    part = _within(_box(head[None], 36)[0], x, y)
    _face(image[part], u[part], v[part])


def _within(box: tuple[slice, slice], x: Array, y: Array) -> tuple[slice, slice]:
    """Turn slices of the whole picture into slices of the cut-out at x, y."""
    left, top = int(x[0, 0]), int(y[0, 0])
    rows, columns = box
    return (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )


def _tail(x: Array, y: Array, line: Array) -> Array:
    """Distance to the outline of the tail; 99 where it is nowhere near."""
    distance = np.full((y.size, x.size), 99, np.float32)
    box, tail_x, tail_y = _box(line, 12)
    radii = np.linspace(3.6, 0.9, 40)
    distance[_within(box, x, y)] = _chain(tail_x, tail_y, _along(line, 40), radii)
    return distance


def _along(values: Array, count: int) -> Array:
    """Interpolate a short row of points or radii to `count` of them."""
    old, new = np.linspace(0, 1, len(values)), np.linspace(0, 1, count)
    if values.ndim == 1:
        return np.interp(new, old, values)
    return np.stack([np.interp(new, old, axis) for axis in values.T], -1)


def _chain(x: Array, y: Array, centres: Array, radii: Array) -> Array:
    """Distance to the outline of overlapping discs; negative inside."""
    distance = np.full(np.broadcast_shapes(x.shape, y.shape), 1e9, np.float32)
    for (cx, cy), r in zip(centres.astype(np.float32), radii, strict=True):
        near = np.sqrt((x - cx) ** 2 + (y - cy) ** 2)
        near -= np.float32(r)
        np.minimum(distance, near, out=distance)
    return distance


def _blend(a: Array, b: Array, soft: float) -> Array:
    """Unite two shapes with a rounded seam."""
    h = np.clip(0.5 + 0.5 * (b - a) / soft, 0, 1)
    return np.asarray(b + (a - b) * h - soft * h * (1 - h))


def _cover(distance: Array) -> Array:
    return np.asarray(np.clip(0.5 - distance, 0, 1))


def _shadow(image: Array, outline: Array) -> None:
    cast = np.full_like(outline, 99)
    cast[6:, 5:] = outline[:-6, :-5]
    dark = 0.38 * np.clip(0.5 - cast / 7, 0, 1)
    image *= (1 - dark)[..., None]


def _paws(image: Array, x: Array, y: Array, motion: Motion, number: int) -> None:
    spine, phase = motion.spine[number], motion.walked[number] / 11
    for joint, reach, start in ((1, 15, 0), (1, -15, np.pi), (9, 19, 2.2), (9, -19, 5)):
        ahead = spine[joint - 1] - spine[joint + 1]
        ahead = ahead / (np.hypot(*ahead) + 1e-9)
        side = np.array([ahead[1], -ahead[0]])
        paw = spine[joint] + reach * side + ahead * (4 + 6 * np.sin(phase + start))
        box, px, py = _box(paw[None], 7)
        part = _within(box, x, y)
        disc = _cover(np.hypot(px - paw[0], py - paw[1]) - 4.6)
        _over(image[part], disc, _PALE)


def _face(image: Array, u: Array, v: Array) -> None:
    side = np.abs(v)
    for length, tilt in ((13, 0.30), (14, -0.05), (12, -0.40)):
        along = (u - 15) * np.sin(tilt) + (side - 4) * np.cos(tilt)
        across = (u - 15) * np.cos(tilt) - (side - 4) * np.sin(tilt)
        hair = np.maximum(np.abs(across) - 0.25, np.abs(along - length / 2 - 2) - 7)
        _over(image, _cover(hair) * 0.55, (235, 232, 226))
    ear = np.hypot((u + 5) * 1.12, side - 14) - 9.2
    _over(image, _cover(ear), (66, 58, 58))
    _over(image, _cover(np.hypot((u + 4) * 1.2, side - 14) - 6.4), _SKIN)
    eye = np.hypot(u - 9, (side - 7.2) * 1.2) - 2.5
    _over(image, _cover(eye), (12, 10, 12))
    _over(image, _cover(np.hypot(u - 9.8, side - 7.8) - 0.8), (240, 240, 240))
    _over(image, _cover(np.hypot((u - 21.5) * 1.1, v) - 2.9), (222, 150, 150))
