"""Who imports whom: each package alone in a fresh Python, and what came with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

QT = {"qtpy", "PyQt5", "PyQt6"}
FORBIDDEN = {
    "labdata_napari": {"napari", "datajoint", "numpy", *QT},
    "labdata_napari.cli": {"napari", "datajoint", *QT},
    "labdata_napari.contributions": {"napari", "datajoint", *QT},
    "labdata_napari.core": {"napari", "datajoint", *QT},
    "labdata_napari.schema": {"napari", "scipy", *QT},  # scipy: half a second
    "labdata_napari.lab": {"napari", *QT},
    "labdata_napari.demo": {"napari", *QT},
    "labdata_napari.layers": {"datajoint", *QT},
    "labdata_napari.widgets": {"datajoint"},
}
OURS = {
    "core": {"errors"},
    "schema": {"core", "errors"},
    "lab": {"core", "schema", "errors", "settings"},
    "layers": {"core", "errors"},
}

IMPORT_ALL = """
import importlib, pkgutil, sys
name = sys.argv[1]
path = getattr(importlib.import_module(name), "__path__", [])
if name != "labdata_napari":
    for module in pkgutil.walk_packages(path, name + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in {"numba", "cupy"}:  # extras, imported where they are
                raise
print(" ".join(sorted(sys.modules)))
"""


def modules_after(package: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, package],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("package", list(FORBIDDEN))
def test_a_package_brings_nothing_that_belongs_above_it(package):
    modules = modules_after(package)
    roots = {name.partition(".")[0] for name in modules}
    assert not roots & FORBIDDEN[package]
    _, _, short = package.partition(".")
    if short in OURS:
        ours = {
            name.split(".")[1]
            for name in modules
            if name.startswith("labdata_napari.") and name != package
        }
        assert ours <= OURS[short] | {short}
