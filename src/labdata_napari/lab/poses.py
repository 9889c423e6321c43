"""Label sets: frames of videos, and where somebody marked body parts in them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import FrameKey, Label, PoseLabels
from labdata_napari.core.pose_compare import Comparison, compared
from labdata_napari.core.pose_draft import PoseDraft
from labdata_napari.core.progress import silent
from labdata_napari.errors import NotFound
from labdata_napari.lab import pose_details
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.pose_details import add_draft
from labdata_napari.lab.pose_making import make_label_set
from labdata_napari.lab.pose_tables import are_shared, make_tables
from labdata_napari.lab.pose_writing import (
    Images,
    read_frames,
    save_labels,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from labdata_napari.core.changes import Changes
    from labdata_napari.core.pose_detail import Detail
    from labdata_napari.core.pose_draft import Place
    from labdata_napari.core.pose_new import NewSet
    from labdata_napari.core.pose_predictions import Predictions
    from labdata_napari.core.pose_skeleton import Skeleton
    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.pose_import import Imported
    from labdata_napari.lab.pose_models import Arrays
    from labdata_napari.lab.pose_update import Updated


class Poses:
    """Finds, reads and writes label sets. Belongs to its lab, and so to one thread.

    Parameters
    ----------
    lab
        The `Lab`.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    def find(self, text: str = "") -> list[Entry]:
        """List the label sets; see `Entries.find`."""
        entries: list[Entry] = self._lab.entries.find(text, ("PoseEstimationLabelSet",))
        return entries

    def create_label_set(
        self, description: str | None = None, labeler: str | None = None
    ) -> int:
        """Make a label set.

        Parameters
        ----------
        description
            What it is for.
        labeler
            ``user_name`` of a lab member.

        Returns
        -------
        int
            Its number: the next one, or that of a set with the same description and
            labeler that has neither frames nor labels yet. So it may be called again
            after `ConnectionLost`.

        Raises
        ------
        NotFound
            When there is no such lab member.
        InvalidValue
            When the description is too long.
        WriteRefused
            When this user may not write.
        ConnectionLost
            When the connection broke.
        """
        return make_label_set(self._lab, description, labeler)

    def new_set(self, request: NewSet, progress: Progress = silent) -> int:
        """Make a set of frames of videos, to be labelled; see `pose_new.new_set`."""
        from labdata_napari.lab.pose_new import new_set

        return new_set(self._lab, request, progress)

    def load_labels(self, num: int) -> PoseLabels:
        """Read the labels of a set; see `pose_details.load_labels`."""
        return pose_details.load_labels(self._lab, int(num))

    def load_frame(self, num: int, frame: FrameKey) -> NDArray[np.uint8]:
        """Read the pixels of one frame of a set.

        Returns
        -------
        ndarray
            (Y, X) or (Y, X, 3).

        Raises
        ------
        NotFound
            When the set does not hold that frame.
        """
        with translate_errors():
            found = read_frames(self._lab, _key(num), [frame])
        if frame not in found:
            raise NotFound(f"Label set {num} does not hold {frame.words}.")
        return found[frame]

    def compare(self, num: int, baseline: PoseLabels, edited: PoseLabels) -> Comparison:
        """Tell what `save_labels` would do, and what others did meanwhile.

        Parameters
        ----------
        num, baseline, edited
            As `save_labels` takes them.

        Returns
        -------
        Comparison
            Its `words` are for a person; nothing is written.

        Raises
        ------
        NotFound
            When there is no such set.
        """
        return compared(baseline, edited, self.load_labels(num))

    def save_labels(
        self, num: int, baseline: PoseLabels, edited: PoseLabels
    ) -> Changes[Label]:
        """Write the labels that changed between two versions, in one transaction.

        They are read again first, and locked. Labels that only somebody else changed
        stay as they are; where both did, differently, nothing is written at all.
        After `ConnectionLost` call it again with the same versions on a new
        connection: what an earlier call has written already counts as saved, and is
        not written twice.

        Parameters
        ----------
        num
            Number of the set.
        baseline
            What was loaded.
        edited
            What it is to become; see `PoseLabels.changes_to` for what counts.

        Returns
        -------
        Changes
            From `baseline` to `edited`, all of which the database now holds.

        Raises
        ------
        WriteConflict
            When somebody else changed the same labels meanwhile; its `theirs` is what
            the database holds now. To write over it, save with that as the baseline.
        NotFound
            When the set, or a video of a label, is not there.
        InvalidValue
            When a value does not fit its column.
        WriteRefused
            When this user may not write.
        ConnectionLost
            When the connection broke, maybe after everything was written: save again.
        """
        changes = baseline.changes_to(edited)
        if not changes:
            return changes
        return save_labels(self._lab, _key(num), {}, baseline, changes)

    def load_draft(self, num: int) -> PoseDraft:
        """Read a set as a working copy; see `pose_details.load_draft`."""
        return pose_details.load_draft(self._lab, int(num))

    def load_set(self, num: int) -> tuple[PoseDraft, Skeleton]:
        """Read a set and its skeleton; see `pose_details.load_set`."""
        return pose_details.load_set(self._lab, int(num))

    def save_draft(
        self,
        num: int,
        baseline: PoseDraft,
        edited: PoseDraft,
        images: Mapping[FrameKey, NDArray[np.uint8]] | None = None,
    ) -> Changes[Label]:
        """Write a working copy back; see `pose_details.save_draft`."""
        pictures = Images(images or {})
        return pose_details.save_draft(self._lab, int(num), baseline, edited, pictures)

    def load_details(self, num: int) -> dict[Place, Detail]:
        """Tell who labelled what, and when; see `pose_details.load_details`."""
        return pose_details.load_details(self._lab, int(num))

    def load_skeleton(self, num: int) -> Skeleton:
        """Read how body parts hang together; see `pose_details.load_skeleton`."""
        return pose_details.load_skeleton(self._lab, int(num))

    def save_skeleton(self, num: int, skeleton: Skeleton) -> None:
        """Keep how body parts hang together; see `pose_details.save_skeleton`."""
        pose_details.save_skeleton(self._lab, int(num), skeleton)

    @property
    def shares_details(self) -> bool:
        """Whether all who use the lab see what is known of labels, or only oneself."""
        return are_shared(self._lab)

    @property
    def words_aside(self) -> str:
        """What others will not see of a save; see `pose_details.words_aside`."""
        return pose_details.words_aside(self._lab)

    def make_tables(self) -> bool:
        """Let all see what is known of labels; see `pose_tables.make_tables`."""
        return make_tables(self._lab)

    def export_labels(
        self,
        num: int,
        folder: str | Path,
        format: str = "dlc",  # noqa: A002
        **options: Any,
    ) -> Path:
        """Write a set as files of another tool; see `pose_export.export_labels`."""
        from labdata_napari.lab.pose_export import export_labels

        return export_labels(self._lab, int(num), Path(folder), format, **options)

    def update_labels(self, num: int, path: str | Path) -> Updated:
        """Bring labels back from a file; see `pose_update.update_labels`."""
        from labdata_napari.lab.pose_update import update_labels

        return update_labels(self._lab, int(num), Path(path))

    def import_labels(self, path: str | Path, **where: Any) -> Imported:
        """Make a set of files of another tool; see `pose_import.import_labels`."""
        from labdata_napari.lab.pose_import import LabelImport, import_labels

        return import_labels(self._lab, LabelImport(Path(path), **where))

    def export_path(self, key: Mapping[str, Any], model_num: int | None = None) -> Path:
        """Return where labdata writes the export of a set."""
        num = int(key["pose_label_set_num"])
        return self._project(num, model_num) / "labeled-data" / f"label_set_{num}"

    def export_labeling(
        self,
        key: Mapping[str, Any],
        model_num: int | None,
        bodyparts: Sequence[str] | None,
        disperse: bool,
        only_labelled: bool,
        pad: bool,
        overwrite: bool,
    ) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
        """Do what `PoseEstimationLabelSet.export_labeling` says."""
        from labdata_napari.lab.pose_frames import tables_of_export

        num = int(key["pose_label_set_num"])
        if bodyparts is None:  # labdata's order, whatever that of the set is
            bodyparts = sorted(self.load_labels(num).bodyparts)
        folder = self.export_labels(
            num,
            self._project(num, model_num),
            bodyparts=bodyparts,
            only_labelled=only_labelled,
            disperse=disperse,
            pad=pad,
            overwrite=overwrite,
        )
        return folder, *tables_of_export(self._lab, num, folder)

    def update_labeling(
        self, key: Mapping[str, Any], file: str | Path, progress: Any = None
    ) -> dict[str, int]:
        """Do what `PoseEstimationLabelSet.update_labeling` says."""
        from labdata_napari.lab.pose_update import update_labels

        num = int(key["pose_label_set_num"])
        done = asdict(update_labels(self._lab, num, Path(file), progress))
        del done["marked"]  # of which labdata knows nothing
        return done

    def insert_model(
        self, model_num: int, model_folder: str | Path | None = None, **columns: Any
    ) -> int:
        """Do what `PoseEstimationModel.insert_model` says."""
        from labdata_napari.lab.pose_models import insert_model, model_row

        folder = self._project(0, model_num) if model_folder is None else model_folder
        return insert_model(self._lab, model_row(model_num, **columns), Path(folder))

    def get_model(self, key: Mapping[str, Any]) -> Path:
        """Do what `PoseEstimationModel.get_model` says."""
        from labdata_napari.lab.pose_models import get_model

        return get_model(self._lab, key)

    def arrays(self, rows: Any) -> Arrays:
        """Do what `PoseEstimation.arrays` says."""
        from labdata_napari.lab.pose_models import arrays

        return arrays(rows)

    def load_predictions(self, model_num: int, video: Mapping[str, Any]) -> Predictions:
        """Read what a model made of a whole video.

        Parameters
        ----------
        model_num
            Number of the model.
        video
            Key of the `DatasetVideo`; other entries are ignored.

        Raises
        ------
        NotFound
            When there are none.
        InvalidValue
            When the body parts have different numbers of frames.
        """
        from labdata_napari.lab.pose_models import load_predictions

        return load_predictions(self._lab, model_num, video)

    def _project(self, num: int, model_num: int | None) -> Path:
        folder: Path = self._lab.files.local_paths[0] / "pose_estimation_models"
        of_model = f"model_{model_num}"
        of_set = f"pose_label_set_num_{num}"
        return folder / (of_set if model_num is None else of_model)

    def add_frames(
        self,
        num: int,
        images: Mapping[FrameKey, NDArray[np.uint8]],
        labels: PoseLabels | PoseDraft | None = None,
    ) -> Changes[Label]:
        """Add frames, and labels in them, to a set in one transaction.

        May be called again after `ConnectionLost`, as `save_labels`.

        Parameters
        ----------
        num
            Number of the set.
        images
            (Y, X) or (Y, X, 3) uint8 by frame, each read once or twice, so that they
            need not all be in memory. One that is there with the same pixels stays as
            it is.
        labels
            Of these frames, or of others in the set. What is there already must be
            the same. Of a draft, what is known of them is kept, too.

        Returns
        -------
        Changes
            The labels that were added.

        Raises
        ------
        WriteConflict
            When the set holds one of the frames with other pixels, `theirs` being
            these by frame, or another label, `theirs` being all its labels.
        NotFound, InvalidValue, WriteRefused, ConnectionLost
            As `save_labels`; also when an image is none, or too large for the server.
        """
        pictures = Images(images)
        if isinstance(labels, PoseDraft):
            return add_draft(self._lab, int(num), pictures, labels)
        nothing = PoseLabels()
        changes = nothing.changes_to(nothing if labels is None else labels)
        if not pictures and not changes:
            return changes
        return save_labels(self._lab, _key(num), pictures, nothing, changes)


def _key(num: int) -> dict[str, int]:
    return {"pose_label_set_num": int(num)}
