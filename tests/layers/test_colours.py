from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from labdata_napari.layers.colours import (
    annotation_colours,
    channel_colormaps,
    wavelength_of,
)
from labdata_napari.layers.points import as_rgba


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


def test_32_shanks_have_colours_that_are_told_apart_with_any_colour_vision():
    names = [f"NP{probe}_shank{shank}" for probe in range(4) for shank in range(8)]
    colours = annotation_colours(names)
    found = [nearest(list(colours.values())[:count]) for count in (7, 15, 32)]
    assert (np.array(found) >= (11.6, 11.6, 7.2)).all(), found
    # whatever comes later, and whatever a person chose, is kept off
    assert annotation_colours(names[:20]).items() <= colours.items()
    own = {"mine": colours["NP0_shank0"]}
    assert annotation_colours(["NP0_shank0"], own)["NP0_shank0"] != own["mine"]
    assert len(set(annotation_colours([*names, "one more"]).values())) == 32


def nearest(colours: list[str]) -> float:
    """Return the least CIEDE2000 between two of them, as the worst of three eyes sees.

    No red and no green as in Machado, Oliveira and Fernandes 2009, severity 1.
    """
    srgb = np.array([as_rgba(colour)[:3] for colour in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    protan = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    deutan = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    least = np.inf
    for eye in (np.eye(3), np.array(protan), np.array(deutan)):
        seen = np.clip(linear @ eye.T, 0, 1)
        srgb = np.where(
            seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055
        )
        lab = rgb2lab(srgb[None])[0]
        apart = deltaE_ciede2000(lab[:, None], lab[None])
        least = min(least, apart[np.triu_indices(len(lab), 1)].min())
    return float(least)
