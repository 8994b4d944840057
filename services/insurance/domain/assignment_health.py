"""What is wrong or missing among fee schedule assignments, as of a day.

Errors: a location without usual fees; a schedule that is archived, or whose purpose does not suit the kind;
an estimate book that is archived or for another carrier or plan; two assignments of a slot on the same day.
Warning: an in-network plan with subscribers that gets no better than usual fees at a location.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from services.insurance.domain import assignment_rules as rules
from services.insurance.domain.assignment_rules import Assignment, Assignments, Slot

WARNINGS = frozenset({"missing_primary"})


class Plan(NamedTuple):
    """A plan that must have fees of its own."""

    id: UUID
    carrier: UUID


class Schedule(NamedTuple):
    """A fee schedule that is assigned."""

    purpose: str
    archived: bool


class Book(NamedTuple):
    """An estimate book that an assignment names."""

    archived: bool
    carrier: UUID | None
    plan: UUID | None


class Issue(NamedTuple):
    """One thing to put right."""

    code: str
    message: str
    location: UUID
    plan: UUID | None
    kind: str
    assignments: tuple[UUID, ...] = ()

    @property
    def severity(self) -> str:
        """Whether estimates go wrong, or are merely poorer than they could be."""
        return "warning" if self.code in WARNINGS else "error"


def missing(
    known: Assignments, locations: Sequence[UUID], plans: Sequence[Plan], today: date
) -> Iterator[Issue]:
    """Locations without usual fees, and plans without fees of their own there."""
    for location in locations:
        if rules.resolve(known, Slot(location, rules.USUAL), today) is None:
            message = "no usual fee schedule is assigned today"
            yield Issue("missing_ucr", message, location, None, rules.USUAL)
        for plan in plans:
            found = rules.resolve(known, Slot(location, "primary", plan.id, plan.carrier), today)
            if found is None or found.level == "ucr":
                message = "an in-network plan with subscribers gets no better than usual fees today"
                yield Issue("missing_primary", message, location, plan.id, "primary")


def faulty(
    assignments: Iterable[Assignment],
    schedules: Mapping[UUID, Schedule],
    books: Mapping[UUID, Book],
    carriers: Mapping[UUID, UUID],
) -> Iterator[Issue]:
    """Assignments whose schedule or book is not what it has to be; `carriers` are those of the plans."""
    for one in assignments:
        schedule = schedules[one.schedule]
        if schedule.archived:
            yield _about(one, "archived_schedule", "the assigned fee schedule is archived")
        if not rules.suits(one.kind, schedule.purpose):
            message = f"a schedule of purpose {schedule.purpose} is assigned as {one.kind}"
            yield _about(one, "purpose_kind_mismatch", message)
        if one.book is not None:
            wrong = _wrong_book(one, books[one.book], carriers)
            if wrong:
                yield _about(one, "invalid_estimate_book", wrong)


def _wrong_book(one: Assignment, book: Book, carriers: Mapping[UUID, UUID]) -> str:
    if book.archived:
        return "the estimate book is archived"
    if book.plan is not None and book.plan != one.plan:
        return "the estimate book belongs to another plan"
    carrier = one.carrier if one.plan is None else carriers.get(one.plan)
    if book.carrier is not None and book.carrier != carrier:
        return "the estimate book belongs to another carrier"
    return ""


def overlapping(known: Assignments) -> Iterator[Issue]:
    """Neighbours of a slot that share a day."""
    for slot in known.slots():
        for first, second in pairwise(sorted(slot, key=lambda one: (one.start, one.id))):
            if rules.overlap(first.start, first.end, second.start, second.end):
                message = "two assignments of the slot share a day"
                yield _about(first, "date_overlap", message)._replace(assignments=(first.id, second.id))


def _about(one: Assignment, code: str, message: str) -> Issue:
    return Issue(code, message, one.location, one.plan, one.kind, (one.id,))
