"""A percent of the amount so far, e.g. a state's percent of the Medicare amount, rounded to cents.

By `of: rate`, only of amounts that relative values made; one from a table of amounts stays as it is.
"""

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
    if params.get("of") == "rate" and work.rate_factor is None:
        return
    share = work.value(factor_key(work, params["percent"], params.get("by", "none")))
    work.percent_of_rate = work.percent_of_rate * share / HUNDRED
    work.set_amount("amount x percent / 100", round_cents(work.amount * share / HUNDRED, ROUNDING), ROUNDING)
