"""What a brain file and a person say, together: everything an import needs to know."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from labdata_napari.core.axes import BRAIN, checked_um
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.errors import InvalidValue, LabdataError, UnreadableFile
from labdata_napari.lab.opening import open_brain_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SESSION = re.compile(r"(\d{8})_(\d{6})")
_SPATIAL = "ZYX"
# not allowed in names of files and folders on one system or another
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_ZARR_FILES = (".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json")
_SAME_UM = 1e-4  # a form shows six digits


@dataclass(frozen=True)
class BrainImport:
    """What a person asks for when a brain file is to be imported.

    Attributes
    ----------
    file
        TIFF, OME-TIFF, zarr, zarr.zip, OME-Zarr or .ozx.
    subject, session, dataset
        Where it belongs; made when they are new. A session is called by its date
        and time, ``20260131_120000``.
    um_per_pixel
        µm along z, y, x; overrules the file. Needed when the file does not say it.
    channel_names
        One per channel; overrule the file.
    axes
        Letters of the stored array, such as "CZYX"; overrule the file.
    in_place
        Leave the file where it is instead of copying it into the lab's folder.
    session_datetime
        When a new session began; needed when its name does not say it.
    experimenter
        Member of the lab; whoever is logged in to this computer when None.
    dob, sex, strain
        Of a new subject: the session's day, "U" (unknown) and "unknown" when not
        given. The table wants a date of birth.
    hardware
        Microscope.
    storage
        Name of the storage the row is to name.
    """

    file: Path
    subject: str
    session: str
    dataset: str
    um_per_pixel: Sequence[float] | None = None
    channel_names: Sequence[str] | None = None
    axes: str | None = None
    in_place: bool = False
    session_datetime: datetime.datetime | None = None
    experimenter: str | None = None
    dob: datetime.date | None = None
    sex: str = "U"
    strain: str = "unknown"
    hardware: str | None = None
    storage: str = "data"


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """What an import is going to store; made by `plan_import` without any database.

    Attributes
    ----------
    request
        What was asked for.
    stack
        The file as it is going to open, (Z, C, Y, X).
    um_per_pixel
        µm along z, y, x.
    channel_names, channel_wavelengths_nm
        One per channel; a name may be empty and a wavelength None.
    session_datetime
        When the session began.
    file_name
        The file's name in the store: a zarr folder is packed into one zip.
    packed
        Whether it is such a folder.
    notes
        Sentences for the person, such as that the file gave another voxel size.
    """

    request: BrainImport
    stack: Stack
    um_per_pixel: tuple[float, ...]
    channel_names: tuple[str, ...]
    channel_wavelengths_nm: tuple[float | None, ...]
    session_datetime: datetime.datetime
    file_name: str
    packed: bool
    notes: tuple[str, ...]

    @property
    def key(self) -> dict[str, str]:
        """Primary key of the brain."""
        return {
            "subject_name": self.request.subject,
            "session_name": self.request.session,
            "dataset_name": self.request.dataset,
        }

    @property
    def source(self) -> Path:
        """The file, or the folder of a zarr store."""
        return _source(self.request)

    @property
    def measures(self) -> dict[str, int]:
        """What the brain's row keeps of its shape."""
        _, channels, height, width = self.stack.shape
        return {"num_channels": channels, "height": height, "width": width}

    @property
    def file_path(self) -> str:
        """POSIX path in the store, when the file is copied there."""
        return "/".join((*self.key.values(), self.file_name))

    def check(self, path: Path) -> None:
        """Open a file as its row is going to open it, and compare with the plan.

        A copy may lack companion files, and a row does not keep the names of the axes.

        Raises
        ------
        UnreadableFile
            When it is another image.
        """
        try:
            found = open_brain_file(path, self.measures)
        except LabdataError as error:
            raise UnreadableFile(
                f"'{self.source}' cannot be opened again by itself ({error}); is it "
                "one of several files of an image, or not in the order Z, C, Y, X? "
                "Save it as one file in that order."
            ) from error
        if not _look_alike(found, self.stack):
            raise UnreadableFile(
                f"'{self.source}' is not stored in the order Z, C, Y, X and does not "
                "say so, and the database cannot keep the order; save it in that order."
            )


def plan_import(request: BrainImport) -> ImportPlan:
    """Read what the file says, complete it with what was given; write nothing.

    Raises
    ------
    NotFound, UnreadableFile
        When the file is missing, broken, no stack, or cannot have those axes.
    InvalidValue
        When something is still missing: one sentence names all of it. Or when a
        value cannot be used.
    """
    path = _source(request)
    stack = _brain(path, request.axes)
    unknown = request.um_per_pixel is None and stack.um_per_pixel is None
    voxel_size = "voxel size in µm along z, y and x, which the file does not say"
    missing = {"--um-per-pixel": voxel_size} if unknown else {}
    began = require_place(request, path, missing)
    packed = path.is_dir()
    if packed and request.in_place:
        raise InvalidValue(
            f"'{path}' is a folder and a row names a single file, so it cannot stay in "
            "place; import it with a copy, which packs it into one zip, or zip it."
        )
    file_name = f"{path.name}.zip" if packed else path.name
    check_name("file", file_name)
    um, notes = _um(request, stack)
    return ImportPlan(
        request,
        stack,
        um,
        _channel_names(request, stack),
        stack.channel_wavelengths_nm or (None,) * stack.n_channels,
        began,
        file_name,
        packed,
        notes,
    )


