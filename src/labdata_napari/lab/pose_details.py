"""Label sets with what is known of each label: loaded as drafts, and saved as such.

Places go to labdata's own tables. State, source, user and time go to two tables of
ours (`labdata_napari.lab.pose_tables`) in the same transaction, where the lab has
them; else to a file of this person's own (`labdata_napari.lab.pose_sidecar`), after it.
An embedded lab makes the tables by itself, at the first save that needs them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_detail import details_of, draft_of, holding, now
from labdata_napari.core.pose_draft import State
from labdata_napari.core.pose_merging import merged
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.core.pose_unsaved import unsaved
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import row_of
from labdata_napari.lab.pose_making import make_whole_set
from labdata_napari.lab.pose_sidecar import keep_aside, read_aside
from labdata_napari.lab.pose_tables import (
    are_shared,
    are_written,
    lock_details,
    make_own_tables,
    read_details,
    read_skeleton,
    write_details,
    write_skeleton,
)
from labdata_napari.lab.pose_writing import Also, read_labels, save_labels
from labdata_napari.lab.writing import lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.changes import Changes
    from labdata_napari.core.pose import FrameKey, Label
    from labdata_napari.core.pose_detail import Detail
    from labdata_napari.core.pose_draft import Place, PoseDraft
    from labdata_napari.errors import WriteConflict


def load_labels(lab: Any, num: int) -> PoseLabels:
    """Read the labels of a set.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    num
        Number of the set.

    Returns
    -------
    PoseLabels
        Frames sorted, those without labels included, pixels not; body parts that have
        a label, in the order of the skeleton, by name where it has none.

    Raises
    ------
    NotFound
        When there is no such set.
    """
    labels = _labels(lab, num)
    with translate_errors():
        known = _skeleton(lab, num).with_bodyparts(labels.bodyparts).bodyparts
    there = frozenset(labels.bodyparts)
    names = tuple(name for name in known if name in there)
    if names == labels.bodyparts:
        return labels
    return PoseLabels(names, labels.frames).with_values_of(labels)


def load_draft(lab: Any, num: int) -> PoseDraft:
    """Read a label set as a working copy.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    num
        Number of the set.

    Returns
    -------
    PoseDraft
        Frames sorted; body parts as in the skeleton, those without labels included.

    Raises
    ------
    NotFound
        When there is no such set.
    """
    return load_set(lab, num)[0]


def load_set(lab: Any, num: int) -> tuple[PoseDraft, Skeleton]:
    """Read a label set as a working copy, and how its body parts hang together.

    As `load_draft` and `load_skeleton` do, reading the labels once.
    """
    labels = _labels(lab, num)
    with translate_errors():
        draft = draft_of(labels, _details(lab, num))
        known = _skeleton(lab, num, labels.bodyparts)
    skeleton = known.with_bodyparts(draft.labels.bodyparts)
    order = PoseLabels(skeleton.bodyparts, draft.labels.frames)
    return replace(draft, labels=order.with_values_of(draft.labels)), skeleton


def load_details(lab: Any, num: int) -> dict[Place, Detail]:
    """Tell who saved the labels of a set, when and how, as far as that is known.

    Of labels that another program moved since, nothing is. Parameters and errors as of
    `load_draft`.
    """
    labels = _labels(lab, num)
    with translate_errors():
        return holding(_details(lab, num), labels)


def save_draft(
    lab: Any,
    num: int,
    baseline: PoseDraft,
    edited: PoseDraft,
    images: Mapping[FrameKey, NDArray[Any]] | None = None,
) -> Changes[Label]:
    """Write what changed between two versions of a set, and what is known of it.

    The labels as `Poses.save_labels` does, and with its errors; details of the labels
    that changed in the same transaction, which is of six statements for each 500. A
    label that one person moves and another one hides is both: of state and source, what
    was not changed here stays as others have it. Where two give it different sources,
    the later one counts.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    num
        Number of the set.
    baseline
        What was loaded.
    edited
        What it is to become.
    images
        Pictures of frames that the set does not have yet, as `Poses.add_frames` takes
        them; added in the same transaction.

    Returns
    -------
    Changes
        Of labels, from `baseline` to `edited`.

    Raises
    ------
    WriteConflict, NotFound, InvalidValue, WriteRefused, ConnectionLost
        As `Poses.save_labels`; WriteRefused also when the labels are saved, and the
        file of what is known of them cannot be.
    """
    places = unsaved(baseline, edited).after
    if not places and not images:
        return baseline.labels.changes_to(edited.labels)
    return _save(lab, num, images or {}, baseline, edited, tuple(places))


def add_draft(
    lab: Any, num: int, images: Mapping[FrameKey, NDArray[Any]], draft: PoseDraft
) -> Changes[Label]:
    """Add frames with all that is known of the labels in them; see `Poses.add_frames`.

    `images` are uint8, (Y, X) or (Y, X, 3).
    """
    nothing = type(draft)()
    places = tuple(unsaved(nothing, draft).after)
    return _save(lab, num, images, nothing, draft, places)


def make_set(
    lab: Any,
    description: str,
    images: Mapping[FrameKey, NDArray[Any]],
    draft: PoseDraft,
    skeleton: Skeleton,
) -> int:
    """Make a label set of a working copy, with what is known of it, or nothing.

    May be called again after `ConnectionLost`, as `pose_making.make_whole_set`.
    `images` are uint8, (Y, X) or (Y, X, 3).

    Returns
    -------
    int
        Its number.
    """
    places = tuple(unsaved(type(draft)(), draft).after)
    return make_whole_set(lab, description, None, images, draft, skeleton, places)


def load_skeleton(lab: Any, num: int) -> Skeleton:
    """Read how the body parts of a set hang together.

    Returns
    -------
    Skeleton
        With every body part that has a label, at the end where nobody gave it a place.
        Where nobody gave any, their names tell left from right.

    Raises
    ------
    NotFound
        When there is no such set.
    """
    names = _labels(lab, num).bodyparts
    with translate_errors():
        return _skeleton(lab, num, names).with_bodyparts(names)


def save_skeleton(lab: Any, num: int, skeleton: Skeleton) -> None:
    """Keep how the body parts of a set hang together; the last who does so counts.

    Raises
    ------
    NotFound
        When there is no such set.
    WriteRefused
        When it cannot be kept.
    """
    make_own_tables(lab)
    if are_written(lab) and not lab.read_only:
        write_back(lab, _SkeletonEdit(lab, num, skeleton))
    else:
        keep_aside(lab, num, {}, skeleton)


class _SkeletonEdit:
    """Keeps a skeleton in the table for them."""

    doing = "Saving the skeleton"

    def __init__(self, lab: Any, num: int, skeleton: Skeleton) -> None:
        self._lab = lab
        self._num = num
        self._skeleton = skeleton

    def read(self) -> Skeleton | None:
        lock_row(self._lab.PoseEstimationLabelSet, _key(self._num))
        return read_skeleton(self._lab, self._num)

    def saved(self, rows: Skeleton | None) -> bool | None:
        return True if rows == self._skeleton else None

    def conflict(self, rows: Skeleton | None) -> WriteConflict | None:
        """Let the last one count."""
        return None

    def write(self, rows: Skeleton | None) -> bool:
        write_skeleton(self._lab, self._num, self._skeleton)
        return True


def _save(
    lab: Any,
    num: int,
    images: Mapping[FrameKey, NDArray[Any]],
    baseline: PoseDraft,
    edited: PoseDraft,
    places: Sequence[Place],
) -> Changes[Label]:
    make_own_tables(lab)
    when = now()
    user = str(lab.user)[:64]
    changes = baseline.labels.changes_to(edited.labels)
    with translate_errors():
        shared = are_written(lab)
    if shared:

        def write(labels: PoseLabels) -> None:
            # somebody else may have said something else of the same labels meanwhile
            known = lock_details(lab, num, places)
            joined = merged(baseline, edited, draft_of(labels, known))
            details = details_of(joined, places, user, when)
            gone = State.ABSENT
            write_details(
                lab,
                num,
                {p: d for p, d in details.items() if d.state is not gone or p in known},
            )

        also = Also(places, write)
        return save_labels(lab, _key(num), images, baseline.labels, changes, also)
    done = changes
    if changes or images:
        done = save_labels(lab, _key(num), images, baseline.labels, changes)
    keep_aside(lab, num, details_of(edited, places, user, when))
    return done


def _labels(lab: Any, num: int) -> PoseLabels:
    with translate_errors():
        row_of(lab.PoseEstimationLabelSet, _key(num))
        return read_labels(lab, _key(num))


def _details(lab: Any, num: int) -> dict[Place, Detail]:
    """Read what is kept anywhere; of one label, what was said last."""
    known = dict(read_aside(lab, num).details)
    if are_shared(lab):
        for place, detail in read_details(lab, num).items():
            if place not in known or detail.when >= known[place].when:
                known[place] = detail
    return known


def _skeleton(lab: Any, num: int, names: Iterable[str] = ()) -> Skeleton:
    shared = read_skeleton(lab, num) if are_shared(lab) else None
    own = read_aside(lab, num).skeleton
    if shared and own and not are_written(lab):
        return own  # which is all that this user can change
    return shared or own or Skeleton.of(names)


def words_aside(lab: Any) -> str:
    """Say what others will not see of a save, and why; empty where they see all of it.

    Only where the lab has tables for it that this user may not write: without tables
    nobody expects it.
    """
    with translate_errors():
        if not are_shared(lab) or are_written(lab):
            return ""
    return (
        f"{lab.user} may not write what the lab keeps beside labels, so which of them "
        "are hidden, and where they come from, is kept on this computer alone; whoever "
        "looks after the database can let you."
    )


def _key(num: int) -> dict[str, int]:
    return {"pose_label_set_num": int(num)}
