"""Random edits, killed at random moments, while somebody else writes: nothing is lost.

One process edits a layer at random (undo, redo and saves among it) and journals every
edit as the dock does; it is killed with SIGKILL. Another one saves annotations to the
same transform all the while. What the journal gives back on top of the rows is then
exactly what the first had, and all of what the second had.

Environment
-----------
LABDATA_NAPARI_EDIT_SEQUENCES
    How many sequences are tried; 3 when not given.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from napari.layers import Layer, Points

from killing import might_be, process, told_until
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.annotation_merging import merged
from labdata_napari.core.draft import pointless
from labdata_napari.errors import WriteConflict
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_target import Target
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.history import history_of
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.settling import restore, settle
from labdata_napari.layers.source import LayerSource, source_of
from labs import add_brain, add_transform, postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="forks and kills the POSIX way"
)
SEQUENCES = int(os.environ.get("LABDATA_NAPARI_EDIT_SEQUENCES", "3"))
EDITS = ("new", "point", "move", "take", "delete", "rename", "undo", "redo", "save")
State = dict[str, list[list[float]]]


def layer_of(rows: AnnotationSet, key: dict[str, Any]) -> Points:
    source = LayerSource(working_copy.SOURCE_KIND, key, rows)
    space = layer_space("ZYX", (50.0, 10.0, 10.0))
    made = Layer.create(
        *working_copy.annotation_layer(rows, space, (40, 200, 300), source, "a")
    )
    assert isinstance(made, Points)
    return made


def state_of(annotations: Any, letter: str) -> State:
    """Points by name, of the annotations of one of both."""
    return {
        a.name: a.points.tolist()
        for a in annotations
        if a.name.startswith(letter) and len(a.points)
    }


def edit(layer: Points, what: str, dice: random.Random) -> None:
    """Edit an own annotation, where there is one."""
    own = [e.name for e in working_copy.roster(layer) if e.name.startswith("a")]
    history = history_of(layer)
    name = dice.choice(own) if own else ""
    place = [dice.random() * 40 for _ in "zyx"]
    if what == "undo":
        history.undo()
    elif what == "redo":
        history.redo()
    elif what == "new":
        with history.edit("new"):
            editing.add_annotation(layer, f"a{dice.randrange(10**9)}", "probe_track")
            editing.choose_annotation(layer, working_copy.roster(layer)[-1].name)
            editing.add_point(layer, place)
    elif what in ("point", "move", "take") and name:
        indices = editing.indices_of(layer, name)
        if what == "point" or not indices:
            editing.choose_annotation(layer, name)
            editing.add_point(layer, place)
        elif what == "move":
            editing.move_point(layer, dice.choice(indices), place)
        else:
            editing.remove_points(layer, [dice.choice(indices)])
    elif what == "delete" and name:
        editing.remove_annotations(layer, [name])
    elif what == "rename" and name:
        editing.rename_annotation(layer, name, f"a{dice.randrange(10**9)}")


def save(layer: Points, lab: Any, key: dict[str, Any]) -> None:
    """Save as the dock does, mine on top of theirs."""
    while True:
        baseline = source_of(layer).baseline
        edited = working_copy.annotations_from_layer(layer)
        try:
            changes = lab.brains.save_annotations(key, baseline, edited)
        except WriteConflict as conflict:
            on_top = merged(baseline, edited, conflict.theirs)
            settle(layer, on_top, conflict.theirs)
            continue
        editing.adopt_saved(layer, baseline.saved(changes))
        return


def annotate(
    tell: Callable[[str, Any], None],
    lab: Any,
    key: dict[str, Any],
    folder: Path,
    edits: list[str],
    seed: int,
) -> None:
    """Edit, journal and tell; in a process that is killed."""
    dice = random.Random(seed)
    layer = layer_of(lab.brains.load_annotations(key), key)
    journal = Journal(folder, target(key), ANNOTATIONS)
    for what in edits:
        if what == "save":
            save(layer, lab, key)
        else:
            edit(layer, what, dice)
        drafts = working_copy.drafts(layer)
        tell("will", state_of(drafts, "a"))
        journal.record(drafts, source_of(layer).baseline)
        tell("did", state_of(drafts, "a"))
    tell("end", None)
    time.sleep(60)


def write_beside(
    tell: Callable[[str, Any], None], lab: Any, key: dict[str, Any], seed: int
) -> None:
    """Add, move and remove annotations of one's own, whatever others do."""
    dice = random.Random(seed)
    own: State = {}
    for number in range(4):
        rows = lab.brains.load_annotations(key)
        name = dice.choice([*own, f"b{number}", f"b{number}"])
        points = [[dice.random() * 40 for _ in "zyx"] for _ in range(2)]
        gone = name in own and dice.random() < 0.4
        while True:
            if gone:
                edited = rows.removed(name)
            elif name in rows.names:
                edited = rows.with_points(name, points)
            else:
                edited = rows.with_added(Annotation(name, "injection", points))
            try:
                lab.brains.save_annotations(key, rows, edited)
            except WriteConflict as conflict:
                rows = conflict.theirs
                continue
            break
        own.pop(name, None)
        if not gone:
            own[name] = points
    tell("did", own)


