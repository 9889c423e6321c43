"""Cold storage: what a restore takes and costs, in words.

The prices are AWS's list prices of 2025 for us-east-1, for a person to decide by; the
bill is AWS's. Other servers have prices of their own, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labdata_napari.lab.stores import Stored

DAYS = 7
"""How long a restored copy stays readable unless said otherwise; as labdata."""


@dataclass(frozen=True)
class Tier:
    """A speed of restoring.

    Attributes
    ----------
    name
        As S3 calls it.
    takes
        How long, in words.
    dollars_per_gb, dollars_per_file
        Price.
    """

    name: str
    takes: str
    dollars_per_gb: float
    dollars_per_file: float


_FLEXIBLE = (
    Tier("Standard", "3 to 5 hours", 0.01, 0.05e-3),
    Tier("Bulk", "5 to 12 hours", 0.0, 0.0),
    Tier("Expedited", "1 to 5 minutes", 0.03, 10e-3),
)
_DEEP = (
    Tier("Standard", "up to 12 hours", 0.02, 0.1e-3),
    Tier("Bulk", "up to 48 hours", 0.0025, 0.025e-3),
)
TIERS: dict[str, tuple[Tier, ...]] = {
    "GLACIER": _FLEXIBLE,
    "DEEP_ARCHIVE": _DEEP,
    # Intelligent-Tiering asks nothing for these
    "ARCHIVE_ACCESS": (
        Tier("Standard", "3 to 5 hours", 0.0, 0.0),
        Tier("Bulk", "5 to 12 hours", 0.0, 0.0),
        Tier("Expedited", "1 to 5 minutes", 0.03, 10e-3),
    ),
    "DEEP_ARCHIVE_ACCESS": (
        Tier("Standard", "up to 12 hours", 0.0, 0.0),
        Tier("Bulk", "up to 48 hours", 0.0, 0.0),
    ),
}
"""Storage classes that cannot be read as they are, and how each can be restored."""

_COPY_PER_GB_AND_DAY = 0.023 / 30


@dataclass(frozen=True)
class Estimate:
    """What restoring some files would take.

    Attributes
    ----------
    files, gigabytes
        How many and how large.
    takes
        How long until they can be read, in words.
    dollars
        List price of AWS, the readable copies included.
    tier, days
        As asked.
    """

    files: int
    gigabytes: float
    takes: str
    dollars: float
    tier: str
    days: int

    @property
    def cost(self) -> str:
        """The price in words."""
        return (
            "less than $0.01" if self.dollars < 0.01 else f"about ${self.dollars:.2f}"
        )

    def __str__(self) -> str:
        files = "1 file" if self.files == 1 else f"{self.files} files"
        return (
            f"Restoring {files} ({self.gigabytes:,.2f} GB, {self.tier}) takes "
            f"{self.takes} and costs {self.cost} at AWS's list prices; the copies can "
            f"be read for {self.days} days."
        )


def estimate(
    archived: Iterable[Stored], tier: str = "Standard", days: int = DAYS
) -> Estimate:
    """Work out what restoring archived files takes and costs.

    Raises
    ------
    InvalidValue
        When a class of storage has no such tier, or `days` is no number of days.
    """
    if not 1 <= days <= 365:
        raise InvalidValue(f"A restored copy is kept 1 to 365 days, not {days}.")
    count, total, dollars, takes = 0, 0, 0.0, ""
    for stored in archived:
        speed = tier_of(stored.storage_class, tier)
        copy = 0.0 if stored.storage_class.endswith("ACCESS") else _COPY_PER_GB_AND_DAY
        gigabytes = stored.size / 1e9
        dollars += gigabytes * (speed.dollars_per_gb + copy * days)
        dollars += speed.dollars_per_file
        takes = max(takes, speed.takes, key=_patience)
        count, total = count + 1, total + stored.size
    return Estimate(count, total / 1e9, takes or "no time", dollars, tier, days)


def tier_of(storage_class: str, name: str) -> Tier:
    """Find a tier by name among those of a storage class; `InvalidValue` else."""
    tiers = TIERS.get(storage_class, _FLEXIBLE)
    for tier in tiers:
        if tier.name == name:
            return tier
    names = ", ".join(tier.name for tier in tiers)
    raise InvalidValue(
        f"Files in {storage_class} are restored by one of the tiers {names}, not "
        f"{name!r}."
    )


def _patience(takes: str) -> float:
    """Hours at most, of words such as "3 to 5 hours"."""
    numbers = [int(word) for word in takes.split() if word.isdigit()]
    return max(numbers, default=0) / (60 if takes.endswith("minutes") else 1)
