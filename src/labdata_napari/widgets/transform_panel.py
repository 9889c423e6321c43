"""What the Transform dock is made of, from top to bottom."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.layers.source import source_of
from labdata_napari.widgets.calm_wheel import CalmWheel
from labdata_napari.widgets.compute_queue import ComputeQueueView
from labdata_napari.widgets.hand_tools import HandTools
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.orientation_picker import OrientationPicker
from labdata_napari.widgets.question import Question
from labdata_napari.widgets.transform_footer import TransformFooter
from labdata_napari.widgets.transform_form import TransformForm
from labdata_napari.widgets.transform_sets import ParameterSets
from labdata_napari.widgets.transform_source import why_not_transformed

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from labdata_napari.core.transform_draft import DraftModel
    from labdata_napari.widgets.transform_source import TransformSource
    from labdata_napari.widgets.transform_stage import Stage
    from labdata_napari.widgets.workspace import Workspace

_NAME_CHARACTERS = 30  # of a layer, on the button
_EMPTY = (
    "Choose a brain in the Lab Browser and press Transform …, or take an image that "
    "is open."
)


class TransformPanel(QWidget):
    """The parts of the dock, laid out; what they say is for the dock to hear.

    Parameters
    ----------
    workspace, viewer
        For the queue, the tools and the image that may be taken.
    stage, model
        Of the dock.
    """

    take_wanted = Signal(object)
    """An image layer to begin on."""
    stay_wanted = Signal()
    """What is being opened is not wanted any more."""

    def __init__(
        self,
        workspace: Workspace,
        viewer: ViewerModel,
        stage: Stage,
        model: DraftModel,
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._source: TransformSource | None = None
        self._title = QLabel()
        self._title.setObjectName("transform_title")
        self._title.setWordWrap(True)
        self._take = QPushButton()
        self._take.setObjectName("transform_take_layer")
        self._take.clicked.connect(self._on_take)
        self._opening = ""
        self._stay = QPushButton("Do not open it")
        self._stay.setObjectName("transform_stay")
        self._stay.setToolTip("Stay with what is shown now")
        self._stay.clicked.connect(self.stay_wanted)
        self._work = QWidget()
        self.sets = ParameterSets()
        self.orientation = OrientationPicker()
        self.tools = HandTools(viewer, stage.scene, model)
        self.form = TransformForm()
        self.question = Question()
        self._status = QLabel()
        self._status.setObjectName("transform_status")
        self._status.setWordWrap(True)
        self.footer = TransformFooter()
        self._of_lab = (self.sets, self.orientation)
        self._of_any = (stage.bar, self.tools, self.form)
        # napari puts empty space under docks in which nothing wants to grow
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._lay_out(ComputeQueueView(workspace))
        self.say("")
        self._listening = Listening(self)
        self._listening.to(viewer.layers.selection.events.active, self._show_take)

    def _lay_out(self, queue: QWidget) -> None:
        work = QVBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        for widget in (*self._of_lab, *self._of_any):
            work.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self._title, self._stay, self._take, self._work):
            inner.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        inner.addStretch(1)
        CalmWheel(content)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        for widget in (self.question, self._status, self.footer, queue):
            layout.addWidget(widget)

    def show_source(self, source: TransformSource | None) -> None:
        """Show what is needed for a brain of the lab, for any stack, or for none."""
        self._source = source
        self._show_title()
        for widget in self._of_lab:
            widget.setVisible(source is not None and source.rows is not None)
        for widget in self._of_any:
            widget.setVisible(source is not None)
        self._show_take()

    def show_opening(self, name: str) -> None:
        """Grey out what is shown while something else is opened; "" when it is not."""
        self._opening = name
        for widget in (self._work, self.question, self.footer):
            widget.setEnabled(not name)
        self._show_title()
        self._show_take()

    def _show_title(self) -> None:
        name = "" if self._source is None else escape(self._source.name)
        title = f"<b>{name}</b>" if name else _EMPTY
        if self._opening:
            title = f"Opening <b>{escape(self._opening)}</b> …"
            if name:
                title += f"<br>Until it is there, {name} cannot be changed."
        self._title.setText(title)
        self._stay.setVisible(bool(self._opening))

    def say(self, text: str) -> None:
        """Show a sentence; hide its line without one."""
        self._status.setText(text)
        self._status.setVisible(bool(text))

    def _show_take(self, _: Any = None) -> None:
        layer = self._viewer.layers.selection.active
        reason = why_not_transformed(layer)
        other = not reason and layer is not None and not self._shows(layer)
        wanted = self._source is None or other
        self._take.setVisible(wanted and not self._opening)
        self._take.setEnabled(not reason)
        self._take.setToolTip(reason)
        name = "the chosen image" if reason or layer is None else layer.name
        metrics = self._take.fontMetrics()
        room = _NAME_CHARACTERS * metrics.averageCharWidth()
        name = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        self._take.setText(f"Take {name}")

    def _shows(self, layer: Layer) -> bool:
        """Whether a layer is, or is a channel of, what is worked on."""
        source = self._source
        if source is None or source.rows is None:
            return source is not None and layer.name == source.name
        identity = source_of(layer)
        key = {} if identity is None else identity.key
        return all(key.get(name) == value for name, value in source.rows.key.items())

    def _on_take(self) -> None:
        layer = self._viewer.layers.selection.active
        if isinstance(layer, Image):
            self.take_wanted.emit(layer)
