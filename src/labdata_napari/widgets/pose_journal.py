"""Label sets are journalled and recovered as annotations are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from labdata_napari.lab.journal_poses import POSES
from labdata_napari.lab.journal_target import Target
from labdata_napari.widgets.journaling import Journalled
from labdata_napari.widgets.offer_flow import Offering, time_words

if TYPE_CHECKING:
    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.pose_edits import SetKeypoints
    from labdata_napari.core.pose_unsaved import Unsaved
    from labdata_napari.lab.journal import Recovered
    from labdata_napari.layers.source import LabIdentity

KIND = "PoseEstimationLabelSet"
"""The table whose rows are edited."""


class PoseCopy(Protocol):
    """What the session of a label set has, to be journalled and recovered."""

    @property
    def draft(self) -> PoseDraft:
        """The working copy."""

    @property
    def baseline(self) -> PoseDraft:
        """What was loaded, or last saved."""

    def restore(
        self,
        edit: SetKeypoints | None,
        frames: tuple[FrameKey, ...],
        bodyparts: tuple[str, ...],
    ) -> None:
        """Do what another window left, so that one undo takes it back.

        Parameters
        ----------
        edit
            Of keypoints.
        frames
            To be added to the set; their pictures are those of the video.
        bodyparts
            To be added, without labels.
        """


def pose_target(lab: LabIdentity, num: int) -> Target:
    """Say which rows the session of a label set edits."""
    return Target(*lab, KIND, {"pose_label_set_num": int(num)})


def _state(copy: PoseCopy) -> tuple[PoseDraft, PoseDraft]:
    return copy.draft, copy.baseline


def _lacks(copy: PoseCopy, recovered: Recovered[Unsaved]) -> bool:
    return bool(recovered.state.missing_from(copy.draft))


def _lines(copy: PoseCopy, offer: Recovered[Unsaved]) -> list[str]:
    wanted = offer.state.missing_from(copy.draft)
    lines = [f"You have unsaved changes from {time_words(offer.when)}: {wanted.words}."]
    if others := wanted.changed_in(copy.draft):
        one = len(others) == 1
        what = "label was" if one else "labels were"
        lines.append(
            f"{len(others):,} of these {what} changed in the lab since; yours would go "
            f"on top of {'it' if one else 'them'}."
        )
    return lines


def _restore(copy: Any, offer: Recovered[Unsaved]) -> None:
    wanted = offer.state.missing_from(copy.draft)
    copy.restore(wanted.edit_for(copy.draft), wanted.frames, wanted.bodyparts)


POSE_COPIES = Journalled(POSES, _state, _lacks)
"""How sessions of label sets, each a `PoseCopy`, are journalled."""

POSE_OFFERS = Offering(_lines, _restore, "label set")
"""How what is found for one is offered."""
