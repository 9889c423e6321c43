"""What the strip of regions says when an atlas cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from labdata_napari.errors import UnreadableFile
from labdata_napari.widgets.region_strip import RegionStrip

PATHS = {"a": np.zeros((2, 3)), "b": np.ones((2, 3))}
UM = SimpleNamespace(um_per_pixel=(1.0, 1.0, 1.0))


class Background:
    """Starts nothing before it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, Any]] = []

    def background(self, _work: Any, asked: Any, *, done: Any, failed: Any) -> None:
        self.waiting.append((asked, failed))


def test_what_failed_for_another_track_is_not_told_of_this_one(qtbot: Any) -> None:
    background, told = Background(), []
    strip = RegionStrip(background)
    qtbot.addWidget(strip)
    strip.told.connect(told.append)

    def numbers(name: str) -> Any:
        return SimpleNamespace(track=SimpleNamespace(path=PATHS[name]))

    figures = SimpleNamespace(of=numbers, setting=UM)
    brain = SimpleNamespace(is_at_hand=False)
    annotator = SimpleNamespace(brain=brain, figures=figures)
    strip.show_track(annotator, "a")
    strip.show_track(annotator, "b")  # while it is looked for
    [(_, failed)] = background.waiting
    failed(UnreadableFile("The atlas is damaged at a."))
    assert told == []
    [_, (asked, failed)] = background.waiting
    np.testing.assert_array_equal(asked.path, PATHS["b"])
    failed(UnreadableFile("The atlas is damaged at b."))
    assert told == ["The atlas is damaged at b."]
    assert strip.isHidden()
    assert len(background.waiting) == 2

    def damaged(*_: Any) -> None:
        raise UnreadableFile("It is damaged in memory.")

    # an atlas that is in memory is asked at once
    annotator.brain = SimpleNamespace(is_at_hand=True, regions_along=damaged)
    strip.show_track(annotator, "a")
    assert told[1:] == ["It is damaged in memory."]
    assert len(background.waiting) == 2
