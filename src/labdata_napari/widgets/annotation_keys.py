"""The keys of annotating: what they do, which they are, and hearing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy import sip
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from qtpy.QtWidgets import QWidget


@dataclass(frozen=True)
class KeyAction:
    """Something that keys do while the picture has the keyboard.

    Attributes
    ----------
    name
        Of the method that does it, and of the field in our preferences.
    keys
        As Qt writes them, with spaces between, unless a person has chosen others.
    words
        What it does.
    while_held
        Whether it is only heard while a probe is held.
    """

    name: str
    keys: str
    words: str
    while_held: bool = False


ACTIONS = (
    KeyAction("new_track", "N", "new track: the next shank that has none"),
    KeyAction("next_annotation", "Tab", "next annotation"),
    KeyAction("annotation_before", "Shift+Tab", "annotation before"),
    KeyAction("shank_0", "Ctrl+1", "shank 0 of this probe: its track, or a new one"),
    KeyAction("shank_1", "Ctrl+2", "shank 1 of it"),
    KeyAction("shank_2", "Ctrl+3", "shank 2 of it"),
    KeyAction("shank_3", "Ctrl+4", "shank 3 of it"),
    KeyAction("delete_here", "X Del Backspace", "delete the point under the cursor"),
    KeyAction("mark_tip", "T", "mark the tip here; again, unmark it"),
    KeyAction("snap_to_surface", "B", "bring the point here to the brain's surface"),
    KeyAction("undo", "Ctrl+Z", "undo"),
    KeyAction("redo", "Ctrl+Shift+Z Ctrl+Y", "redo"),
    KeyAction("slice_back", ",", "one slice back"),
    KeyAction("slice_on", ".", "one slice on"),
    KeyAction("ten_back", "Shift+, <", "ten slices back"),
    KeyAction("ten_on", "Shift+. >", "ten slices on"),
    KeyAction("point_before", "[", "go to the point before"),
    KeyAction("next_point", "]", "go to the next point"),
    KeyAction("next_slab", "S", "slab of 0, 50, 100 or 200 µm"),
    KeyAction("show_track", "W", "show or hide the plane along the track"),
    KeyAction("show_sections", "G", "show or hide the planes across the picture"),
    KeyAction("paint_region", "R", "paint an injection site, or stop painting"),
    KeyAction("place_probe", "M", "place a probe of several shanks, or hold one"),
    KeyAction("probe_left", "Left", "probe 25 µm to the left", True),
    KeyAction("probe_right", "Right", "probe 25 µm to the right", True),
    KeyAction("probe_up", "Up", "probe 25 µm up", True),
    KeyAction("probe_down", "Down", "probe 25 µm down", True),
    KeyAction("probe_deeper", "PgDown", "probe 25 µm deeper", True),
    KeyAction("probe_back", "PgUp", "probe drawn 25 µm back", True),
    KeyAction("probe_clockwise", "Shift+Right", "probe 2° clockwise", True),
    KeyAction("probe_anticlockwise", "Shift+Left", "probe 2° anticlockwise", True),
    KeyAction("probe_spin", "Q", "probe 2° about its long axis", True),
    KeyAction("probe_spin_back", "Shift+Q", "the same, the other way", True),
    KeyAction("stop_adding", "Esc", "clicks only choose"),
    KeyAction("save", "Ctrl+S", "save to the lab"),
    KeyAction("show_keys", "?", "show or hide this list"),
)


WHILE_PAINTING = (
    *("paint_region", "stop_adding", "undo", "redo", "save", "show_keys", "new_track"),
    *("show_sections", "slice_back", "slice_on", "ten_back", "ten_on", "next_slab"),
    *("next_annotation", "annotation_before", "place_probe"),
)
"""What is heard although another layer is painted in, which has keys of its own."""


def keys_of(action: KeyAction, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Return an action's keys: those that a person has chosen, else its own.

    Parameters
    ----------
    action
        One of `ACTIONS`.
    chosen
        Keys by the names of actions, with spaces between; an empty text leaves the
        action without a key.
    """
    return tuple(chosen.get(action.name, action.keys).split())


