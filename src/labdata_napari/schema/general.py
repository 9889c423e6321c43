"""People, files, subjects, sessions, datasets, and the events recorded with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datajoint as dj

from labdata_napari.schema.stored import StoredFiles
from labdata_napari.schema.template import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@table("global")
class LabMember(dj.Manual):
    """A person of the lab; rows elsewhere name their author by `user_name`."""

    definition = """
    # a person of the lab
    user_name : varchar(32)         # short name, as used to log in
    ---
    email=null : varchar(128)       # where to write to
    first_name=null : varchar(32)   # given name
    last_name=null : varchar(32)    # family name
    date_joined : date              # first day in the lab
    is_active=1 : int8              # 1 while in the lab, 0 afterwards
    """


@table("global")
class Project(dj.Manual):
    """A line of work that may keep its data in databases of its own."""

    definition = """
    # a line of work with data of its own
    project_name : varchar(32)          # goes into the names of its databases
    ---
    project_description : varchar(500)  # what it is about
    project_startdate=null : date       # first day
    project_enddate=null : date         # last day, empty while it runs
    -> LabMember.proj(project_contact='user_name')
    """

    class User(dj.Part):
        """A person who works on the project."""

        definition = """
        # a person who works on the project
        -> master
        -> LabMember
        """


@table("global")
class File(StoredFiles, dj.Manual):
    """A raw data file in one of the lab's storages.

    Deleting a row deletes every dataset, brain and annotation that refers to it:
    `delete` shows how many, and asks for that number.

    Attributes
    ----------
    file_path
        POSIX path below the storage, ``<subject>/<session>/<dataset>/<name>``.
    file_size
        Bytes.
    file_md5
        MD5 of the bytes, 32 hexadecimal digits.
    """

    definition = """
    # a raw data file in one of the storages of the lab
    file_path : varchar(300)        # relative, with forward slashes
    storage='data' : varchar(12)    # name of the storage that holds it
    ---
    file_datetime : datetime        # when the file was made
    file_size : float64             # bytes
    file_md5=null : varchar(32)     # md5 of the bytes, hexadecimal
    """


@table("global")
class AnalysisFile(StoredFiles, dj.Manual):
    """A file that an analysis made; columns as in `File`."""

    definition = """
    # a file that an analysis made
    file_path : varchar(300)            # relative, with forward slashes
    storage='analysis' : varchar(12)    # name of the storage that holds it
    ---
    file_datetime : datetime            # when the file was made
    file_size : float64                 # bytes
    file_md5=null : varchar(32)         # md5 of the bytes, hexadecimal
    """

    def upload_files(
        self, src: Sequence[Path | str], dataset: Mapping[str, Any], force: bool = True
    ) -> list[dict[str, str]]:
        """Store files that an analysis made, and add their rows.

        They are called ``[<project>/]<subject>/<session>/<dataset>/<name>`` in the
        storage ``analysis``: in S3 or the folder that the settings say, else below the
        first local path.

        Parameters
        ----------
        src
            Files of this machine; their names must differ.
        dataset
            Key with ``subject_name``, ``session_name`` and ``dataset_name``.
        force
            Replace files that have a row already and other bytes. Those that other
            rows refer to are never replaced.

        Returns
        -------
        list of dict
            Keys of the rows, in the order of `src`. A file that is there already with
            the same bytes is left as it is.

        Raises
        ------
        InvalidValue
            When a part of the key is missing or cannot be part of a path, or two
            files have the same name.
        NotFound, UnreadableFile
            When there is no such dataset, or a file is missing, cannot be read, or
            changes meanwhile.
        StorageFailed
            When the storage cannot be reached or refuses; there is no row then.
        WriteRefused
            When a file may not be replaced, or this user may not add rows.
        WriteConflict
            When somebody else changed one of the rows meanwhile.
        """
        keys: list[dict[str, str]] = self.lab.file_rows.upload(src, dataset, force)
        return keys


@table("global")
class ProcessedFile(dj.Manual):
    """A raw file that was replaced by another form of itself and is kept nowhere.

    Columns as in `File`, without a storage.
    """

    definition = """
    # a raw file that was replaced by another form of itself
    file_path : varchar(300)        # relative, with forward slashes
    ---
    file_datetime : datetime        # when the file was made
    file_size : float64             # bytes
    file_md5=null : varchar(32)     # md5 of the bytes, hexadecimal
    """


@table("global")
class Species(dj.Lookup):
    """A species that subjects belong to."""

    definition = """
    # a species
    species_name : varchar(32)                  # everyday name, such as mouse
    ---
    species_scientific_name : varchar(56)       # Latin name
    species_description=null : varchar(256)     # anything worth knowing
    """


@table("global")
class Strain(dj.Lookup):
    """A strain or line of animals."""

    definition = """
    # a strain or line of animals
    strain_name : varchar(56)                   # name as the supplier gives it
    ---
    -> Species
    strain_description=null : varchar(256)      # genotype, source
    """


@table("global")
class SetupLocation(dj.Lookup):
    """A room where setups stand."""

    definition = """
    # a room where setups stand
    setup_location : varchar(255)   # building and room
    """


@table("global")
class Setup(dj.Lookup):
    """A rig or microscope that data comes from."""

    definition = """
    # a rig or microscope
    setup_name : varchar(54)                    # what it is called in the lab
    ---
    -> [nullable] SetupLocation
    setup_description=null : varchar(512)       # what it consists of
    """


@table("data")
class Subject(dj.Manual):
    """An animal, or the donor of a sample."""

    definition = """
    # an animal
    subject_name : varchar(20)              # unique in the lab
    ---
    subject_dob : date                      # date of birth
    subject_sex : enum('M', 'F', 'U')       # male, female or unknown
    -> Strain
    -> LabMember
    """


@table("data")
class Note(dj.Manual):
    """A note in the lab book, by whom and when."""

    definition = """
    # a note in the lab book
    -> LabMember.proj(notetaker='user_name')
    note_datetime : datetime        # when it was taken
    ---
    notes='' : varchar(4000)        # the text
    """

    class Image(dj.Part):
        """A picture that belongs to a note.

        Attributes
        ----------
        image
            (Y, X) or (Y, X, 3) array of pixels.
        """

        definition = """
        # a picture that belongs to a note
        -> master
        image_id : int32                # counts from 0 within the note
        ---
        image : <blob>                  # pixels, (Y, X) or (Y, X, 3)
        caption=null : varchar(256)     # what it shows
        """

    class Attachment(dj.Part):
        """A file that belongs to a note."""

        definition = """
        # a file that belongs to a note
        -> master
        -> File
        ---
        caption=null : varchar(256)     # what it is
        """


@table("data")
class Session(dj.Manual):
    """Everything recorded from a subject in one go.

    Fixed tissue has a session too: the day it was imaged.
    """

    definition = """
    # everything recorded from a subject in one go
    -> Subject
    session_name : varchar(54)          # usually date and time, 20260131_093000
    ---
    session_datetime : datetime         # when it began
    -> [nullable] LabMember.proj(experimenter='user_name')
    """


@table("data")
class DatasetType(dj.Lookup):
    """The kinds of data a dataset can hold."""

    definition = """
    # a kind of data
    dataset_type : varchar(32)      # such as two-photon or fixed-brain
    """


@table("data")
class Dataset(dj.Manual):
    """The files that one device wrote during a session."""

    definition = """
    # the files that one device wrote during a session
    -> Subject
    -> Session
    dataset_name : varchar(128)     # unique in the session; names its folder
    ---
    -> [nullable] DatasetType
    -> [nullable] Setup
    -> [nullable] Note
    """

    class DataFiles(dj.Part):
        """A file of the dataset."""

        definition = """
        # a file of the dataset
        -> master
        -> File
        """


@table("global")
class UploadJob(dj.Manual):
    """A request to copy files of a dataset into the lab's storage.

    The server numbers these on databases that labdata made; on ours, give
    ``job_id``. This package reads them only.
    """

    definition = """
    # a request to copy files into the storage of the lab
    job_id : int32                          # number of the request
    ---
    job_waiting=1 : int8                    # 1 until a machine takes it up
    job_status=null : varchar(52)           # how far it has come
    job_host=null : varchar(52)             # machine that took it up
    job_rule=null : varchar(52)             # what is done to the files first
    job_log=null : varchar(500)             # last words of the machine
    job_starttime=null : datetime           # when it was taken up
    job_endtime=null : datetime             # when it was done
    subject_name=null : varchar(20)         # subject of the files
    session_name=null : varchar(54)         # session of the files
    dataset_name=null : varchar(128)        # dataset of the files
    upload_storage=null : varchar(12)       # storage to copy to
    -> [nullable] Project
    """

    class AssignedFiles(dj.Part):
        """A file to copy, as it is on the machine it comes from."""

        definition = """
        # a file to copy
        -> master
        src_path : varchar(300)         # path on the machine it comes from
        ---
        src_datetime : datetime         # when it was made
        src_size : float64              # bytes
        src_md5=null : varchar(32)      # md5 of the bytes, hexadecimal
        """


@table("computed")
class ComputeTask(dj.Manual):
    """A request to run an analysis, on this machine or another.

    The server numbers these on databases that labdata made; on ours, give
    ``job_id``. This package reads them only.
    """

    definition = """
    # a request to run an analysis
    job_id : int32                              # number of the request
    ---
    task_waiting=1 : int8                       # 1 until a machine takes it up
    task_name=null : varchar(52)                # analysis to run
    task_status=null : varchar(52)              # how far it has come
    task_target=null : varchar(52)              # machine or queue asked for
    task_host=null : varchar(52)                # machine that took it up
    task_cmd=null : varchar(2000)               # command that runs it
    task_parameters=null : varchar(2000)        # its parameters, json
    task_log=null : varchar(2000)               # last words of the machine
    task_starttime=null : datetime              # when it was taken up
    task_endtime=null : datetime                # when it was done
    -> [nullable] Dataset
    """

    class AssignedFiles(dj.Part):
        """A file the analysis reads."""

        definition = """
        # a file the analysis reads
        -> master
        -> File
        """
