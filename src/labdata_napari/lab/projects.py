"""The projects of a lab: databases beside its own, named ``<name>_<project>``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.lab.failures import translate_errors

if TYPE_CHECKING:
    from labdata_napari.lab.lab import Lab

# a project has these, and shares the lab's members, which a lab by itself has too
_OWN = {"subject", "session"}
_SHARED = "lab_member"


@dataclass(frozen=True)
class ProjectChoice:
    """A project of the lab.

    Attributes
    ----------
    name
        As `labdata_napari.connect` takes it.
    description
        What its row in `Project` says, where there is one.
    is_there
        Whether the server shows us its tables; without them it cannot be opened.
    """

    name: str
    description: str = ""
    is_there: bool = True


def find_projects(lab: Lab) -> tuple[ProjectChoice, ...]:
    """List the projects of a lab, by name.

    Those whose tables the server shows us, and those the table `Project` names, where
    we may read it.
    """
    with translate_errors("Listing the projects"):
        there = _schemas(lab)
        described = _described(lab)
    return tuple(
        ProjectChoice(name, described.get(name, ""), name in there)
        for name in sorted(there | set(described))
    )


def _schemas(lab: Lab) -> set[str]:
    rows = lab.connection.query(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_name IN ('subject', 'session', 'lab_member')"
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for schema, table in rows:
        tables.setdefault(schema, set()).add(table)
    prefix = f"{lab.name}_"
    return {
        schema.removeprefix(prefix)
        for schema, names in tables.items()
        if schema.startswith(prefix) and names & _OWN and _SHARED not in names
    }


def _described(lab: Lab) -> dict[str, str]:
    if "Project" in lab.tables.missing:
        return {}
    rows = lab.Project().to_dicts(order_by="KEY")
    return {row["project_name"]: row["project_description"] or "" for row in rows}
