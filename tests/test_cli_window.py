"""What the command line says about the window and the demo."""

from __future__ import annotations

import pytest

from labdata_napari.cli import main, parser
from labdata_napari.commands.window import run_browser


def test_without_a_command_the_window_opens_on_the_named_lab():
    arguments = parser().parse_args(["--url", "embedded:/a folder"])
    assert arguments.run is run_browser
    assert arguments.url == "embedded:/a folder"


def test_open_takes_the_lab_and_words_to_filter_by():
    arguments = parser().parse_args(["open", "M1", "brain", "--name", "my_lab"])
    assert (arguments.text, arguments.name) == (["M1", "brain"], "my_lab")


@pytest.mark.parametrize("option", ["--url", "--name", "--project"])
def test_the_demo_refuses_the_place_of_another_lab(option, capsys):
    assert main(["demo", option, "embedded:"]) == 1
    assert "place of its own" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for name in ("demo", "open", "import", "transform", "db"):
        assert f"\n    {name} " in said