def target(key: dict[str, Any]) -> Target:
    kind = working_copy.SOURCE_KIND
    return Target("mysql://me@server:3306", "lab_data", None, kind, key)


@postgresql
def test_nothing_is_lost_whenever_the_program_is_killed(
    lab: Any, connect_again: Callable[..., Any], tmp_path: Path
) -> None:
    key = add_transform(lab, add_brain(lab))
    folder = tmp_path / "journal"

    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # a kill comes at no moment twice
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(st.sampled_from(EDITS), min_size=4, max_size=30),
        st.integers(0, 30),
        st.floats(0, 0.01),
        st.integers(0, 2**32),
    )
    def check(edits: list[str], count: int, pause: float, seed: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        rows = lab.brains.load_annotations(key)
        empty = AnnotationSet()
        lab.brains.save_annotations(key, rows, empty)

        def annotating(tell: Any) -> None:
            annotate(tell, connect_again(), key, folder, ["new", *edits], seed)

        def writing(tell: Any) -> None:
            write_beside(tell, connect_again(), key, seed)

        with process(annotating) as (one, told), process(writing) as (_, beside):
            heard = told_until(told, one, count, pause)
            theirs = json.loads(beside.readline())
        assert theirs[0] == "did", theirs

        # the next start: the rows as they are, and what the journal offers for them
        rows = lab.brains.load_annotations(key)
        journal = Journal(folder, target(key), ANNOTATIONS)
        offer = journal.recover()
        layer = layer_of(rows, key)
        if offer is not None:
            restore(layer, offer)
            drafts = working_copy.drafts(layer)
            journal.adopt(offer, drafts, rows)
        mine = state_of(working_copy.drafts(layer), "a")
        assert mine in might_be(heard)
        assert state_of(rows, "b") == theirs[1]

        # saved, rows, layer and journal agree
        save(layer, lab, key)
        journal.record(working_copy.drafts(layer), source_of(layer).baseline)
        journal.close()
        stored = lab.brains.load_annotations(key)
        assert not stored.changes_to(working_copy.annotations_from_layer(layer))
        assert state_of(stored, "a") == mine
        assert state_of(stored, "b") == theirs[1]
        # a name without points is no row: it stays in the journal, and nothing else
        names = {draft.name for draft in pointless(working_copy.drafts(layer))}
        left = Journal(folder, target(key), ANNOTATIONS).recover()
        assert (left is not None) == bool(names)
        if left is not None:
            assert {draft.name for draft in left.state.names_for(())} == names
            assert not left.state.changes_for(stored)

    check()
