"""Visits in the global period of an operation of the same provider belong to the operation.

Period 000 is the day itself, 010 the day and the ten after it, 090 the day before, the day and the ninety
after it. A visit is paid when its modifier says why it stands apart: 57 the decision for a major operation,
25 a separate visit on the day, 24 an unrelated one after it, FT critical care; with another of them it goes
to a person. So does an operation in the days after without 58, 78 or 79. An assistant's operation, and a
return to surgery (78), begin no period; a surgeon who left the care after it to another (54) has no days
after. Where the contractor sets the period (YYY) a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.jurisdictions.model import RelativeValue
from services.review.domain import earlier
from services.review.domain.codes import is_listed
from services.review.domain.roles import ASSISTANT, NONPHYSICIAN, ROLES
from services.review.domain.work import LineWork

VISITS = "92002-92014 99202-99215 99221-99239 99281-99285 99291-99292 99304-99316 99341-99350"
"""Visits in office, hospital, nursing facility and home, eye examinations, critical care."""
PERIODS: Mapping[str, tuple[int, int]] = {"000": (0, 0), "010": (0, 10), "090": (1, 90), "YYY": (0, 90)}
"""Days before and after the operation."""
MAJOR, SET_BY_CONTRACTOR = "090", "YYY"
APART = frozenset({"24", "25", "57", "FT"})
LATER_OPERATION = frozenset({"58", "78", "79"})
BEGINS_NOTHING = frozenset({"78", "56"})
WITHIN = ("97", "The visit lies in the global period of an operation and is paid with it.")
PAID, HELD, DENIED = "paid apart", "held", "paid with the operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with a global period."""

    row: RelativeValue
    on: date
    days_after: int
    decided: bool
    """Not itself waiting for a person."""

    def days_to(self, on: date) -> int | None:
        """Days from the operation to a date in its period; None outside it."""
        days = (on - self.on).days
        return days if -PERIODS[self.row.global_days][0] <= days <= self.days_after else None


@dataclass(frozen=True, slots=True)
class Found:
    """A service in the period of an operation, and what follows from it."""

    operation: Operation
    days: int
    outcome: str


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, Found]]:
    """Open lines in the period of an operation, with the one that decides."""
    operations = [begun for work in works if (begun := _operation(work)) is not None]
    if works and works[0].bill.earlier:
        operations += _earlier(works)
    if not operations:
        return
    for work in works:
        if work.open and (found := _decisive(work, operations)) is not None:
            yield work, found


def _operation(work: LineWork) -> Operation | None:
    row = work.row
    if row is None or row.global_days not in PERIODS:
        return None
    return _begun(row, work.line.on, work.line.modifiers, decided=work.open)


def _begun(row: RelativeValue, on: date, modifiers: Sequence[str], *, decided: bool) -> Operation | None:
    roles = {ROLES[modifier] for modifier in modifiers if modifier in ROLES}
    if roles & {ASSISTANT, NONPHYSICIAN} or not BEGINS_NOTHING.isdisjoint(modifiers):
        return None
    after = 0 if "54" in modifiers or row.modifier else PERIODS[row.global_days][1]
    return Operation(row, on, after, decided)


def _earlier(works: Sequence[LineWork]) -> Iterable[Operation]:
    """Operations of earlier reviews."""
    for service, row in earlier.rows(works):
        if row.global_days in PERIODS:
            begun = _begun(row, service.on, service.modifiers, decided=service.priced)
            if begun is not None:
                yield begun


def _decisive(work: LineWork, operations: Sequence[Operation]) -> Found | None:
    """The strictest outcome; among equals the first operation."""
    visit = is_listed(work.line.code, VISITS)
    if not visit and (work.row is None or work.row.global_days not in PERIODS):
        return None
    found = []
    for operation in operations:
        days = operation.days_to(work.line.on)
        if days is None or (not visit and days <= 0):
            continue
        outcome = _visit(work, operation, days) if visit else _later(work)
        found.append(Found(operation, days, outcome))
    strictness = (DENIED, HELD, PAID)
    return min(
        found,
        key=lambda each: (strictness.index(each.outcome), each.operation.on, each.operation.row.code),
        default=None,
    )


def _visit(work: LineWork, operation: Operation, days: int) -> str:
    modifiers = work.line.modifiers
    major = operation.row.global_days == MAJOR
    right = {"24", "FT"} if days > 0 else {"25", "FT"} if days == 0 else set()
    if days <= 0 and major:
        right.add("57")
    if not right.isdisjoint(modifiers):
        return PAID
    unclear = not APART.isdisjoint(modifiers) or operation.row.global_days == SET_BY_CONTRACTOR
    return HELD if unclear or not operation.decided else DENIED


def _later(work: LineWork) -> str:
    return HELD if LATER_OPERATION.isdisjoint(work.line.modifiers) else PAID


def apply(work: LineWork, _params: Mapping[str, str], found: Found) -> None:
    operation = found.operation
    work.figure("operation", operation.row.code, source=operation.row.citation)
    work.figure("global_days", operation.row.global_days, source=operation.row.citation)
    work.figure("days_from_operation", found.days, "days")
    if found.outcome == PAID:
        work.record("in the global period, and said to stand apart from the operation")
    elif found.outcome == DENIED:
        work.deny(*WITHIN)
    else:
        work.record("in the global period")
        work.doubt(
            f"Code {work.line.code} lies in the global period of {operation.row.code}; whether it is paid"
            " apart must be judged by a person."
        )
