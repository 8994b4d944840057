"""A percent of the amount so far, e.g. a state's percent of the Medicare amount, rounded to cents."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.steps.relative_value_rate import factor_key
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if work.amount is None:
        work.hold("There is no amount that the percentage could be taken of.")
        return
    share = work.value(factor_key(work, params["percent"], params.get("by", "none")))
    work.percent_of_rate = work.percent_of_rate * share / HUNDRED
    work.set_amount("amount x percent / 100", round_cents(work.amount * share / HUNDRED, ROUNDING), ROUNDING)
