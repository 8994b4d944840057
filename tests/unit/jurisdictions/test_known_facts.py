"""Every dated figure that was collected from the agencies' texts is among our values, with its date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.jurisdictions.rulebook import Rulebook
from tests.unit.jurisdictions.published import SHARED

BOOK = Rulebook.load()
STATES = [
    "AK",
    "AZ",
    "CA",
    "CO",
    "GA",
    "HI",
    "IL",
    "KS",
    "OH",
    "OR",
    "PA",
    "SC",
    "SD",
    "TX",
    "UT",
    "WA",
    "WV",
    "WY",
]
ELSEWHERE = {("WV", "1.35"): Decimal(135), ("OR", "94.9"): None}
"""A multiplier entered as a percentage; a figure that was derived from a table and prices nothing."""


def facts(state: str) -> Iterator[dict[str, Any]]:
    path = SHARED / "jurisdictions" / f"{state}.json"
    if not path.exists():
        pytest.skip(f"collected facts are not at hand: set ALLOWABLE_SHARED_DATA ({path} is absent)")
    for fact in json.loads(path.read_text(), parse_float=str)["conversion_factors"]:
        if fact["effective_from"]:
            yield fact


@pytest.mark.parametrize("state", STATES)
def test_the_facts_are_held(state: str) -> None:
    held = BOOK.jurisdiction(state).values
    for fact in facts(state):
        amount = ELSEWHERE.get((state, fact["value"]), Decimal(fact["value"]))
        if amount is None:
            continue
        start = date.fromisoformat(fact["effective_from"])
        assert any(
            value.amount == amount
            and value.citation.effective_from <= start <= (value.citation.effective_to or date.max)
            for value in held
        ), fact
