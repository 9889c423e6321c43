"""What there is to correct in a lab: label sets, and models' predictions of videos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose_predictions import VideoKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Rows = Mapping[str, Sequence[Mapping[str, Any]]]

_SET = "PoseEstimationLabelSet"
_NUM = "pose_label_set_num"


@dataclass(frozen=True)
class ListedSet:
    """A label set, as a list shows it.

    Attributes
    ----------
    num
        Its number.
    description, labeler
        As the row has them; empty where it has none.
    frames, labels, bodyparts
        How many there are; of body parts, how many have a label at all.
    videos
        Those that its frames are of.
    models
        Numbers of the models that were trained on it.
    """

    num: int
    description: str = ""
    labeler: str = ""
    frames: int = 0
    labels: int = 0
    bodyparts: int = 0
    videos: tuple[VideoKey, ...] = ()
    models: tuple[int, ...] = ()

    @property
    def share(self) -> float | None:
        """Labels of those that there could be; None for a set that is empty."""
        possible = self.frames * self.bodyparts
        return self.labels / possible if possible else None


@dataclass(frozen=True)
class ListedPredictions:
    """What a model made of a video, as a list shows it.

    Attributes
    ----------
    model_num
        Number of the model; see `model`.
    video
        Which.
    bodyparts
        How many.
    model
        Kind of model; empty where that is not known.
    trained_on
        Number of the label set that it was trained on.
    """

    model_num: int
    video: VideoKey
    bodyparts: int
    model: str = ""
    trained_on: int | None = None


def list_poses(lab: Any) -> tuple[list[ListedSet], list[ListedPredictions]]:
    """List label sets, by number, and predictions, by video and model.

    Raises
    ------
    ConnectionLost
        When the server is gone.
    """
    from labdata_napari.lab.rows import fetched_together

    missing = set(lab.tables.missing)
    with lab.own_errors():
        rows = fetched_together(_queries(lab, missing))
    return _sets(rows), _predictions(rows)


def _queries(lab: Any, missing: set[str]) -> dict[str, Any]:
    import datajoint as dj

    queries: dict[str, Any] = {}
    if _SET not in missing:
        queries[_SET] = lab.PoseEstimationLabelSet()
    if not {_SET, f"{_SET}.Frame"} & missing:
        frames = lab.PoseEstimationLabelSet.Frame.proj()
        queries["frames"] = dj.U(_NUM, *VideoKey._fields).aggr(
            frames, n_rows="count(*)"
        )
    if not {_SET, f"{_SET}.Label"} & missing:
        labels = lab.PoseEstimationLabelSet.Label.proj()
        queries["labels"] = dj.U(_NUM, "label_name").aggr(labels, n_rows="count(*)")
    if "PoseEstimationModel" not in missing:
        queries["models"] = lab.PoseEstimationModel.proj("algorithm_name", _NUM)
    if "PoseEstimation" not in missing:
        seen = lab.PoseEstimation.proj()
        queries["predictions"] = dj.U("model_num", *VideoKey._fields).aggr(
            seen, n_rows="count(*)"
        )
    return queries


def _sets(rows: Rows) -> list[ListedSet]:
    frames: dict[int, dict[VideoKey, int]] = {}
    for row in rows.get("frames", ()):
        found = frames.setdefault(int(row[_NUM]), {})
        found[_video(row)] = int(row["n_rows"])
    labels: dict[int, list[int]] = {}
    for row in rows.get("labels", ()):
        labels.setdefault(int(row[_NUM]), []).append(int(row["n_rows"]))
    models: dict[int, list[int]] = {}
    for row in rows.get("models", ()):
        if row[_NUM] is not None:
            models.setdefault(int(row[_NUM]), []).append(int(row["model_num"]))
    sets = []
    for row in rows.get(_SET, ()):
        num = int(row[_NUM])
        counts, videos = labels.get(num, []), frames.get(num, {})
        sets.append(
            ListedSet(
                num,
                row.get("description") or "",
                row.get("labeler") or "",
                sum(videos.values()),
                sum(counts),
                len(counts),
                tuple(sorted(videos)),
                tuple(sorted(models.get(num, ()))),
            )
        )
    return sorted(sets, key=lambda each: each.num)


def _predictions(rows: Rows) -> list[ListedPredictions]:
    models = {int(row["model_num"]): row for row in rows.get("models", ())}
    found = []
    for row in rows.get("predictions", ()):
        num = int(row["model_num"])
        model = models.get(num, {})
        trained = model.get(_NUM)
        found.append(
            ListedPredictions(
                num,
                _video(row),
                int(row["n_rows"]),
                model.get("algorithm_name") or "",
                None if trained is None else int(trained),
            )
        )
    return sorted(found, key=lambda each: (each.video, each.model_num))


def _video(row: Mapping[str, Any]) -> VideoKey:
    return VideoKey(*(str(row[name]) for name in VideoKey._fields))
