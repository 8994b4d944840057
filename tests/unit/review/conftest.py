"""Fixtures of the engine's tests."""

from __future__ import annotations

import pytest

from tests.harness import bills


@pytest.fixture
def prices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """For rules of price whose examples meet edits of correct coding: those are tested by themselves."""
    monkeypatch.setattr(bills, "engine", bills.engine_without_edits)
