"""The keys of correcting poses, and what they do."""

from __future__ import annotations

from labdata_napari.widgets.annotation_keys import KeyAction

MOST_NUMBERS = 10

POSE_ACTIONS = (
    KeyAction("frame_on", "D .", "next frame; held down, faster and faster"),
    KeyAction("frame_back", "A ,", "frame before"),
    KeyAction("ten_on", "Shift+D >", "ten frames on"),
    KeyAction("ten_back", "Shift+A <", "ten frames back"),
    KeyAction("next_unlabelled", "N", "next frame that is not labelled"),
    KeyAction("unlabelled_before", "P Shift+N", "the one before"),
    KeyAction("next_problem", "Space", "next problem"),
    KeyAction("problem_before", "Shift+Space", "problem before"),
    KeyAction("say_right", "K", "it is right: no problem; go on"),
    KeyAction("accept", "Return Enter", "accept the frame and go on"),
    KeyAction("keypoint_before", "W", "body part before"),
    KeyAction("next_keypoint", "S", "next body part"),
    *(
        KeyAction(
            f"keypoint_{n}",
            str(n % 10),
            f"body part {n}",
        )
        for n in range(1, MOST_NUMBERS + 1)
    ),
    KeyAction("occlude", "X", "hidden, or seen again"),
    KeyAction("delete", "Del Backspace", "delete its label"),
    KeyAction(
        "copy_missing", "C", "copy what is missing from the labelled frame before"
    ),
    KeyAction("copy_all", "Shift+C", "copy everything from it"),
    KeyAction("carry", "F", "carry what is missing over from it, as the picture moves"),
    KeyAction("carry_all", "Shift+F", "carry everything over"),
    KeyAction("interpolate", "I", "fill in between the labelled frames around"),
    KeyAction("next_mode", "M", "next mode of clicking"),
    KeyAction("toggle_ghosts", "G", "show or hide the labels of the frame before"),
    KeyAction("toggle_lines", "E", "show or hide the skeleton"),
    KeyAction("join", "L", "a line to the body part chosen before, or none any more"),
    KeyAction("undo", "Ctrl+Z", "undo, whatever frame it was in"),
    KeyAction("redo", "Ctrl+Shift+Z Ctrl+Y", "redo"),
    KeyAction("save", "Ctrl+S", "save to the lab"),
    KeyAction("show_keys", "?", "show or hide this list"),
)

REPEATED = ("frame_on", "frame_back", "ten_on", "ten_back", "undo", "redo")
"""What goes on while its key is held down."""

POSE_MOUSE = (
    ("click", "label the chosen body part there; on a point, choose it"),
    ("Shift+click", "label it although there is another point"),
    ("drag a point", "move it"),
    ("drag elsewhere, wheel", "move the picture, zoom"),
)

_SPEEDS = ((40, 5), (15, 2), (0, 1))


def frames_per_step(repeats: int) -> int:
    """Return how many frames a key goes that has been repeated so many times."""
    return next(step for least, step in _SPEEDS if repeats >= least)
