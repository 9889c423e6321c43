"""What the keys do to a probe that is held, by the names of their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.layers.probe_tool import ProbeTool

NUDGES: dict[str, Callable[[ProbeTool], None]] = {
    "probe_left": lambda probe: probe.move(-1, 0),
    "probe_right": lambda probe: probe.move(1, 0),
    "probe_up": lambda probe: probe.move(0, -1),
    "probe_down": lambda probe: probe.move(0, 1),
    "probe_deeper": lambda probe: probe.advance(1),
    "probe_back": lambda probe: probe.advance(-1),
    "probe_clockwise": lambda probe: probe.turn(1),
    "probe_anticlockwise": lambda probe: probe.turn(-1),
    "probe_spin": lambda probe: probe.spin(1),
    "probe_spin_back": lambda probe: probe.spin(-1),
}
