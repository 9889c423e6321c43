"""A connection that breaks around COMMIT: save again, and it is written exactly once.

Both ways: the server never heard the COMMIT, or it did and its answer was lost. The
person who saves cannot tell one from the other.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import Keypoint, PoseDraft, State
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import OutcomeUnknown, WriteConflict
from labdata_napari.lab.pose_making import make_whole_set
from labelling import add_video, frames_of, label_set, labels_of, picture
from labs import add_brain, add_dataset, add_transform, rows_everywhere
from relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POINTS = np.array([[1.5, 2.0, 3.25], [4.0, 5.0, 6.0]])
HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))
CUT = TransformParameters(cast="uint8")


class CommitRelay(Relay):
    """A wire that breaks at the next COMMIT once it is armed.

    Attributes
    ----------
    armed
        Whether it breaks at the next one.
    heard
        Whether the server hears the COMMIT, and answers, before it breaks.
    mended
        Set once it broke and takes connections again.
    """

    armed = False
    heard = False

    def __init__(self, *where: Any) -> None:
        self.mended = threading.Event()
        super().__init__(*where)

    def _take(self, source: Any, way: Any, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                if asks and self.armed and b"COMMIT" in data:
                    self.armed = False
                    if self.heard:
                        self._have_answered(way, data)
                    self.drop()
                    self.resume()
                    self.mended.set()
                    return
                self._count(len(data), asks)
                way.put(time.monotonic(), data)
        way.put(time.monotonic(), b"")

    def _have_answered(self, way: Any, data: bytes) -> None:
        """Pass the COMMIT on, and wait for the answer, which goes no further."""
        before = self.traffic.received
        self.blackhole(questions_pass=True)
        way.put(time.monotonic(), data)
        deadline = time.monotonic() + 10
        while self.traffic.received == before and time.monotonic() < deadline:
            time.sleep(0.001)


@pytest.fixture(params=[True, False], ids=["heard", "unheard"])
def relay(lab_place: Any, request: pytest.FixtureRequest) -> Iterator[CommitRelay]:
    parameters = lab_place.parameters
    with CommitRelay(parameters["host"], parameters["port"]) as relay:
        relay.heard = request.param
        yield relay


@pytest.fixture
def far(connect_again: Callable[..., Any], relay: CommitRelay) -> Any:
    """The lab as one reaches it over the wire."""
    return connect_again(host="127.0.0.1", port=relay.port)


Kind = tuple["Callable[[], Any]", "Callable[[], Any]", Any]
"""Something to save over the wire, what another reads of it, and reads in the end."""


def annotations(lab: Any, far: Any) -> Kind:
    key = add_transform(lab, add_brain(lab))
    first = AnnotationSet(tuple(Annotation(n, "track", POINTS) for n in "abc"))
    lab.brains.save_annotations(key, AnnotationSet(), first)
    baseline = lab.brains.load_annotations(key)
    edited = (
        baseline.removed("a")
        .with_points("b", POINTS + 1)
        .with_added(Annotation("d", "lesion", POINTS))
        .with_added(Annotation("e", "lesion", POINTS))
    )

    expected = [(1, "b", 1), (2, "c", 0), (3, "d", 0), (4, "e", 0)]
    return (
        lambda: far.brains.save_annotations(key, baseline, edited),
        lambda: [
            (a.annotation_id, a.name, round(float(a.points[0, 0] - POINTS[0, 0])))
            for a in lab.brains.load_annotations(key)
        ],
        expected,
    )


def parameters(lab: Any, far: Any) -> Kind:
    brain = add_brain(lab)
    number = lab.brains.add_transform_parameters(brain, HALF)
    key = brain | {"transform_id": number}
    return (
        lambda: far.brains.save_transform_parameters(key, HALF, CUT),
        lambda: lab.brains.load_transform_parameters(key),
        CUT,
    )


def new_parameters(lab: Any, far: Any) -> Kind:
    brain = add_brain(lab)
    return (
        lambda: far.brains.add_transform_parameters(brain, CUT),
        lambda: [r.parameters for r in lab.brains.transforms(brain)],
        [CUT],
    )


def labels(lab: Any, far: Any) -> Kind:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    one, two, three = baseline.frames
    edited = (
        baseline.placed(one, "nose", 1, 1)
        .placed(two, "ear", 2, 2)
        .removed(three, "tail")
    )
    return (
        lambda: far.poses.save_labels(number, baseline, edited),
        lambda: lab.poses.load_labels(number).by_place(),
        edited.by_place(),
    )


def draft(lab: Any, far: Any) -> Kind:
    number = label_set(lab)
    for each in (lab, far):  # and each knows that they are there
        each.poses.make_tables()
    baseline = lab.poses.load_draft(number)
    one, two, three = baseline.labels.frames
    places = [(one, "nose"), (two, "tail"), (three, "nose")]
    covered = Keypoint(5, 6, state=State.OCCLUDED)
    edited = baseline.with_keypoints(
        places, [Keypoint(1, 2, source=7), covered, Keypoint(state=State.OCCLUDED)]
    )
    return (
        lambda: far.poses.save_draft(number, baseline, edited),
        lambda: lab.poses.load_draft(number),
        edited,
    )


def frames(lab: Any, far: Any) -> Kind:
    number = lab.poses.create_label_set("for frames")
    keys = frames_of(add_video(lab), range(5))
    images = {key: picture(key.frame_num) for key in keys}
    return (
        lambda: far.poses.add_frames(number, images, labels_of(keys)),
        lambda: lab.poses.load_labels(number),
        labels_of(keys),
    )


def new_label_set(lab: Any, far: Any) -> Kind:
    add_dataset(lab)
    return (
        lambda: far.poses.create_label_set("once", "ana"),
        lambda: len(lab.PoseEstimationLabelSet()),
        1,
    )


def whole_label_set(lab: Any, far: Any) -> Kind:
    for each in (lab, far):
        each.poses.make_tables()
    keys = frames_of(add_video(lab), [1, 2])
    images = {key: picture(key.frame_num) for key in keys}
    skeleton = Skeleton(("tail", "nose"))
    hidden = frozenset({(keys[0], "nose")})
    wanted = PoseDraft(in_order(labels_of(keys), skeleton), hidden)
    return (
        lambda: make_whole_set(far, "whole", "ana", images, wanted, skeleton),
        lambda: [lab.poses.load_set(n) for n in range(len(lab.poses.find()))],
        [(wanted, skeleton)],
    )


def in_order(labels: PoseLabels, skeleton: Skeleton) -> PoseLabels:
    return PoseLabels(skeleton.bodyparts, labels.frames).with_values_of(labels)


def projection(lab: Any, far: Any) -> Kind:
    key = add_dataset(lab, dataset_name="wide")
    shape = {"n_channels": 1, "n_frames": 5, "width": 4, "height": 3}
    row = key | shape | {"frame_rate": 30.0, "imaging_software": "test"}
    lab.Widefield.insert1(row, allow_direct_insert=True)
    image = np.ones((1, 3, 4), np.float32)
    return (
        lambda: far.widefield.save_projection(key, "mean", None, image),
        lambda: {n: p.tolist() for n, p in lab.widefield.projections(key).items()},
        {"mean": image.tolist()},
    )


KINDS = [
    annotations,
    parameters,
    new_parameters,
    labels,
    draft,
    frames,
    new_label_set,
    whole_label_set,
    projection,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_what_is_saved_again_is_there_exactly_once(
    lab: Any, far: Any, relay: CommitRelay, kind: Any
) -> None:
    save, state, expected = kind(lab, far)
    before = state()
    relay.armed = True
    with pytest.raises(OutcomeUnknown):
        save()
    # so the two cases are what they are called
    assert state() == (expected if relay.heard else before)
    assert relay.mended.wait(10)
    far.reconnect()
    answer = save()
    assert state() == expected
    # what a save that meets no loss would have answered, and nothing more to do
    rows = rows_everywhere(lab)
    assert save() == answer
    assert state() == expected
    assert rows_everywhere(lab) == rows


def test_who_changed_it_in_between_is_a_conflict_and_nothing_doubles(
    lab: Any, far: Any, relay: CommitRelay
) -> None:
    key = add_transform(lab, add_brain(lab))
    nothing = AnnotationSet()
    mine = nothing.with_added(Annotation("mine", "", POINTS))
    relay.armed = True
    with pytest.raises(OutcomeUnknown):
        far.brains.save_annotations(key, nothing, mine)
    now = lab.brains.load_annotations(key)
    theirs = now.with_added(Annotation("theirs", "", POINTS))
    lab.brains.save_annotations(key, now, theirs)
    assert relay.mended.wait(10)
    far.reconnect()
    with pytest.raises(WriteConflict) as error:
        far.brains.save_annotations(key, nothing, mine)
    held = error.value.theirs
    # "Keep mine": on top of theirs, and what is there already only once
    merged = held.with_changes(nothing.changes_to(mine))
    far.brains.save_annotations(key, held, merged)
    assert sorted(lab.brains.load_annotations(key).names) == ["mine", "theirs"]
