"""A clinical laboratory test, at the rate of the laboratory fee schedule.

The schedule lists a waived test (QW) on a row of its own. A test sent to another laboratory (90) is paid
to a laboratory that bills it; whether anybody else may bill it must be judged by a person. A repeated test
(91) is another test. A rate of 0 means that the contractor sets the price.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import CLINICAL_LABORATORY
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

WAIVED = "QW"
SENT_OUT = "90"
SAME_RATE = frozenset({WAIVED, "91", "59", "XE", "XP", "XS", "XU", "76", "77", "33", "CR", "CS", "GA", "KX"})
BY_A_LABORATORY = frozenset({"laboratory", "outpatient"})
"""Bill types that a laboratory sends."""


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    laboratory = work.bill.bill_type in BY_A_LABORATORY
    unclear = judged_by_a_person(line.modifiers, SAME_RATE | {SENT_OUT} if laboratory else SAME_RATE)
    if unclear:
        work.hold(unclear)
        return
    waived = WAIVED if WAIVED in line.modifiers else ""
    row = work.book.row(params["table"], CLINICAL_LABORATORY, line.on, line.code, waived)
    if row is None:
        named = f"{line.code} as a waived test (QW)" if waived else line.code
        work.hold(f"The clinical laboratory fee schedule does not list code {named}; it must be confirmed.")
    elif not row.rate:
        work.hold(f"The contractor sets the price of code {line.code}; the schedule prints none.")
    else:
        work.figure("schedule_amount", row.rate, "USD per unit", row.citation)
        work.set_amount("the laboratory schedule's amount", row.rate)
