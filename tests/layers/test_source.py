"""What ties a layer to the lab that its rows came from."""

from __future__ import annotations

from labdata_napari.layers.source import why_elsewhere

HERE = ("mysql://ana@db:3306", "lab_data", None)


def test_whose_annotations_they_are_is_said_as_it_is():
    assert why_elsewhere(None, HERE) == why_elsewhere(HERE, HERE) == ""
    said = why_elsewhere(HERE, ("mysql://bo%20b@db:3306", "lab_data", None))
    assert said.startswith("These annotations were opened by 'ana', and somebody else")
    assert "connect as 'ana'" in said
    for other in (
        ("mysql://ana@db:3307", "lab_data", None),
        ("mysql://ana@db:3306", "other", None),
        ("mysql://ana@db:3306", "lab_data", "project"),
        ("embedded:", "lab_data", None),
    ):
        assert "belong to another lab" in why_elsewhere(HERE, other)
