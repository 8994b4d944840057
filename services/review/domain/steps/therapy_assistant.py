"""Therapy given in whole or in part by an assistant (CQ, CO) is paid a percent of what is left of the amount.

The percent comes after the reduction of several units of one day. CQ goes with a plan of physical therapy
(GP), CO with one of occupational therapy (GO); otherwise the line is returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.steps.therapy_plan import WRONG_MODIFIER
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
PLAN_OF: Mapping[str, str] = {"CQ": "GP", "CO": "GO"}
REDUCED = ("45", "Therapy given by an assistant is paid a part of the amount.")
OF_THE_PAYMENT = (
    "The reduction for a therapy assistant is one of the payment; a patient's share is taken before it."
)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    named = [modifier for modifier in work.line.modifiers if modifier in PLAN_OF]
    if not named or work.amount is None:
        return
    if len(named) > 1 or PLAN_OF[named[0]] not in work.line.modifiers:
        work.deny(
            WRONG_MODIFIER, "An assistant's modifier goes with its plan of care: CQ with GP, CO with GO."
        )
        return
    whole = work.amount
    share = work.value(params["percent"])
    work.set_amount("amount x percent / 100", round_cents(whole * share / HUNDRED, ROUNDING), ROUNDING)
    work.reductions.append((*REDUCED, whole - work.amount))
    work.warnings.append(OF_THE_PAYMENT)
