"""What is true about the demo lab: everything planted in it, from the seed alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from labdata_napari.demo.brain import BrainTruth, coronal_brain, horizontal_brain
from labdata_napari.demo.cells import CellsTruth, miniscope_truth, two_photon_truth
from labdata_napari.demo.motion import PoseTruth, pose_truth
from labdata_napari.demo.spikes import SpikesTruth, spikes_truth
from labdata_napari.demo.training import TrainingSession, ephys_session, training
from labdata_napari.demo.widefield import WidefieldTruth, widefield_truth
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class DemoTruth:
    """The ground truth of one demo lab.

    Attributes
    ----------
    seed, scale
        What it was made from; the same two make the same lab.
    brains
        Two: coronal (Cajal, with a computed transform) and horizontal (Golgi).
    transform_id
        Of the coronal brain's transform.
    pose, widefield, two_photon, miniscope, spikes
        One recording each.
    training
        Sessions of the decision task; the last is the one with spikes.
    """

    seed: int
    scale: float
    brains: tuple[BrainTruth, BrainTruth]
    transform_id: int
    pose: PoseTruth
    widefield: WidefieldTruth
    two_photon: CellsTruth
    miniscope: CellsTruth
    spikes: SpikesTruth
    training: tuple[TrainingSession, ...]

    @property
    def transform_key(self) -> Mapping[str, str | int]:
        """Primary key of the coronal brain's FixedBrainTransform row."""
        return {**self.brains[0].key, "transform_id": self.transform_id}


@lru_cache(maxsize=4)
def demo_truth(seed: int = 0, scale: float = 1.0) -> DemoTruth:
    """Work out the truth of a demo lab without building it; well under a second.

    Parameters
    ----------
    seed
        Of everything random.
    scale
        1 for the full demo; down to 0.2 for coarser voxels and shorter recordings
        (places in µm stay where they are). Tests use 0.4.

    Raises
    ------
    InvalidValue
        When the scale is not between 0.2 and 1, or the seed is negative.
    """
    if not 0.2 <= scale <= 1:
        raise InvalidValue(f"The demo's scale must be from 0.2 to 1; got {scale}.")
    if seed < 0:
        raise InvalidValue(f"The demo's seed must not be negative; got {seed}.")
    spikes = spikes_truth(seed, scale)
    return DemoTruth(
        seed=seed,
        scale=scale,
        brains=(coronal_brain(seed, scale), horizontal_brain(seed, scale)),
        transform_id=0,
        pose=pose_truth(seed, scale),
        widefield=widefield_truth(seed, scale),
        two_photon=two_photon_truth(seed, scale),
        miniscope=miniscope_truth(seed, scale),
        spikes=spikes,
        training=(*training(seed), ephys_session(seed, spikes.stimulus_s)),
    )
