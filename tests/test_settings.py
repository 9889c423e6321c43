"""Where things are kept, as the environment says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari import settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_cache_goes_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LABDATA_NAPARI_CACHE", raising=False)
    assert settings.cache_home() == tmp_path / "home" / "cache"
    monkeypatch.setenv("LABDATA_NAPARI_CACHE", str(tmp_path / "fast disk"))
    assert settings.cache_home() == tmp_path / "fast disk"
    assert settings.data_home() == tmp_path / "home"
    monkeypatch.setenv("LABDATA_NAPARI_CACHE", "")
    assert settings.cache_home() == tmp_path / "home" / "cache"
