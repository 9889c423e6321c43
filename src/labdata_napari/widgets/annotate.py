"""The Annotations dock: named, typed points on a transformed brain, written back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from labdata_napari.errors import LabdataError
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.looking import go_to_annotation
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.widgets.annotation_table import (
    NAME,
    AnnotationTable,
    AnnotationTableModel,
)
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.new_annotation import NewAnnotation
from labdata_napari.widgets.question import Answer, Question
from labdata_napari.widgets.recover_flow import RecoverFlow
from labdata_napari.widgets.rights import allow, why_not_editable, why_not_saved
from labdata_napari.widgets.rows import TRANSFORM
from labdata_napari.widgets.save_flow import SaveFlow
from labdata_napari.widgets.workspace import Workspace, workspace_for

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Points
    from qtpy.QtGui import QShowEvent

    from labdata_napari.widgets.connection import Connection

_NO_LAYER = (
    "No transform is open. Choose a brain in the Lab Browser and open one of its "
    "transforms."
)


class AnnotationDock(QWidget):
    """Lists, makes and saves the annotations of the open transform.

    The Points layer is the working copy; the dock only shows and edits it.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._workspace: Workspace = workspace_for(napari_viewer)
        self._layer: Points | None = None
        self._title = QLabel()
        self._title.setObjectName("annotation_title")
        self._title.setWordWrap(True)
        self._badge = QLabel()
        self._badge.setObjectName("annotation_badge")
        self._new = NewAnnotation()
        self._model = AnnotationTableModel(self)
        self._table = AnnotationTable(self._model)
        self._add = self._button(
            "annotation_add",
            "Click to add",
            "While on, a click in the picture adds a point to the chosen annotation; "
            "while off, a click selects and a drag moves",
        )
        self._add.setCheckable(True)
        self._delete = self._button(
            "annotation_delete", "Delete", "Delete the chosen annotation (Delete key)"
        )
        self._save = self._button(
            "annotation_save", "Save …", "See what changes, then write it to the lab"
        )
        self._revert = self._button(
            "annotation_revert", "Revert", "Go back to what the lab holds"
        )
        self._question = Question()
        self._reason = QLabel()
        self._reason.setObjectName("annotation_reason")
        self._reason.setWordWrap(True)
        self._status = QLabel()
        self._status.setObjectName("annotation_status")
        self._status.setWordWrap(True)
        self._flow = SaveFlow(self._workspace, self._question, self)
        self._recover = RecoverFlow(self._workspace, self._question, self)
        self._lay_out()
        self._connect_signals()
        self._follow()

    # -- building

    def _button(self, name: str, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._badge)
        tools = QHBoxLayout()
        tools.addWidget(self._add)
        tools.addStretch()
        tools.addWidget(self._delete)
        bottom = QHBoxLayout()
        bottom.addWidget(self._reason, 1)
        bottom.addWidget(self._revert)
        bottom.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self._new)
        layout.addWidget(self._table, 1)
        layout.addLayout(tools)
        layout.addWidget(self._question)
        layout.addWidget(self._status)
        layout.addLayout(bottom)

    def _connect_signals(self) -> None:
        self._listening = Listening(self)
        self._listening_to_layer = Listening(self)
        self._listening.to(self._workspace.changed, self._on_connection)
        self._new.wanted.connect(self._make)
        self._model.refused.connect(self._say)
        self._model.dataChanged.connect(self._on_edited)
        self._table.chosen.connect(self._choose)
        self._table.delete_wanted.connect(self._ask_delete)
        self._table.go_wanted.connect(self._go_to)
        self._delete.clicked.connect(self._ask_delete)
        self._add.toggled.connect(self._on_add_toggled)
        self._save.clicked.connect(self._start_save)
        self._revert.clicked.connect(self._ask_revert)
        self._flow.told.connect(self._say)
        self._flow.layer_changed.connect(self._refresh)
        self._recover.told.connect(self._say)
        self._recover.layer_changed.connect(self._refresh)
        viewer = self._workspace.viewer
        if viewer is not None:
            layers = viewer.layers
            self._listening.to(layers.selection.events.active, self._follow)
            self._listening.to(layers.events.inserted, self._follow)
            self._listening.to(layers.events.removed, self._on_layer_removed)

    def sizeHint(self) -> QSize:
        """Return a size that shows the list without cutting."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 62, unit * 70)

    def showEvent(self, event: QShowEvent) -> None:
        """Tell the workspace which window it lives in."""
        super().showEvent(event)
        self._workspace.attach_window(self.window())

    # -- which layer

    def _follow(self, event: Any = None) -> None:
        """Show the annotation layer that belongs to the active layer."""
        viewer = self._workspace.viewer
        layer = None if viewer is None else _annotations_beside(viewer, self._layer)
        if layer is not self._layer:
            self._watch(layer)
        self._refresh()

    def _watch(self, layer: Points | None) -> None:
        self._listening_to_layer.stop()
        self._layer = layer
        self._question.hide()
        self._flow.layer = self._recover.layer = layer
        self._model.show_layer(layer)
        if layer is None:
            return
        for signal, method in (
            (layer.events.data, self._on_points),
            (layer.events.features, self._on_edited),
            (layer.events.metadata, self._on_edited),  # names and types
            (layer.events.mode, self._on_mode),
            (layer.selected_data.events.items_changed, self._on_selection),
        ):
            self._listening_to_layer.to(signal, method)
        if self._model.rowCount():
            self._table.setCurrentIndex(self._model.index(0, NAME))
        self._on_mode()

    def _on_layer_removed(self, event: Any) -> None:
        layer = self._layer
        if layer is None or layer is not event.value:
            return
        try:
            count = _unsaved_count(layer)
        except LabdataError:
            count = 1
        self._follow()
        if count:
            self._recover.ask_removed(layer, count)

    # -- showing

    def _refresh(self) -> None:
        layer = self._layer
        self._model.refresh()
        if layer is not None:
            self._table.follow(editing.chosen_annotation(layer))
        self._title.setText(_title(layer) if layer is not None else _NO_LAYER)
        self._table.setEnabled(layer is not None)
        self._show_state()
        self._recover.offer()

    def _show_state(self) -> None:
        layer, connection = self._layer, self._workspace.connection
        self._badge.setVisible(layer is not None)
        try:
            count = _unsaved_count(layer) if layer is not None else 0
            problem = ""
        except LabdataError as error:
            count, problem = 1, str(error)
        plural = "change" if count == 1 else "changes"
        journaling = self._workspace.journaling
        if layer is not None and not count:
            journaling.settle(layer)
        restored = layer is not None and journaling.is_restored(layer)
        unsaved = f"● {'recovered, ' * restored}{count} unsaved {plural}"
        self._badge.setText(unsaved if count else "✓ all saved")
        reason = problem
        if layer is not None and not problem:
            reason = why_not_saved(connection, layer)
        self._reason.setText(reason)
        allow(self._save, bool(count) and not self._flow.is_busy, reason)
        self._revert.setEnabled(layer is not None and bool(count))
        self._show_rights()

    def _show_rights(self) -> None:
        layer = self._layer
        reason = why_not_editable(self._workspace.connection, layer)
        self._new.allow(layer is not None, reason)
        allow(self._add, layer is not None, reason)
        allow(self._delete, layer is not None and self._model.rowCount() > 0, reason)
        self._table.let_edit(not reason)

    def _say(self, text: str) -> None:
        self._status.setText(text)
        self._status.setVisible(bool(text))

    # -- what happens in the layer

    def _on_points(self, event: Any) -> None:
        if str(getattr(event, "action", "")).lower().endswith("added"):
            working_copy.recolour(event.source)
        self._refresh()

    def _on_edited(self, *_: Any) -> None:
        self._show_state()

    def _on_mode(self, event: Any = None) -> None:
        if self._layer is not None:
            self._add.setChecked(str(self._layer.mode) == "add")

    def _on_selection(self, *_: Any) -> None:
        """Let the list follow a click on a point in the picture."""
        if self._layer is not None:
            self._table.follow(editing.selected_annotation(self._layer))

    def _on_connection(self, _connection: Connection) -> None:
        self._show_state()

    # -- what a person does

    def _make(self, name: str, kind: str) -> None:
        if self._layer is None:
            return
        name = name or self._numbered(kind)
        try:
            editing.add_annotation(self._layer, name, kind)
        except LabdataError as error:
            self._say(str(error))
            return
        self._new.clear()
        self._model.refresh()
        self._choose(name)
        self._refresh()
        self._start_clicking()
        self._say(f"Click the points of “{name}” in the picture.")

    def _numbered(self, kind: str) -> str:
        assert self._layer is not None
        stem = kind or "annotation"
        taken = {entry.name for entry in working_copy.roster(self._layer)}
        number = next(n for n in range(1, len(taken) + 2) if f"{stem} {n}" not in taken)
        return f"{stem} {number}"

    def _choose(self, name: str) -> None:
        if self._layer is not None:
            editing.choose_annotation(self._layer, name)
            self._table.follow(name)

    def _go_to(self, name: str) -> None:
        viewer = self._workspace.viewer
        if self._layer is not None and viewer is not None:
            go_to_annotation(viewer, self._layer, name)

    def _start_clicking(self) -> None:
        viewer = self._workspace.viewer
        if self._layer is not None and viewer is not None:
            viewer.layers.selection.active = self._layer
            self._layer.mode = "add"

    def _on_add_toggled(self, on: bool) -> None:
        if self._layer is None or on == (str(self._layer.mode) == "add"):
            return
        if on:
            self._start_clicking()
        else:
            self._layer.mode = "select"

    def _ask_delete(self) -> None:
        name = self._table.current_name()
        if self._layer is None or name is None or not self._delete.isEnabled():
            return
        items = {i.name: len(i.points) for i in working_copy.listing(self._layer)}
        count = items[name]
        if not count:
            self._do_delete()
            return
        points = "point" if count == 1 else f"{count} points"
        self._question.ask(
            f"Delete “{name}” and its {points}? The lab keeps them until you save.",
            (
                Answer("Delete", "Delete it", "delete_yes", self._do_delete),
                Answer("Keep", "Leave it", "delete_no"),
            ),
        )

    def _do_delete(self) -> None:
        name = self._table.current_name()
        if self._layer is not None and name is not None:
            editing.remove_annotation(self._layer, name)
            self._refresh()
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _start_save(self) -> None:
        self._say("")
        self._flow.start()

    def _ask_revert(self) -> None:
        if self._layer is None:
            return
        self._question.ask(
            "Drop every change that is not saved?",
            (
                Answer(
                    "Revert",
                    "Go back to what the lab held when this was loaded",
                    "revert_yes",
                    self._do_revert,
                ),
                Answer("Keep them", "Go on as it is", "revert_no"),
            ),
        )

    def _do_revert(self) -> None:
        source = source_of(self._layer)
        if self._layer is not None and source is not None:
            editing.replace_annotations(self._layer, source.baseline, source.baseline)
            self._refresh()
            self._say("Everything is as the lab had it.")


def _annotations_beside(viewer: napari.Viewer, shown: Points | None) -> Points | None:
    """Return the annotation layer to show, given what is active and what was shown."""
    active: Layer | None = viewer.layers.selection.active
    if active is not None and working_copy.is_annotation_layer(active):
        return active
    source = source_of(active)
    if source is not None and source.kind == TRANSFORM:
        beside = layers_of(viewer.layers, working_copy.SOURCE_KIND, source.key)
        if beside:
            return beside[0]
    if shown is not None and shown in viewer.layers:
        return shown
    ours = [x for x in viewer.layers if working_copy.is_annotation_layer(x)]
    return ours[0] if ours else None


def _unsaved_count(layer: Points) -> int:
    changes = working_copy.unsaved(layer)
    return len(changes.added) + len(changes.changed) + len(changes.removed)


def _title(layer: Points) -> str:
    source = source_of(layer)
    assert source is not None
    key = source.key
    names = ("subject_name", "session_name", "dataset_name")
    parts = [str(key[name]) for name in names if name in key]
    title = " · ".join([*parts, f"transform {key.get('transform_id')}"])
    unreadable = () if source.baseline is None else source.baseline.unreadable
    return "\n".join([title, *map(str, unreadable)])
