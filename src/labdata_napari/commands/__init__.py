"""What `labdata-napari` can be told to do, one module per command.

A module has a `COMMAND`, listed in `labdata_napari.cli`. It is imported for every
command line, so it imports what it needs inside its functions.
"""
