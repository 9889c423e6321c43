"""The lab's tables as templates that a connection binds.

The classes in this package are unbound: they know their columns and what can be
done with a row, not which server they are on. `Tables` makes bound ones for one
connection, so that two projects, two servers or two threads never share one.

Importing this package costs nothing; `Tables` and `templates` import DataJoint
(about 2 s) when they are first asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# A datajoint.json in any parent folder would otherwise choose host, port and
# safemode for us, at import and again for every connection.
os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")

if TYPE_CHECKING:
    from labdata_napari.schema.binding import Tables
    from labdata_napari.schema.vocabulary import insert_vocabulary

    templates: dict[str, type]

__all__ = ["Tables", "insert_vocabulary", "templates"]


def __getattr__(name: str) -> Any:
    if name == "Tables":
        from labdata_napari.schema.binding import Tables

        return Tables
    if name == "templates":
        from labdata_napari.schema.template import load_templates

        return load_templates()
    if name == "insert_vocabulary":
        from labdata_napari.schema.vocabulary import insert_vocabulary

        return insert_vocabulary
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
