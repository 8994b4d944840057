"""Agreed terms in place of the schedule amount.

A flat rate for the code, else percent of charge, else percent of the schedule amount. The first two
also price a line that the schedule could not. A flat rate names a code alone: with a modifier that
makes the service more, less or another one, the line goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.decision import DENIED, PRICED
from services.review.domain.steps.modifiers import INFORMATIONAL
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
SAME_SERVICE = INFORMATIONAL | {"51", "RT", "LT"}


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    terms = work.bill.contract
    if terms is None or work.status is DENIED or work.in_doubt:
        return
    flat = terms.flat_rates.get(work.line.code)
    if flat is not None:
        others = [m for m in work.line.modifiers if m not in SAME_SERVICE]
        if others or {"RT", "LT"} <= set(work.line.modifiers):
            named = ", ".join(others) or "RT and LT"
            work.hold(
                f"Whether the contract's flat rate is meant for modifier {named} must be judged by a person."
            )
            return
        work.figure("contract_flat_rate", flat, "USD per unit")
        work.figure("units", work.line.units, "units")
        _agree(work, "contract flat rate x units", flat * work.line.units)
    elif terms.percent_of_charge is not None:
        share = terms.percent_of_charge
        work.figure("contract_percent_of_charge", share, "percent")
        work.figure("charge", work.line.charge, "USD")
        _agree(
            work, "charge x contract percent / 100", round_cents(work.line.charge * share / HUNDRED, ROUNDING)
        )
    elif terms.percent_of_schedule is not None and work.open and work.amount is not None:
        share = terms.percent_of_schedule
        work.figure("contract_percent_of_schedule", share, "percent")
        _agree(work, "amount x contract percent / 100", round_cents(work.amount * share / HUNDRED, ROUNDING))


def _agree(work: LineWork, formula: str, amount: Decimal) -> None:
    """The agreed amount stands for all units and replaces reductions that the schedule had made."""
    if not work.open:
        work.warnings.append(f"Priced by contract alone; the schedule could not: {work.words}")
        work.status = PRICED
    work.reductions = []
    work.units_priced = True
    work.by_contract = True
    work.set_amount(formula, amount, ROUNDING)
