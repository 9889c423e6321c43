"""What a lab knows of a transformed brain that helps to annotate it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.in_atlas import InAtlas
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile
from labdata_napari.lab.atlas_choice import AtlasChoice, known_atlas
from labdata_napari.lab.atlases import find_atlas, lab_regions, open_found
from labdata_napari.lab.orientation import transform_orientation
from labdata_napari.lab.shanks import shanks_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.atlas_regions import Regions


_NONE = AtlasChoice()


@dataclass(frozen=True, eq=False)
class BrainFacts:
    """What is known of a transform.

    Attributes
    ----------
    shanks
        Names of the tracks that its subject should have, in order.
    orientation
        Of the transform, such as "asr"; None where nobody said how the brain lies.
    choice
        Its atlas, and how it lies in it; empty where nobody chose.
    names
        The lab's own names of the regions, where it has any.
    problem
        Why the choice cannot be read; empty when it can.
    """

    shanks: tuple[str, ...] = ()
    orientation: str | None = None
    choice: AtlasChoice = _NONE
    names: Regions | None = None
    problem: str = ""

    @property
    def why_no_regions(self) -> str:
        """Why there are only lengths, in a sentence; nothing when there are regions."""
        return self.problem or self.choice.why_no_regions


def brain_facts(lab: Any, key: Mapping[str, Any]) -> BrainFacts:
    """Look up what is known of a transform.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        A brain's key and ``transform_id``.
    """
    choice, names, problem = _atlas_of(lab, key)
    orientation = choice.orientation or transform_orientation(lab, key)
    if orientation is None and choice.mapping is not None:
        orientation = choice.mapping.orientation
    return BrainFacts(shanks_in(lab, key), orientation, choice, names, problem)


def open_in_atlas(
    facts: BrainFacts, url: str, opened: AtlasVolume | None = None
) -> InAtlas | None:
    """Open the atlas that a brain lies in, in memory where it fits.

    Takes seconds and needs no lab: for a thread of its own.

    Parameters
    ----------
    facts
        Of the brain.
    url
        Address of its lab.
    opened
        An atlas of the lab that is open already; used again if it is the one.

    Returns
    -------
    InAtlas or None
        None where no atlas was chosen, or nobody said how the brain lies in it.

    Raises
    ------
    NotFound, UnreadableFile
        When the atlas is not on this computer, or damaged.
    """
    name, mapping = facts.choice.atlas, facts.choice.mapping
    if name is None or mapping is None:
        return None
    if opened is not None and opened.name == name:
        if facts.names is not None:
            opened = replace(opened, regions=opened.regions.renamed(facts.names))
        return InAtlas(opened, mapping)
    return InAtlas(open_found(find_atlas(name, url), facts.names).loaded(), mapping)


def _atlas_of(
    lab: Any, key: Mapping[str, Any]
) -> tuple[AtlasChoice, Regions | None, str]:
    try:
        choice = known_atlas(lab, key) or _NONE
        names = None
        if choice.lab_atlas is not None and "Atlas" not in lab.tables.missing:
            names = lab_regions(lab, choice.lab_atlas)
        return choice, names, ""
    except (InvalidValue, NotFound, UnreadableFile) as error:
        return _NONE, None, str(error)
