"""Decompressors that a zarr array names."""

from __future__ import annotations

from typing import Any

_IMAGECODECS = "imagecodecs_"


def codec_of(described: dict[str, Any]) -> Any:
    """Return the numcodecs codec of a ``.zarray``'s compressor.

    labdata compresses recordings with Blosc2, which numcodecs does not have and
    imagecodecs does, under a name of its own.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    from numcodecs import get_codec

    name = str(described.get("id"))
    if name.startswith(_IMAGECODECS):
        # half a second to import, and not always needed
        from imagecodecs.numcodecs import register_codecs

        register_codecs([name], verbose=False)
    return get_codec(described)
