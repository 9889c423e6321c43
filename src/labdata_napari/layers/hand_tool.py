"""What the tools have in common that change a transform by mouse in its preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from labdata_napari.core.preview_layout import Pane
    from labdata_napari.core.transform_draft import DraftModel, TransformDraft
    from labdata_napari.layers.hand_marks import Marks
    from labdata_napari.layers.preview import PreviewScene

    Place = NDArray[Any]


class HandTool:
    """A tool that takes the mouse in a scene and changes the draft of a model.

    Parameters
    ----------
    viewer, scene
        Where it is used.
    model
        Whose draft it changes.
    marks
        What it draws with; tools share it, as only one is used at a time.
    """

    hint = ""
    """What to do first."""

    told = Signal(str)
    """What to do next, or what was done, or why it cannot be."""
    cursor = Signal(str)
    """Which cursor the mouse shall have: "cross", "turn", "move", "rows", "columns",
    "falling" and "rising" diagonals, or "" for the usual one."""

    def __init__(
        self,
        viewer: ViewerModel,
        scene: PreviewScene,
        model: DraftModel,
        marks: Marks,
    ) -> None:
        self._viewer = viewer
        self._scene = scene
        self._model = model
        self._marks = marks

    def begin(self) -> None:
        """Get ready; the scene gives the mouse from now on."""
        self.told.emit(self.hint)

    def end(self) -> None:
        """Take away what was drawn."""
        self.escape()
        self._marks.remove()
        self.cursor.emit("")

    def refresh(self) -> None:
        """Draw anew what lies over the planes: they, or the draft, have changed."""

    def escape(self) -> bool:
        """Take back what is half done; whether there was anything."""
        return False

    def nudge(self, down: int, right: int, *, far: bool) -> None:
        """Move a little by an arrow key; with Shift it is `far`."""

    # -- the mouse, as `layers.preview.Tool` has it

    def press(self, pane: Pane, place: Place, event: Any) -> bool:
        """Begin a drag."""
        raise NotImplementedError

    def drag(self, pane: Pane, place: Place, event: Any) -> None:
        """Go on with it."""
        raise NotImplementedError

    def release(self, pane: Pane, place: Place, event: Any) -> None:
        """End it."""
        raise NotImplementedError

    def hover(self, pane: Pane | None, place: Place | None, event: Any) -> None:
        """Follow the mouse."""

    # -- parts

    @property
    def _draft(self) -> TransformDraft:
        draft = self._model.draft
        if draft is None:
            raise RuntimeError("a tool is used while there is no draft")
        return draft

    def _screen(self, pane: Pane) -> tuple[float, float]:
        """Screen pixels per voxel, along the rows and the columns of a pane."""
        zoom = self._viewer.scene.camera.zoom
        return pane.um[0] * zoom, pane.um[1] * zoom

    def _plane_words(self, rows: int, columns: int) -> str:
        draft = self._draft
        return draft.words_for_plane(draft.plane_of(rows, columns))
