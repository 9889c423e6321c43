"""The journal: what a window left unsaved is found, whatever ended it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.draft import Draft, drafts_of
from labdata_napari.errors import InvalidValue, UnreadableFile, WriteRefused
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.journal_writer import JournalWriter
from small_disk import on_a_small_disk

KEY = {"subject_name": "M1", "dataset_name": "brain", "transform_id": 0}
TARGET = Target("mysql://ann@host:3306", "lab_data", None, "Annotation", KEY)
ROWS = AnnotationSet(
    (
        Annotation("probe 1", "probe_track", [[1.0, 2.0, 3.0]], 0),
        Annotation("lesion", "injection", [[4.5, 5.0, 6.0], [7.0, 8.0, 9.0]], 1),
    )
)


def added(*drafts: Draft) -> tuple[Draft, ...]:
    return (*drafts_of(ROWS), *drafts)


def draft(name: str, *points: list[float]) -> Draft:
    return Draft(name, "probe_track", np.array(points, float).reshape(-1, 3))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home é" / "journal"


def journal_of(folder) -> Journal:
    return Journal(folder, TARGET, ANNOTATIONS)


def left(folder, *states) -> None:
    """A window that recorded states and then went away."""
    journal = journal_of(folder)
    for edited in states:
        journal.record(edited, ROWS)
    journal.close()


def file_of(folder):
    (path,) = folder.glob("*.jsonl")
    return path


def names(recovered) -> list[str]:
    return [d.name for d in recovered.state.edited]


def test_what_was_recorded_last_is_recovered_exactly(folder):
    points = [[0.1 + 0.2, 1e-17, 3.0], [np.pi, 5.0, 6.0]]
    left(folder, added(draft("a", [1, 1, 1])), added(draft("a", *points)))
    recovered = journal_of(folder).recover()
    assert recovered is not None
    assert names(recovered) == ["probe 1", "lesion", "a"]
    np.testing.assert_array_equal(recovered.state.edited[2].points, points)
    assert recovered.state.baseline == ROWS
    assert abs(recovered.when.timestamp() - time.time()) < 60
    assert [a.name for a in recovered.state.changes_for(ROWS).added] == ["a"]


def test_what_an_earlier_version_wrote_is_read(folder):
    folder.mkdir(parents=True)
    lines = (
        '{"format":"labdata-napari journal","version":1,"target":{}}',
        '{"when":"2026-11-28T12:00:00+00:00","annotations":[{"name":"a","type":"t",'
        '"id":0,"points":[[1.0,2.0,3.0]]}],"baseline":[]}',
        '{"when":"2026-11-28T12:00:01+00:00","annotations":["a",{"name":"b",'
        '"type":"","id":null,"points":[]}]}',
    )
    (folder / f"{TARGET.stem}-1-a.jsonl").write_text("\n".join(lines) + "\n")
    recovered = journal_of(folder).recover()
    assert names(recovered) == ["a", "b"]
    assert [a.name for a in recovered.state.changes_for(AnnotationSet()).added] == ["a"]


def test_moved_renamed_retyped_deleted_and_reordered_come_back(folder):
    first, second = drafts_of(ROWS)
    renamed = Draft("Läsion 病变 🧠", "x", second.points, second.annotation_id)
    moved = Draft(first.name, first.type, first.points + 1, first.annotation_id)
    left(folder, (moved, second), (moved, renamed), (renamed, moved), (renamed,))
    recovered = journal_of(folder).recover()
    changes = recovered.state.changes_for(ROWS)
    assert [a.name for a in changes.removed] == ["probe 1"]
    assert [c.after.name for c in changes.changed] == ["Läsion 病变 🧠"]


def test_a_name_without_points_is_kept_too(folder):
    left(folder, added(draft("to come")))
    recovered = journal_of(folder).recover()
    assert recovered.state.edited[2].points.shape == (0, 3)
    assert [d.name for d in recovered.state.names_for(ROWS.names)] == ["to come"]
    assert not recovered.state.changes_for(ROWS)


def test_what_the_table_would_refuse_is_kept_and_made_to_fit(folder):
    broken = draft("x" * 50, [np.nan, 1, 1], [2, 2, 2])
    left(folder, added(broken))
    recovered = journal_of(folder).recover()
    (new,) = recovered.state.changes_for(ROWS).added
    assert new.name == "x" * 36
    np.testing.assert_array_equal(new.points, [[2, 2, 2]])


def test_nothing_unsaved_leaves_no_file(folder):
    journal = journal_of(folder)
    journal.record(drafts_of(ROWS), ROWS)
    assert not folder.exists()
    journal.record(added(draft("a", [1, 1, 1])), ROWS)
    assert len(list(folder.iterdir())) == 2  # the file and its lock
    journal.record(drafts_of(ROWS), ROWS)
    assert list(folder.iterdir()) == []
    journal.record(added(draft("b", [1, 1, 1])), ROWS)
    journal.clear()
    assert list(folder.iterdir()) == []


def test_a_line_cut_short_is_ignored(folder):
    left(folder, added(draft("a", [1, 1, 1])), added(draft("b", [1, 1, 1])))
    path = file_of(folder)
    path.write_bytes(path.read_bytes()[:-20])
    recovered = journal_of(folder).recover()
    assert names(recovered)[-1] == "a"
    assert recovered.problem == ""


def test_any_cut_gives_one_of_the_states_or_none(folder):
    left(folder, *(added(draft(f"a{n}", [n, n, n])) for n in range(4)))
    path = file_of(folder)
    whole = path.read_bytes()
    seen = set()
    for size in (*range(0, len(whole), 7), len(whole)):
        path.write_bytes(whole[:size])
        journal = journal_of(folder)
        recovered = journal.recover()
        seen.add(names(recovered)[-1] if recovered else None)
        journal.close()
    assert seen == {None, "a0", "a1", "a2", "a3"}
    assert not list(folder.glob("*.damaged"))


def test_zeros_after_a_power_cut_are_ignored(folder):
    left(folder, added(draft("a", [1, 1, 1])))
    with open(file_of(folder), "ab") as stream:
        stream.write(b"\0" * 4096)
    assert names(journal_of(folder).recover())[-1] == "a"


def test_a_damaged_file_gives_what_is_before_and_is_set_aside(folder):
    left(folder, *(added(draft(f"a{n}", [n, n, n])) for n in range(3)))
    path = file_of(folder)
    lines = path.read_bytes().split(b"\n")
    lines[2] = b"\xff garbage"
    path.write_bytes(b"\n".join(lines))
    journal = journal_of(folder)
    recovered = journal.recover()
    assert names(recovered)[-1] == "a0"
    assert "damaged" in recovered.problem
    journal.dismiss(recovered)
    assert path.with_suffix(".damaged").read_bytes() == b"\n".join(lines)
    assert not path.exists()


def test_a_file_that_is_no_journal_is_set_aside_with_a_sentence(folder):
    left(folder, added(draft("a", [1, 1, 1])))
    path = file_of(folder)
    path.write_bytes(b"something else\nentirely\n")
    with pytest.raises(UnreadableFile, match="set aside"):
        journal_of(folder).recover()
    assert path.with_suffix(".damaged").read_bytes() == b"something else\nentirely\n"
    assert journal_of(folder).recover() is None


def test_two_windows_write_apart_and_neither_is_offered_the_others_open_work(folder):
    one, two = (
        journal_of(folder),
        journal_of(folder),
    )
    one.record(added(draft("one", [1, 1, 1])), ROWS)
    two.record(added(draft("two", [2, 2, 2])), ROWS)
    assert one.recover() is None
    assert two.recover() is None
    two.close()
    recovered = one.recover()
    assert names(recovered)[-1] == "two"
    one.dismiss(recovered)
    one.close()
    assert names(journal_of(folder).recover())[-1] == "one"


def test_what_is_offered_to_one_window_is_not_offered_to_another(folder):
    left(folder, added(draft("a", [1, 1, 1])))
    first, second = (
        journal_of(folder),
        journal_of(folder),
    )
    assert first.recover() is not None
    assert second.recover() is None
    first.close()
    assert second.recover() is not None


def test_several_files_are_offered_newest_first(folder):
    left(folder, added(draft("older", [1, 1, 1])))
    left(folder, added(draft("newer", [1, 1, 1])))
    journal = journal_of(folder)
    found = [journal.recover(), journal.recover()]
    assert [names(r)[-1] for r in found] == ["newer", "older"]
    journal.adopt(found[0], found[0].state.edited, ROWS)
    journal.dismiss(found[1])
    journal.close()
    assert names(journal_of(folder).recover())[-1] == "newer"


def test_another_target_is_not_mixed_up(folder):
    left(folder, added(draft("a", [1, 1, 1])))
    for other in (
        Target(TARGET.url, "lab_data", None, "Annotation", {**KEY, "transform_id": 1}),
        Target(TARGET.url, "lab_data", "pro", "Annotation", KEY),
        Target("mysql://ann@other:3306", "lab_data", None, "Annotation", KEY),
    ):
        assert Journal(folder, other, ANNOTATIONS).recover() is None
    numbers = {**KEY, "transform_id": np.int64(0)}
    same = Target(TARGET.url, "lab_data", None, "Annotation", numbers)
    assert Journal(folder, same, ANNOTATIONS).recover() is not None


def test_the_file_names_its_target_and_no_secret(folder):
    url = "mysql://ann:hunter2@host:3306"
    target = Target(url, "lab_data", None, "Annotation", KEY)
    assert "hunter2" not in repr(target)
    journal = Journal(folder, target, ANNOTATIONS)
    journal.record(added(draft("a", [1, 1, 1])), ROWS)
    text = file_of(folder).read_text()
    assert "hunter2" not in text
    first = json.loads(text.splitlines()[0])
    assert first["target"]["url"] == "mysql://ann@host:3306"
    assert first["target"]["key"] == KEY
    assert target.stem == TARGET.stem
    if os.name == "posix":
        assert file_of(folder).stat().st_mode & 0o077 == 0
    with pytest.raises(InvalidValue):
        Target("nonsense", "lab_data", None, "Annotation", KEY)


def test_a_long_session_stays_short_on_disk(folder):
    journal = journal_of(folder)
    points = np.random.default_rng(0).random((500, 3)).tolist()
    for n in range(150):
        journal.record(added(draft("a", *points, [n, n, n])), ROWS)
    assert file_of(folder).stat().st_size < 1_200_000
    assert not list(folder.glob("*.part"))
    journal.close()
    recovered = journal_of(folder).recover()
    np.testing.assert_array_equal(recovered.state.edited[2].points[-1], [149] * 3)


def test_only_what_changed_is_written(folder):
    journal = journal_of(folder)
    many = draft("many", *np.random.default_rng(0).random((2000, 3)).tolist())
    journal.record(added(many), ROWS)
    before = file_of(folder).stat().st_size
    journal.record(added(many, draft("one", [1, 1, 1])), ROWS)
    assert file_of(folder).stat().st_size - before < 300


FILLING = """
import sys
from pathlib import Path
import numpy as np
from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.draft import Draft
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_target import Target