def _source(request: BrainImport) -> Path:
    path = Path(request.file).expanduser().absolute()
    # a zarr folder may be chosen by the file in it that a dialog can show
    return path.parent if path.name in _ZARR_FILES and path.is_file() else path


def _brain(path: Path, axes: str | None) -> Stack:
    stored = open_stack(path, axes=axes)
    stack = stored.as_sections()
    if stack.axes != BRAIN:
        raise UnreadableFile(
            f"'{path}' is a {'video' if 'S' in stack.axes else 'recording'} with the "
            f"axes {stored.axes}, not a brain; name the axes if that is wrong, such as "
            "'ZCYX'."
        )
    return stack


class _Request(Protocol):
    """What says which dataset a file belongs to."""

    @property
    def subject(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def session_datetime(self) -> datetime.datetime | None: ...


def require_place(
    request: _Request, file: Path, missing: Mapping[str, str] | None = None
) -> datetime.datetime:
    """Tell when the session of a request began.

    Parameters
    ----------
    request
        What to import.
    file
        The file, for the sentence.
    missing
        What else is missing, by the option that gives it.

    Raises
    ------
    InvalidValue
        When subject, session or dataset is missing, or the session's time is not known;
        one sentence names all that is, and the options of the command line for it. Or
        when a name cannot be one.
    """
    options = {
        f"--{what}": what
        for what in ("subject", "session", "dataset")
        if not getattr(request, what)
    } | dict(missing or {})
    began = session_time(request.session, request.session_datetime)
    if request.session and began is None:
        options["--session-datetime"] = (
            f"session's date and time, which the name '{request.session}' does not say "
            "(20260131_120000 would; else give them)"
        )
    if options or began is None:
        raise InvalidValue(
            f"'{file.name}' cannot be imported without its "
            f"{listed([*options.values()])}; on the command line, say it with "
            f"{listed([*options])}."
        )
    for what in ("subject", "session", "dataset"):
        check_name(what, getattr(request, what))
    return began


def listed(words: Sequence[str]) -> str:
    """Say "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def session_time(
    name: str, given: datetime.datetime | None = None
) -> datetime.datetime | None:
    """Tell when a session began, as it was given or as its name says; else None."""
    if given is not None:
        return given.replace(microsecond=0)
    match = _SESSION.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def check_name(what: str, name: str) -> None:
    """Refuse a name that cannot be one of a folder, on this system or on others.

    Raises
    ------
    InvalidValue
        Saying why.
    """
    bad = _FORBIDDEN.search(name)
    if bad or name in (".", "..") or name != name.strip() or name.endswith("."):
        why = f"{bad[0]!r}" if bad else "a space or dot at its end"
        raise InvalidValue(
            f"The {what} cannot be called {name!r}: its name becomes one of a file or "
            f"folder, where {why} is not allowed everywhere; choose another name."
        )


def _um(
    request: BrainImport, stack: Stack
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    found = stack.um_per_pixel
    if request.um_per_pixel is None:
        assert found is not None  # _refuse_missing was there before
        return found, ()
    given = checked_um(request.um_per_pixel, _SPATIAL)
    if found is None:
        return given, ()
    if _close(given, found):
        return found, ()
    note = (
        f"The file says {_times(found)} µm; {_times(given)} µm was stored, as you gave "
        "it."
    )
    return given, (note,)


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(a - b) <= _SAME_UM * b for a, b in zip(one, other, strict=True))


def _times(um: Sequence[float]) -> str:
    return " × ".join(f"{value:g}" for value in um)


def _channel_names(request: BrainImport, stack: Stack) -> tuple[str, ...]:
    if request.channel_names is None:
        return stack.channel_names or ("",) * stack.n_channels
    names = tuple(request.channel_names)
    if len(names) != stack.n_channels:
        raise InvalidValue(
            f"{len(names)} channel names were given for the {stack.n_channels} "
            f"channels of '{_source(request).name}'; give one each."
        )
    return names


def _look_alike(one: Stack, other: Stack) -> bool:
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    # rows and columns through all sections and channels: enough to see axes swapped
    y, x = one.shape[2] // 2, one.shape[3] // 2
    ends = [(0, 0), (0, -1), (-1, 0), (-1, -1)]
    return all(
        np.array_equal(one[z, c, y], other[z, c, y], equal_nan=_floats(one))
        and np.array_equal(one[z, c, :, x], other[z, c, :, x], equal_nan=_floats(one))
        for z, c in ends
    )


def _floats(stack: Stack) -> bool:
    return stack.dtype.kind == "f"
