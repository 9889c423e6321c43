"""What a file belongs to, as labdata's rules read it off its folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from labdata_napari.cli import main
from labdata_napari.lab import preferences
from labdata_napari.lab.path_rules import DEFAULT_RULES, are_rules, names_in

if TYPE_CHECKING:
    from pathlib import Path

    from databases import Place
    from labdata_home import LabdataHome

SESSION = "20260101_120000"


@pytest.mark.parametrize(
    ("rules", "below", "names"),
    [
        (DEFAULT_RULES, "M1/s1/brain/x.tif", ("M1", "s1", "brain")),
        (DEFAULT_RULES, "M1/s1/brain/more/x.tif", ("M1", "s1", "brain")),
        (DEFAULT_RULES, "M1/s1/x.tif", ("M1", "s1", None)),  # the file is no dataset
        (DEFAULT_RULES, "x.tif", (None, None, None)),
        ("{subject_name}/raw/{session_name}", "M1/raw/s1/x.tif", ("M1", "s1", None)),
        ("{setup}/{subject_name}", "rig/M1/s1/x.tif", ("M1", None, None)),
        (
            "{subject_name}/{session_name}/{session_name}",
            "M1/a/b/x",
            ("M1",) + 2 * (None,),
        ),
    ],
)
def test_names_are_read_folder_by_folder(
    tmp_path: Path, rules: str, below: str, names: tuple[str | None, ...]
):
    assert are_rules(rules)
    folders = [tmp_path / "other", tmp_path / "data"]
    found = names_in(tmp_path / "data" / below, folders, rules)
    assert tuple(map(found.get, ("subject", "session", "dataset"))) == names
    assert names_in(tmp_path / "data2" / below, folders, rules) == {}
    assert names_in(tmp_path / "data/../y" / below, folders, rules) == {}


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_a_brain_is_imported_under_the_names_of_its_folders(
    lab_place: Place,
    labdata_home: LabdataHome,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    here: dict[str, Any] = lab_place.parameters
    labdata_home.write(
        {
            "host": f"{here['host']}:{here['port']}",
            "user": here["user"],
            "password": labdata_home.encrypted(here["password"]),
        },
        local_paths=[str(tmp_path / "data")],
        path_rules="{subject_name}/{dataset_name}/{session_name}",
    )
    file = tmp_path / "data" / "M1" / "atlas" / SESSION / "x.tif"
    file.parent.mkdir(parents=True)
    voxels = np.random.default_rng(0).integers(0, 99, (4, 8, 9)).astype(np.uint16)
    tifffile.imwrite(file, voxels, metadata={"axes": "ZYX"})
    typed = ["import", "brain", str(file), "--um-per-pixel", "9", "9", "9"]
    assert main(typed) == 0
    said = capsys.readouterr().out
    assert f"subject 'M1', session '{SESSION}', dataset 'atlas'" in said
    assert main([*typed, "--subject", "M2"]) == 0
    assert f"subject 'M2', session '{SESSION}', dataset 'atlas'" in (
        capsys.readouterr().out
    )
    assert main(["--url", f"embedded:{tmp_path / 'own'}", *typed]) == 1
    assert "without its subject, session and dataset" in capsys.readouterr().err
    assert preferences.read().problems == ()
