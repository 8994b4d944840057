"""A percent of the charge, where a jurisdiction pays services without a schedule amount so.

Stands for all units of the line. A line that has an amount by now keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if work.amount is not None:
        return
    share = work.value(params["percent"])
    work.figure("charge", work.line.charge, "USD")
    work.units_priced = True
    work.set_amount(
        "charge x percent / 100", round_cents(work.line.charge * share / HUNDRED, ROUNDING), ROUNDING
    )
