"""Pictures over all frames equal numpy's, whatever the file's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
import zarr

from labdata_napari.core import projections as module
from labdata_napari.core.projections import NAMES, Projection, projections
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.errors import Cancelled, InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RNG = np.random.default_rng(3)
# large values that hardly vary: the square of the mean would swallow the variance
FRAMES = (60_000 + RNG.integers(0, 3, (203, 2, 12, 16))).astype(np.uint16)


def assert_projected(found: dict, frames: NDArray) -> None:
    exact = frames.astype(np.float64)
    for name in NAMES:
        expected = getattr(np, name)(exact, axis=0)
        np.testing.assert_allclose(found[name], expected, rtol=1e-6)


@pytest.mark.parametrize("at_once", [1, 7, 64, 1000])
def test_a_zarr_of_chunks_is_projected_as_numpy_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=FRAMES, chunks=(20, 1, 12, 16))
    monkeypatch.setattr(module, "_READ_BYTES", at_once * FRAMES[0].nbytes)
    told: list[tuple[int, int]] = []
    found = projections(
        open_stack(tmp_path / "a.zarr", axes="TCYX"),
        progress=lambda done, total: told.append((done, total)),
    )
    assert_projected(found, FRAMES)
    assert {n: str(p.dtype) for n, p in found.items()} == {
        "mean": "float32",
        "std": "float32",
        "var": "float32",
        "max": "uint16",
    }
    assert told[0] == (0, 203)
    assert told[-1] == (203, 203)
    assert told == sorted(told)


def test_a_tiff_of_one_channel_too(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES[:, 0], photometric="minisblack")
    found = projections(open_stack(path, axes="TCYX"))
    assert found["mean"].shape == (1, 12, 16)
    assert_projected(found, FRAMES[:, :1])
    assert list(projections(open_stack(path, axes="TYX"), ["max"])) == ["max"]


def test_it_stops_when_told_and_says_what_it_cannot() -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled("Stopped.")

    stack = Stack(FRAMES, "TCYX")
    with pytest.raises(Cancelled):
        projections(stack, progress=stop)
    with pytest.raises(InvalidValue, match="no projection 'median'"):
        projections(stack, ["median"])
    with pytest.raises(InvalidValue, match="no frames"):
        projections(Stack(FRAMES, "ZCYX"))


def test_two_pictures_are_told_apart_in_words() -> None:
    image = np.zeros((1, 4, 4), np.float32)
    image[0, 0, 0] = np.nan
    other = image.copy()
    other[0, 1, :2] = 0.5, -0.25
    one, two = Projection("mean", image), Projection("mean", other)
    assert one == Projection("mean", image.copy())
    assert one != two
    assert two.difference(one) == "2 of 16 pixels differ, by up to 0.5"
    wider = Projection("mean", np.zeros((1, 4, 5)))
    assert wider.difference(one) == "1 × 4 × 4 → 1 × 4 × 5 pixels"
    double = Projection("mean", image.astype(float))
    assert double != one
    assert double.difference(one) == "float32 → float64"
    with pytest.raises(InvalidValue, match="array of numbers"):
        Projection("mean", np.array(["a"]))
