"""Here every `place`, `lab` and `connect_again` is on tables that labdata declared."""

from __future__ import annotations

import pytest


@pytest.fixture
def backend() -> str:
    return "labdata"