folder = Path(sys.argv[1])
target = Target("embedded:", "lab_data", None, "Annotation", {"subject_name": "M1"})
journal = Journal(folder / "journal", target, ANNOTATIONS)
def state(n):
    return [Draft("a", "", np.full((n, 3), 1 / 3))]
journal.record(state(3), AnnotationSet())
filler = open(folder / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(bytes(4096))
except OSError:
    pass
try:
    journal.record(state(5000), AnnotationSet())
except WriteRefused as error:
    print(error)
filler.truncate(0)
journal.record(state(4), AnnotationSet())
journal.close()
recovered = Journal(folder / "journal", target, ANNOTATIONS).recover()
print(len(recovered.state.edited[0].points))
"""


def test_a_full_disk_is_told_and_leaves_the_file_readable(tmp_path):
    told, count = on_a_small_disk(1, tmp_path, "-c", FILLING, str(tmp_path)).split(
        "\n"
    )[:2]
    assert "No space left" in told
    assert "save to the lab often" in told
    assert count == "4"


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "journal").write_text("a file in the way")
    with pytest.raises(WriteRefused, match="cannot be kept"):
        journal_of(tmp_path / "journal").record(added(draft("a", [1, 1, 1])), ROWS)


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.draft import Draft
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_target import Target
from labdata_napari.lab.journal_writer import JournalWriter

target = Target("mysql://ann@host:3306", "lab_data", None, "Annotation",
    {"subject_name": "M1", "dataset_name": "brain", "transform_id": 0})
journal = Journal(Path(sys.argv[1]), target, ANNOTATIONS)
writer = JournalWriter(print)
n = 0
while True:
    n += 1
    writer.record(journal, [Draft("a", "", np.full((n, 3), float(n)))], AnnotationSet())
    if n % 10 == 0:
        time.sleep(0.3)
        print(n, flush=True)
    time.sleep(0.001)
"""


def test_a_killed_process_loses_at_most_the_last_moment(folder):
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    )
    written = [int(child.stdout.readline()) for _ in range(3)][-1]
    child.send_signal(signal.SIGKILL)
    child.wait()
    recovered = journal_of(folder).recover()
    (only,) = recovered.state.edited
    assert len(only.points) >= written
    np.testing.assert_array_equal(only.points, float(len(only.points)))


