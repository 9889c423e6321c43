"""The two brains of the demo lab: where they lie in their stacks, what is in them.

Places in a stack are µm from the centre of its first voxel, in z, y, x order:
``pixel = um / um_per_pixel``, which is also what napari shows as world position.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.demo.anatomy import tissue
from labdata_napari.demo.shapes import structure_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[Any]
    Vector = tuple[float, float, float]

DYE_RADIUS_UM = 28.0
"""Gaussian radius (sigma) of every dye track."""

_MIDDLE_MM = (6.6, 4.0, 0.0)  # a, d, m of the brain's middle, put in the stack's middle


@dataclass(frozen=True)
class DyeTrack:
    """A straight line of dye left by one shank of a probe.

    Attributes
    ----------
    name
        ``<probe id>_shank<n>``, the name of its annotation.
    entry_um, tip_um
        Where it enters the brain and where it ends; z, y, x in µm of the stack.
    annotated
        Whether the demo lab already holds the annotation.
    """

    name: str
    entry_um: Vector
    tip_um: Vector
    annotated: bool

    @property
    def length_um(self) -> float:
        """Length from entry to tip."""
        return float(np.linalg.norm(np.subtract(self.tip_um, self.entry_um)))

    def points_um(self, count: int) -> Points:
        """`count` places on the line from entry to tip: (count, 3), z, y, x in µm."""
        along = np.linspace(0, 1, count)[:, None]
        entry, tip = np.array(self.entry_um), np.array(self.tip_um)
        return np.asarray(entry + along * (tip - entry))


@dataclass(frozen=True, eq=False)
class BrainTruth:
    """One brain: its stack and everything planted in it.

    Attributes
    ----------
    key
        Primary key of its FixedBrain row.
    file_name
        ``.zarr.zip`` or ``.ome.tif``.
    shape
        (Z, C, Y, X) of the stack.
    um_per_pixel
        z, y, x in µm.
    orientation
        Where the first voxel is, axis by axis: "asr" starts anterior, superior, right.
    tilt
        (3, 3); turns a place of the stack (z, y, x) into the axes named by
        `orientation`: brains are never mounted quite straight.
    tilt_degrees
        The same as roll (y-x plane) and yaw (z-x plane).
    channel_names, wavelengths
        Of each channel; of the emitted light in nm.
    tracks
        Dye in channel 1.
    cells_um
        (N, 3) centres of the labelled cells in channel 1; may be empty.
    landmarks
        Name to z, y, x in µm.
    """

    key: Mapping[str, str]
    file_name: str
    shape: tuple[int, int, int, int]
    um_per_pixel: Vector
    orientation: str
    tilt: Points
    tilt_degrees: tuple[float, float]
    channel_names: tuple[str, ...]
    wavelengths: tuple[float, ...]
    tracks: tuple[DyeTrack, ...]
    cells_um: Points
    landmarks: Mapping[str, Vector]
    seed: int

    @cached_property
    def pose(self) -> Pose:
        """How the brain lies in its stack."""
        shape = (self.shape[0], self.shape[2], self.shape[3])
        return _pose(self.orientation, self.tilt, shape, self.um_per_pixel)

    def pixels(self, points_um: ArrayLike) -> Points:
        """Turn places (N, 3) in µm into pixels of the stack, both z, y, x."""
        return np.asarray(np.asarray(points_um, float) / self.um_per_pixel)


# --- where the brain lies in its stack ----------------------------------------------


@dataclass(frozen=True, eq=False)
class Pose:
    """Stack µm (z, y, x) to brain mm (a, d, m; see `anatomy`) and back.

    ``mm = matrix @ (um - middle_um) / 1000 + the brain's middle``; `matrix` is
    orthogonal.
    """

    matrix: Points
    middle_um: Points

    def to_brain(self, um: ArrayLike) -> Points:
        """Turn places (N, 3) of the stack in µm into mm of the brain."""
        moved = np.asarray(um, float) - self.middle_um
        return np.asarray(moved @ self.matrix.T / 1000 + _MIDDLE_MM)

    def to_stack(self, mm: ArrayLike) -> Points:
        """Turn places (N, 3) of the brain in mm into µm of the stack."""
        moved = (np.asarray(mm, float) - _MIDDLE_MM) * 1000
        return np.asarray(moved @ self.matrix + self.middle_um)


def _turn(degrees: float, plane: tuple[int, int]) -> Points:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    i, j = plane
    matrix[i, i] = matrix[j, j] = cosine
    matrix[i, j], matrix[j, i] = sine, -sine
    return matrix


def _tilt(roll: float, yaw: float) -> Points:
    # In this order, so that the transform's own two rotations undo it exactly.
    return _turn(yaw, (0, 2)) @ _turn(roll, (1, 2))


def _pose(
    orientation: str, tilt: Points, shape: tuple[int, ...], um: ArrayLike
) -> Pose:
    brain_axis = {"a": (0, 1), "p": (0, -1), "s": (1, 1), "i": (1, -1)}
    brain_axis |= {"l": (2, 1), "r": (2, -1)}
    axes = np.zeros((3, 3))
    for stack_axis, letter in enumerate(orientation):
        row, sign = brain_axis[letter]
        axes[row, stack_axis] = sign
    middle = (np.array(shape) - 1) / 2 * np.asarray(um, float)
    return Pose(axes @ tilt, middle)


def _spot(pose: Pose, mm: ArrayLike) -> Vector:
    z, y, x = pose.to_stack(mm).tolist()
    return float(z), float(y), float(x)


# --- the two brains -----------------------------------------------------------------


def _surface(a: float, m: float, toward: ArrayLike) -> Points:
    """Find where a line down to `toward` (a, d, m in mm) enters the brain at (a, m)."""
    tip = np.asarray(toward, float)
    top = np.array([a, -0.2, m])
    way = np.linspace(0, 1, 2000)[:, None]
    line = (top + way * (tip - top)).astype(np.float32)
    inside = tissue(*line.T) > 0.3
    return np.asarray(line[int(np.argmax(inside))], float)


def _track(
    name: str, pose: Pose, entry: tuple[float, float], tip: Vector, annotated: bool
) -> DyeTrack:
    start = _spot(pose, _surface(*entry, tip))
    return DyeTrack(name, start, _spot(pose, tip), annotated)


def _landmarks(pose: Pose) -> dict[str, Vector]:
    places = {
        "anterior commissure, crossing": (5.9, 4.9, 0.0),
        "anterior commissure, left": (4.6, 4.95, -1.05),
        "anterior commissure, right": (4.6, 4.95, 1.05),
        "aqueduct": (9.6, 3.9, 0.0),
    }
    return {name: _spot(pose, structure_at(*mm)) for name, mm in places.items()}


def _cells(pose: Pose, seed: int, count: int) -> Points:
    """Labelled cells: a dense patch in left cortex, a loose one in left thalamus."""
    rng = np.random.default_rng([seed, 77])
    near = rng.normal((7.6, 1.0, -3.0), (0.35, 0.22, 0.35), (2 * count // 3, 3))
    far = rng.normal((8.1, 4.6, -1.2), (0.30, 0.25, 0.30), (count // 3, 3))
    cells = np.concatenate([near, far])
    return pose.to_stack(cells[tissue(*cells.T.astype(np.float32)) > 0.3])


def coronal_brain(seed: int, scale: float) -> BrainTruth:
    """Describe a serial two-photon brain: coronal planes, DiI, four tracks untraced.

    Parameters
    ----------
    seed
        Of everything random.
    scale
        1 for the full resolution, smaller for coarser voxels.
    """
    um = (50.0 / scale, 20.0 / scale, 20.0 / scale)
    shape = tuple(round(e / u) for e, u in zip((13600, 8400, 11600), um, strict=True))
    tilt = _tilt(roll=4.0, yaw=-3.0)
    pose = _pose("asr", tilt, shape, um)
    four = [
        _track(
            f"NP24-2211_shank{n}",
            pose,
            (8.10, 1.00 + 0.25 * n),
            (8.40, 5.05, 1.25 + 0.25 * n),
            annotated=False,
        )
        for n in range(4)
    ]
    single = _track(
        "NP1-0417_shank0", pose, (4.9, -1.75), (5.35, 4.75, -2.45), annotated=True
    )
    return BrainTruth(
        key={
            "subject_name": "Cajal",
            "session_name": "20250618_101500",
            "dataset_name": "serial_two_photon",
        },
        file_name="Cajal_serial_two_photon.zarr.zip",
        shape=(shape[0], 2, shape[1], shape[2]),
        um_per_pixel=um,
        orientation="asr",
        tilt=tilt,
        tilt_degrees=(4.0, -3.0),
        channel_names=("autofluorescence", "DiI"),
        wavelengths=(520.0, 570.0),
        tracks=(single, *four),
        cells_um=np.empty((0, 3)),
        landmarks=_landmarks(pose),
        seed=seed * 1000 + 1,
    )


def horizontal_brain(seed: int, scale: float) -> BrainTruth:
    """Describe a light-sheet brain: horizontal planes, DiD, labelled cells."""
    um = (40.0 / scale, 30.0 / scale, 30.0 / scale)
    shape = tuple(round(e / u) for e, u in zip((8400, 13600, 11600), um, strict=True))
    tilt = _tilt(roll=-1.5, yaw=2.5)
    pose = _pose("sal", tilt, shape, um)
    tracks = (
        _track("NP1-0533_shank0", pose, (7.3, 1.2), (7.75, 4.9, 1.55), False),
        _track("NP1-0534_shank0", pose, (9.0, -2.4), (8.7, 4.2, -2.9), False),
    )
    return BrainTruth(
        key={
            "subject_name": "Golgi",
            "session_name": "20251104_140000",
            "dataset_name": "lightsheet",
        },
        file_name="Golgi_lightsheet.ome.tif",
        shape=(shape[0], 2, shape[1], shape[2]),
        um_per_pixel=um,
        orientation="sal",
        tilt=tilt,
        tilt_degrees=(-1.5, 2.5),
        channel_names=("autofluorescence", "tdTomato and DiD"),
        wavelengths=(600.0, 670.0),
        tracks=tracks,
        cells_um=_cells(pose, seed, 900),
        landmarks=_landmarks(pose),
        seed=seed * 1000 + 2,
    )
