"""What the atlas part of the Annotations dock asks of a lab, on its thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.errors import WriteRefused
from labdata_napari.layers.source import why_elsewhere

if TYPE_CHECKING:
    from labdata_napari.core.registration import AtlasMapping
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.laying import AtlasFacts
    from labdata_napari.lab.wish import Wish
    from labdata_napari.layers.source import LayerSource


def read_facts(lab: Lab, source: LayerSource) -> tuple[LayerSource, AtlasFacts]:
    """Look up what is known of a transform; it comes back, to tell answers apart."""
    from labdata_napari.lab.laying import atlas_facts

    check_home(lab, source)
    return source, atlas_facts(lab, source.key)


def write_code(lab: Lab, source: LayerSource, code: str) -> LayerSource:
    """Keep which way a transform lies."""
    from labdata_napari.lab.laying import keep_code

    check_home(lab, source)
    keep_code(lab, source.key, code)
    return source


def write_lying(
    lab: Lab, source: LayerSource, wish: Wish, mapping: AtlasMapping
) -> LayerSource:
    """Keep how a transform was laid into an atlas."""
    from labdata_napari.lab.laying import keep_lying

    check_home(lab, source)
    keep_lying(lab, source.key, wish, mapping)
    return source


def check_home(lab: Lab, source: LayerSource) -> None:
    """Raise `WriteRefused` in another lab than the one that a layer came from."""
    elsewhere = why_elsewhere(source.lab, (lab.url, lab.name, lab.project))
    if elsewhere:
        raise WriteRefused(elsewhere)
