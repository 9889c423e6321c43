"""Brains that are only in S3: opened, and replaced while they are open."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.errors import LabdataError
from labdata_napari.lab.files import Files
from labs import add_brain, postgresql
from s3_server import put
from stack_files import labdata_zip

BRAIN = np.random.default_rng(3).integers(0, 4000, (24, 2, 96, 128)).astype(np.uint16)

pytestmark = postgresql


@pytest.fixture
def streamed(lab, bucket, store, tmp_path):
    """A lab whose one brain is in the bucket; its key and the name of the object."""
    key = add_brain(lab, "brain.zarr.zip", height=96, width=128)
    name = (lab.FixedBrain & key).fetch1("file_path")
    put(bucket, name, labdata_zip(tmp_path / "b.zarr.zip", BRAIN).read_bytes())
    lab.files = Files([store], storages={"data": bucket})
    return key, name


def test_a_brain_in_s3_opens_without_a_download(lab, streamed, store):
    key, name = streamed
    stack = lab.brains.open(key)
    assert stack.remote.url.endswith(name)
    assert (stack.axes, stack.um_per_pixel) == ("ZCYX", (25, 10, 5))
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    assert not store.exists() or not any(p.is_file() for p in store.rglob("*"))


def test_one_that_is_replaced_while_it_is_open_is_told(lab, streamed, bucket, tmp_path):
    key, name = streamed
    stack = lab.brains.open(key)
    other = labdata_zip(tmp_path / "other.zarr.zip", BRAIN[::-1].copy())
    put(bucket, name, other.read_bytes())
    with pytest.raises(LabdataError, match=name):
        np.asarray(stack)
    # and open again it is the new one
    np.testing.assert_array_equal(lab.brains.open(key)[0], BRAIN[-1])
