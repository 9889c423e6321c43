"""The Annotations dock: named, typed points on a transformed brain, written back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.layers import editing
from labdata_napari.layers.key_actions import act
from labdata_napari.layers.points import roster
from labdata_napari.layers.slab import slab_um
from labdata_napari.widgets.annotation_atlas import AtlasPart
from labdata_napari.widgets.annotation_files import FilesButton
from labdata_napari.widgets.annotation_follow import annotations_beside, title_of
from labdata_napari.widgets.annotation_keys import WHILE_PAINTING, KeyListener
from labdata_napari.widgets.annotation_keys_panel import KeysPanel
from labdata_napari.widgets.annotation_list import AnnotationList
from labdata_napari.widgets.annotation_state import AnnotationState, state_of
from labdata_napari.widgets.annotation_tools import AnnotationTools
from labdata_napari.widgets.autosave import Autosave
from labdata_napari.widgets.canvas import canvas_of
from labdata_napari.widgets.docked import come_forward, is_closed
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.new_annotation import NewAnnotation
from labdata_napari.widgets.preferences import preferences, preferences_changed
from labdata_napari.widgets.probe_panel import ProbePanel
from labdata_napari.widgets.question import Question
from labdata_napari.widgets.recover_flow import RecoverFlow
from labdata_napari.widgets.region_panel import RegionPanel
from labdata_napari.widgets.region_saving import RegionSaving
from labdata_napari.widgets.revert_flow import RevertFlow
from labdata_napari.widgets.rights import allow, why_not_editable, why_not_saved
from labdata_napari.widgets.save_flow import SaveFlow
from labdata_napari.widgets.tip_regions import TipRegions
from labdata_napari.widgets.track_panel import TrackPanel
from labdata_napari.widgets.workspace import Workspace, workspace_for

if TYPE_CHECKING:
    import napari
    from napari.layers import Points
    from qtpy.QtGui import QShowEvent

    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.annotation_keys import KeyAction
    from labdata_napari.widgets.connection import Connection

_NO_LAYER = (
    "No transform is open. Choose a brain in the Lab Browser and open one of its "
    "transforms."
)


_SEEN_IN_DOCK = (
    *("save", "show_keys", "show_track", "show_sections"),
    *("place_probe", "paint_region"),
)


class AnnotationDock(QWidget):
    """Lists, makes, measures and saves the annotations of the open transform.

    The Points layer is the working copy and its annotator edits it; the dock only
    shows both and passes on what a person does.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._workspace: Workspace = workspace_for(napari_viewer)
        self._annotator: Annotator | None = None
        self._state = AnnotationState()
        self._reported = ""
        self._title = _label("annotation_title")
        self._badge = _label("annotation_badge", wraps=False)
        self._new = NewAnnotation()
        self._list = AnnotationList()
        self._tips = TipRegions(self._workspace, self)
        self._tools = AnnotationTools()
        self._probe = ProbePanel()
        self._brush = RegionPanel()
        self._track = TrackPanel(self._workspace)
        self._atlas = AtlasPart(self._workspace)
        self._regions = RegionSaving(self._workspace)
        self._keys_panel = KeysPanel()
        self._save = _button(
            "annotation_save", "Save …", "See what changes, then write"
        )
        self._revert = _button(
            "annotation_revert", "Revert", "Go back to what the lab holds"
        )
        self._question = Question()
        self._status = _label("annotation_status")
        self._reason = _label("annotation_reason")
        picked = self._list.table.picked_names
        self._files = FilesButton(self._workspace, self._question, picked)
        self._flow = SaveFlow(self._workspace, self._question, self)
        self._recover = RecoverFlow(self._workspace, self._question, self)
        self._reverting = RevertFlow(self._question, self)
        self._autosave = Autosave(self._flow, self)
        self._keys = KeyListener(self._takes_keys, self)
        self._lay_out()
        self._connect_signals()
        self._follow()

    # -- building

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._badge)
        bottom = QHBoxLayout()
        bottom.addWidget(self._reason, 1)
        bottom.addWidget(self._files)
        bottom.addWidget(self._revert)
        bottom.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self._new)
        layout.addWidget(self._list, 1)
        for widget in (
            self._tools,
            self._probe,
            self._brush,
            self._track,
            self._atlas,
            self._regions,
            self._keys_panel,
        ):
            layout.addWidget(widget)
        layout.addWidget(self._question)
        layout.addWidget(self._status)
        layout.addLayout(bottom)

    def _connect_signals(self) -> None:
        self._listening = Listening(self)
        self._listening_to_layer = Listening(self)
        self._listening.to(self._workspace.changed, self._on_connection)
        self._new.wanted.connect(self._make)
        self._list.chosen.connect(self._on_chosen)
        self._list.told.connect(self._report)
        self._tips.found.connect(self._list.show_tips)
        self._tools.delete_wanted.connect(self._list.delete)
        self._tools.keys_toggled.connect(self._on_keys_toggled)
        self._keys.pressed.connect(self._on_key)
        self._track.told.connect(self._say)
        self._files.told.connect(self._say)
        self._atlas.unfolded.connect(self._make_room)
        self._atlas.write_wanted.connect(self._regions.start)
        self._regions.told.connect(self._say)
        self._regions.unfolded.connect(self._make_room)
        self._save.clicked.connect(self._start_save)
        self._revert.clicked.connect(self._reverting.start)
        for flow in (self._flow, self._recover, self._reverting):
            flow.told.connect(self._say)
            flow.layer_changed.connect(self._refresh)
        edited = preferences_changed()
        if edited is not None:
            self._listening.to(edited, self._take_chosen_keys)
        viewer = self._workspace.viewer
        if viewer is not None:
            layers = viewer.layers
            self._listening.to(layers.selection.events.active, self._follow)
            self._listening.to(layers.events.inserted, self._follow)
            self._listening.to(layers.events.removed, self._on_layer_removed)
            self._listening.to(viewer.dims.events.margin_left, self._on_slab)

    def sizeHint(self) -> QSize:
        """Return a size that shows the list without cutting."""
        return QSize(52, 80) * self.fontMetrics().averageCharWidth()

    def showEvent(self, event: QShowEvent) -> None:
        """Tell the workspace which window it lives in, and hear its keys."""
        super().showEvent(event)
        self._workspace.attach_window(self.window())
        self._keys.listen_to(canvas_of(self._workspace.window))
        self._take_chosen_keys()

    def _take_chosen_keys(self, *_: Any) -> None:
        keys = preferences().keys
        self._keys.choose(keys)
        self._keys_panel.show_keys(keys)

    # -- which layer

    @property
    def _layer(self) -> Points | None:
        return None if self._annotator is None else self._annotator.layer

    def _follow(self, event: Any = None) -> None:
        """Show the annotation layer that belongs to the active layer."""
        viewer = self._workspace.viewer
        layer = None if viewer is None else annotations_beside(viewer, self._layer)
        annotator = self._workspace.annotating.of(layer)
        if annotator is not self._annotator:
            self._watch(annotator)
        self._refresh()

    def _watch(self, annotator: Annotator | None) -> None:
        self._listening_to_layer.stop()
        self._annotator = annotator
        layer = self._layer
        self._question.hide()
        self._forget()  # what was said of another layer
        self._flow.layer = self._recover.layer = self._reverting.layer = layer
        self._list.show_layer(annotator)
        self._tools.follow(annotator)
        self._probe.follow(annotator)
        self._brush.follow(annotator)
        self._track.follow(annotator)
        self._atlas.follow(annotator)
        self._regions.follow(annotator)
        self._files.follow(annotator)
        if annotator is None or layer is None:
            return
        for signal, method in (
            (annotator.changed, self._on_changed),
            (annotator.history.changed, self._forget),
            (annotator.history.changed, self._track.come_to_cursor),
            (annotator.foreseen, self._track.foresee),
            (annotator.told, self._report),
            (annotator.mouse.told, self._report),
            (annotator.mouse.adding, self._tools.show_adding),
            (annotator.mouse.dragged, self._on_dragged),
            (annotator.looks_changed, self._refresh),
            (layer.selected_data.events.items_changed, self._on_selection),
        ):
            self._listening_to_layer.to(signal, method)
        self._tools.show_adding(annotator.mouse.is_adding)

    def _on_layer_removed(self, event: Any) -> None:
        layer = self._layer
        if layer is None or layer is not event.value:
            return
        count = state_of(layer, self._workspace.journaling, in_conflict=False).count
        self._follow()
        if count:
            self._recover.ask_removed(layer, count)

    # -- showing

    def _refresh(self, *_: Any) -> None:
        annotator, layer = self._annotator, self._layer
        self._title.setText(_NO_LAYER if layer is None else title_of(layer))
        self._show_state()
        if annotator is not None and layer is not None:
            self._tips.look(annotator)
            self._new.offer(entry.type for entry in roster(layer))
            history = annotator.history
            self._tools.show_history(history.undo_words, history.redo_words)
            self._tools.show_curve(annotator.curve)
            self._tools.show_probe(annotator.probe.is_on)
            self._tools.show_brush(annotator.brush.is_on)
        self._track.refresh()
        self._atlas.refresh()
        self._recover.offer()

    def _show_state(self) -> None:
        layer, connection = self._layer, self._workspace.connection
        self._state = state_of(
            layer, self._workspace.journaling, in_conflict=self._flow.in_conflict
        )
        self._list.show_saved(self._flow.times)
        state = self._state
        self._list.refresh(state)
        self._badge.setVisible(layer is not None)
        self._badge.setText(state.badge)
        self._badge.setToolTip(self._flow.last_saved)
        reason = state.problem
        if layer is not None and not reason:
            reason = why_not_saved(connection, layer)
        self._reason.setText(reason)
        allow(self._save, bool(state.count) and not self._flow.is_busy, reason)
        self._revert.setEnabled(layer is not None and bool(state.count))
        rights = why_not_editable(connection, layer)
        self._new.allow(layer is not None, rights)
        self._tools.allow(layer is not None, self._list.model.rowCount() > 0, rights)
        self._list.allow(rights)

    def _say(self, text: str) -> None:
        self._status.setText(text)
        self._status.setVisible(bool(text))

    def _report(self, text: str) -> None:
        """Say what an edit did, or why it was not taken, until the next."""
        self._say(text)
        self._reported = text

    def _forget(self) -> None:
        if self._status.text() == self._reported:
            self._say("")

    # -- what happens in the layer

    def _on_changed(self) -> None:
        self._refresh()
        if self._layer is None:
            return
        name = editing.chosen_annotation(self._layer)
        self._autosave.chosen(name)
        if self._state.count:
            self._autosave.edited(name)

    def _on_dragged(self, _name: str) -> None:
        self._track.refresh()
        self._track.come_to_cursor()

    def _on_selection(self, *_: Any) -> None:
        """Let the list follow a click on points in the picture."""
        if self._layer is not None:
            names = editing.selected_annotations(self._layer)
            self._list.follow(names)
            if names:
                self._track.refresh()

    def _on_connection(self, _connection: Connection) -> None:
        self._show_state()

    def _on_slab(self, *_: Any) -> None:
        viewer = self._workspace.viewer
        if viewer is not None:
            self._tools.show_slab(slab_um(viewer))
            self._track.refresh()

    # -- what a person does

    def _takes_keys(self, action: KeyAction) -> bool:
        viewer, annotator = self._workspace.viewer, self._annotator
        if viewer is None or annotator is None:
            return False
        if action.while_held and not annotator.probe.is_on:
            return False
        if action.name != "save" and is_closed(self):
            return False
        active = viewer.layers.selection.active
        if action.name in WHILE_PAINTING and annotator.brush.is_on:
            return active in (annotator.layer, annotator.brush.layer)
        return active is annotator.layer

    def _on_key(self, name: str) -> None:
        if name in _SEEN_IN_DOCK:
            come_forward(self)
        if name == "save":
            self._start_save()
        elif name == "show_keys":
            self._tools.toggle_keys()
        elif name == "show_track":
            self._track.toggle_plane()
        elif name == "show_sections":
            self._track.toggle_sections()
        elif self._annotator is not None:
            act(self._annotator, name, self._list.shown_names())

    def _make(self, name: str, kind: str) -> None:
        if self._annotator is None:
            return
        if self._annotator.new(name, kind):
            self._new.clear()
        else:
            self._report(self._status.text())

    def _on_chosen(self, name: str) -> None:
        self._autosave.chosen(name)
        self._track.refresh()

    def _on_keys_toggled(self, on: bool) -> None:
        self._keys_panel.setVisible(on)

    def _make_room(self, needed: bool) -> None:
        """Hide the list and the numbers while the atlas is asked about."""
        for widget in (self._list, self._track):
            widget.setVisible(not needed)

    def _start_save(self) -> None:
        self._say("")
        self._flow.start()


def _label(name: str, *, wraps: bool = True) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(wraps)
    return label


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button
