"""Words for the lookup tables of a database we made; a lab adds its own.

They are never the classes' own ``contents``: DataJoint would insert those into a
lab's existing tables merely for binding them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
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


def insert_vocabulary(tables: Tables) -> None:
    """Fill the lookup tables of a database that was made by us; repeat at will.

    Rows that are there already stay as they are.

    Parameters
    ----------
    tables
        A binding with ``create=True``.

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
    species = [
        {"species_name": name, "species_scientific_name": latin}
        for name, latin in _SPECIES
    ]
    strains = [
        {"strain_name": name, "species_name": species} for name, species in _STRAINS
    ]
    tables.Species.insert(species, skip_duplicates=True)
    tables.Strain.insert(strains, skip_duplicates=True)
    for table, column, words in (
        (tables.DatasetType, "dataset_type", _DATASET_TYPES),
        (tables.ProcedureType, "procedure_type", _PROCEDURE_TYPES),
        (tables.SetupLocation, "setup_location", _LOCATIONS),
    ):
        table.insert([{column: word} for word in words], skip_duplicates=True)
