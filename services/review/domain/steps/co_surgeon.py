"""Each of two surgeons (62) is paid a percent of what one surgeon would be paid.

The percent is taken of the amount after both sides and ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.roles import CO_SURGEON, role
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
REDUCED = ("59", "Each of two surgeons is paid a part of the amount for the surgery.")
"""59 names rules for procedures that several share or that run together; 45 stays for the charge."""


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if role(work.line) != CO_SURGEON or work.amount is None:
        return
    surgery = work.amount
    paid = round_cents(surgery * work.value(params["percent"]) / HUNDRED, ROUNDING)
    work.set_amount("amount of the surgery x percent / 100", paid, ROUNDING)
    work.reductions.append((*REDUCED, surgery - paid))
