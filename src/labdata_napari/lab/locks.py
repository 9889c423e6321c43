"""File locks; see `labdata_napari.core.locks`."""

from labdata_napari.core.locks import FileLock, is_locked

__all__ = ["FileLock", "is_locked"]
