"""Traces: nothing that sticks out is lost, whatever the width."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_draft import Keypoint, PoseDraft
from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.core.pose_traces import Envelope, labelled_points, trace_of


@given(
    st.integers(1, 3000),
    st.integers(-5, 3000),
    st.integers(0, 3000),
    st.sampled_from([1, 2, 3, 5, 7, 20, 200]),
    st.integers(0, 9),
)
def test_every_span_shows_its_lowest_and_highest(
    length: int, start: int, span: int, most: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=length).astype(np.float32)
    values[rng.random(length) < 0.3] = np.nan
    outline = Envelope(values).between(start, start + span, most)
    inside = values[max(start, 0) : max(start + span, 0)]
    assert len(outline.low) == min(len(inside), most)
    assert len(outline.edges) == len(outline.low) + 1
    if not len(inside) or np.isnan(inside).all():
        assert outline.range is None
        return
    low, high = outline.range
    assert low <= np.nanmin(inside)
    assert high >= np.nanmax(inside)
    for n, (begin, end) in enumerate(
        zip(outline.edges, outline.edges[1:], strict=False)
    ):
        column = values[begin:end]
        if not np.isnan(column).all():
            assert outline.low[n] <= np.nanmin(column)
            assert outline.high[n] >= np.nanmax(column)
    if outline.is_of_frames:
        np.testing.assert_array_equal(outline.low, inside)


def test_one_spike_in_an_hour_is_seen_and_little_beside_it() -> None:
    values = np.zeros(108_000)
    values[70_001] = 500
    values[30_000:40_000] = np.nan
    outline = Envelope(values).between(0, len(values), 800)
    [column] = np.flatnonzero(outline.high == 500)
    assert outline.edges[column] - 64 <= 70_001 < outline.edges[column + 1] + 64
    gone = np.isnan(outline.low)
    assert 70 <= gone.sum() <= 75
    joined = Envelope([0, 5, np.nan, 1, 2]).between(0, 5, 5).joined()
    np.testing.assert_array_equal(joined.low, [0, 0, np.nan, 1, 1])
    np.testing.assert_array_equal(joined.high, [0, 5, np.nan, 1, 2])


def test_traces_are_of_predictions_and_of_labels_of_one_video() -> None:
    xy = np.arange(24, dtype=float).reshape(6, 2, 2)
    predictions = Predictions.of(("nose", "tail"), xy, np.full((6, 2), 0.5))
    trace = trace_of(predictions, "tail")
    assert trace is not None
    np.testing.assert_array_equal(trace.y.values, xy[:, 1, 1])
    assert trace.likelihood.between(0, 6, 3).range == (0.5, 0.5)
    assert trace_of(predictions, "ear") is None
    frames = [FrameKey("M1", "s", "d", video, n) for video in "ab" for n in (9, 2)]
    draft = PoseDraft().with_keypoints(
        [(frame, "nose") for frame in frames], [Keypoint(n, n + 1) for n in range(4)]
    )
    found = labelled_points(draft, frames[0][:4], "nose")
    assert found.frames.tolist() == [2, 9]
    assert found.xy.tolist() == [[1, 2], [0, 1]]
    assert not len(labelled_points(draft, frames[0][:4], "ear").frames)


@pytest.mark.parametrize("values", [[], [np.nan]])
def test_nothing_is_shown_of_nothing(values: list[float]) -> None:
    assert Envelope(values).between(0, 10, 5).range is None
