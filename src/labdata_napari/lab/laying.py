"""Lay a brain into an atlas as somebody says, from the files that are needed for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.brainreg import from_brainreg
from labdata_napari.core.in_atlas import InAtlas
from labdata_napari.core.landmark_fit import from_landmarks
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.registration import registered
from labdata_napari.core.transform import plan
from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.lab.atlas_choice import AtlasChoice, keep_atlas, known_atlas
from labdata_napari.lab.atlases import find_atlas, lab_atlases, open_found
from labdata_napari.lab.brain_facts import BrainFacts, brain_facts
from labdata_napari.lab.orientation import BRAIN, keep_transform_orientation
from labdata_napari.lab.wish import BRAINREG, LANDMARKS, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.registration import AtlasMapping
    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.lab.opening import Opening

_BY_ORIENTATION = ("registered", "rigid", "similarity", "affine")


@dataclass(frozen=True, eq=False)
class AtlasFacts:
    """What somebody has to know who lays a brain into an atlas.

    Attributes
    ----------
    brain
        What is known so far.
    lab_atlases
        Descriptions of the lab's own atlases by ``atlas_id``.
    raw
        Opens the stack that the transform was made of; None where there is none.
    parameters
        Of the transform; None where they cannot be read.
    """

    brain: BrainFacts
    lab_atlases: Mapping[str, str]
    raw: Opening | None = None
    parameters: TransformParameters | None = None


def atlas_facts(lab: Any, key: Mapping[str, Any]) -> AtlasFacts:
    """Look up what is known of a transform and the lab's atlases.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        A brain's key and ``transform_id``.
    """
    missing = {"Atlas", "Atlas.Region"} & set(lab.tables.missing)
    raw, parameters = None, None
    brain = {name: key[name] for name in BRAIN}
    for record in lab.brains.transforms(brain):
        if record.transform_id == key["transform_id"]:
            parameters = record.parameters
    if parameters is not None:
        raw = lab.brains.opening(brain)
    return AtlasFacts(
        brain_facts(lab, key),
        {} if missing else lab_atlases(lab),
        raw,
        parameters,
    )


def keep_code(lab: Any, key: Mapping[str, Any], code: str) -> None:
    """Keep the orientation of a transform, at its brain where that can be told.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        Of the transform.
    code
        Three letters, of the transform's stack.

    Raises
    ------
    InvalidValue
        When it is no orientation.
    WriteRefused
        When it cannot be written.
    """
    choice = known_atlas(lab, key) or AtlasChoice()
    # said once: at the choice only where it cannot be said of the brain
    of_choice = None if keep_transform_orientation(lab, key, code) else code
    mapping = choice.mapping
    if mapping is not None and mapping.kind in _BY_ORIENTATION:
        mapping = mapping if mapping.orientation == code else None
    said = replace(choice, orientation=of_choice, mapping=mapping)
    if said != choice:
        keep_atlas(lab, key, said)


def keep_lying(
    lab: Any, key: Mapping[str, Any], wish: Wish, mapping: AtlasMapping
) -> None:
    """Keep how a brain was laid into an atlas.

    Raises
    ------
    NotFound
        When there is no such transform.
    WriteRefused
        When it cannot be written.
    """
    before = known_atlas(lab, key) or AtlasChoice()
    said = AtlasChoice(wish.atlas, before.orientation, mapping, wish.lab_atlas)
    keep_atlas(lab, key, said)


def open_wished(
    atlas: str,
    url: str,
    facts: AtlasFacts,
    opened: AtlasVolume | None = None,
    progress: Progress = silent,
) -> AtlasVolume:
    """Open an atlas with the lab's names, in memory where it fits.

    Parameters
    ----------
    atlas
        Its name.
    url
        Of the lab.
    facts
        For the lab's names.
    opened
        One that is open already; given back if it is the one.
    progress
        Told how far it has been read.
    """
    if opened is not None and opened.name == atlas:
        return opened
    return open_found(find_atlas(atlas, url), facts.brain.names).loaded(
        progress=progress
    )


def lay(
    wish: Wish, atlas: AtlasVolume, facts: AtlasFacts, progress: Progress = silent
) -> InAtlas:
    """Lay a brain into an atlas; reads files where brainreg made them.

    Parameters
    ----------
    wish
        How.
    atlas
        The one it names.
    facts
        Of the transform.
    progress
        Told when it may be cancelled.

    Raises
    ------
    InvalidValue
        When something was not said, or does not go together.
    NotFound, UnreadableFile
        When files of brainreg are missing or damaged.
    """
    progress(0, 1)
    if wish.way == BRAINREG:
        return InAtlas(atlas, _from_brainreg(wish, atlas, facts))
    if wish.orientation is None:
        raise InvalidValue(
            "Nobody said which way this brain lies; say it first, by its pictures."
        )
    if wish.way == LANDMARKS:
        mapping = from_landmarks(
            wish.pairs,
            atlas,
            wish.shape,
            wish.um_per_pixel,
            wish.orientation,
            wish.fit,
        )
    else:
        mapping = registered(
            atlas, wish.shape, wish.um_per_pixel, wish.orientation, wish.way
        )
    return InAtlas(atlas, mapping)


def _from_brainreg(wish: Wish, atlas: AtlasVolume, facts: AtlasFacts) -> AtlasMapping:
    """Take brainreg to have been given the transform, or else the brain as imaged."""
    if wish.folder is None:
        raise InvalidValue("Choose the folder that brainreg wrote to.")
    try:
        return from_brainreg(wish.folder, atlas, wish.shape)
    except InvalidValue as error:
        if facts.raw is None or facts.parameters is None:
            raise
        not_of_transform = error
    try:
        stack = facts.raw()
        geometry = plan(stack.shape, stack.um_per_pixel, facts.parameters)
    except LabdataError:
        raise not_of_transform from None
    z, _, y, x = stack.shape
    return from_brainreg(
        wish.folder, atlas, (z, y, x), wish.orientation, geometry.affine
    )
