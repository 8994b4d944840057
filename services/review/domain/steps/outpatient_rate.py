"""What the outpatient system of hospitals says of a code, by its status indicator (Addendum B).

A code with a rate of its own is priced by the step `outpatient`, which looks at the whole claim; drugs by
their payment limits, laboratory tests by their schedule. What is priced from invoices or costs, what only
inpatients may have, and what another code may bill goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import OUTPATIENT as RATES
from services.review.domain.schedules import DRUGS, LABORATORY, OUTPATIENT, schedule_of
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

RATED = frozenset({"S", "T", "V", "J1", "J2", "Q1", "Q2", "Q3", "R", "U"})
TESTS = "Q4"
ELSEWHERE = "A"
LIMITED = frozenset({"K", "G"})
DENIED = {
    "N": ("97", "The service is packaged into the payment of the others."),
    "D": ("181", "The code is discontinued."),
    "E1": ("96", "Medicare does not pay this service to hospital outpatients."),
    "E2": ("96", "No price of this item is known; it is not paid to hospital outpatients."),
    "M": ("246", "The code only reports and is not paid."),
    "Y": ("109", "The equipment is not paid to a hospital; its supplier bills another contractor."),
}
HELD = {
    "B": "is not recognized from hospitals; another code may be right",
    "C": "is paid to inpatients only; the whole claim must be judged",
    "F": "is paid at its cost",
    "H": "is paid at its cost",
    "L": "is paid at its cost",
    "P": "is paid by the day of a program",
}
STOPPED_BEFORE, STOPPED_AFTER = "73", "74"
SAME_RATE = frozenset({
    STOPPED_BEFORE, STOPPED_AFTER, "25", "27", "58", "59", "76", "77", "78", "79", "91", "XE", "XP", "XS",
    "XU", "RT", "LT", "33", "KX", "GA", "PT", "CR", "E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4",
    "F5", "F6", "F7", "F8", "F9", "TA", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LC", "LD",
    "LM", "RC", "RI",
})  # fmt: skip


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line, table = work.line, params["table"]
    row = work.book.row(table, RATES, line.on, line.code)
    if row is None:
        work.hold(f"Code {line.code} is not in the outpatient table (Addendum B).")
        return
    work.listing = row
    status = row.status_indicator
    work.figure("status_indicator", status, source=row.citation)
    tests = {LABORATORY: table}
    if status in DENIED:
        work.deny(*DENIED[status])
    elif status == TESTS or (status == ELSEWHERE and schedule_of(work.book, tests, line.code, line.on)):
        work.schedule = LABORATORY
        work.record("a laboratory test, by its own schedule")
    elif status in LIMITED:
        work.schedule, work.limited_to_charge = DRUGS, False
        work.record("a drug, by its payment limit")
    elif status in RATED:
        _rate(work)
    else:
        why = "is paid by another schedule" if status == ELSEWHERE else "has a status whose rule was not read"
        work.hold(f"Code {line.code} {HELD.get(status, why)} ({status}).")


def _rate(work: LineWork) -> None:
    row = work.listing
    if row is None or row.rate is None:
        work.hold(f"The outpatient table prints no rate for code {work.line.code}.")
    elif unclear := judged_by_a_person(work.line.modifiers, SAME_RATE):
        work.hold(unclear)
    else:
        work.schedule, work.limited_to_charge = OUTPATIENT, False
        work.figure("schedule_amount", row.rate, "USD per unit", row.citation)
        work.set_amount("the schedule's national rate", row.rate)
