"""Places of landmarks in an atlas, from tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labdata_napari.core.landmark_places import read_places
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

OURS = (
    "annotation,type,point,pixel_0,atlas_um_0,atlas_um_1,atlas_um_2\n"
    '"ac, left",landmark,1,3,100,200.5,300\n'
    "aqueduct,landmark,1,3,1,2,3\n"
)


def read(folder: Path, text: str) -> dict[str, tuple[float, float, float]]:
    path = folder / "places.csv"
    path.write_text(text, "utf-8")
    return read_places(path)


def test_our_own_tables_and_plain_ones_of_four_columns_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, OURS) == {
        "ac, left": (100, 200.5, 300),
        "aqueduct": (1, 2, 3),
    }
    plain = "where,ap,dv,ml\nbregma,5400,332,5700\n"
    assert read(tmp_path, plain) == {"bregma": (5400, 332, 5700)}
    plain = "where;ap;dv;ml\nbregma, old;5400;332,5;-1,25e2\n"
    assert read(tmp_path, plain) == {"bregma, old": (5400, 332.5, -125)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must have a column annotation"),
        ("annotation,um\na,1\n", "must have a column annotation"),
        ("a,b,c,d\nbregma,1,2,\n", "Line 2 .* holds no place"),
        (f"a,b,c,d\n{'x' * 140_000},1,2,3\n", "is no table"),
        ("a,b,c,d\nbregma,1,2,inf\n", "Line 2 .* holds no place"),
        ("a,b,c,d\n\nx,1,2,3\nbregma,1,2\n", "holds no place"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(tmp_path, text)
