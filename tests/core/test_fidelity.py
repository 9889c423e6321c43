"""How true a transform is: against a brain of formulas, beside labdata's own way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import TransformParameters, plan
from transform_cases import labdata_chain, output_indices

PARAMETERS = TransformParameters(
    downsample=(0.4, 1, 0.4, 0.4), rotate=(2, -3, 5, False, True)
)
SHAPE = (70, 2, 100, 96)


class Phantom:
    """A soft ellipsoid with bright thin vessels and spots, at any place (N, 3)."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        grid = np.array([SHAPE[0], SHAPE[2], SHAPE[3]])
        self.centre, self.radius = (grid - 1) / 2, grid * 0.38
        direction = rng.normal(size=(12, 3))
        self.along = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        self.through = self.centre + rng.uniform(-0.5, 0.5, (12, 3)) * self.radius
        self.spots = self.centre + rng.uniform(-0.5, 0.5, (8, 3)) * self.radius
        self.vessels = rng.uniform(8000, 20000, 12)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        scaled = (places - self.centre) / self.radius
        edge = (np.linalg.norm(scaled, axis=1) - 1) * self.radius[1] / 3
        waves = np.cos(6 * scaled[:, 0]) * np.cos(5 * scaled[:, 1])
        value = 200 + 6000 * (1 + 0.25 * waves) / (1 + np.exp(np.clip(edge, -40, 40)))
        for start, along, height in zip(
            self.through, self.along, self.vessels, strict=True
        ):
            away = places - start
            square = (away**2).sum(axis=1) - (away @ along) ** 2
            value += height * np.exp(-square / (2 * 1.6**2))
        for spot in self.spots:
            square = ((places - spot) ** 2).sum(axis=1)
            value += 30000 * np.exp(-square / (2 * 2.5**2))
        return value


def computed(stack: np.ndarray, **options: object) -> np.ndarray:
    geometry = plan(stack.shape, None, PARAMETERS)
    pieces = [slab.ravel() for slab in slabs(stack, geometry, **options)]
    return np.concatenate(pieces).reshape(geometry.shape_out)


def test_the_error_is_less_than_a_third_of_labdatas():
    phantom = Phantom(seed=1)
    z, _, y, x = SHAPE
    places = output_indices((z, 1, y, x), 1)
    clean = phantom(places).reshape(z, 1, y, x)
    noisy = np.random.default_rng(2).normal(clean, np.sqrt(clean))
    stack = np.repeat(np.rint(noisy).astype(np.uint16), 2, axis=1)
    geometry = plan(stack.shape, None, PARAMETERS)
    # what an ideal camera of these voxels sees: the mean over each of them, by the
    # two points of Gauss's rule along each axis
    centres = output_indices(geometry.shape_out, 1)
    offsets = np.array(list(itertools.product((-1, 1), repeat=3))) / 12**0.5
    truth = np.mean(
        [phantom(geometry.points_to_source(centres + o)) for o in offsets], axis=0
    )
    source = geometry.points_to_source(centres)
    inside = np.all((source >= 2) & (source <= np.array([z, y, x]) - 3), axis=1)

    def error(result: np.ndarray) -> float:
        return float(np.sqrt(((result[:, 0].ravel() - truth)[inside] ** 2).mean()))

    theirs = error(labdata_chain(stack, PARAMETERS))
    assert error(computed(stack)) <= 0.3 * theirs
    assert 0.3 * theirs < error(computed(stack, order=1)) < theirs


@pytest.mark.parametrize("order", [1, 3])
def test_light_of_small_spots_does_not_depend_on_where_they_fall(order):
    rng = np.random.default_rng(3)
    at = np.stack(np.meshgrid([15, 35, 55], [20, 40, 60, 80], [20, 40, 60, 80]), -1)
    spots = at.reshape(-1, 3) + rng.uniform(-2, 2, (48, 3))
    z, y, x = np.indices((SHAPE[0], SHAPE[2], SHAPE[3]), dtype=float)
    volume = np.full(z.shape, 500.0)
    for a, b, c in spots:
        square = (z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2
        volume += 20000 * np.exp(-square / (2 * 0.8**2))
    stack = np.repeat(np.rint(volume).astype(np.uint16)[:, None], 2, axis=1)
    geometry = plan(stack.shape, None, PARAMETERS)
    placed = np.rint(geometry.points_to_result(spots)).astype(int)

    def variation(result: np.ndarray) -> float:
        light = []
        for place in placed:
            part = tuple(slice(max(0, p - 3), p + 4) for p in place)
            piece = result[:, 0][part]
            if piece.shape == (7, 7, 7):
                light.append((piece.astype(float) - 500).sum())
        assert len(light) > 20
        return float(np.std(light) / np.mean(light))

    assert variation(computed(stack, order=order)) <= 0.02
    assert variation(labdata_chain(stack, PARAMETERS)) > 0.1
