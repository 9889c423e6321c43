"""The tools that straighten and crop by hand: buttons, keys, cursor and words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QOpenGLWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.crop_box import box_of, half_box, with_box
from labdata_napari.core.orientation import left_right_axis
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.hand_crop import CropTool
from labdata_napari.layers.hand_level import LevelTool, MidlineTool
from labdata_napari.layers.hand_marks import Marks
from labdata_napari.layers.hand_turn import TurnTool
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from labdata_napari.core.crop_box import Box
    from labdata_napari.core.transform_draft import DraftModel, TransformDraft
    from labdata_napari.layers.hand_tool import HandTool
    from labdata_napari.layers.preview import PreviewScene

_TOOLS = (
    ("turn", "Turn", "Turn the brain by dragging in a plane", TurnTool),
    ("level", "Level", "Mark a landmark on the left and on the right", LevelTool),
    ("midline", "Midline", "Mark the midline twice", MidlineTool),
    ("crop", "Crop", "Drag a box around what is kept", CropTool),
)
_HALVES = (
    ("left", "Left", "Keep the left half"),
    ("right", "Right", "Keep the right half"),
    ("both", "Both halves", "Keep both halves"),
)
_ARROWS = {
    "Up": (-1, 0),
    "Down": (1, 0),
    "Left": (0, -1),
    "Right": (0, 1),
}
_QT_KEYS = {
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
}
_CURSORS = {
    "cross": Qt.CursorShape.CrossCursor,
    "turn": Qt.CursorShape.OpenHandCursor,
    "move": Qt.CursorShape.SizeAllCursor,
    "rows": Qt.CursorShape.SizeVerCursor,
    "columns": Qt.CursorShape.SizeHorCursor,
    "falling": Qt.CursorShape.SizeFDiagCursor,
    "rising": Qt.CursorShape.SizeBDiagCursor,
}
_NO_SIDES = "Say first which way the brain lies: then left and right are known."


class HandTools(QWidget):
    """A row of tools for the preview of a transform; at most one has the mouse.

    Parameters
    ----------
    viewer, scene
        The viewer itself, not a plugin's proxy, and the preview in it.
    model
        Whose draft the tools change.
    parent
        The widget they are in.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        scene: PreviewScene,
        model: DraftModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("hand_tools")
        self._viewer = viewer
        self._scene = scene
        self._model = model
        self._told = QLabel()
        self._told.setObjectName("hand_told")
        self._told.setWordWrap(True)
        self._told.hide()
        self._tools: dict[str, HandTool] = {}
        self._buttons: dict[str, QPushButton] = {}
        self._halves: dict[str, QPushButton] = {}
        self._active: HandTool | None = None
        self._marks = Marks(viewer, scene)
        self._midline_tool = MidlineTool(viewer, scene, model, self._marks)
        self._actions = {
            key: self._action(key)
            for key in ("Escape", *_ARROWS, *(f"Shift-{arrow}" for arrow in _ARROWS))
        }
        self._listening = Listening(self)
        self._lay_out()
        self._listening.to(scene.tool_changed, self._on_tool)
        self._listening.to(scene.closed, self._on_closed)
        self._listening.to(scene.laid_out, self._refresh)
        self._listening.to(model.changed, self._refresh)
        self._refresh()

    @property
    def midline(self) -> NDArray[np.float64] | None:
        """(2, 3); where the midline was marked last, in voxels of the stack."""
        return self._midline_tool.midline

    # -- parts

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        tools, halves = QHBoxLayout(), QHBoxLayout()
        for name, text, tip, kind in _TOOLS:
            tool: HandTool = self._midline_tool
            if kind is not MidlineTool:
                tool = kind(self._viewer, self._scene, self._model, self._marks)
            self._listening.to(tool.told, self._say)
            self._listening.to(tool.cursor, self._set_cursor)
            self._tools[name] = tool
            self._buttons[name] = self._button(name, text, tip, self._on_button)
            tools.addWidget(self._buttons[name])
        for name, text, tip in _HALVES:
            self._halves[name] = self._button(name, text, tip, self._on_half)
            halves.addWidget(self._halves[name])
        for row in (tools, halves):
            row.addStretch()
            layout.addLayout(row)
        layout.addWidget(self._told)

    def _button(
        self, name: str, text: str, tip: str, slot: Callable[[str, bool], None]
    ) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName(f"hand_{name}")
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.installEventFilter(self)
        button.clicked.connect(partial(slot, name))
        return button

    def _refresh(self, *_: Any) -> None:
        """Enable what can be used now."""
        draft = self._model.draft
        usable = draft is not None and self._scene.is_open
        for button in self._buttons.values():
            button.setEnabled(usable)
        sides = usable and draft is not None and draft.orientation is not None
        for button in self._halves.values():
            allow(button, sides, "" if sides or not usable else _NO_SIDES)
        if draft is not None and sides:
            self._check_halves(draft)
        if self._active is not None and usable:
            self._active.refresh()

    def _check_halves(self, draft: TransformDraft) -> None:
        box = box_of(draft.parameters, draft.shape)
        for side, button in self._halves.items():
            try:
                half = self._half(draft, side)
            except InvalidValue:
                half = None
            button.setChecked(half == box)

    def _half(self, draft: TransformDraft, side: str) -> Box:
        assert draft.orientation is not None  # the buttons are disabled without
        return half_box(
            draft.parameters, draft.shape, draft.orientation, side, self._midline(draft)
        )

    def _midline(self, draft: TransformDraft) -> float | None:
        """Where the midline was marked, in voxels of the frame; None for its middle."""
        marked = self.midline
        code = draft.orientation_out
        if marked is None or code is None:
            return None
        places = draft.frame.points_to_result(marked)
        return float(places[:, left_right_axis(code)].mean())

    # -- what happens

    def _on_button(self, name: str, checked: bool) -> None:
        self._scene.set_tool(self._tools[name] if checked else None)

    def _on_tool(self, tool: object) -> None:
        before, self._active = self._active, None
        if before is not None:
            before.end()
            self._keys(on=False)
            self._say("")
        for name, button in self._buttons.items():
            button.setChecked(self._tools[name] is tool)
            if self._tools[name] is tool:
                self._active = self._tools[name]
        if self._active is not None:
            self._keys(on=True)
            self._active.begin()
            canvas = self._canvas()
            if canvas is not None:
                canvas.setFocus()

    def _on_half(self, side: str, _checked: bool) -> None:
        draft = self._model.draft
        if draft is None:
            return
        try:
            box = self._half(draft, side)
        except InvalidValue as error:
            self._say(str(error))
            self._refresh()
            return
        parameters = with_box(draft.parameters, draft.shape, box)
        # What the half is follows from the crop from now on.
        self._model.set(draft.with_parameters(parameters).with_hemisphere(None))
        self._refresh()

    def _on_closed(self) -> None:
        self._midline_tool.midline = None
        self._refresh()

    def _say(self, text: str) -> None:
        self._told.setText(text)
        self._told.setVisible(bool(text))

    def _set_cursor(self, word: str) -> None:
        canvas = self._canvas()
        if canvas is None:
            return
        if word:
            canvas.setCursor(_CURSORS[word])
        else:
            canvas.unsetCursor()

    def _canvas(self) -> QWidget | None:
        """Find the widget that shows the picture."""
        window = self.window()
        main = window.centralWidget() if isinstance(window, QMainWindow) else None
        return None if main is None else main.findChild(QOpenGLWidget)

    # -- keys

    def _keys(self, *, on: bool) -> None:
        """Take the keys of the canvas, or give them back to napari."""
        for key, action in self._actions.items():
            self._viewer.bind_key(key, action if on else None, overwrite=on)

    def _action(self, key: str) -> Callable[[Any], None]:
        def on_key(_: Any) -> None:  # napari wants a function, with a name
            self._on_key(key)

        return on_key

    def _on_key(self, key: str) -> None:
        tool = self._active
        if tool is None:
            return
        if key == "Escape":
            if not tool.escape():
                self._scene.set_tool(None)
            return
        down, right = _ARROWS[key.removeprefix("Shift-")]
        tool.nudge(down, right, far=key.startswith("Shift-"))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the keys of the active tool while one of the buttons has the focus."""
        if (
            self._active is not None
            and event is not None
            and event.type() == QEvent.Type.KeyPress
        ):
            pressed: Any = event
            key = _QT_KEYS.get(pressed.key())
            if key is not None:
                shift = pressed.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self._on_key(f"Shift-{key}" if shift and key in _ARROWS else key)
                return True
        return bool(super().eventFilter(watched, event))