@pytest.mark.alone
def test_the_writer_returns_at_once_and_close_leaves_nothing_unwritten(folder):
    journal, writer = journal_of(folder), JournalWriter(pytest.fail)
    slowest = 0.0
    for n in range(200):
        start = time.perf_counter()
        writer.record(journal, added(draft("a", [n, n, n])), ROWS)
        slowest = max(slowest, time.perf_counter() - start)
    writer.close()
    assert slowest < 0.05  # a loaded machine; usually 0.1 ms
    recovered = journal_of(folder).recover()
    np.testing.assert_array_equal(recovered.state.edited[2].points, [[199] * 3])


def test_the_writer_tells_once_until_it_can_write_again(tmp_path):
    folder = tmp_path / "journal"
    folder.write_text("in the way")
    told: list[str] = []
    journal, writer = journal_of(folder), JournalWriter(told.append)

    def edit(n: int) -> None:
        written = threading.Event()
        writer.record(journal, added(draft("a", [n, n, n])), ROWS)
        writer.run(journal, lambda: None, done=lambda _: written.set())
        assert written.wait(5)

    edit(1)
    edit(2)
    assert len(told) == 1
    folder.unlink()
    edit(3)
    writer.close()
    assert len(told) == 1
    recovered = journal_of(folder).recover()
    np.testing.assert_array_equal(recovered.state.edited[2].points, [[3] * 3])
