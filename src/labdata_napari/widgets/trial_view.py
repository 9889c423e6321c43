"""What came of trying a lab out, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from labdata_napari.lab.address import parse
from labdata_napari.widgets.passage import Passage

if TYPE_CHECKING:
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.saved_labs import SavedLab
    from labdata_napari.lab.trial import Finding
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.workspace import Workspace

# with words beside them: a colour alone says nothing to some
_SIGNS = {"GOOD": "✓", "NOTE": "!", "BAD": "✗"}


class _Messenger(QObject):
    """Carries findings from the thread that tries to the one that shows."""

    found = Signal(object)


class TrialView(Passage):
    """Tries a lab in the background and lists what works as it is found.

    A lab may have many folders and storages, and much to say of each: the list is
    scrolled then, instead of growing out of the window.

    Parameters
    ----------
    workspace
        Runs the trial.
    """

    ended = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        content = QWidget()
        super().__init__(content, parent)
        self.setObjectName("trial_view")
        self._workspace = workspace
        self._messenger: _Messenger | None = None
        self._rows = 0
        self._layout = QGridLayout(content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setColumnStretch(2, 1)
        self._layout.setVerticalSpacing(2)
        self.hide()

    def start(self, lab: SavedLab, password: str | None) -> Job:
        """Try a lab; what was shown of an earlier trial goes."""
        self.clear()
        self._messenger = _Messenger()
        self._messenger.found.connect(self._show)
        self._add("…", "", "Trying …")
        self.show()
        return self._workspace.background(
            run_trial,
            lab,
            password,
            self._messenger,
            done=self._on_done,
            failed=self._on_failed,
        )

    def clear(self) -> None:
        """Show nothing, and what is still to come neither."""
        if self._messenger is not None:
            self._messenger.found.disconnect(self._show)
            self._messenger = None
        while self._layout.count():
            widget = self._layout.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        self._rows = 0
        self.hide()

    def _show(self, finding: Finding) -> None:
        self._drop_last()
        self._add(_SIGNS[finding.outcome.name], finding.what, finding.sentence)
        self._add("…", "", "Trying …")

    def _on_done(self, messenger: _Messenger) -> None:
        if messenger is self._messenger:  # not overtaken by another trial
            self._drop_last()
            self.ended.emit()

    def _on_failed(self, error: LabdataError) -> None:
        self._drop_last()
        self._add(_SIGNS["BAD"], "Trial", str(error))
        self.ended.emit()

    def _add(self, *texts: str) -> None:
        for column, text in enumerate(texts):
            label = QLabel(text)
            label.setObjectName(f"trial_{('sign', 'what', 'sentence')[column]}")
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setIndent(0)  # at the top, Qt would keep half a letter free
            if column == 2:
                # in this order: the other way round it forgets how high it gets
                label.setSizePolicy(
                    QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum
                )
                label.setWordWrap(True)
            self._layout.addWidget(label, self._rows, column)
        self._rows += 1

    def _drop_last(self) -> None:
        self._rows -= 1
        for column in range(3):
            widget: Any = self._layout.itemAtPosition(self._rows, column).widget()
            self._layout.removeWidget(widget)
            widget.hide()
            widget.deleteLater()


def run_trial(lab: SavedLab, password: str | None, messenger: _Messenger) -> _Messenger:
    """Try a lab on a worker thread, telling each finding at once."""
    from labdata_napari.lab.trial import try_lab

    parse(lab.url)  # a sentence of its own where the address cannot be read
    for finding in try_lab(
        lab.url,
        name=lab.name,
        project=lab.project or "",
        password=password,
        tls=True,
    ):
        messenger.found.emit(finding)
    return messenger
