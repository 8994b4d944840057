"""Whole-number arithmetic against Decimal, figure by figure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.bulk import kernels

CENT = Decimal("0.01")

rvu = st.integers(0, 9_999_999)
index = st.integers(0, 9_999)
factor = st.integers(0, 9_999_999)
cents = st.integers(0, 10**11)


def one(number: int) -> kernels.Ints:
    return np.array([number], dtype=np.int64)


@given(st.tuples(rvu, rvu, rvu), st.tuples(index, index, index), factor)
def test_a_rate_is_rounded_half_up_to_cents(
    values: tuple[int, int, int], indices: tuple[int, int, int], dollars: int
) -> None:
    exact = sum(
        (Decimal(value) / 100 * Decimal(place) / 1000 for value, place in zip(values, indices, strict=True)),
        Decimal(0),
    )
    wanted = (exact * Decimal(dollars) / 10_000).quantize(CENT, ROUND_HALF_UP)
    work, expense, malpractice = (one(value) for value in values)
    at_work, at_expense, at_malpractice = (one(place) for place in indices)
    found = kernels.rate((work, expense, malpractice), (at_work, at_expense, at_malpractice), one(dollars))
    assert found[0] == int(wanted * 100)


@given(st.integers(0, 99_999), st.integers(0, 100), index, factor)
def test_a_reduced_practice_expense_has_two_decimals_more(
    expense: int, share: int, place: int, dollars: int
) -> None:
    exact = Decimal(expense) / 100 * share / 100 * Decimal(place) / 1000
    wanted = (exact * Decimal(dollars) / 10_000).quantize(CENT, ROUND_HALF_UP)
    values = (one(0), one(expense * share), one(0))
    found = kernels.rate(values, (one(place),) * 3, one(dollars), 100)
    assert found[0] == int(wanted * 100)


@given(cents, st.integers(0, 10_000_000))
def test_a_percent_is_rounded_half_up_to_cents(amount: int, share: int) -> None:
    exact = Decimal(amount) / 100 * Decimal(share) / 10_000 / 100
    assert kernels.percent(one(amount), one(share))[0] == int(exact.quantize(CENT, ROUND_HALF_UP) * 100)


def test_the_largest_figures_stay_exact() -> None:
    largest = (one(9_999_999),) * 3
    found = kernels.rate(largest, (one(9_999),) * 3, one(9_999_999))
    exact = 3 * Decimal("99999.99") * Decimal("9.999") * Decimal("999.9999")
    assert found[0] == int(exact.quantize(CENT, ROUND_HALF_UP) * 100)
