"""What the keys of annotating do, by the names of their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.layers.probe_tool import ProbeTool

STEPS = {"next_annotation": 1, "annotation_before": -1}
SHANKS = {f"shank_{number}": number for number in range(4)}
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


def act(annotator: Annotator, name: str, listed: Sequence[str]) -> None:
    """Do what an action stands for.

    Parameters
    ----------
    annotator
        Of the layer.
    name
        Of the action; else than the above, a method of the annotator.
    listed
        The annotations in the order in which a person sees them.
    """
    if name in STEPS:
        annotator.step_annotation(listed, STEPS[name])
    elif name in SHANKS:
        annotator.choose_shank(SHANKS[name])
    elif name in NUDGES:
        NUDGES[name](annotator.probe)
    else:
        getattr(annotator, name)()
