"""Which fee applies: the worked example, and what holds for any set of fees."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain.fee_resolution import applies, choose

X, Y, OTHER = "clinic X", "provider Y", "somebody else"


def fee(
    amount: int, clinic: str | None = None, provider: str | None = None, since: str = ""
) -> dict[str, Any]:
    day = date.fromisoformat(since) if since else None
    return {"amount": amount, "clinic_uuid": clinic, "provider_uuid": provider, "date_effective": day}


D2740 = [fee(1000), fee(1100, since="2025-07-01"), fee(950, X), fee(1200, provider=Y, since="2026-01-01")]


@pytest.mark.parametrize(
    ("clinic", "provider", "on", "amount"),
    [
        (X, Y, "2025-08-01", 950),
        (X, Y, "2026-02-01", 1200),
        (None, None, "2025-06-30", 1000),
        (None, None, "2025-07-01", 1100),
        (OTHER, OTHER, "2026-02-01", 1100),
    ],
)
def test_the_worked_example(clinic: str | None, provider: str | None, on: str, amount: int) -> None:
    chosen = choose(D2740, clinic, provider, date.fromisoformat(on))
    assert chosen is not None
    assert chosen["amount"] == amount


def test_a_fee_for_both_outranks_newer_ones_for_either() -> None:
    both = fee(1, X, Y)
    assert (
        choose([fee(2, X, since="2026-01-01"), fee(3, None, Y, "2026-01-01"), both], X, Y, date.max) is both
    )


def test_nothing_applies() -> None:
    assert (
        choose([fee(1, X), fee(2, provider=Y), fee(3, since="2026-01-02")], None, None, date(2026, 1, 1))
        is None
    )


WHO = st.sampled_from([None, X, OTHER])
DAY = st.dates(date(2025, 1, 1), date(2025, 1, 9))
FEES = st.lists(
    st.fixed_dictionaries({"clinic_uuid": WHO, "provider_uuid": WHO, "date_effective": st.none() | DAY}),
    max_size=8,
)


def level(one: dict[str, Any]) -> int:
    names = (one["clinic_uuid"] is not None, one["provider_uuid"] is not None)
    return {(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}[names]


@given(FEES, WHO, WHO, DAY)
def test_no_applying_fee_is_closer_or_later_than_the_chosen_one(
    fees: list[dict[str, Any]], clinic: str | None, provider: str | None, on: date
) -> None:
    chosen = choose(fees, clinic, provider, on)
    applying = [one for one in fees if applies(one, clinic, provider, on)]
    assert (chosen is None) == (not applying)
    for one in applying:
        assert chosen is not None
        assert level(chosen) <= level(one)
        if level(chosen) == level(one):
            assert (chosen["date_effective"] or date.min) >= (one["date_effective"] or date.min)
