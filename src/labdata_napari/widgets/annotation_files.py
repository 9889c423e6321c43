"""Annotations out to files of other tools and in again, from the Annotations dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.core.brain_space import brain_space, placed
from labdata_napari.core.probe_rows import split_name
from labdata_napari.core.probe_sites import read_probe, sites_along, write_sites
from labdata_napari.core.track_formats import (
    FORMATS,
    read_annotations,
    write_annotations,
)
from labdata_napari.errors import InvalidValue, LabdataError, WriteRefused
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labdata_napari.core.draft import Draft
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.track_space import Space
    from labdata_napari.core.tracks import Track
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.workspace import Workspace

_READ = (
    "Annotations (*.csv *.json *.npy *.points);;"
    "Tables of ours and of napari (*.csv);;JSON, xyz_picks (*.json);;"
    "brainrender points (*.npy);;"
    "Tracks of brainglobe-segmentation (*.points);;All files (*)"
)


class FilesButton(QPushButton):
    """A menu of what can be written and read.

    Parameters
    ----------
    workspace
        Reads and writes in the background.
    question
        Asks before files are replaced.
    picked
        Names the annotations that are selected in the list.
    """

    told = Signal(str)
    """A line for the status of the dock."""

    def __init__(
        self,
        workspace: Workspace,
        question: Question,
        picked: Callable[[], list[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("annotation_files")
        self.setText("Files")
        self.setToolTip(
            "Write the annotations, or those selected in the list, to files of other "
            "tools, and read them from there"
        )
        self._workspace, self._question, self._picked = workspace, question, picked
        self._annotator: Annotator | None = None
        self._wanted: _Export | None = None
        menu = QMenu(self)
        menu.setObjectName("annotation_files_menu")
        for kind, about in FORMATS.items():
            action = menu.addAction(f"Export: {about.title} …")
            action.setData(kind)
        menu.addAction("Export: sites of a probe by depth and region …").setData(
            "sites"
        )
        menu.addSeparator()
        menu.addAction("Import …").setData("import")
        menu.triggered.connect(self._on_action)
        self.setMenu(menu)

    def follow(self, annotator: Annotator | None) -> None:
        """Write and read annotations of another layer."""
        self._annotator = annotator
        self.setEnabled(annotator is not None)

    # -- out

    def export(self, kind: str, path: Path) -> None:
        """Write a kind of file.

        Parameters
        ----------
        kind
            One of `labdata_napari.core.track_formats.FORMATS`.
        path
            Of the file; of the folder for kinds with one file an annotation.
        """
        wanted = self._export(kind, path)
        if wanted is not None:
            self._write(wanted)

    def export_sites(self, probe: Path, path: Path) -> None:
        """Write the table of the sites of a probe: a probeinterface file says which."""
        annotator = self._annotator
        setting = None if annotator is None else annotator.figures.setting
        if annotator is None or setting is None:
            self.told.emit(_NO_SIZE)
            return
        try:
            tracks = self._tracks(annotator)
        except InvalidValue as error:
            self.told.emit(str(error))
            return
        space = brain_space(setting.um_per_pixel, setting.orientation, annotator.brain)
        self._workspace.background(
            _write_sites,
            probe,
            path,
            tracks,
            space,
            annotator.brain,
            done=self._on_written,
            failed=self._on_failed,
        )

    def import_files(self, paths: Sequence[Path]) -> None:
        """Read files and add what they hold, as one edit that can be undone."""
        annotator = self._annotator
        wanted = self._export("csv", Path())
        if annotator is None or wanted is None:
            return
        if annotator.mouse.why_not:
            self.told.emit(annotator.mouse.why_not)
            return
        self._workspace.background(
            _read,
            annotator,
            list(paths),
            wanted.space,
            done=self._on_read,
            failed=self._on_failed,
        )

    # -- how

    def _on_action(self, action: Any) -> None:
        kind = action.data()
        if kind == "import":
            names, _ = QFileDialog.getOpenFileNames(
                self, "Import annotations", "", _READ
            )
            if names:
                self.import_files([Path(name) for name in names])
        elif kind == "sites":
            self._ask_sites()
        elif FORMATS[kind].one_file:
            about = FORMATS[kind]
            name, _ = QFileDialog.getSaveFileName(
                self, about.title, f"annotations{about.suffix}", f"*{about.suffix}"
            )
            if name:
                self.export(kind, _with_suffix(name, about.suffix))
        else:
            name = QFileDialog.getExistingDirectory(
                self, f"Folder: {FORMATS[kind].title}"
            )
            if name:
                self.export(kind, Path(name))

    def _ask_sites(self) -> None:
        probe, _ = QFileDialog.getOpenFileName(
            self,
            "Geometry of the probe (probeinterface)",
            "",
            "probeinterface (*.json)",
        )
        if not probe:
            return
        name, _ = QFileDialog.getSaveFileName(self, "Sites", "sites.csv", "*.csv")
        if name:
            self.export_sites(Path(probe), _with_suffix(name, ".csv"))

    def _export(self, kind: str, path: Path) -> _Export | None:
        annotator = self._annotator
        setting = None if annotator is None else annotator.figures.setting
        if annotator is None or setting is None:
            self.told.emit(_NO_SIZE)
            return None
        drafts = working_copy.drafts(annotator.layer)
        brain = annotator.brain
        space = brain_space(setting.um_per_pixel, setting.orientation, brain, drafts)
        names = self._picked()
        chosen = [d for d in drafts if len(names) < 2 or d.name in names]
        if kind == "ibl":
            chosen = [d for d in chosen if d.type in TRACK_TYPES]
        return _Export(kind, path, tuple(chosen), space, brain)

    def _write(self, wanted: _Export, overwrite: bool = False) -> None:
        self._wanted = wanted
        is_named = FORMATS[wanted.kind].one_file  # the file dialog has asked already
        self._workspace.background(
            wanted.write,
            overwrite or is_named,
            done=self._on_written,
            failed=self._on_not_written,
        )

    def _on_written(self, paths: list[Path]) -> None:
        self._wanted = None
        first = paths[0]
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        self.told.emit(f"Written: {first.name}{more}, in {first.parent}.")

    def _on_not_written(self, error: LabdataError) -> None:
        wanted = self._wanted
        is_there = isinstance(error, WriteRefused) and "already" in str(error)
        if wanted is None or not is_there:
            self._on_failed(error)
            return
        self._question.ask(
            f"{error}\nReplace the files that are there?",
            (
                Answer("Replace", "Write over them", "files_replace", self._replace),
                Answer("Cancel", "Write nothing", "files_keep"),
            ),
        )

    def _replace(self) -> None:
        if self._wanted is not None:
            self._write(self._wanted, overwrite=True)

    def _on_failed(self, error: LabdataError) -> None:
        self._wanted = None
        self.told.emit(str(error))

    def _on_read(self, answer: tuple[Annotator, tuple[Draft, ...]]) -> None:
        annotator, drafts = answer
        if annotator is not self._annotator:
            return
        if not drafts:
            self.told.emit("There are no points to read.")
            return
        try:
            names = editing.add_drafts(annotator.layer, drafts)
        except InvalidValue as error:
            self.told.emit(f"{error} Nothing was read.")
            return
        points = sum(len(draft.points) for draft in drafts)
        self.told.emit(
            f"Read {', '.join(names[:3])}{' …' if len(names) > 3 else ''}: "
            f"{_counted(len(names), 'annotation')} of {_counted(points, 'point')}; "
            f"undo takes {'it' if len(names) == 1 else 'them'} out again."
        )

    def _tracks(self, annotator: Annotator) -> dict[int, tuple[str, Track]]:
        """Return the tracks of the one probe that is meant, by shank."""
        picked = self._picked()
        probes: dict[str, dict[int, tuple[str, Track]]] = {}
        for entry in working_copy.roster(annotator.layer):
            named = split_name(entry.name)
            numbers = annotator.figures.of(entry.name)
            if named is None or numbers is None or numbers.track is None:
                continue
            probes.setdefault(named[0], {})[named[1]] = (entry.name, numbers.track)
        meant = {name[0] for name in map(split_name, picked) if name is not None}
        names = meant & probes.keys() or probes.keys()
        if len(names) != 1:
            raise InvalidValue(
                "Select a track of the probe in the list: there are tracks of "
                f"{', '.join(sorted(probes)) or 'no probe'}, called "
                "<probe>_shank<number>."
            )
        return probes[next(iter(names))]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


class _Export:
    """What is to be written, taken from the layer on its own thread."""

    def __init__(
        self,
        kind: str,
        path: Path,
        drafts: tuple[Draft, ...],
        space: Space,
        brain: InAtlas | None,
    ) -> None:
        self.kind, self.path, self.space = kind, path, space
        self._drafts, self._brain = drafts, brain

    def write(self, overwrite: bool) -> list[Path]:
        needs = FORMATS[self.kind].needs
        drafts, space = placed(self._drafts, self.space, self._brain, needs)
        return write_annotations(
            self.path, drafts, space, self.kind, overwrite=overwrite
        )


_NO_SIZE = "The voxel size of this transform is not known, so no places can be written."


def _read(
    annotator: Annotator, paths: list[Path], space: Space
) -> tuple[Annotator, tuple[Draft, ...]]:
    return annotator, read_annotations(paths, space)


def _write_sites(
    probe: Path,
    path: Path,
    tracks: dict[int, tuple[str, Track]],
    space: Space,
    brain: InAtlas | None,
) -> list[Path]:
    def regions(pixels: Any) -> list[str]:
        assert brain is not None
        ids = brain.atlas.region_ids(brain.mapping.to_atlas_um(pixels))
        return [brain.atlas.regions.label(int(number)) for number in ids]

    look = None if brain is None else regions
    sites = sites_along(tracks, read_probe(probe), space.um_per_pixel, look)
    return write_sites(path, sites, space, overwrite=True)


def _with_suffix(name: str, suffix: str) -> Path:
    path = Path(name)
    return path if path.suffix.lower() == suffix else Path(f"{name}{suffix}")
