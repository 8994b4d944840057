"""Closes a line: its allowed amount, and reasons that add up to what is not allowed."""

from __future__ import annotations

from decimal import Decimal

from services.kernel.money import ZERO
from services.review.domain.decision import DENIED, NEEDS_REVIEW, PRICED, LineDecision, Reason
from services.review.domain.work import LineWork

MEDICARE_REDUCTION = ("45", "The charge is above the fee schedule amount.")
WORKERS_COMPENSATION_REDUCTION = ("P12", "The charge is above the workers' compensation fee schedule amount.")
CONTRACT_REDUCTION = ("45", "The charge is above the contracted amount.")
ABOVE_CHARGE = (
    "The charge is below the schedule amount; whether this jurisdiction then pays the charge was not read."
)
SCHEDULE_ABOVE_CHARGE = "The schedule's amount is above the charge, which does not limit it."
CONTRACT_ABOVE_CHARGE = "The contracted amount is above the charge."


def close(work: LineWork) -> LineDecision:
    """The decision on a line after its last step."""
    if work.status is PRICED and (work.amount is None or not work.units_priced):
        work.hold("The program ended without an amount for this service.")
    allowed = work.amount if work.status is PRICED and work.amount is not None else ZERO
    if work.status is PRICED and allowed > work.line.charge:
        allowed = _above_charge(work, allowed)
    origin = work.origin
    shared = (len(origin.steps), len(origin.citations), len(origin.warnings)) if origin else (0, 0, 0)
    return LineDecision(
        work.line, work.status, allowed, reasons(work, allowed),
        tuple(work.steps), tuple(work.citations), tuple(work.warnings), origin, shared,
    )  # fmt: skip


def _above_charge(work: LineWork, amount: Decimal) -> Decimal:
    """No rule limited the amount to the charge: parties may agree so, else a person must judge it."""
    if work.by_contract or not work.limited_to_charge:
        work.warnings.append(CONTRACT_ABOVE_CHARGE if work.by_contract else SCHEDULE_ABOVE_CHARGE)
        return amount
    work.hold(ABOVE_CHARGE)
    return ZERO


def reasons(work: LineWork, allowed: Decimal) -> tuple[Reason, ...]:
    """Splits charge less allowed amount over the reductions met; the rest is the schedule's own.

    A reduction can only take what the charge holds: one that lowers the schedule amount from 100 to
    50 takes 20 of a charge of 70.
    """
    if work.status is NEEDS_REVIEW:
        return (Reason("", "", ZERO, work.words),)
    if work.status is DENIED:
        return tuple([Reason(carc, work.group, amount, words) for carc, words, amount in work.reductions])
    rest = max(work.line.charge - allowed, ZERO)
    found = []
    for carc, words, amount in work.reductions:
        taken = min(amount, rest)
        if taken > 0:
            found.append(Reason(carc, "CO", taken, words))
            rest -= taken
    if rest > 0:
        carc, words = schedule_reduction(work)
        found.insert(0, Reason(carc, "CO", rest, words))
    return tuple(found)


def schedule_reduction(work: LineWork) -> tuple[str, str]:
    """The CARC, and words, for what the schedule itself takes of the charge."""
    if work.by_contract:
        carc, words = CONTRACT_REDUCTION
    elif work.bill.jurisdiction == "MEDICARE":
        carc, words = MEDICARE_REDUCTION
    else:
        carc, words = WORKERS_COMPENSATION_REDUCTION
    return carc, words
