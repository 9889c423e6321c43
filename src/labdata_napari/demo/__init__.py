"""An invented lab whose truth is known, to look around in and to test against.

`ensure_demo` builds it once in the person's data folder and returns its address;
`build_demo` fills any empty lab; `demo_truth` tells what was planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labdata_napari.demo.build import build_demo
    from labdata_napari.demo.home import demo_root, demo_url, ensure_demo
    from labdata_napari.demo.truth import DemoTruth, demo_truth

__all__ = [
    "DemoTruth",
    "build_demo",
    "demo_root",
    "demo_truth",
    "demo_url",
    "ensure_demo",
]

_HOME = {
    "build_demo": "build",
    "demo_root": "home",
    "demo_url": "home",
    "ensure_demo": "home",
    "DemoTruth": "truth",
    "demo_truth": "truth",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
