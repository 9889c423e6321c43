"""Values as JSON and back, types and every bit included.

labdata's process and ours exchange values in this form, and two values are the same
when their forms are. Depends on numpy alone: both interpreters import it.
"""

from __future__ import annotations

import base64
import datetime
import uuid
from decimal import Decimal
from typing import Any

import numpy as np

Plain = Any
"""What `json` writes."""

_TIMES = {
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
}
_TEXTS = {"decimal": Decimal, "uuid": uuid.UUID}
_SEVERAL = {"list": list, "tuple": tuple, "set": set}


def to_plain(value: Any) -> Plain:
    """Return a value in a form that JSON keeps whole."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"is": "float", "hex": value.hex()}
    if type(value) is complex:
        return {"is": "complex", "hex": [value.real.hex(), value.imag.hex()]}
    if type(value) is bytes:
        return {"is": "bytes", "base64": _text(value)}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return {"is": "scalar", "array": _array(np.array(value))}
    for name, kind in _TIMES.items():
        if type(value) is kind:
            return {"is": name, "iso": value.isoformat()}
    for name, kind in _TEXTS.items():
        if type(value) is kind:
            return {"is": name, "text": str(value)}
    return _several(value)


def _several(value: Any) -> Plain:
    if isinstance(value, dict):
        pairs = [[to_plain(k), to_plain(v)] for k, v in value.items()]
        return {"is": "dict", "pairs": pairs}
    for name, kind in _SEVERAL.items():
        if isinstance(value, kind):
            items = [to_plain(one) for one in value]
            return {"is": name, "items": sorted(items) if name == "set" else items}
    raise TypeError(f"no plain form of {type(value)}")


def _array(value: np.ndarray) -> Plain:
    plain = {"is": type(value).__name__, "shape": list(value.shape)}
    if value.dtype.hasobject:
        return plain | {"items": [to_plain(one) for one in value.ravel().tolist()]}
    dtype = np.lib.format.dtype_to_descr(value.dtype)
    if isinstance(dtype, list):  # a field is a list in JSON
        dtype = [list(field) for field in dtype]
    return plain | {"dtype": dtype, "base64": _text(value.tobytes())}


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def from_plain(plain: Plain) -> Any:
    """Return the value that `to_plain` made a form of."""
    if not isinstance(plain, dict):
        return plain
    kind = plain["is"]
    if kind == "float":
        return float.fromhex(plain["hex"])
    if kind == "complex":
        return complex(*(float.fromhex(part) for part in plain["hex"]))
    if kind == "bytes":
        return base64.b64decode(plain["base64"])
    if kind == "scalar":
        return from_plain(plain["array"])[()]
    if kind == "dict":
        return {from_plain(k): from_plain(v) for k, v in plain["pairs"]}
    if kind in _SEVERAL:
        return _SEVERAL[kind](from_plain(one) for one in plain["items"])
    if kind in _TIMES:
        return _TIMES[kind].fromisoformat(plain["iso"])
    if kind in _TEXTS:
        return _TEXTS[kind](plain["text"])
    return _array_from(plain)


def _array_from(plain: Plain) -> np.ndarray:
    if "items" in plain:
        value = np.empty(len(plain["items"]), object)
        value[:] = [from_plain(one) for one in plain["items"]]
        return value.reshape(plain["shape"])
    descr = plain["dtype"]
    if isinstance(descr, list):
        descr = [tuple(field) for field in descr]
    dtype = np.lib.format.descr_to_dtype(descr)
    value = np.frombuffer(base64.b64decode(plain["base64"]), dtype)
    value = value.reshape(plain["shape"]).copy()
    return value.view(np.recarray) if plain["is"] == "recarray" else value
