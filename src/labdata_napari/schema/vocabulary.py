"""Words for the lookup tables of a database we made; a lab adds its own.

They are never the classes' own ``contents``: DataJoint would insert those into a
lab's existing tables merely for binding them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.errors import WriteRefused
from labdata_napari.schema.contract import contract

if TYPE_CHECKING:
    from collections.abc import Collection

    from labdata_napari.schema.binding import Tables

_SPECIES = (
    ("mouse", "Mus musculus"),
    ("rat", "Rattus norvegicus"),
    ("zebrafish", "Danio rerio"),
    ("unknown", "unknown"),
)
_STRAINS = (("C57BL/6J", "mouse"), ("unknown", "unknown"))
_DATASET_TYPES = (
    "behavior",
    "electrophysiology",
    "fixed-brain",
    "histology",
    "miniscope",
    "two-photon",
    "video",
    "widefield",
)
_PROCEDURE_TYPES = (
    "behavioral training",
    "craniotomy",
    "handling",
    "headpost implant",
    "injection",
    "perfusion",
    "probe extraction",
    "probe insertion",
    "window implant",
)
_LOCATIONS = ("unknown",)


VOCABULARY: dict[str, tuple[dict[str, str], ...]] = {
    "Species": tuple(
        {"species_name": name, "species_scientific_name": latin}
        for name, latin in _SPECIES
    ),
    "Strain": tuple(
        {"strain_name": name, "species_name": species} for name, species in _STRAINS
    ),
    "DatasetType": tuple({"dataset_type": word} for word in _DATASET_TYPES),
    "ProcedureType": tuple({"procedure_type": word} for word in _PROCEDURE_TYPES),
    "SetupLocation": tuple({"setup_location": word} for word in _LOCATIONS),
}
"""Rows by class, those that others refer to first."""


def insert_vocabulary(
    tables: Tables, scopes: Collection[str] = ("global", "data", "computed")
) -> None:
    """Fill the lookup tables of a database that was made by us; repeat at will.

    Rows that are there already stay as they are.

    Parameters
    ----------
    tables
        A binding with ``create=True``.
    scopes
        Which of its databases are ours to fill.

    Raises
    ------
    WriteRefused
        When `tables` is only attached: the words in a lab's database are its own.
    """
    if not tables.create:
        raise WriteRefused(
            "Words are only added to a database that this program creates; this one "
            "is attached to as it is."
        )
    for name, rows in VOCABULARY.items():
        if contract()[name]["scope"] in scopes:
            getattr(tables, name).insert(rows, skip_duplicates=True)
