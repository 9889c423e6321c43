"""How often one waits for a server far away: what an action may cost at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from far_actions import costs, fill_lab
from relay import reached

if TYPE_CHECKING:
    from pathlib import Path

    from databases import Place

CONNECT = {"postgresql": 9, "mysql": 11}
AT_MOST = {
    "first list": 1,
    "list again": 1,
    "details of a brain": 1,
    "open a brain": 1,
    "list its transforms": 1,
    "load annotations": 1,
    "save an annotation": 6,
    "delete a subject": 80,  # one for each table that may refer to it
}


def test_actions_need_few_round_trips(lab_place: Place, store: Path):
    fill_lab(lab_place, store)
    for where in reached(lab_place):
        found = {c.action: c.traffic.round_trips for c in costs(where, store)}
    limits = {"connect": CONNECT[lab_place.backend]} | AT_MOST
    assert found.keys() == limits.keys()
    assert {a: n for a, n in found.items() if n > limits[a]} == {}
