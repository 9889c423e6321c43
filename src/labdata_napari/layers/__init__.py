"""Core objects to napari layer data and back; no Qt."""
