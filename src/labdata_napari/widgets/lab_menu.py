"""The menu of labs: labdata's own, the saved ones, this computer's, their projects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QWidget

from labdata_napari.lab.preferences import LabdataSettings, read
from labdata_napari.widgets.connection import DEMO, LOCAL, Connection, Profile, title_of
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.preferences import preferences
from labdata_napari.widgets.rows import find_projects

if TYPE_CHECKING:
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.projects import ProjectChoice
    from labdata_napari.lab.saved_labs import SavedLab
    from labdata_napari.widgets.workspace import Workspace


class LabMenu(QMenu):
    """Offers the labs there are, and the projects of the one that is open.

    Parameters
    ----------
    workspace
        Whose lab it is about.
    """

    chosen = Signal(object)
    """The `Profile` to connect to."""
    form_wanted = Signal()
    again_wanted = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connection_menu")
        self.setToolTipsVisible(True)
        self._workspace = workspace
        self._labdata: LabdataSettings | None = None
        self._profiles: dict[str, Profile] = {}
        self._projects = QMenu("Project", self)
        self._projects.setObjectName("project_menu")
        self._projects.setToolTipsVisible(True)
        self._projects.triggered.connect(self._on_project)
        self.aboutToShow.connect(self.refresh)
        self.triggered.connect(self._on_triggered)
        self._listening = Listening(self)
        self._listening.to(workspace.changed, self._on_connection)
        workspace.background(read, done=self._on_labdata)
        self._on_connection(workspace.connection)

    def refresh(self) -> None:
        """Look again which labs and projects there are."""
        self._fill()
        self._workspace.background(read, done=self._on_labdata)
        if self._workspace.connection.is_open:
            self._workspace.submit(
                find_projects,
                on_loss=OnLoss.REPEAT,
                done=self._on_projects,
                failed=self._on_no_projects,
            )

    def is_labdatas(self, profile: Profile) -> bool:
        """Whether a profile is that of labdata's settings, whatever they will say."""
        return self._labdata is not None and profile == labdata_profile(self._labdata)

    # -- labs

    def _fill(self) -> None:
        self.clear()
        self._profiles.clear()
        chosen = preferences()
        if self._labdata is not None and self._labdata.host:
            self._add_lab(
                labdata_profile(self._labdata),
                f"labdata's own settings ({self._labdata.file or 'environment'})",
            )
        for lab in chosen.saved:
            self._add_lab(saved_profile(lab), f"Saved as '{lab.title}': {lab.url}")
        for problem in chosen.saved_problems:
            action = self.addAction("Saved lab that cannot be read")
            action.setToolTip(problem)
            action.setEnabled(False)
        self.addSeparator()
        self._add_lab(LOCAL, "The database of your own", "My lab (this computer)")
        self._add_lab(DEMO, "A synthetic lab to try things out")
        self.addSeparator()
        self.addMenu(self._projects)
        self.addSeparator()
        for text, tooltip in (
            ("Other server …", "A MySQL or PostgreSQL server; save it, test it"),
            ("Reconnect", "Connect again to the same lab"),
        ):
            action = self.addAction(text)
            action.setObjectName(text)
            action.setToolTip(tooltip)

    def _add_lab(self, profile: Profile, tooltip: str, text: str = "") -> None:
        text = text or profile.title
        if text in self._profiles:  # a saved lab called as another one
            text = f"{text} ({len(self._profiles)})"
        action = self.addAction(text.replace("&", "&&"))
        action.setObjectName(text)
        action.setToolTip(tooltip)
        action.setCheckable(True)
        action.setChecked(self._is_current(profile))
        self._profiles[text] = profile

    def _is_current(self, profile: Profile) -> bool:
        connection = self._workspace.connection
        current = connection.profile
        if current is None or not connection.is_open:
            return False
        if profile.is_demo or current.is_demo:
            return profile.is_demo and current.is_demo
        # without what an address may say besides, such as ?tls=no
        same_place = (profile.url or "").partition("?")[0] == connection.url
        return same_place and profile.name in (None, connection.name)

    def _on_triggered(self, action: Any) -> None:
        if action not in self.actions():  # one of the projects
            return
        name = action.objectName()
        if name in self._profiles:
            self.chosen.emit(self._profiles[name])
        elif name == "Other server …":
            self.form_wanted.emit()
        elif name == "Reconnect":
            self.again_wanted.emit()

    def _on_labdata(self, labdata: LabdataSettings) -> None:
        if labdata != self._labdata:
            self._labdata = labdata
            self._fill()

    # -- projects

    def _on_connection(self, connection: Connection) -> None:
        self._show_projects((), "Looking for projects …")
        self._projects.setEnabled(connection.is_open)
        self._fill()

    def _on_projects(self, projects: tuple[ProjectChoice, ...]) -> None:
        self._show_projects(projects)

    def _on_no_projects(self, error: LabdataError) -> None:
        self._show_projects((), str(error))

    def _show_projects(
        self, projects: tuple[ProjectChoice, ...], instead: str = ""
    ) -> None:
        menu, current = self._projects, self._workspace.connection.project
        menu.clear()
        own = menu.addAction("None (the lab's own tables)")
        own.setObjectName("")
        own.setToolTip("Everything that is in no project")
        own.setCheckable(True)
        own.setChecked(current is None)
        menu.addSeparator()
        for project in projects:
            action = menu.addAction(project.name)
            action.setObjectName(project.name)
            action.setToolTip(
                project.description
                if project.is_there
                else f"{project.description or project.name}: the server shows you no "
                "tables of it"
            )
            action.setEnabled(project.is_there)
            action.setCheckable(True)
            action.setChecked(project.name == current)
        if not projects:
            menu.addAction(instead or "This lab has no projects").setEnabled(False)

    def _on_project(self, action: Any) -> None:
        profile = self._workspace.connection.profile
        name = action.objectName()
        if profile is not None and name != (self._workspace.connection.project or ""):
            self.chosen.emit(replace(profile, project=name))
        else:  # the check mark that the click took away
            action.setChecked(True)


def labdata_profile(labdata: LabdataSettings) -> Profile:
    """Name the lab of labdata's settings."""
    where = labdata.host
    return Profile(title_of(labdata.name, where), labdata.url)


def saved_profile(lab: SavedLab) -> Profile:
    """Return what connects to a saved lab."""
    return Profile(lab.title, lab.url, lab.name, lab.project or "", tls=True)
