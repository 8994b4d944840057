"""Assistants at surgery (80, 81, 82, AS) are paid a percent of what the surgeon would be paid.

The percent is taken of the amount after both sides and ranks, rounded once. One who is not a
physician (AS) is paid a percent of that percent: both are printed, and 16 x 85 percent is 13.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.roles import ASSISTANT, NONPHYSICIAN, role
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
REDUCED = ("59", "An assistant at surgery is paid a part of the amount for the surgery.")
"""59 names rules for procedures that several share or that run together; 45 stays for the charge."""


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    own = role(work.line)
    if own not in {ASSISTANT, NONPHYSICIAN} or work.amount is None:
        return
    surgery = work.amount
    paid = surgery * work.value(params["percent"]) / HUNDRED
    formula = "amount of the surgery x percent / 100"
    if own == NONPHYSICIAN:
        paid = paid * work.value(params["nonphysician"]) / HUNDRED
        formula += " x percent / 100, rounded once"
    work.set_amount(formula, round_cents(paid, ROUNDING), ROUNDING)
    work.reductions.append((*REDUCED, surgery - work.amount))
