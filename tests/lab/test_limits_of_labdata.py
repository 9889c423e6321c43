"""The short blobs of tables that labdata made on MySQL."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from databases import declare_as_labdata
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.limits import blob_limits, checked
from labs import KEY

ANNOTATION = KEY | {
    "transform_id": 0,
    "annotation_id": 1,
    "annotation_name": "probe",
    "annotation_type": "",
    "xyz": np.zeros((2, 3)),
}


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_short_blobs_of_labdata_are_measured_packed(place: Any) -> None:
    from labdata_napari.schema import Tables

    declare_as_labdata(place)
    tables = Tables(place.instance())
    table = tables.FixedBrainTransformAnnotation
    assert blob_limits(table) == {"xyz": 65535}
    zeros = ANNOTATION | {"xyz": np.zeros((100_000, 3))}  # packs well
    assert checked(table, [zeros])
    noise = ANNOTATION | {"xyz": np.random.default_rng(0).random((10_000, 3))}
    with pytest.raises(InvalidValue) as error:
        checked(table, [noise], "annotation 'probe'")
    sentence = str(error.value)
    assert "The xyz of annotation 'probe' takes" in sentence
    assert "of its 10,000 points about" in sentence
    row = KEY | {"crop": np.random.default_rng(0).random(20_000)}
    with pytest.raises(InvalidValue, match="make it smaller"):
        checked(tables.FixedBrainTransformParameters, [row])
