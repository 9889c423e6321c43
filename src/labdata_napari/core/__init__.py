"""The science on numpy and dask alone: no Qt, no napari, no DataJoint."""
