"""What a surgery center's schedule says of a code, by its payment indicator.

Surgical procedures, and the images, drugs and sources given with them, have a rate; packaged items are part
of the procedure's; what is priced from invoices, or by a rule that was not read, goes to a person. Some
editions print drugs in cents: the payment limit then gives the rate with its third decimal.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import AMBULATORY_SURGERY, DRUG_PRICES
from services.jurisdictions.missing import NoEditionInForce
from services.jurisdictions.records import DrugPrice, SurgeryCenterRate
from services.kernel.money import round_cents
from services.review.domain.schedules import SURGERY_CENTER
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

SURGERY = frozenset({"A2", "G2", "J8", "P2", "P3", "R2", "D2"})
IMAGING = frozenset({"Z2", "Z3"})
DRUG = "K2"
DRUGS = frozenset({DRUG, "H2"})
"""Drugs and brachytherapy sources: not adjusted for wages."""
DENIED = {
    **dict.fromkeys(("N1", "L1", "D1"), ("97", "The item is packaged into the payment of the procedure.")),
    "D5": ("181", "The code is discontinued."),
    "K5": ("96", "The schedule does not pay this item: no price of it is known."),
}
HELD = {
    "B5": "is not paid; another code may be right",
    "F4": "is paid at its cost",
    "J7": "is priced by the contractor",
    "K7": "is priced by the contractor",
    "L6": "has a payment of its own",
    "S2": "has a rule of its own that was not read",
}
STOPPED_BEFORE, STOPPED_AFTER = "73", "74"
SAME_RATE = frozenset({
    STOPPED_BEFORE, STOPPED_AFTER, "RT", "LT", "59", "XE", "XP", "XS", "XU", "58", "76", "77", "78", "79",
    "33", "PT", "KX", "GA", "SG", "E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7",
    "F8", "F9", "TA", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LC", "LD", "LM", "RC", "RI",
})  # fmt: skip
TECHNICAL = frozenset({"TC"})
"""How a surgery center bills an image."""
WITH_DRUGS = frozenset({"JW", "JZ", "JA", "JB"})


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    work.schedule = SURGERY_CENTER
    row = work.book.row(params["table"], AMBULATORY_SURGERY, line.on, line.code)
    if row is None:
        work.hold(f"Code {line.code} is not on the list of the surgery center schedule.")
        return
    work.listing = row
    indicator = row.payment_indicator
    work.figure("payment_indicator", indicator, source=row.citation)
    if indicator in DENIED:
        work.deny(*DENIED[indicator])
        return
    unclear = _why_not(row) or judged_by_a_person(line.modifiers, SAME_RATE | _more(indicator))
    if unclear:
        work.hold(unclear)
        return
    limit = _limit(work, row, params["table"]) if indicator == DRUG else None
    if limit is None:
        work.figure("schedule_amount", row.rate or 0, "USD per unit", row.citation)
        work.set_amount("the schedule's national rate", row.rate)
    else:
        work.figure("printed_rate", row.rate or 0, "USD", row.citation)
        work.figure("schedule_amount", limit.payment_limit, "USD per unit", limit.citation)
        work.set_amount(
            "the schedule's rate, as the payment limit prints it before cents", limit.payment_limit
        )


def _limit(work: LineWork, row: SurgeryCenterRate, table: str) -> DrugPrice | None:
    """The drug's payment limit, where the rate is that limit in cents."""
    try:
        found = work.book.row(table, DRUG_PRICES, work.line.on, row.code)
    except NoEditionInForce:
        return None
    return found if found is not None and round_cents(found.payment_limit) == row.rate else None


def _why_not(row: SurgeryCenterRate) -> str:
    indicator = row.payment_indicator
    if indicator not in SURGERY | IMAGING | DRUGS:
        why = HELD.get(indicator, "has an indicator whose rule was not read")
        return f"Code {row.code} {why} ({indicator})."
    return "" if row.rate is not None else f"The schedule prints no rate for code {row.code}."


def _more(indicator: str) -> frozenset[str]:
    if indicator in IMAGING:
        return TECHNICAL
    return WITH_DRUGS if indicator in DRUGS else frozenset()
