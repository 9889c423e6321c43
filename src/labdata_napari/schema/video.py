"""Videos, the body parts labelled in them, and what a model made of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj

from labdata_napari.schema.selection import the_key
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack

    Arrays = dict[str, tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]]


@table("data")
class DatasetVideo(dj.Manual):
    """A video recorded with a dataset.

    Attributes
    ----------
    frame_times
        (n_frames,) s; when each frame was taken, on the dataset's clock.
    frame_rate
        Hz.
    """

    definition = """
    # a video recorded with a dataset
    -> Dataset
    video_name : varchar(56)        # camera
    ---
    frame_times=null : <blob>       # s, of each frame
    frame_rate=null : float32       # Hz
    n_frames=null : float32         # frames
    """

    def open(self) -> Stack:
        """Open the one video that is selected, lazily and exact to the frame.

        Returns
        -------
        Stack
            (T, Y, X, S), S being red, green and blue; with the row's frame rate (Hz).
            The files of a video recorded in several follow each other by name.

        Raises
        ------
        NotFound
            When no row is selected, it has no file, or that is not on this machine.
        InvalidValue
            When several rows are selected.
        UnreadableFile
            When the file is broken or no video.
        """
        stack: Stack = self.lab.recordings.open("DatasetVideo", the_key(self))
        return stack

    class File(dj.Part):
        """A file of the video."""

        definition = """
        # a file of the video
        -> master
        -> File
        """

    class Frame(dj.Part):
        """A frame kept in the database.

        Attributes
        ----------
        frame
            (Y, X) or (Y, X, 3) array, uint8.
        """

        definition = """
        # a frame kept in the database
        -> master
        frame_num : int32       # counts from 0
        ---
        frame : <blob>          # pixels, (Y, X) or (Y, X, 3)
        """


@table("computed")
class PoseEstimationLabelSet(dj.Manual):
    """A set of frames in which somebody labelled body parts."""

    definition = """
    # a set of frames in which body parts were labelled
    pose_label_set_num : int32              # number of the set
    ---
    description=null : varchar(512)         # what it is for
    -> [nullable] LabMember.proj(labeler='user_name')
    """

    def export_path(self, model_num: int | None = None) -> Path:
        """Return the folder that `export_labeling` writes for the one set selected."""
        path: Path = self.lab.poses.export_path(the_key(self), model_num)
        return path

    def export_labeling(
        self,
        model_num: int | None = None,
        bodyparts: Sequence[str] | None = None,
        disperse_labels: bool = False,
        export_only_labeled: bool = False,
        pad: bool | None = None,
        overwrite: bool = False,
    ) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
        """Write the one set that is selected as a folder of DeepLabCut.

        Parameters
        ----------
        model_num
            Write below ``pose_estimation_models/model_<model_num>`` instead of
            ``pose_estimation_models/pose_label_set_num_<N>``.
        bodyparts
            Which to write, in this order; when None all that have labels, by name.
        disperse_labels
            Whether body parts that the first frame lacks get a place in it, to be
            dragged from. Those that were not dragged do not come back as labels.
        export_only_labeled
            Whether to leave out frames without labels.
        pad
            Whether to make all pictures as large as the largest; when None, unless
            `model_num` is given.
        overwrite
            Whether an earlier export may be replaced.

        Returns
        -------
        folder
            ``labeled-data/label_set_<N>``.
        frames, labels
            Keys of the frames with the names of their pictures, in their order; and
            the rows of the labels.

        Raises
        ------
        NotFound
            When no set is selected.
        InvalidValue
            When several are, or it has no frames.
        WriteRefused
            When an export is there already, or the disk refuses.
        """
        return self.lab.poses.export_labeling(  # type: ignore[no-any-return]
            the_key(self),
            model_num,
            bodyparts,
            disperse_labels,
            export_only_labeled,
            model_num is None if pad is None else pad,
            overwrite,
        )

    def update_labeling(
        self,
        labeling_file: str | Path,
        progress: Callable[[int, int, str], object] | None = None,
    ) -> dict[str, int]:
        """Make the labels of the one set that is selected be those of a file.

        Parameters
        ----------
        labeling_file
            ``CollectedData_*.h5`` or ``.csv`` of DeepLabCut, or what else
            `labdata_napari.core.label_files.read_label_files` reads.
        progress
            Called with what is done, how much in all, and a word for it.

        Returns
        -------
        dict
            Numbers of labels ``updated``, ``added``, ``removed`` and ``unchanged``, of
            ``frames``, and of ``duplicate_frames``, rows that name a frame again.

        Raises
        ------
        NotFound, UnreadableFile
            When no set is selected, or the file is none of labels.
        InvalidValue
            When it is of another set, or a row cannot be told apart.
        WriteConflict
            When somebody changed the same labels since they were exported.
        WriteRefused
            When this user may not write.
        """
        return self.lab.poses.update_labeling(  # type: ignore[no-any-return]
            the_key(self), labeling_file, progress
        )

    class Frame(dj.Part):
        """A frame of the set.

        Attributes
        ----------
        frame
            (Y, X) or (Y, X, 3) array, uint8.
        """

        definition = """
        # a frame of the set
        -> master
        -> DatasetVideo
        frame_num : int32       # counts from 0 in the video
        ---
        frame : <blob>          # pixels, (Y, X) or (Y, X, 3)
        """

    class Label(dj.Part):
        """Where a body part is in a frame."""

        definition = """
        # where a body part is in a frame
        -> master
        -> DatasetVideo
        frame_num : int32           # counts from 0 in the video
        label_name : varchar(54)    # body part
        ---
        x : float32                 # pixels from the left
        y : float32                 # pixels from the top
        z=null : float32            # pixels, where there is a third axis
        """


@table("computed")
class PoseEstimationModel(dj.Manual):
    """A model trained on a label set."""

    definition = """
    # a model trained on a label set
    model_num : int32                           # number of the model
    ---
    algorithm_name : varchar(24)                # kind of model
    -> [nullable] AnalysisFile
    -> [nullable] PoseEstimationLabelSet
    parameters_dict=null : varchar(2000)        # parameters, json
    training_datetime=null : datetime           # when it was trained
    container_name=null : varchar(64)           # container it ran in
    code_link=null : varchar(300)               # where the code is
    """

    def insert_model(
        self,
        model_num: int,
        model_folder: str | Path | None = None,
        pose_label_set_num: int | None = None,
        algorithm_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        training_datetime: datetime.datetime | None = None,
        container_name: str | None = None,
        code_link: str | None = None,
    ) -> int:
        """Pack the folder of a trained model, keep it, and add or change its row.

        Parameters
        ----------
        model_num
            Number of the model. Where one of another label set has it, the next free
            one is taken.
        model_folder
            What to pack; ``pose_estimation_models/model_<model_num>`` in the first
            local path when None.
        pose_label_set_num
            The label set it was trained on.
        algorithm_name
            Such as ``"deeplabcut"``.
        parameters
            Kept as JSON.
        training_datetime
            When it was trained; now when None.
        container_name, code_link
            What it ran in; where its code is.

        Returns
        -------
        int
            The number it has.

        Raises
        ------
        NotFound
            When there is no such folder or label set.
        InvalidValue
            When a value does not fit its column, or `algorithm_name` is missing.
        WriteRefused
            When this user may not write, or the disk refuses.
        StorageFailed
            When the storage cannot be reached; there is no row then.
        """
        number: int = self.lab.poses.insert_model(
            model_num,
            model_folder,
            pose_label_set_num=pose_label_set_num,
            algorithm_name=algorithm_name,
            parameters=parameters,
            training_datetime=training_datetime,
            container_name=container_name,
            code_link=code_link,
        )
        return number

    def get_model(self) -> Path:
        """Bring the archive of the one model that is selected here, and unpack it.

        The archive is looked through first: nothing in it is written outside of the
        folder that it gets.

        Returns
        -------
        Path
            Its ``config.yaml``.

        Raises
        ------
        NotFound
            When no model is selected, or it has no file, or that is not to be had.
        InvalidValue
            When several are selected, or the archive holds what would escape.
        UnreadableFile
            When the archive is damaged.
        """
        path: Path = self.lab.poses.get_model(the_key(self))
        return path


@table("computed")
class PoseEstimation(dj.Manual):
    """Where a model sees a body part in every frame of a video.

    Attributes
    ----------
    x, y, z
        (n_frames,) pixels; `z` where there is a third axis.
    likelihood
        (n_frames,) 0 to 1; how sure the model is.
    """

    definition = """
    # where a model sees a body part in every frame
    -> PoseEstimationModel
    -> DatasetVideo
    label_name : varchar(54)    # body part
    ---
    x : <blob>                  # pixels from the left, each frame
    y : <blob>                  # pixels from the top, each frame
    z=null : <blob>             # pixels, where there is a third axis
    likelihood=null : <blob>    # 0 to 1, each frame
    """

    def arrays(self) -> Arrays:
        """Read the selected body parts of one model and one video.

        Returns
        -------
        dict
            x, y (n_frames,) pixels and likelihood (n_frames,), or None where there is
            none, by the name of the body part.

        Raises
        ------
        NotFound
            When nothing is selected.
        InvalidValue
            When several videos or models are.
        """
        found: Arrays = self.lab.poses.arrays(self)
        return found