def problems_of(
    chosen: Mapping[str, str], actions: Sequence[KeyAction] = ACTIONS
) -> list[str]:
    """Say which keys are none, and which two of some actions want."""
    problems: list[str] = []
    owners: dict[str, KeyAction] = {}
    for action in actions:
        for key in keys_of(action, chosen):
            name = _canonical(key)
            if not name:
                problems.append(f"“{key}” ({action.words}) is no key.")
            elif name in owners:
                first = owners[name].words
                problems.append(f"{key} is set for “{first}” and “{action.words}”.")
            else:
                owners[name] = action
    return problems


class KeyListener(QObject):
    """Hears the keys that are pressed in the picture and calls what they stand for.

    The picture takes neither Tab nor a key of the menus for itself, and napari's own
    bindings know no Shift with a comma; so the keys are heard before all of these.

    Parameters
    ----------
    is_wanted
        Whether the keys of an action are ours at the moment.
    actions
        What there is to do.
    repeated
        Names of those that go on while their key is held down.
    """

    pressed = Signal(str)
    """The name of an action."""

    def __init__(
        self,
        is_wanted: Callable[[KeyAction], bool],
        parent: QObject,
        actions: Sequence[KeyAction] = ACTIONS,
        repeated: Collection[str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._is_wanted = is_wanted
        self._by_name = {action.name: action for action in actions}
        self._repeated = _REPEATED if repeated is None else repeated
        self.repeats = 0
        """How often the key that was heard last has repeated itself."""
        self._actions: dict[str, str] = {}
        self._canvas: QWidget | None = None
        self.choose({})

    def choose(self, chosen: Mapping[str, str]) -> None:
        """Take other keys, as `keys_of` does; the first action of a key has it."""
        self._actions = {}
        for action in self._by_name.values():
            for key in keys_of(action, chosen):
                self._actions.setdefault(_canonical(key), action.name)
        self._actions.pop("", None)

    def listen_to(self, canvas: QWidget | None) -> None:
        """Hear the keys that this widget gets, instead of another's."""
        if canvas is self._canvas:
            return
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
        self._canvas = canvas
        if canvas is not None:
            canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys that are ours."""
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        name = self._action_of(_as_key_event(event))
        if name is None or not self._is_wanted(self._by_name[name]):
            return False
        event.accept()
        if kind == QEvent.Type.KeyPress:
            again = event.isAutoRepeat()
            self.repeats = self.repeats + 1 if again else 0
            if name in self._repeated or not again:
                self.pressed.emit(name)
        return True

    def _action_of(self, event: QKeyEvent) -> str | None:
        mods = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = event.key()
        # Shift makes "<" of a comma: a person may have written either.
        plain = mods & ~Qt.KeyboardModifier.ShiftModifier
        for candidate in (_sequence(mods, key), _sequence(plain, key)):
            if candidate in self._actions:
                return self._actions[candidate]
            if key < _FIRST_SPECIAL and chr(key).isalnum():
                return None  # Shift+N is not N
        return None


_FIRST_SPECIAL = 0x01000000  # Qt's keys from here on stand for no character
_REPEATED = (
    *("slice_back", "slice_on", "ten_back", "ten_on", "undo", "redo"),
    *(action.name for action in ACTIONS if action.while_held),
)


def _as_key_event(event: QEvent) -> QKeyEvent:
    """Return an event as what it is.

    napari keeps the last mouse event that it got; where Qt puts a key's event at the
    same address, PyQt takes it for that one.
    """
    if isinstance(event, QKeyEvent):
        return event
    again: QKeyEvent = sip.wrapinstance(sip.unwrapinstance(event), QKeyEvent)
    return again


def _sequence(modifiers: Qt.KeyboardModifier, key: int) -> str:
    value = getattr(modifiers, "value", modifiers)
    return QKeySequence(int(value) | int(key)).toString(_PORTABLE)


def _canonical(key: str) -> str:
    if key.endswith("Shift+Tab"):
        key = key.replace("Tab", "Backtab")
    return QKeySequence(key).toString(_PORTABLE)


_PORTABLE = QKeySequence.SequenceFormat.PortableText
