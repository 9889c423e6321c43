"""Save a thousand points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from big_lab import PHANTOM

from labdata_napari.core.annotation import Annotation, AnnotationSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from big_lab import BigLab

SAVE = "save an annotation of 1,000 points"
KEY = {**PHANTOM, "transform_id": 0}
POINTS = np.random.default_rng(0).uniform(0, 500, (1000, 3))


def forget(lab: Any) -> Callable[[], None]:
    return (lab.FixedBrainTransformAnnotation & KEY).delete_quick


def test_save(measure: Callable[..., Any], big_lab: BigLab) -> None:
    lab = big_lab.lab
    edited = AnnotationSet((Annotation("track", "probe_track", POINTS),))
    empty = AnnotationSet()

    def work() -> None:
        lab.brains.save_annotations(KEY, empty, edited)

    measure(SAVE, work, setup=forget(lab), rounds=20)
    forget(lab)()


def test_save_datajoint(measure: Callable[..., Any], big_lab: BigLab) -> None:
    lab = big_lab.lab
    row = {
        **KEY,
        "annotation_id": 0,
        "annotation_name": "track",
        "annotation_type": "probe_track",
        "xyz": POINTS,
    }

    def work() -> None:
        lab.FixedBrainTransformAnnotation.insert1(row)

    peer = "DataJoint's insert1, without any check"
    measure(SAVE, work, peer=peer, setup=forget(lab), rounds=20)
    forget(lab)()
