"""Therapy given in whole or in part by an assistant (CQ, CO) is paid a percent of what is left of the amount.

The percent comes after the reduction of several units of one day. That the assistant is of the plan's
discipline was seen by `therapy_plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
REDUCED = ("45", "Therapy given by an assistant is paid a part of the amount.")
OF_THE_PAYMENT = (
    "The reduction for a therapy assistant is one of the payment; a patient's share is taken before it."
)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if work.amount is None:
        return
    whole = work.amount
    share = work.value(params["percent"])
    work.set_amount("amount x percent / 100", round_cents(whole * share / HUNDRED, ROUNDING), ROUNDING)
    work.reductions.append((*REDUCED, whole - work.amount))
    work.warnings.append(OF_THE_PAYMENT)
