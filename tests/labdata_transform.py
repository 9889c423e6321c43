"""labdata 0.1.25 computes a transform; run with the interpreter of ``.venv-labdata``.

``labdata_transform.py SOURCE TARGET PARAMETERS``, or several such threes. Its functions
are called as its table of transforms does; parameters come as JSON, and its result goes
to a TIFF, or, to compare voxels, to a ``.npy``.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from labdata.stacks import downsample_stack, open_zarr, rotate_stack


def transform(source, target, parameters):
    wanted = json.loads(parameters)
    result = open_zarr(source)
    if wanted["downsample"] is not None:
        result = downsample_stack(result, wanted["downsample"], n_jobs=2)
    if wanted["rotate"] is not None:
        result = rotate_stack(np.asarray(result), *wanted["rotate"], n_jobs=2)
    if wanted["crop"] is not None:
        parts = tuple(slice(*(p or [None])) for p in wanted["crop"])
        result = result[parts]
    if wanted["transpose"] is not None:
        result = result.transpose(wanted["transpose"])
    if target.endswith(".npy"):
        np.save(target, np.asarray(result))
        return
    import tifffile

    options = {"compression": "zlib", "compressionargs": {"level": 6}}
    metadata = {"axes": "ZCYX"}
    tifffile.imwrite(target, result, imagej=True, metadata=metadata, **options)


if __name__ == "__main__":
    for k in range(1, len(sys.argv), 3):
        transform(*sys.argv[k : k + 3])
