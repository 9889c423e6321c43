from __future__ import annotations

import pytest

from labdata_napari.layers.colours import (
    ANNOTATION_COLOURS,
    annotation_colours,
    channel_colormaps,
    wavelength_of,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["autofluorescence", "DiI"], ("gray", "bop orange")),
        (["DAPI", "GFP", "Cy5"], ("blue", "green", "magenta")),
        (["488", "561 nm"], ("green", "bop orange")),
        ([""], ("gray",)),
        (["signal"], ("gray",)),
        (["a", "b"], ("green", "magenta")),
    ],
)
def test_channels_are_coloured_by_what_their_names_say(names, expected):
    assert channel_colormaps(names) == expected


def test_the_tables_wavelength_beats_the_name():
    assert channel_colormaps(["GFP"], [670.0]) == ("magenta",)
    assert channel_colormaps(["x", "y"], [405.0, None]) == ("blue", "green")


def test_channels_of_one_wavelength_still_differ():
    assert len(set(channel_colormaps(["488 a", "488 b", "488 c"]))) == 3


def test_more_channels_than_colours_still_get_one_each():
    assert len(channel_colormaps([f"c{i}" for i in range(12)])) == 12


def test_numbers_that_are_no_wavelength_are_not_taken_for_one():
    assert wavelength_of("channel 2") is None
    assert wavelength_of("20260101") is None


def test_an_annotation_keeps_its_colour_whatever_comes_after_it():
    first = annotation_colours(["probe 1", "virus"])
    later = annotation_colours(["probe 1", "virus", "probe 2", "lesion"])
    assert first.items() <= later.items()
    assert len(set(later.values())) == 4


def test_annotation_colours_repeat_only_when_the_palette_is_used_up():
    names = [f"probe {i}" for i in range(len(ANNOTATION_COLOURS) + 3)]
    colours = annotation_colours(names)
    assert set(colours.values()) == set(ANNOTATION_COLOURS)
