"""The manifest: valid, importable, in menus that exist, and every dock opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from npe2 import PluginManifest
from qtpy.QtWidgets import QWidget

import labdata_napari

PACKAGE = Path(labdata_napari.__file__).parent
CONTRIBUTABLE = {
    *(f"napari/file/{name}" for name in ("new_layer", "io_utilities", "acquire")),
    *(
        f"napari/layers/{name}"
        for name in (
            "visualize",
            "annotate",
            "data",
            "metadata",
            "layer_type",
            "filter",
            "transform",
            "measure",
            "register",
            "project",
            "segment",
            "track",
            "classify",
        )
    ),
}


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_file(PACKAGE / "napari.yaml")


def test_the_manifest_is_valid_and_everything_it_names_can_be_imported(manifest):
    manifest.validate_imports()
    assert manifest.name == "labdata-napari"


def test_the_manifest_at_the_top_is_the_packaged_one():
    top = PACKAGE.parents[1] / "napari.yaml"
    if not top.exists():
        pytest.skip("not run from a checkout")
    assert top.resolve() == (PACKAGE / "napari.yaml").resolve()


def test_every_menu_is_one_that_napari_shows(manifest):
    assert set(manifest.contributions.menus) <= CONTRIBUTABLE


def test_no_key_bindings_are_promised_that_napari_never_activates(manifest):
    assert not manifest.contributions.keybindings


def test_every_preference_has_a_title_a_default_and_a_description(manifest):
    for page in manifest.contributions.configurations.values():
        for name, field in page.properties.items():
            assert field.title, name
            assert field.default is not None, name
            assert field.description, name


def test_every_dock_opens_and_describes_its_controls(
    manifest, make_napari_viewer, monkeypatch, tmp_path
):
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path))
    viewer = make_napari_viewer()
    for widget in manifest.contributions.widgets:
        _, dock = viewer.window.add_plugin_dock_widget(
            "labdata-napari", widget.display_name
        )
        kinds = ("QPushButton", "QLineEdit", "QComboBox", "QTableView")
        for control in dock.findChildren(QWidget):
            name = control.objectName()
            ours = name and not name.startswith("qt_")  # parts of Qt's own
            if ours and type(control).__name__ in kinds:
                assert control.toolTip(), name
