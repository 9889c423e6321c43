"""A database of one test, on whatever server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "a test's own"


@dataclass
class Place:
    """A database of one test.

    Attributes
    ----------
    backend
        ``"postgresql"`` or ``"mysql"``.
    parameters
        What `datajoint.Instance` needs to connect as its owner.
    """

    server: Any
    parameters: dict[str, Any]
    _instances: list[Any] = field(default_factory=list)

    @property
    def backend(self) -> str:
        return str(self.parameters["backend"])

    def instance(self, **changed: Any) -> Any:
        """A connection, closed when the test ends."""
        from labdata_napari.lab.instances import new_instance

        made = new_instance(**self.parameters | changed)
        self._instances.append(made)
        return made

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Rows of the last of some statements, run by an administrator."""
        return self.server.sql(self.parameters, *statements)

    def reader(self) -> dict[str, str]:
        """What to change in `parameters` to be somebody who may only read."""
        return self.server.reader(self.parameters)

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Every statement that clients send meanwhile; filled at the end."""
        with self.server.statements(self.parameters) as seen:
            yield seen

    def disconnect(self) -> None:
        from labdata_napari.lab.instances import close

        while self._instances:
            close(self._instances.pop().connection)

    def close(self) -> None:
        self.disconnect()
        self.server.drop(self.parameters)


def declare(place: Place) -> Any:
    """Declare the 88 tables in a place."""
    from labdata_napari.schema import Tables

    return Tables(place.instance(), create=True).bind_all()


def declare_as_labdata(place: Place, name: str = "lab_data") -> None:
    """Make the 88 tables on MariaDB as labdata 0.1.25 leaves them.

    No type markers, no ``~lineage``, short blobs, the server's charset; and empty.
    """
    from labdata_napari.schema.contract import contract

    schemas = {"global": name, "data": name, "computed": f"{name}_computed"}
    made = [f"CREATE DATABASE {schema}" for schema in dict.fromkeys(schemas.values())]
    for table in contract().values():
        lines = [_column(name, rule) for name, rule in table["columns"].items()]
        lines.append(f"PRIMARY KEY ({_quoted(table['primary_key'])})")
        for key in table["foreign_keys"]:
            parent = contract()[key["parent"]]
            lines.append(
                f"FOREIGN KEY ({_quoted(key['columns'])}) "
                f"REFERENCES {schemas[parent['scope']]}.`{parent['table']}` "
                f"({_quoted(key['parent_columns'])}) ON UPDATE CASCADE"
            )
        full = f"{schemas[table['scope']]}.`{table['table']}`"
        made.append(f"CREATE TABLE {full} ({', '.join(lines)})")
    place.sql("SET foreign_key_checks = 0", *made)


def _column(name: str, rule: dict[str, Any]) -> str:
    null = "NULL" if rule.get("nullable") else "NOT NULL"
    default = f"DEFAULT '{rule['default']}'" if "default" in rule else ""
    return f"`{name}` {rule['type']} {null} {default}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
