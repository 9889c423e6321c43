"""Who did what to whom, when: the demo lab's subjects, sessions and datasets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata_napari.demo.truth import DemoTruth

PEOPLE = (
    ("alba", "Alba", "Rey", date(2021, 9, 1)),
    ("mateo", "Mateo", "Lind", date(2023, 2, 15)),
    ("yuki", "Yuki", "Sato", date(2024, 10, 1)),
)


@dataclass(frozen=True)
class DemoSubject:
    """One mouse.

    Attributes
    ----------
    name, born, sex, keeper
        Of the Subject row.
    died
        None while alive.
    grams
        Weight when fully grown.
    """

    name: str
    born: date
    sex: str
    keeper: str
    died: datetime | None
    grams: float


SUBJECTS = (
    DemoSubject(
        "Cajal", date(2024, 12, 20), "M", "alba", datetime(2025, 6, 10, 16), 29
    ),
    DemoSubject(
        "Golgi", date(2025, 4, 2), "F", "mateo", datetime(2025, 10, 28, 11), 24
    ),
    DemoSubject("Nissl", date(2025, 9, 15), "F", "yuki", None, 23),
)


@dataclass(frozen=True)
class DemoDataset:
    """One dataset and its session."""

    subject: str
    session: str
    dataset: str
    kind: str
    setup: str
    experimenter: str

    @property
    def when(self) -> datetime:
        """When its session began."""
        return datetime.strptime(self.session, "%Y%m%d_%H%M%S")

    @property
    def key(self) -> dict[str, str]:
        """Primary key of the Dataset row."""
        return {
            "subject_name": self.subject,
            "session_name": self.session,
            "dataset_name": self.dataset,
        }


SETUPS = {
    "serial two-photon": "vibratome under a two-photon microscope",
    "light-sheet": "cleared brains, 2x objective",
    "widefield": "470 and 405 nm in turn, tandem lens",
    "two-photon": "resonant scanner, 16x water objective",
    "miniscope": "on the animal's head, electric lens",
    "open field": "box of 60 x 45 cm, camera above, some cheese",
    "rig 1": "wheel, two spouts, Neuropixels",
    "training box": "wheel, two spouts",
}


def datasets(truth: DemoTruth) -> tuple[DemoDataset, ...]:
    """List every dataset of the demo lab, the oldest first."""
    keeper = {subject.name: subject.keeper for subject in SUBJECTS}
    ephys = truth.spikes.key["session_name"]
    found = [
        DemoDataset(
            s.subject,
            s.session,
            "task",
            "behavior",
            "rig 1" if s.session == ephys else "training box",
            keeper[s.subject],
        )
        for s in truth.training
    ]
    for key, kind, setup in (
        (truth.spikes.key, "electrophysiology", "rig 1"),
        (
            {**truth.spikes.key, "dataset_name": "ephys_g1"},
            "electrophysiology",
            "rig 1",
        ),
        (truth.brains[0].key, "fixed-brain", "serial two-photon"),
        (truth.brains[1].key, "fixed-brain", "light-sheet"),
        (truth.widefield.key, "widefield", "widefield"),
        (truth.two_photon.key, "two-photon", "two-photon"),
        (
            {**truth.two_photon.key, "dataset_name": "surface"},
            "two-photon",
            "two-photon",
        ),
        (truth.miniscope.key, "miniscope", "miniscope"),
        (truth.pose.key, "video", "open field"),
    ):
        subject, session, dataset = (
            str(key[c]) for c in ("subject_name", "session_name", "dataset_name")
        )
        found.append(
            DemoDataset(subject, session, dataset, kind, setup, keeper[subject])
        )
    return tuple(sorted(found, key=lambda d: (d.when, d.dataset)))
