"""The Transform dock: straighten, crop and compute a brain by looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QVBoxLayout, QWidget

from labdata_napari.core.presets import draft_for_atlas
from labdata_napari.core.transform_draft import DraftModel
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.availability import COMPUTING, TRANSFORMS
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.widgets.docked import is_closed
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.transform_drafts import Drafts
from labdata_napari.widgets.transform_form import um_words
from labdata_napari.widgets.transform_keeping import Keeping
from labdata_napari.widgets.transform_loading import SourceLoader
from labdata_napari.widgets.transform_panel import TransformPanel
from labdata_napari.widgets.transform_result import ResultFlow
from labdata_napari.widgets.transform_saving import SavingFlow
from labdata_napari.widgets.transform_stage import Stage
from labdata_napari.widgets.workspace import Workspace, workspace_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    import napari
    from napari.layers import Image
    from qtpy.QtGui import QHideEvent, QShowEvent

    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.layers.preview import PreviewScene
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.transform_saving import Saving
    from labdata_napari.widgets.transform_source import (
        BrainRows,
        Loaded,
        TransformSource,
    )

_WIDTH = 340


class TransformDock(QWidget):
    """Shows three planes of the result while its parameters change, and computes it.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.setObjectName("transform_dock")
        self._workspace: Workspace = workspace_for(napari_viewer)
        viewer = self._workspace.viewer
        assert viewer is not None  # napari makes docks in a living viewer
        self._loaded: Loaded | None = None
        self.model = DraftModel()
        self._drafts = Drafts()
        keys = {
            "Control-Enter": self.compute,
            "Control-Z": self._undo,
            "Control-Shift-Z": self._redo,
        }
        self._stage = Stage(self._workspace, viewer, self.model, keys, self)
        self._loader = SourceLoader(self._workspace, self)
        self._panel = panel = TransformPanel(
            self._workspace, viewer, self._stage, self.model
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(panel)
        self._sets, self._form = panel.sets, panel.form
        self._orientation, self._tools = panel.orientation, panel.tools
        self._footer, self._question = panel.footer, panel.question
        self._say = panel.say
        self._saving = SavingFlow(self._workspace, self._question, self)
        self._results = ResultFlow(self._workspace, self)
        self._keeping = Keeping(self.model, self._drafts, self._question, self)
        self._connect_signals()
        self._refresh()

    # -- building

    def _connect_signals(self) -> None:
        listening = self._listening = Listening(self)
        listening.to(self._workspace.changed, self._on_connection)
        listening.to(self._workspace.rows_changed, self._on_rows_changed)
        listening.to(self.model.changed, self._on_draft)
        self._panel.take_wanted.connect(self.show_layer)
        self._sets.chosen.connect(self._on_set)
        self._sets.copy_wanted.connect(self._on_copy)
        self._sets.delete_wanted.connect(self._on_delete)
        self._sets.open_wanted.connect(self._on_open)
        self._orientation.chosen.connect(self._on_orientation)
        self._loader.loaded.connect(self._on_loaded)
        self._loader.refined.connect(self._on_refined)
        self._loader.sets.connect(self._on_sets)
        self._loader.waiting.connect(self._on_waiting)
        self._panel.stay_wanted.connect(self._loader.stay)
        self._keeping.wanted.connect(self._choose)
        self._form.edited.connect(self.model.set)
        self._form.atlas.wanted.connect(self._on_atlas)
        for told in (
            self._form.told,
            self._stage.failed,
            self._loader.told,
            self._saving.told,
            self._keeping.told,
            self._results.told,
        ):
            told.connect(self._say)
        self._saving.saved.connect(self._on_saved)
        self._saving.deleted.connect(self._on_deleted)
        self._saving.ended.connect(self._show_footer)
        self._footer.save_wanted.connect(self._save)
        self._footer.compute_wanted.connect(self.compute)
        self._footer.layer_wanted.connect(self._on_layer_wanted)
        self._footer.export_wanted.connect(self._on_export_wanted)
        for keys, slot in (
            ("Ctrl+Return", self.compute),
            ("Ctrl+Enter", self.compute),
            ("Ctrl+Z", self._undo),
            ("Ctrl+Shift+Z", self._redo),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def sizeHint(self) -> QSize:
        """Return a size in which nothing is cut."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(max(_WIDTH, unit * 48), unit * 100)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the preview again that was there when the dock was hidden."""
        super().showEvent(event)
        self._workspace.attach_window(self.window())
        if not event.spontaneous():
            self._stage.show()
            self._loader.go_on()

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the canvas back to the layers, whatever hides the dock."""
        super().hideEvent(event)
        if event.spontaneous():
            return
        self._keeping.now()
        if is_closed(self):
            self._loader.stop()
        if self._workspace.viewer is not None:
            self._stage.hide()
        self._stage.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Do no more once napari has taken the dock out of its window for good."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._loader.stop()
            self._keeping.end()
            self._listening.stop()

    # -- what is worked on

    @property
    def scene(self) -> PreviewScene:
        """The preview in the viewer."""
        return self._stage.scene

    @property
    def source(self) -> TransformSource | None:
        """The stack that is worked on."""
        return None if self._loaded is None else self._loaded.source

    @property
    def _rows(self) -> BrainRows | None:
        return None if self.source is None else self.source.rows

    def show_brain(
        self, key: Mapping[str, Any], transform_id: int | None = None
    ) -> None:
        """Begin on a brain of the lab, with one of its parameter sets."""
        self._loader.load_brain(key, transform_id)

    def show_layer(self, layer: Image) -> None:
        """Begin on an image that is open; on its row where it is a brain of the lab."""
        self._loader.load_layer(layer)

    def _on_waiting(self, name: str) -> None:
        """Let nobody change what is shown while another brain is on its way."""
        self._panel.show_opening(name)
        if name:
            self.scene.set_tool(None)
            self._keeping.now()  # with what was typed into a field that is now grey

    def _on_loaded(self, loaded: Loaded, number: int | None) -> None:
        self._stage.begin(loaded)
        self._loaded = loaded
        rows = loaded.source.rows
        self._drafts.start(loaded.source)
        self._question.hide()
        if rows is not None:
            self._show_orientation(rows.orientation)
        self._list_sets(self._drafts.first(number))
        self.model.start(self._drafts.current)
        if self.isVisible():
            self._stage.show()
        self._keeping.start(rows)
        self._refresh()

    def _on_refined(self, loaded: Loaded) -> None:
        if self._loaded is not None and loaded.source is self._loaded.source:
            self._loaded = loaded
            self._stage.refine(loaded)

    def _show_orientation(self, code: str | None) -> None:
        if self._loaded is not None:
            z, _, y, x = self._loaded.source.shape
            um = self._loaded.source.um_per_pixel
            self._orientation.show_brain(self._loaded.pictures, um, code, (z, y, x))

    # -- sets

    def _list_sets(self, number: int | None) -> None:
        if self._rows is not None:
            self._sets.show_sets(
                self._drafts.records, self._drafts.blank, number, self._why_not()
            )

    def _choose(self, number: int | None) -> None:
        self._drafts.choose(number)
        self._list_sets(number)
        self.model.start(self._drafts.current)

    def _on_set(self, record: TransformRecord | None) -> None:
        self._keeping.now()
        self._question.hide()
        self._drafts.choose(None if record is None else record.transform_id)
        if record is not None and record.problem:
            self._say(record.problem)
        self.model.start(self._drafts.current)

    def _on_copy(self, record: TransformRecord) -> None:
        self._keeping.now()
        draft = self._drafts.begin_from(record)
        self._sets.choose_new()
        self.model.start(draft)
        self._say(f"A new set, as {record.transform_id} is.")

    def _on_delete(self, record: TransformRecord) -> None:
        if self._rows is not None:
            self._saving.ask_delete(self._rows.lab, record)

    def _on_open(self, record: TransformRecord) -> None:
        self._workspace.opener.open_transform(record)

    def _on_rows_changed(self, _: Any) -> None:
        if self._rows is not None:
            self._loader.read_sets(self._rows)

    def _on_sets(
        self, key: Mapping[str, Any], records: tuple[TransformRecord, ...]
    ) -> None:
        if self._rows is None or self._rows.key != key:
            return
        changed = self._drafts.update(records)
        self._list_sets(self._drafts.number)
        if changed:
            self.model.start(self._drafts.current)
        self._keeping.soon()
        self._refresh()

    # -- editing

    def _on_draft(self, draft: TransformDraft | None) -> None:
        self._drafts.note(draft)
        source = self.source
        over_time = source is not None and source.over_time
        self._form.show_draft(draft, over_time=over_time)
        self._show_footer()
        self._keeping.soon()

    def _on_orientation(self, code: str) -> None:
        if self._rows is None or self.model.draft is None:
            return
        self._drafts.set_orientation(code)
        self._show_orientation(code)
        self._keeping.keep_orientation(self._rows, code)
        self.model.set(self.model.draft.with_orientation(code))

    def _on_atlas(self, um: float, hemisphere: str) -> None:
        draft = self.model.draft
        if draft is None:
            return
        try:
            new, preset = draft_for_atlas(draft, um, hemisphere, self._tools.midline)
        except InvalidValue as error:
            self._say(str(error))
            return
        self.model.set(new)
        self._say(f"{preset.name}: {um_words(preset.um_per_pixel)}, angles kept.")

    # -- saving and computing

    def _save(self) -> None:
        self._write(compute=False)

    def compute(self, _: Any = None) -> None:
        """Save the parameters, and have them computed in the background."""
        if self._footer.can_compute:
            self._write(compute=True)

    def _write(self, *, compute: bool) -> None:
        rows, draft = self._rows, self.model.draft
        if rows is None or draft is None or self._saving.is_busy:
            return
        record = self._drafts.record
        if record is not None and not self._drafts.is_unsaved:
            self._compute({**rows.key, "transform_id": record.transform_id}, draft)
            return
        self._saving.save(rows.lab, rows.key, draft, record, compute=compute)
        self._show_footer()

    def _on_saved(self, saving: Saving, number: int) -> None:
        """Go on with what was saved, be it of the brain that is shown or not."""
        if self._is_shown(saving.lab, saving.key):
            self._drafts.saved(saving.origin, number, saving.draft)
            self._keeping.soon()
        key = {**saving.key, "transform_id": number}
        if saving.compute:
            self._compute(key, saving.draft)
        else:
            self._say(f"Saved as parameters {number}.")
        self._workspace.rows_changed.emit(key)

    def _compute(self, key: Mapping[str, Any], draft: TransformDraft) -> None:
        self._workspace.computing.compute(
            key, ComputeSettings(hemisphere=draft.hemisphere)
        )
        self._say("")  # the queue says how far it is

    def _on_deleted(self, lab: LabIdentity, record: TransformRecord) -> None:
        brain = {n: v for n, v in record.key.items() if n != "transform_id"}
        if self._is_shown(lab, brain):
            self._drafts.forget(record.transform_id)
        self._workspace.rows_changed.emit(brain)

    def _is_shown(self, lab: LabIdentity, key: Mapping[str, Any]) -> bool:
        rows = self._rows
        return rows is not None and rows.lab == lab and rows.key == key

    def _on_layer_wanted(self) -> None:
        if self.source is not None and self.model.draft is not None:
            self._results.add_layer(self.source, self.model.draft)

    def _on_export_wanted(self) -> None:
        if self.source is not None and self.model.draft is not None:
            self._results.ask_export(self.source, self.model.draft)

    def _undo(self, _: Any = None) -> None:
        if not self._loader.is_waiting:
            self.model.undo()

    def _redo(self, _: Any = None) -> None:
        if not self._loader.is_waiting:
            self.model.redo()

    # -- showing

    def _refresh(self) -> None:
        self._panel.show_source(self.source)
        self._show_footer()

    def _show_footer(self) -> None:
        record = self._drafts.record
        self._footer.show_state(
            self.source,
            self.model.draft,
            why_not=self._why_not(),
            unsaved=self._drafts.is_unsaved,
            computed=record is not None and record.computed,
            busy=self._saving.is_busy,
        )

    def _why_not(self) -> str:
        connection, rows = self._workspace.connection, self._rows
        if rows is None:
            return ""
        if not connection.is_open:
            return "Not connected: nothing can be saved until the lab is open again."
        if rows.lab != (connection.url, connection.name, connection.project):
            return "This brain belongs to another lab; connect to it to save."
        missing = connection.why_not(TRANSFORMS)
        return missing or connection.why_not_written(COMPUTING)

    def _on_connection(self, _: Any) -> None:
        self._list_sets(self._drafts.number)
        self._refresh()
