"""The Transform dock: straighten, crop and compute a brain by looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QVBoxLayout, QWidget

from labdata_napari.core.presets import draft_for_atlas
from labdata_napari.core.transform_draft import DraftModel
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.availability import COMPUTING, TRANSFORMS
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.question import Answer
from labdata_napari.widgets.transform_drafts import Drafts
from labdata_napari.widgets.transform_form import um_words
from labdata_napari.widgets.transform_keeping import DraftKeeper
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
    from labdata_napari.widgets.transform_source import (
        BrainRows,
        Loaded,
        TransformSource,
    )

_REST_MS = 150
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
            "Control-Enter": self._on_key_compute,
            "Control-Z": self._on_key_undo,
            "Control-Shift-Z": self._on_key_redo,
        }
        self._stage = Stage(self._workspace, viewer, self.model, keys, self)
        self._loader = SourceLoader(self._workspace, self)
        self._keeper = DraftKeeper(self)
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
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
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
        self._form.edited.connect(self.model.set)
        self._form.atlas.wanted.connect(self._on_atlas)
        for told in (
            self._form.told,
            self._stage.failed,
            self._loader.told,
            self._saving.told,
            self._keeper.told,
            self._results.told,
        ):
            told.connect(self._say)
        self._saving.saved.connect(self._on_saved)
        self._saving.deleted.connect(self._on_deleted)
        self._footer.save_wanted.connect(self._save)
        self._footer.compute_wanted.connect(self.compute)
        self._footer.layer_wanted.connect(self._on_layer_wanted)
        self._footer.export_wanted.connect(self._on_export_wanted)
        self._rest.timeout.connect(self._on_rest)
        for keys, slot in (
            ("Ctrl+Return", self.compute),
            ("Ctrl+Enter", self.compute),
            ("Ctrl+Z", self.model.undo),
            ("Ctrl+Shift+Z", self.model.redo),
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

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the canvas back to the layers, whatever hides the dock."""
        super().hideEvent(event)
        if not event.spontaneous() and self._workspace.viewer is not None:
            self._stage.hide()
            self._keeper.flush()

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
        self._offer_kept()
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

    def _offer_kept(self) -> None:
        rows = self._rows
        if rows is None or rows.kept is None:
            return
        if not self._drafts.is_news(rows.kept.parameters):
            self._keeper.forget(rows)
            return
        when = f"{rows.kept.when.astimezone():%d %B, %H:%M}"
        words = self._drafts.blank.with_parameters(rows.kept.parameters).summary
        go_on = Answer("Go on with it", "Take it up", "transform_kept_yes", self._adopt)
        forget = Answer("Forget it", "Let it go", "transform_kept_no", self._forget)
        self._question.ask(
            f"Parameters of {when} were never saved: {words}.", (go_on, forget)
        )

    def _adopt(self) -> None:
        rows = self._rows
        if rows is not None and rows.kept is not None and self.model.draft is not None:
            self.model.set(self.model.draft.with_parameters(rows.kept.parameters))

    def _forget(self) -> None:
        if self._rows is not None:
            self._keeper.forget(self._rows)

    # -- sets

    def _list_sets(self, number: int | None) -> None:
        if self._rows is not None:
            self._sets.show_sets(
                self._drafts.records, self._drafts.blank, number, self._why_not()
            )

    def _on_set(self, record: TransformRecord | None) -> None:
        self._question.hide()
        self._drafts.choose(None if record is None else record.transform_id)
        if record is not None and record.problem:
            self._say(record.problem)
        self.model.start(self._drafts.current)

    def _on_copy(self, record: TransformRecord) -> None:
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
        self._refresh()

    # -- editing

    def _on_draft(self, draft: TransformDraft | None) -> None:
        self._drafts.note(draft)
        source = self.source
        over_time = source is not None and source.over_time
        self._form.show_draft(draft, over_time=over_time)
        self._show_footer()
        self._rest.start()

    def _on_rest(self) -> None:
        rows, draft = self._rows, self.model.draft
        if rows is not None and draft is not None:
            if self._drafts.is_changed:
                self._keeper.note(rows, draft, self._drafts.number)
            elif self._question.isHidden():
                self._keeper.forget(rows)

    def _on_orientation(self, code: str) -> None:
        if self._rows is None or self.model.draft is None:
            return
        self._drafts.set_orientation(code)
        self._show_orientation(code)
        self._keeper.keep_orientation(self._rows, code)
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

    def compute(self) -> None:
        """Save the parameters, and have them computed in the background."""
        if self._footer.can_compute:
            self._write(compute=True)

    def _write(self, *, compute: bool) -> None:
        rows, draft = self._rows, self.model.draft
        if rows is None or draft is None or self._saving.is_busy:
            return
        record = self._drafts.record
        if record is not None and not self._drafts.is_unsaved:
            self._on_saved(record.transform_id, draft, compute)
            return
        self._saving.save(rows.lab, rows.key, draft, record, compute=compute)
        self._show_footer()

    def _on_saved(self, number: int, draft: TransformDraft, compute: bool) -> None:
        rows = self._rows
        if rows is None:
            return
        self._keeper.forget(rows)
        self._drafts.saved(number, draft)
        key = {**rows.key, "transform_id": number}
        if compute:
            settings = ComputeSettings(hemisphere=draft.hemisphere)
            self._workspace.computing.compute(key, settings)
            self._say("")  # the queue says how far it is
        else:
            self._say(f"Saved as parameters {number}.")
        self._workspace.rows_changed.emit(key)

    def _on_deleted(self, number: int) -> None:
        self._drafts.forget(number)
        self._workspace.rows_changed.emit(dict(self._rows.key) if self._rows else {})

    def _on_layer_wanted(self) -> None:
        if self.source is not None and self.model.draft is not None:
            self._results.add_layer(self.source, self.model.draft)

    def _on_export_wanted(self) -> None:
        if self.source is not None and self.model.draft is not None:
            self._results.ask_export(self.source, self.model.draft)

    def _on_key_compute(self, _: Any) -> None:
        self.compute()

    def _on_key_undo(self, _: Any) -> None:
        self.model.undo()

    def _on_key_redo(self, _: Any) -> None:
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
