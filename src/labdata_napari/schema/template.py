"""What turns a class of this package into a template that can be bound."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import TYPE_CHECKING, Literal, TypeVar

import datajoint as dj
from datajoint.utils import from_camel_case, to_camel_case

if TYPE_CHECKING:
    from collections.abc import Callable

Scope = Literal["global", "data", "computed"]
"""Where a table lives: ``<name>``, ``<name>[_<project>]`` or ``…_computed``."""

Template = TypeVar("Template", bound=type)

TEMPLATES: dict[str, type] = {}
"""Class name to template, masters only, parents before children."""

_MODULES = (
    "general",
    "events",
    "procedures",
    "histology",
    "transforms",
    "ephys",
    "spikesorting",
    "twophoton",
    "onephoton",
    "tasks",
    "video",
)
_REFERENCE = re.compile(r"^\s*->\s*(?:\[[^\]]*\])?\s*([A-Z]\w*)", re.MULTILINE)


def table(scope: Scope) -> Callable[[Template], Template]:
    """Register a template class and say which of the lab's databases holds it."""

    def register(template: Template) -> Template:
        template.lab_scope = scope  # type: ignore[attr-defined]
        TEMPLATES[template.__name__] = template
        return template

    return register


def load_templates() -> dict[str, type]:
    """Import every module of tables; class name to template."""
    for module in _MODULES:
        importlib.import_module(f"labdata_napari.schema.{module}")
    return TEMPLATES


def parts_of(template: type) -> dict[str, type]:
    """Part classes declared inside a template, by name, in order."""
    return {
        name: value
        for name, value in vars(template).items()
        if inspect.isclass(value) and issubclass(value, dj.Part)
    }


def table_names(template: type) -> dict[str, str]:
    """Names on the server of a template and its parts, by ``Master[.Part]``."""
    master: str = template.table_name  # type: ignore[attr-defined]
    names = {template.__name__: master}
    for part in parts_of(template):
        full = f"{template.__name__}.{part}"
        names[full] = f"{master}__{from_camel_case(part)}"
    return names


def class_name(table: str) -> str:
    """Return ``FixedBrain.Channel`` for ``fixed_brain__channel``, a table's name."""
    parts = table.lstrip("#_~").split("__")
    return ".".join(str(to_camel_case(part)) for part in parts)


def references(template: type) -> tuple[str, ...]:
    """Names of the other templates that a template's definitions point to."""
    definitions = [template, *parts_of(template).values()]
    found = {
        name
        for each in definitions
        for name in _REFERENCE.findall(each.definition)  # type: ignore[attr-defined]
    }
    return tuple(sorted((found & TEMPLATES.keys()) - {template.__name__}))
