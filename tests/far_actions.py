"""What people do with a lab far away, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import labdata_napari as ln
from brain_files import brain_voxels, store_brain
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labs import KEY, add_transform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import Place
    from relay import Traffic, Where


@dataclass(frozen=True)
class Cost:
    """What an action needed of the wire, and of the person's time."""

    action: str
    traffic: Traffic
    seconds: float


def fill_lab(place: Place, store: Path) -> None:
    """A brain on disk, with a transform in name only that has two annotations."""
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.lab import Lab

    lab = Lab(
        place.instance(), "mysql://test@host:3306", "lab_data", None, Files([store])
    )
    store_brain(lab, store, brain_voxels())
    transform = add_transform(lab, KEY)
    for number in range(2):
        row = {
            "annotation_id": number,
            "annotation_name": f"probe {number}",
            "annotation_type": "",
            "xyz": np.zeros((4, 3)),
        }
        lab.FixedBrainTransformAnnotation.insert1(transform | row)


def costs(where: Where, store: Path) -> Iterator[Cost]:
    """Do one thing after the other, as the docks do, and tell what each one cost.

    Connecting is up to the first line of the browser: where, as whom, read-only or
    not. The import of DataJoint, which takes two seconds once and anywhere, is no part.
    """
    relay = where.relay
    lab: Any = None

    def connect() -> None:
        nonlocal lab
        lab = ln.connect(
            where.url(), password=where.password, tls=False, local_paths=[store]
        )
        _ = lab.user, lab.read_only

    def first_list() -> None:
        nonlocal brain
        [brain] = lab.entries.find()

    def load() -> None:
        nonlocal loaded
        loaded = lab.brains.load_annotations(transform)

    def save() -> None:
        added = Annotation("probe new", "", np.ones((5, 3)))
        lab.brains.save_annotations(transform, loaded, AnnotationSet((*loaded, added)))

    brain: Any = None
    transform = {**KEY, "transform_id": 0}
    loaded: Any = None
    actions = {
        "connect": connect,
        "first list": first_list,
        "list again": first_list,
        "details of a brain": lambda: lab.entries.details(brain),
        "open a brain": lambda: lab.brains.open(KEY),
        "list its transforms": lambda: lab.brains.transforms(KEY),
        "load annotations": load,
        "save an annotation": save,
        "delete a subject": lambda: (lab.Subject & KEY).delete(prompt=False),
    }
    try:
        for action, do in actions.items():
            before, began = relay.traffic, time.perf_counter()
            do()
            yield Cost(action, relay.traffic - before, time.perf_counter() - began)
    finally:
        if lab is not None:
            lab.close()
