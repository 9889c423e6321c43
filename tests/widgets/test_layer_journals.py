"""Whatever is done to annotations, whoever does it, is in the journal at once."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Layer, Points

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.draft import Draft
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_lines import read_lines
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.history import history_of
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.source import LayerSource
from labdata_napari.widgets.layer_journals import LayerJournals

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.journal_target import Target

ROWS = AnnotationSet(
    (
        Annotation("a0", "probe_track", [[1, 2, 3], [4, 5, 6], [7, 8, 9.0]], 0),
        Annotation("a1", "injection", [[1, 20, 30], [2, 30, 40.0]], 1),
    )
)
KEY = {"subject_name": "M1", "transform_id": 0}


class AtOnce:
    """Journals as `widgets.journaling` does, without its thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def follow(self, copy: Any, target: Target, way: Any) -> None:
        self._way, self.journal = way, Journal(self._folder, target, way.kind)
        self.note(copy)

    def note(self, copy: Any) -> None:
        self.journal.record(*self._way.state(copy))

    def leave(self, _copy: Any) -> None:
        self.journal.clear()
        self.journal.close()


def name_in(layer: Points, dice: random.Random) -> str:
    return dice.choice([entry.name for entry in working_copy.roster(layer)])


def point_in(layer: Points, dice: random.Random) -> int:
    return dice.randrange(len(layer.data))


def place(dice: random.Random) -> list[float]:
    return [dice.random() * 40 for _ in "zyx"]


def new(layer: Points, dice: random.Random) -> None:
    editing.add_annotation(layer, working_copy.free_name(layer, "b"), "landmark")


def add(layer: Points, dice: random.Random) -> None:
    editing.choose_annotation(layer, name_in(layer, dice))
    editing.add_point(layer, place(dice))


def drag_with_napari(layer: Points, dice: random.Random) -> None:
    data = np.array(layer.data)
    data[point_in(layer, dice)] = place(dice)
    layer.data = data


def delete_with_napari(layer: Points, dice: random.Random) -> None:
    layer.selected_data = {point_in(layer, dice)}
    layer.remove_selected()


def paste_with_napari(layer: Points, dice: random.Random) -> None:
    layer.selected_data = {point_in(layer, dice)}
    layer._copy_data()
    layer._paste_data()


def type_into_the_table(layer: Points, dice: random.Random) -> None:
    features = layer.features.copy()
    features.loc[point_in(layer, dice), "annotation"] = f"t{dice.random()}"
    layer.features = features


EDITS: dict[str, Callable[[Points, random.Random], Any]] = {
    "new": new,
    "add": add,
    "move": lambda x, dice: editing.move_point(x, point_in(x, dice), place(dice)),
    "take": lambda x, dice: editing.remove_points(x, [point_in(x, dice)]),
    "delete": lambda x, dice: editing.remove_annotations(x, [name_in(x, dice)]),
    "rename": lambda x, dice: editing.rename_annotation(
        x, name_in(x, dice), f"n{dice.random()}"
    ),
    "retype": lambda x, dice: editing.retype_annotations(
        x, [name_in(x, dice)], f"t{dice.random()}"
    ),
    "template": lambda x, dice: editing.put_points(
        x, {name_in(x, dice): [place(dice)], "p": [place(dice)]}, "probe_track", "put"
    ),
    "import": lambda x, dice: editing.add_drafts(
        x, [Draft("i", "injection", np.array([place(dice)]))]
    ),
    "napari adds": lambda x, dice: x.add(place(dice)),
    "napari drags": drag_with_napari,
    "napari deletes": delete_with_napari,
    "napari pastes": paste_with_napari,
    "table": type_into_the_table,
    "undo": lambda x, dice: history_of(x).undo(),
    "redo": lambda x, dice: history_of(x).redo(),
}


def said_in(folder: Path) -> list[tuple[str, str, Any, Any]] | None:
    """What a start after kill -9 would read; None where there is nothing to keep."""
    paths = list(folder.glob("*.jsonl"))
    if not paths:
        return None
    entry, _ = read_lines(ANNOTATIONS, paths[0].read_bytes())
    assert entry is not None
    return contents(entry.state.edited)


def contents(drafts: Any) -> list[tuple[str, str, Any, Any]]:
    return [(d.name, d.type, d.annotation_id, d.points.tolist()) for d in drafts]


@settings(
    max_examples=5,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(st.permutations(sorted(EDITS)), st.integers(0, 2**32))
def test_every_kind_of_edit_is_in_the_journal_when_it_is_done(
    tmp_path: Path, kinds: list[str], seed: int
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))  # a failing example is tried twice
    viewer, dice, journals = ViewerModel(), random.Random(seed), AtOnce(folder)
    following = LayerJournals(journals, viewer)  # type: ignore[arg-type]
    lab = ("mysql://me@server:3306", "lab_data", None)
    source = LayerSource(working_copy.SOURCE_KIND, KEY, ROWS, lab)
    space = layer_space("ZYX", (50.0, 10.0, 10.0))
    layer = Layer.create(
        *working_copy.annotation_layer(ROWS, space, (40, 50, 60), source, "a")
    )
    assert isinstance(layer, Points)
    viewer.add_layer(layer)
    viewer.dims.ndisplay = 3  # napari 0.9 pastes nothing in slices: it raises
    history_of(layer)
    for kind in kinds:
        if not len(layer.data):
            layer.add(place(dice))
        before = contents(working_copy.drafts(layer))
        EDITS[kind](layer, dice)
        after = contents(working_copy.drafts(layer))
        assert after != before or kind in ("undo", "redo"), kind
        said = said_in(folder)
        assert said == after or (said is None and after == contents(ROWS)), kind
        assert contents(history_of(layer).state) == after, kind
    viewer.layers.remove(layer)
    del following
