"""The demo's behaviour: mice that learn a two-choice task over weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

INTENSITIES = (-1.0, -0.5, -0.25, -0.12, 0.12, 0.25, 0.5, 1.0)
"""Contrast of the stimulus; negative on the left."""


@dataclass(frozen=True, eq=False)
class TrainingSession:
    """One session of the task.

    Attributes
    ----------
    subject, session, when
        Of the Session row.
    skill
        Planted probability of a correct answer to an easy stimulus.
    intensity, response, correct
        Per trial: contrast; -1 left, 1 right, 0 none; the rewarded side.
    reaction_s, start_s
        Per trial: reaction time; when the trial began, from the session's start.
    """

    subject: str
    session: str
    when: datetime
    skill: float
    intensity: Array
    response: Array
    correct: Array
    reaction_s: Array
    start_s: Array

    @property
    def rewarded(self) -> Array:
        """Whether each trial was answered correctly."""
        return np.asarray((self.response == self.correct) & (self.response != 0))


def training(seed: int) -> tuple[TrainingSession, ...]:
    """Draw every training session: Cajal learns fast, Golgi slowly."""
    plan = (
        ("Cajal", datetime(2025, 3, 10, 9, 30), 10, 6.0, 4.0, 0.94),
        ("Golgi", datetime(2025, 7, 7, 13, 0), 8, 7.0, 6.5, 0.86),
    )
    sessions = []
    for number, (subject, first, count, days, halfway, best) in enumerate(plan):
        rng = np.random.default_rng([seed, 90, number])
        for n in range(count):
            when = first + timedelta(days=days * n, minutes=int(rng.integers(0, 50)))
            skill = 0.5 + (best - 0.5) / (1 + np.exp(-(n - halfway) / 1.1))
            sessions.append(_session(rng, subject, when, float(skill)))
    return tuple(sessions)


def ephys_session(seed: int, stimulus_s: Array) -> TrainingSession:
    """Draw the task as it ran during the recording of spikes: a skilled mouse."""
    rng = np.random.default_rng([seed, 91])
    when = datetime(2025, 6, 3, 14, 20)
    return _session(rng, "Cajal", when, 0.93, np.asarray(stimulus_s))


def _session(
    rng: np.random.Generator,
    subject: str,
    when: datetime,
    skill: float,
    start_s: Array | None = None,
) -> TrainingSession:
    if start_s is None:
        start_s = np.cumsum(rng.uniform(4, 9, int(rng.integers(180, 320))))
    count = len(start_s)
    intensity = rng.choice(INTENSITIES, count)
    correct = np.sign(intensity).astype(np.int8)
    ease = np.abs(intensity) / (np.abs(intensity) + 0.10) * 1.1
    right = rng.random(count) < 0.5 + (skill - 0.5) * ease
    response = np.where(right, correct, -correct)
    response[rng.random(count) < 0.06] = 0
    reaction = 0.22 + rng.gamma(2.2, 0.09 + 0.10 * (1 - ease.clip(0, 1)), count)
    return TrainingSession(
        subject=subject,
        session=when.strftime("%Y%m%d_%H%M%S"),
        when=when,
        skill=skill,
        intensity=intensity,
        response=response.astype(np.int8),
        correct=correct,
        reaction_s=np.where(response == 0, np.nan, reaction),
        start_s=start_s,
    )
