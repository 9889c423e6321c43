"""The built demo lab: rows in every table, files behind them, pixels that are true."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from labdata_napari.core.track_regions import regions_along
from labdata_napari.core.transform import plan
from labdata_napari.demo.motion import FRAME_RATE
from labdata_napari.demo.regions import REGIONS, region
from labdata_napari.lab.atlas_choice import known_atlas
from labdata_napari.lab.atlases import find_atlas, lab_regions, open_found
from labdata_napari.lab.copying import md5
from labdata_napari.lab.entries import KINDS

if TYPE_CHECKING:
    from labdata_napari.demo import DemoTruth
    from labdata_napari.demo.brain import BrainTruth
    from labdata_napari.lab.lab import Lab


def all_tables(lab: Lab) -> dict[str, Any]:
    from labdata_napari.schema.template import parts_of

    found = {}
    for name in lab.tables.names:
        master = getattr(lab, name)
        found[name] = master
        found |= {f"{name}.{part}": getattr(master, part) for part in parts_of(master)}
    return found


def test_every_table_has_rows(demo_lab: Lab) -> None:
    counts = {name: len(table()) for name, table in all_tables(demo_lab).items()}
    assert len(counts) == 88
    assert [name for name, count in counts.items() if not count] == []


def test_every_file_row_has_its_file(demo_lab: Lab) -> None:
    rows = [*demo_lab.File.to_dicts(), *demo_lab.AnalysisFile.to_dicts()]
    assert len(rows) == 12
    for row in rows:
        path = demo_lab.files.locate(row["file_path"], row["storage"])
        assert path.stat().st_size == row["file_size"]
        assert md5(path) == row["file_md5"]


def test_there_is_an_entry_of_every_kind_and_all_are_local(demo_lab: Lab) -> None:
    entries = demo_lab.entries.find()
    assert {entry.kind for entry in entries} == set(KINDS)
    assert {entry.local for entry in entries if entry.file_path} == {True}
    span = max(e.session_datetime for e in entries if e.session_datetime) - min(
        e.session_datetime for e in entries if e.session_datetime
    )
    assert span.days > 150
    assert len(demo_lab.Subject()) == 3


def test_recordings_open_with_the_shapes_of_the_truth(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    for brain in demo_truth.brains:
        stack = demo_lab.brains.open(brain.key)
        assert stack.shape == brain.shape
        assert stack.um_per_pixel == pytest.approx(brain.um_per_pixel)
        assert stack.channel_names == brain.channel_names
    for kind, truth in (
        ("Widefield", demo_truth.widefield),
        ("TwoPhoton", demo_truth.two_photon),
        ("Miniscope", demo_truth.miniscope),
    ):
        stack = demo_lab.recordings.open(kind, truth.key)
        assert stack.shape == truth.shape
        assert stack.frame_rate == truth.frame_rate
        assert stack.um_per_pixel == pytest.approx(truth.um_per_pixel)
    video = demo_lab.recordings.open("DatasetVideo", demo_truth.pose.key)
    assert video.shape == (demo_truth.pose.n_frames, 480, 640, 3)
    assert video.frame_rate == pytest.approx(FRAME_RATE)


@pytest.mark.parametrize("number", [0, 1])
def test_dye_is_where_the_truth_says(
    demo_lab: Lab, demo_truth: DemoTruth, number: int
) -> None:
    brain: BrainTruth = demo_truth.brains[number]
    dye = np.asarray(demo_lab.brains.open(brain.key).channel(1)).astype(float)
    for track in brain.tracks:
        on = brain.pixels(track.points_um(40)[2:-2]).T
        aside = on + np.array([[0], [0], [400 / brain.um_per_pixel[2]]])
        bright = map_coordinates(dye, on, order=1)
        assert np.median(bright) > 3 * np.median(map_coordinates(dye, aside, order=1))


def test_the_annotated_track_lies_on_the_dye_of_the_transform(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    stack = demo_lab.brains.open_transform(demo_truth.transform_key)
    dye = np.asarray(stack.channel(1)).astype(float)
    found = demo_lab.brains.load_annotations(demo_truth.transform_key)
    tracks = [a for a in found.annotations if a.type == "probe_track"]
    assert [a.name for a in tracks] == ["NP1-0417_shank0"]
    on = tracks[0].points[1:-1].T
    aside = on + np.array([[0], [0], [4]])
    bright = map_coordinates(dye, on, order=1)
    assert np.median(bright) > 3 * np.median(map_coordinates(dye, aside, order=1))
    [truth] = [t for t in demo_truth.brains[0].tracks if t.annotated]
    um = np.array(stack.um_per_pixel)
    length = np.linalg.norm((tracks[0].points[-1] - tracks[0].points[0]) * um)
    assert length == pytest.approx(truth.length_um, rel=0.01)
    left = [t.name for t in demo_truth.brains[0].tracks if not t.annotated]
    assert left == [f"NP24-2211_shank{n}" for n in range(4)]


def test_the_transform_is_what_the_lab_itself_computes(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    from labdata_napari.core.resample import slabs
    from labdata_napari.core.transform import plan

    [record] = demo_lab.brains.transforms(demo_truth.transform_key)
    assert record.computed
    assert record.local
    assert record.annotations == 1 + len(demo_truth.brains[0].landmarks)
    source = demo_lab.brains.open(demo_truth.transform_key)
    made = plan(source.shape, source.um_per_pixel, record.parameters)
    again = np.concatenate(list(slabs(source, made)))
    stored = np.asarray(demo_lab.brains.open_transform(demo_truth.transform_key)[:])
    np.testing.assert_array_equal(stored, again)


def test_the_transform_makes_the_brain_straight(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    from labdata_napari.core.transform import plan

    brain = demo_truth.brains[0]
    [record] = demo_lab.brains.transforms(brain.key)
    source = demo_lab.brains.open(brain.key)
    made = plan(source.shape, source.um_per_pixel, record.parameters)
    # one step along each axis of the result, as a direction in the brain
    um = np.array(source.um_per_pixel)
    steps = (made.affine[:3, :3] * um[:, None]).T @ brain.pose.matrix.T
    directions = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(directions), np.eye(3), atol=0.02)


def test_labels_are_true_and_their_frames_are_the_videos(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    pose = demo_truth.pose
    labels = demo_lab.PoseEstimationLabelSet.Label.to_dicts()
    expected = len(pose.labelled_frames) * len(pose.labels)
    assert len(labels) == expected - len(pose.unlabelled)
    for row in labels[::7]:
        x, y = pose.xy[row["frame_num"], pose.labels.index(row["label_name"])]
        assert (row["x"], row["y"]) == pytest.approx((x, y), abs=1e-3)
    video = demo_lab.recordings.open("DatasetVideo", pose.key)
    frames = demo_lab.PoseEstimationLabelSet.Frame.to_dicts(order_by="frame_num")
    assert tuple(row["frame_num"] for row in frames) == pose.labelled_frames
    for row in frames[::3]:
        np.testing.assert_array_equal(row["frame"], video[row["frame_num"]])


def test_the_widefield_ring_runs_at_its_speed(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    truth = demo_truth.widefield
    stack = demo_lab.recordings.open("Widefield", truth.key)
    start = truth.stimulus_frames[0]
    rest = np.asarray(stack[start - 8 : start - 2, 0], float).mean(axis=0)
    y, x = np.indices(rest.shape)
    away = np.hypot(y - truth.source[0], x - truth.source[1])
    # bright cortex of the left hemisphere, near the source
    seen = (rest > 500) & (x < 110) & (away < 55)
    for after in (5, 8):
        change = (np.asarray(stack[start + after, 0], float) - rest) / rest
        rings = [change[seen & (np.abs(away - r) < 2)].mean() for r in range(3, 50)]
        expected = truth.speed * (after / truth.frame_rate - truth.delay_s)
        assert 3 + int(np.argmax(rings)) == pytest.approx(expected, abs=4)


def test_widefield_projections_are_those_of_the_frames(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    key = demo_truth.widefield.key
    frames = np.asarray(demo_lab.recordings.open("Widefield", key)[:], np.float64)
    rows = (demo_lab.Widefield.Projection & key).to_dicts()
    found = {row["proj_name"]: row["proj"] for row in rows}
    assert set(found) == {"mean", "std", "var", "max"}
    for name, proj in found.items():
        expected = getattr(frames, name)(axis=0)
        np.testing.assert_allclose(proj, expected, rtol=1e-3, atol=0.05)


def test_cells_flash_when_the_truth_says(demo_lab: Lab, demo_truth: DemoTruth) -> None:
    truth = demo_truth.two_photon
    stack = demo_lab.recordings.open("TwoPhoton", truth.key)
    busiest = np.argsort(truth.events.sum(axis=0))[-5:]
    for cell in busiest:
        plane, y, x = truth.centres[cell].round().astype(int)
        film = np.asarray(stack[:, plane, 0, y - 4 : y + 5, x - 4 : x + 5], float)
        trace = film.mean(axis=(1, 2))
        assert np.corrcoef(trace, truth.dff[:, cell])[0, 1] > 0.8


def test_streams_are_tied_by_pulses_with_the_planted_drift(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    [tie] = demo_lab.StreamSync.to_dicts()
    lines = demo_lab.DatasetEvents.Digital.to_dicts()

    def times(dataset: str, stream: str, event: str) -> Any:
        wanted = (tie["session_name"], dataset, stream, event)
        [row] = [
            r
            for r in lines
            if (r["session_name"], r["dataset_name"], r["stream_name"], r["event_name"])
            == wanted
        ]
        return row["event_timestamps"]

    theirs = times(tie["dataset_name"], tie["stream_name"], tie["event_name"])
    ours = times(tie["clock_dataset"], tie["clock_stream"], tie["clock_stream_event"])
    drift, offset = np.polyfit(ours, theirs, 1)
    assert offset == pytest.approx(demo_truth.spikes.task_clock[0], abs=1e-6)
    assert drift - 1 == pytest.approx(demo_truth.spikes.task_clock[1], rel=1e-3)
    # and the tables undo it: every line of the task lands on the recording's own
    session = {"session_name": tie["session_name"]}
    rows = (demo_lab.DatasetEvents.Digital & session).fetch_synced()
    synced = {(row["stream_name"], row["event_name"]): row for row in rows}
    for event in ("sync", "stimulus", "reward"):
        task, clock = synced["bpod", event], synced["nidq", event]
        off = task["event_timestamps"] - clock["event_timestamps"]
        assert abs(off).max() < 1e-6


def test_units_hold_the_planted_spikes(demo_lab: Lab, demo_truth: DemoTruth) -> None:
    rows = demo_lab.SpikeSorting.Unit.to_dicts()
    assert len(rows) == len(demo_truth.spikes.units)
    for row in rows:
        expected = demo_truth.spikes.spike_samples[row["unit_id"]]
        np.testing.assert_array_equal(row["spike_times"], expected)
        assert row["spike_times"].dtype == np.uint64


def test_regions_of_the_probe_are_in_anatomical_order(demo_lab: Lab) -> None:
    rows = demo_lab.ProbeBrainRegion.to_dicts()
    top = {row["region_acronym"]: row["max_depth"] for row in rows}
    assert top["CTX"] > top["fiber"] > top["HPF"] > top["TH"]


def test_the_demo_has_an_atlas_its_brain_lies_in(
    demo_lab: Lab, demo_truth: DemoTruth
) -> None:
    choice = known_atlas(demo_lab, demo_truth.transform_key)
    assert choice is not None
    assert choice.mapping is not None
    names = lab_regions(demo_lab, str(choice.lab_atlas))
    atlas = open_found(find_atlas(str(choice.atlas), demo_lab.url), names)
    assert max(atlas.regions, key=lambda r: r.id).id > 65535
    brain, transform = demo_truth.brains[0], demo_truth.transform_key
    stored = demo_lab.brains.load_transform_parameters(transform)
    made = plan(brain.shape, brain.um_per_pixel, stored)
    track = brain.tracks[1]
    path = made.points_to_result(brain.pixels(track.points_um(2)))
    found = regions_along(
        atlas, choice.mapping, path, made.um_per_pixel_out, to=1, from_surface=True
    )
    # against the formulas of the brain itself, within two voxels of the atlas
    mm = brain.pose.to_brain(track.points_um(400)).astype(np.float32)
    acronyms = np.array(REGIONS)[region(*mm.T)]
    truth = [name for name, _ in itertools.groupby(acronyms) if name != "outside"]
    assert [i.acronym for i in found.in_brain] == truth
    assert found.length_um == pytest.approx(track.length_um, abs=500)
    first = np.flatnonzero(acronyms == "TH")[0] / 400 * track.length_um
    thalamus = next(i for i in found.intervals if i.acronym == "TH")
    assert found.length_um - thalamus.entry_um == pytest.approx(
        track.length_um - first, abs=2 * atlas.resolution_um[0]
    )
