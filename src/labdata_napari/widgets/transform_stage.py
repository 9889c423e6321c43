"""The preview of the Transform dock: shown, hidden, and looked at in several ways."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.core.prepared import prepare
from labdata_napari.errors import Cancelled
from labdata_napari.layers.preview import PREVIEW_KEY, PreviewScene
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.transform_look import LookBar
from labdata_napari.widgets.transform_preview import PreviewPainter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.components import ViewerModel

    from labdata_napari.core.prepared import Prepared
    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_draft import DraftModel, TransformDraft
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.transform_source import Loaded
    from labdata_napari.widgets.workspace import Workspace

_MOST_READ = 2 << 30  # bytes of a stack that are read for sharper planes
_MOST_VOXELS = 64 << 20
_KEPT = ("contrast_limits", "colormap", "gamma", "opacity")


class Stage(QObject):
    """Owns the scene in the viewer, its painter, and the bar that changes the look.

    Parameters
    ----------
    workspace
        Does what takes time.
    viewer
        The viewer itself.
    model
        Whose draft is shown.
    keys
        What napari's keys do while the preview has the keyboard.
    parent
        Its owner.
    """

    failed = Signal(str)
    """Why the draft cannot be shown; empty when it can again."""
    painted = Signal(object)
    """The draft that is now on the canvas."""
    rested = Signal(object)
    """The same, as sharp as it gets."""

    def __init__(
        self,
        workspace: Workspace,
        viewer: ViewerModel,
        model: DraftModel,
        keys: Mapping[str, Callable[[Any], None]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._keys = keys
        self._loaded: Loaded | None = None
        self._looks: list[dict[str, Any]] = []
        self._wanted = True
        self._viewer = viewer
        self._workspace = workspace
        self._preparing: _Preparing | None = None
        self._prepared_for: Any = None
        self.scene = PreviewScene(viewer)
        self.bar = LookBar()
        self._painter = PreviewPainter(model, self.scene, self)
        self._painter.failed.connect(self.failed)
        self._painter.painted.connect(self.painted)
        self._painter.painted.connect(self._on_painted)
        self._painter.rested.connect(self.rested)
        self._painter.rested.connect(self._on_rested)
        listening = self._listening = Listening(self)
        listening.to(self.scene.closed, self._on_closed)
        listening.to(model.changed, self._refresh)
        listening.to(viewer.layers.events.inserted, self._on_inserted)
        self.bar.shown.connect(self.want)
        self.bar.before.connect(self.show_before)
        self.bar.grid.connect(self.scene.set_grid)
        self.bar.undo.connect(model.undo)
        self.bar.redo.connect(model.redo)

    def begin(self, loaded: Loaded) -> None:
        """Take another stack; it is shown by `show`."""
        self.hide()
        self._loaded = loaded
        self._looks = [dict(channel) for channel in loaded.source.channels]
        self._wanted = True

    def refine(self, loaded: Loaded) -> None:
        """Paint the same stack from more voxels."""
        self._loaded = loaded
        self._painter.refine(loaded.volume)

    def want(self, shown: bool) -> None:
        """Show the preview, or give the canvas back to the layers."""
        self._wanted = shown
        if shown:
            self.show()
        else:
            self.hide()

    def show(self) -> None:
        """Show the preview, if somebody wants it."""
        if self._loaded is None or not self._wanted:
            return
        if not self.scene.is_open:
            self.scene.open(self._looks)
            self.scene.set_grid(self.bar.grid_um)
            for image in self.scene.images:
                for key, function in self._keys.items():
                    image.bind_key(key, function)
                image.bind_key("B", self._on_key_before)
            self._painter.start(self._loaded.volume)
        self._refresh()

    def hide(self) -> None:
        """Take the preview away; contrast and colours stay for the next time."""
        for look, image in zip(self._looks, self.scene.images, strict=False):
            look.update({name: getattr(image, name) for name in _KEPT})
        self.scene.close()
        self.stop()

    def stop(self) -> None:
        """End what is read for a preview that nobody looks at."""
        if self._preparing is not None:
            self._preparing.is_wanted = False
            self._preparing = self._prepared_for = None

    def _on_rested(self, draft: TransformDraft) -> None:
        """Make the very voxels that will be computed, where that is quickly done."""
        loaded, frame = self._loaded, draft.frame
        wanted = (id(loaded), frame.shape_grid, frame.cast)
        if (
            loaded is None
            or self._preparing is not None
            or wanted == self._prepared_for
        ):
            return
        if loaded.is_glimpse:  # more is being read
            return
        stack = loaded.source.stack
        small = stack.size_bytes <= _MOST_READ and stack.remote is None
        if (
            loaded.source.over_time
            or not small
            or prod(frame.shape_grid) > _MOST_VOXELS
        ):
            return
        self._preparing = _Preparing(loaded, frame)
        self._prepared_for = wanted
        self._workspace.background(
            self._preparing.run,
            done=self._on_prepared,
            failed=self._on_not_prepared,
        )

    def _on_prepared(self, answer: tuple[_Preparing, Prepared]) -> None:
        one, prepared = answer
        if one is self._preparing:
            self._preparing = None
            self._painter.sharpen_with(prepared, one.frame)

    def _on_not_prepared(self, error: LabdataError) -> None:
        if not isinstance(error, Cancelled):
            self._preparing = None  # what is shown is less sharp, and that is all

    def show_before(self, before: bool) -> None:
        """Show the stack as it was before it was turned, or after."""
        self._painter.show_before(before)
        self._refresh()

    def _on_painted(self, _: Any) -> None:
        # The picture first: napari takes its time to make layers of other kinds.
        QTimer.singleShot(0, self.scene.furnish)

    def _on_key_before(self, _: Any) -> None:
        self.show_before(not self._painter.shows_before)

    def _on_inserted(self, event: Any) -> None:
        if self.scene.is_open and PREVIEW_KEY not in event.value.metadata:
            QTimer.singleShot(0, self._make_room)  # when all who listen know the layer

    def _make_room(self) -> None:
        """Give the canvas to what somebody has opened over the preview."""
        if self.scene.is_open:
            self.want(False)
            self._viewer.reset_view()

    def _on_closed(self) -> None:
        self._painter.stop()
        self._refresh()

    def _refresh(self, _: Any = None) -> None:
        self.bar.show_state(
            shown=self.scene.is_open,
            before=self._painter.shows_before,
            can_undo=self._model.can_undo,
            can_redo=self._model.can_redo,
        )


class _Preparing:
    """One reading of the voxels that will be computed, on a worker."""

    def __init__(self, loaded: Loaded, frame: Plan) -> None:
        self.frame = frame
        self.is_wanted = True
        self._stack = loaded.source.stack

    def run(self) -> tuple[_Preparing, Prepared]:
        """Read them; the reading ends soon when it is not wanted any more."""
        return self, prepare(self._stack, self.frame, self._check)

    def _check(self, done: int, total: int) -> None:
        if not self.is_wanted:
            raise Cancelled("The preview is not looked at any more.")
