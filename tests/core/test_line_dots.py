"""Lines as dots: those of a line that lie in a slice."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.line_dots import Segments

NUMBERS = st.floats(-9, 9).map(lambda number: round(number, 1))
PLACES = st.tuples(NUMBERS, NUMBERS, NUMBERS)


def test_dots_of_a_slice():
    level, steep = [[2, 0, 0], [2, 6, 8]], [[0, 3, 3], [5, 3, 3]]
    lines = Segments.of([level, steep])
    slab = [1.5, -np.inf, -np.inf], [2.5, np.inf, np.inf]
    places, owners = lines.dots(*slab, [np.inf, 1, 1])
    np.testing.assert_allclose(places[owners == 0], np.linspace(*level, 11))
    np.testing.assert_allclose(places[owners == 1], [[1.5, 3, 3]])
    places, owners = lines.dots([2.2, -np.inf, -np.inf], slab[1], [0.1, 1, 1])
    assert set(owners) == {1}
    np.testing.assert_allclose(places[:, 0], [2.2, 2.3, 2.4, 2.5])
    everywhere = lines.dots([-np.inf] * 3, [np.inf] * 3, [1, 1, 1])[0]
    assert len(everywhere) == 11 + 6
    for nothing in Segments.of([]), Segments.of([[[1, 2, 3]]]):
        places, owners = nothing.dots(*slab, [1, 1, 1])
        assert places.shape == (0, 3)
        assert owners.shape == (0,)


@given(st.lists(PLACES, min_size=2, max_size=4), PLACES, PLACES)
def test_dots_lie_on_the_line_within_the_bounds_and_are_close(path, one, other):
    low, high = np.minimum(one, other), np.maximum(one, other)
    places, _ = Segments.of([path]).dots(low, high, [0.5, 0.5, 0.5])
    assert np.all((places >= low - 1e-9) & (places <= high + 1e-9))
    # every place of the path that is within has a dot beside it
    dense = np.concatenate([np.linspace(a, b, 200) for a, b in pairwise(path)])
    within = dense[np.all((dense >= low) & (dense <= high), axis=1)]
    away = np.linalg.norm(within[:, None] - places[None], axis=2)
    assert not len(within) or (len(places) and away.min(axis=1).max() <= 0.5)
    back = np.linalg.norm(places[:, None] - dense[None], axis=2)
    assert not len(places) or back.min(axis=1).max() <= 0.1
