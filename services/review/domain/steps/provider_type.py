"""What a provider who is no physician is paid of the amount, by the type that the bill names.

`percents` is the key of the percents by type; a type without one is paid as a physician. In a program
without this step's figures such a line goes to a person. An assistant at surgery who is no physician is
priced by the role (AS), not once more by the type. Other schedules than the physician's pay all alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.kernel.money import round_cents
from services.review.domain.roles import ASSISTANT, NONPHYSICIAN, role
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
IN_PART = frozenset({
    "nurse_practitioner", "physician_assistant", "clinical_nurse_specialist", "clinical_social_worker",
    "registered_dietitian", "nurse_midwife", "clinical_psychologist",
})  # fmt: skip
"""Types that schedules pay a part of a physician's amount, or have paid so."""
REDUCED = ("45", "A provider of this type is paid a part of a physician's amount.")


def concerns(work: LineWork) -> bool:
    return work.line.provider_type in IN_PART and not work.schedule


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    who, own = work.line.provider_type, role(work.line)
    words = who.replace("_", " ")
    if "percents" not in params:
        work.hold(f"What this jurisdiction pays a {words} of a physician's amount was not read.")
        return
    if work.amount is None or own == NONPHYSICIAN:
        return
    if own == ASSISTANT:
        work.hold(f"A {words} who assists at surgery bills AS, not a physician's modifier.")
        return
    share = work.value(f"{params['percents']}.{who}")
    whole = work.amount
    work.set_amount("amount x percent / 100", round_cents(whole * share / HUNDRED, ROUNDING), ROUNDING)
    if work.amount < whole:
        work.reductions.append((*REDUCED, whole - work.amount))
