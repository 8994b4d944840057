"""The money door: doubles come in by their shortest decimal form, and go out as the same cents."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.money import (
    NotADecimalError,
    amount_from_wire,
    amount_to_wire,
    rate_from_wire,
    round_cents,
)

CENTS = st.integers(min_value=0, max_value=999_999_999)


@given(CENTS)
def test_every_amount_up_to_ten_million_dollars_survives_the_wire(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    assert amount_from_wire(amount_to_wire(amount)) == amount


@given(st.integers(min_value=1, max_value=9_999_999), st.integers(min_value=3, max_value=6))
def test_more_than_two_decimals_are_refused(number: int, places: int) -> None:
    value = float(Decimal(number * 10 + 1).scaleb(-places))
    with pytest.raises(NotADecimalError):
        amount_from_wire(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(NotADecimalError):
        amount_from_wire(value)


def test_a_rate_may_have_four_decimals() -> None:
    assert rate_from_wire(85.1234) == Decimal("85.1234")
    with pytest.raises(NotADecimalError):
        rate_from_wire(85.12345)


@given(st.decimals(min_value=0, max_value=99999, places=6))
def test_half_a_cent_goes_up(amount: Decimal) -> None:
    assert round_cents(amount) == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_an_unrounded_amount_does_not_leave() -> None:
    with pytest.raises(NotADecimalError):
        amount_to_wire(Decimal("1.005"))
