"""Fixtures every folder uses."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hypothesis
import pytest

from screens import take_own_screen

pytest_plugins = [
    "databases",
    "demo_labs",
    "embedded_servers",
    "far_labs",
    "labdata_home",
    "labs",
    "file_rows",  # after labs, which it uses
    "inserted_probes",  # likewise
    "peers",
    "s3_server",
]

take_own_screen()
os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")
os.environ.setdefault("DJ_THREAD_SAFE", "true")
# the settings and passwords of whoever runs the tests are none of their business
for _name in [name for name in os.environ if name.startswith("LABDATA_DATABASE")]:
    del os.environ[_name]
for _name in ("LABDATA_PREFERENCES", "LABDATA_OVERRIDE_DATAPATH"):
    os.environ.pop(_name, None)
os.environ["LABDATA_PATH"] = os.path.dirname(__file__)  # which holds none
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# A busy machine is slow, which is no failure; in CI the same change gives the same
# answer twice.
hypothesis.settings.register_profile(
    "ours", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
hypothesis.settings.load_profile("ours")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that is never committed; tests that use it skip where it is absent."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("LABDATA_NAPARI_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set LABDATA_NAPARI_TEST_DATA")
    return folder


_SHORT = ("core", "layers", "schema")
"""Folders whose files take seconds: of two workers, neither waits at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; and no windows where there is no display."""
    items.sort(key=lambda item: item.path.parent.name in _SHORT)
    _skip_windows(items)


def _skip_windows(items: list[pytest.Item]) -> None:
    """Without a display Qt ends the whole process."""
    platform = os.environ.get("QT_QPA_PLATFORM")
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or platform
    if shown or not sys.platform.startswith("linux"):
        return
    needs = {"qapp", "qtbot", "make_napari_viewer", "make_napari_viewer_proxy"}
    for item in items:
        if needs & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip("needs a display; 'make test' brings one"))
