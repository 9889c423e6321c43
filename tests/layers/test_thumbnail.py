from __future__ import annotations

import numpy as np

from labdata_napari.core.stacks import Stack
from labdata_napari.layers.thumbnail import thumbnail


def bright_corner(shape: tuple[int, ...]) -> np.ndarray:
    data = np.zeros(shape, np.uint16)
    data[..., : shape[-2] // 2, : shape[-1] // 2] = 1000
    return data


def test_a_thumbnail_is_small_and_shows_where_it_is_bright():
    picture = thumbnail(Stack(bright_corner((5, 1, 700, 900)), "ZCYX", (25, 5, 5)))
    assert picture.shape[1] == 320
    assert picture.dtype == np.uint8
    assert picture[10, 10].min() > 240
    assert picture[-10, -10].max() < 10


def test_pixels_are_square_when_voxels_are_not():
    picture = thumbnail(Stack(bright_corner((3, 1, 50, 100)), "ZCYX", (1, 20, 10)))
    height, width, _ = picture.shape
    assert abs(height - width) <= 1


def test_channels_are_mixed_in_their_colours():
    data = np.zeros((3, 2, 20, 20), np.uint16)
    data[:, 0, :10] = 500
    data[:, 1, 10:] = 700
    picture = thumbnail(
        Stack(data, "ZCYX", None, ("GFP", "Cy5"))  # green and magenta
    )
    np.testing.assert_array_equal(picture[2, 5], (0, 255, 0))
    np.testing.assert_array_equal(picture[18, 5], (255, 0, 255))


def test_a_video_frame_keeps_its_colours():
    frames = np.zeros((3, 20, 30, 3), np.uint8)
    frames[1] = (200, 100, 50)
    np.testing.assert_array_equal(
        thumbnail(Stack(frames, "TYXS"))[5, 5], (200, 100, 50)
    )
