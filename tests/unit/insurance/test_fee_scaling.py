"""Fees by a percentage: worked amounts, half-up rounding, never below zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain.fee_scaling import scaled, signed

AMOUNTS = st.decimals(0, Decimal("9999999.99"), places=2)
CHANGES = st.decimals(-100, 1000, places=4)
HALF_A_CENT = Fraction(1, 200)


@pytest.mark.parametrize(
    ("amount", "percentage", "wanted"),
    [
        ("58.20", "7.5", "62.57"),
        ("99.00", "-12.5", "86.63"),
        ("100.00", "5", "105.00"),
        ("33.33", "5", "35.00"),
        ("0.05", "5", "0.05"),
        ("58.30", "5", "61.22"),
        ("105.00", "-5", "99.75"),
        ("61.22", "-5", "58.16"),
        ("0.00", "1000", "0.00"),
    ],
)
def test_worked_amounts(amount: str, percentage: str, wanted: str) -> None:
    assert str(scaled(Decimal(amount), Decimal(percentage))) == wanted


@given(AMOUNTS, CHANGES)
def test_rounds_half_up_to_cents(amount: Decimal, percentage: Decimal) -> None:
    exact = Fraction(amount) * (100 + Fraction(percentage)) / 100
    off = Fraction(scaled(amount, percentage)) - exact
    assert -HALF_A_CENT < off <= HALF_A_CENT


@given(AMOUNTS, st.decimals(0, 100, places=4))
def test_no_decrease_goes_below_zero(amount: Decimal, percentage: Decimal) -> None:
    lowered = scaled(amount, signed("decrease", percentage))
    assert 0 <= lowered <= amount


@given(AMOUNTS, AMOUNTS, CHANGES)
def test_the_order_of_fees_stays(one: Decimal, other: Decimal, percentage: Decimal) -> None:
    low, high = sorted((one, other))
    assert scaled(low, percentage) <= scaled(high, percentage)
