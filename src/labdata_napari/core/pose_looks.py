"""How somebody wants to work through labels: what clicks lead to, what is drawn."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Mode(enum.StrEnum):
    """What a click leads to."""

    SEQUENTIAL = "sequential"
    """It labels the chosen body part where it is missing, and chooses the next one."""
    QUICK = "quick"
    """It puts the chosen body part there; the same one stays chosen."""
    LOOP = "loop"
    """It puts the chosen body part there and goes to the next frame."""
    CONFIRM = "confirm"
    """As quick; for predictions, which Enter accepts a frame at a time."""


class Order(enum.StrEnum):
    """Which frames come one after another when a frame is accepted."""

    ALL = "all"
    UNLABELLED = "unlabelled"
    PROBLEMS = "problems"


@dataclass(frozen=True)
class Looks:
    """What a person has chosen; nothing of it is saved.

    Attributes
    ----------
    mode
        What a click leads to.
    order
        Which frame comes next.
    goes_on
        Whether the label of the last body part leads to the next frame.
    lowest
        Likelihood below which a prediction is faint, and is not accepted.
    has_ghosts
        Whether the labels of the frame before are shown too.
    has_lines
        Whether the skeleton is drawn.
    """

    mode: Mode = Mode.SEQUENTIAL
    order: Order = Order.ALL
    goes_on: bool = False
    lowest: float = 0.6
    has_ghosts: bool = False
    has_lines: bool = True
