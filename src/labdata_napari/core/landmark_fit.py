"""Lay a brain into an atlas by landmarks that were found in both.

The least squares solutions are Kabsch's for rigid motions and Umeyama's (1991, IEEE
PAMI 13, 376) for similarities. Sets that determine nothing are refused.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.registration import (
    AtlasMapping,
    LandmarkPair,
    Residual,
    Triple,
    as_rows,
    oriented,
)
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.atlas import AtlasVolume

    Floats = NDArray[np.float64]

FEWEST = {"rigid": 3, "similarity": 3, "affine": 4}
FITS = ("auto", *FEWEST)
AFFINE_FROM = 6
"""Landmarks from which on an affine map is taken when nobody chose. Of brains that are
stretched by 6 % and clicked to 75 µm, one from four or five landmarks is no nearer to
the truth than a similarity in the middle, and up to three times farther in one case of
ten."""

_FLAT = 0.03  # of the largest extent; less counts as none
_SCALES = (0.2, 5.0)


def pairs_by_name(
    pixels: Mapping[str, ArrayLike], atlas_um: Mapping[str, ArrayLike]
) -> tuple[LandmarkPair, ...]:
    """Pair what has the same name in the brain and in the atlas, in that order.

    Raises
    ------
    InvalidValue
        When one of a pair is not one place.
    """
    return tuple(
        LandmarkPair(name, _one_place(pixels[name], name), _one_place(there, name))
        for name in pixels
        if (there := atlas_um.get(name)) is not None
    )


def fit_for(count: int) -> str:
    """Return what "auto" takes for so many landmarks."""
    return "affine" if count >= AFFINE_FROM else "similarity"


def from_landmarks(
    pairs: Sequence[LandmarkPair],
    atlas: AtlasVolume,
    shape: Sequence[int],
    um_per_pixel: Sequence[float],
    orientation: str,
    kind: str = "auto",
) -> AtlasMapping:
    """Map a brain to an atlas by landmarks.

    Parameters
    ----------
    pairs
        Four at least; three do for "rigid" and "similarity".
    atlas
        The atlas.
    shape, um_per_pixel, orientation
        Of the stack's three spatial axes, in their order; by the orientation left
        and right are told apart.
    kind
        "rigid" (turned and moved), "similarity" (and scaled), "affine" (and sheared);
        "auto" takes a similarity for four or five landmarks, affine for more. Any
        four that are not in one plane fit an affine map exactly: nothing is left then
        to tell how good it is, and `AtlasMapping.describe` says so.

    Returns
    -------
    AtlasMapping
        With the residual of each landmark, and without it.

    Raises
    ------
    InvalidValue
        When the landmarks are too few, lie in a plane or on a line, mirror the brain,
        or do not go together.
    """
    if kind == "auto":
        kind = fit_for(len(pairs))
        fewest = 4
    elif kind in FEWEST:
        fewest = FEWEST[kind]
    else:
        raise InvalidValue(f"A fit is {', '.join(FITS)}, not {kind!r}.")
    _check(pairs, fewest, kind)
    turn = oriented(shape, um_per_pixel, orientation, atlas.orientation)
    pixels = np.array([p.pixel for p in pairs], np.float64)
    here = pixels @ turn[:3, :3].T + turn[:3, 3]
    there = np.array([p.atlas_um for p in pairs], np.float64)
    _check_spread(here, kind, "the brain")
    _check_spread(there, kind, "the atlas")
    fitted = _fit(here, there, kind)
    _check_sense(fitted, here, there, kind)
    return AtlasMapping(
        atlas.name,
        kind,
        as_rows(fitted @ turn),
        check_orientation(orientation),
        tuple(pairs),
        _residuals(pairs, fitted, here, there, kind),
    )


def _one_place(point: ArrayLike, name: str) -> Triple:
    place = np.asarray(point, np.float64).ravel()
    if len(place) != 3:
        raise InvalidValue(
            f"The landmark {name!r} must be one point, three numbers; it has "
            f"{len(place)} numbers. Delete its other points."
        )
    a, b, c = place.tolist()
    return a, b, c


def _check(pairs: Sequence[LandmarkPair], fewest: int, kind: str) -> None:
    if len(pairs) < fewest:
        raise InvalidValue(
            f"{len(pairs)} landmarks with the same names in the brain and in the atlas "
            f"are too few for {kind}; mark {fewest} or more."
        )
    names = [pair.name for pair in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidValue(
            f"There are two landmarks called {twice[0]!r}; give each its own name."
        )
    for pair in pairs:
        if not np.isfinite((*pair.pixel, *pair.atlas_um)).all():
            raise InvalidValue(f"The landmark {pair.name!r} is nowhere; mark it again.")


def _check_spread(points: Floats, kind: str, where: str) -> None:
    widths = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    needed, shape = (3, "plane") if kind == "affine" else (2, "line")
    if widths[0] == 0 or widths[needed - 1] < _FLAT * widths[0]:
        raise InvalidValue(
            f"In {where} the landmarks lie nearly in one {shape}, which does not tell "
            f"how the rest lies; add one well outside of that {shape}."
        )


def _fit(here: Floats, there: Floats, kind: str) -> Floats:
    """4 × 4 matrix with the least squared distance from here to there."""
    matrix = np.eye(4)
    if kind == "affine":
        known = np.column_stack([here, np.ones(len(here))])
        matrix[:3] = np.linalg.lstsq(known, there, rcond=None)[0].T
        return matrix
    turn = _rotation(here, there, proper=True)
    a, b = here - here.mean(axis=0), there - there.mean(axis=0)
    scale = 1.0
    if kind == "similarity":
        scale = float((b * (a @ turn.T)).sum() / (a**2).sum())
    matrix[:3, :3] = scale * turn
    matrix[:3, 3] = there.mean(axis=0) - scale * turn @ here.mean(axis=0)
    return matrix


def _rotation(here: Floats, there: Floats, proper: bool) -> Floats:
    a, b = here - here.mean(axis=0), there - there.mean(axis=0)
    u, _, v = np.linalg.svd(b.T @ a)
    signs = np.ones(3)
    if proper:
        signs[2] = np.sign(np.linalg.det(u @ v))
    return np.asarray(u @ np.diag(signs) @ v)


def _check_sense(fitted: Floats, here: Floats, there: Floats, kind: str) -> None:
    """Refuse what no brain does: to be its mirror image, or shrink to a fifth."""
    if _mirrors(fitted, here, there, kind):
        raise InvalidValue(
            "The landmarks would mirror the brain: left and right were exchanged in "
            "some, or the orientation of the stack is wrong."
        )
    scales = np.linalg.svd(fitted[:3, :3], compute_uv=False)
    if scales[-1] < _SCALES[0] or scales[0] > _SCALES[1]:
        raise InvalidValue(
            f"By these landmarks the brain would be stretched {scales[-1]:.2g} to "
            f"{scales[0]:.2g} times to fill the atlas; check the size of the voxels, "
            "and whether a name stands for two places."
        )


def _mirrors(fitted: Floats, here: Floats, there: Floats, kind: str) -> bool:
    if kind == "affine":
        return bool(np.linalg.det(fitted[:3, :3]) < 0)
    turn = _rotation(here, there, proper=False)
    if np.linalg.det(turn) > 0:
        return False
    # Landmarks in a plane are as well turned as mirrored: only when it fits much
    # better mirrored were they exchanged.
    a, b = here - here.mean(axis=0), there - there.mean(axis=0)
    scale = np.cbrt(np.linalg.det(fitted[:3, :3]))
    mirrored = np.linalg.norm(b - abs(scale) * a @ turn.T)
    kept = np.linalg.norm(_distances(fitted, here, there))
    return bool(mirrored < 0.5 * kept and kept > 0.1 * np.linalg.norm(b))


def _distances(matrix: Floats, here: Floats, there: Floats) -> Floats:
    moved = here @ matrix[:3, :3].T + matrix[:3, 3]
    return np.asarray(np.linalg.norm(moved - there, axis=1))


def _residuals(
    pairs: Sequence[LandmarkPair],
    fitted: Floats,
    here: Floats,
    there: Floats,
    kind: str,
) -> tuple[Residual, ...]:
    found = _distances(fitted, here, there)
    return tuple(
        Residual(pair.name, float(found[k]), _left_out(here, there, k, kind))
        for k, pair in enumerate(pairs)
    )


def _left_out(here: Floats, there: Floats, k: int, kind: str) -> float:
    """µm between landmark k and where all others would put it; NaN if they cannot."""
    others = np.arange(len(here)) != k
    if others.sum() < FEWEST[kind]:
        return math.nan
    try:
        _check_spread(here[others], kind, "the brain")
    except InvalidValue:
        return math.nan
    without = _fit(here[others], there[others], kind)
    return float(_distances(without, here[k : k + 1], there[k : k + 1])[0])
