"""labdata-napari: a lab's DataJoint database and its pixels, in napari.

``connect()`` returns a `Lab`; everything else hangs off it. Importing this
package costs nothing: DataJoint (2 s) is imported on the first connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdata_napari.lab.connect import connect
    from labdata_napari.lab.lab import Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__", "connect"]


def __getattr__(name: str) -> Any:
    if name == "connect":
        from labdata_napari.lab.connect import connect

        return connect
    if name == "Lab":
        from labdata_napari.lab.lab import Lab

        return Lab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
