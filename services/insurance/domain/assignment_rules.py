"""Which fee schedule applies: the level walk, the purposes of each kind, and overlap.

`resolve` is the one implementation of precedence; everything that asks for a schedule goes through it:

    kinds = schedule_kinds("primary")
    known = known_at(transaction, locations=[location], kinds=kinds, owners=[plan, carrier], day=day)
    found = resolve(known, Slot(location, "primary", plan, carrier), day)      # Found | None
    found.level, found.assignment.schedule

`known_at` is the reader in services/insurance/assignment_reading.py: one reading answers for many locations,
kinds and plans. `walk` gives the same in steps, for who wants to see what was looked at. `Slot.carrier` is
the plan's carrier where a plan is given; the caller looks it up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

KINDS = ("ucr", "primary", "copay", "out_of_network", "allowed", "manual_blue_book")

PURPOSES: Mapping[str, frozenset[str]] = {
    "ucr": frozenset({"office"}),
    "primary": frozenset({"insurance"}),
    "copay": frozenset({"insurance"}),
    "out_of_network": frozenset({"allowed", "insurance"}),
    "allowed": frozenset({"allowed"}),
    "manual_blue_book": frozenset({"allowed"}),
}
"""Purposes that a schedule may have to be assigned as this kind."""

USUAL = "ucr"
FALLS_BACK = frozenset({"primary", "out_of_network", "allowed"})
"""Kinds for which the location's usual fees stand in. A usual fee is not a copay, and no manual entry."""


class Assignment(NamedTuple):
    """One assignment as the rules see it. `end` is the last day; None is open."""

    id: UUID
    location: UUID
    carrier: UUID | None
    plan: UUID | None
    kind: str
    schedule: UUID
    start: date
    end: date | None
    book: UUID | None = None

    @property
    def owner(self) -> UUID | None:
        """The plan, else the carrier, else nobody: the location itself."""
        return self.plan or self.carrier

    def in_force(self, day: date) -> bool:
        """Both ends belong to the range."""
        return self.start <= day and (self.end is None or day <= self.end)


class Slot(NamedTuple):
    """What a schedule is asked for: a kind at a location, for a plan, a carrier or nobody in particular."""

    location: UUID
    kind: str
    plan: UUID | None = None
    carrier: UUID | None = None


class Step(NamedTuple):
    """One level of a walk: `match` (used), `miss` (looked, nothing) or `skip` (not looked at)."""

    level: str
    outcome: str
    reason: str
    assignment: Assignment | None = None


class Found(NamedTuple):
    """The assignment that applies, and the level it was found at."""

    level: str
    assignment: Assignment


class Assignments:
    """Assignments by slot, so that many questions are answered from one reading."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._slots: dict[tuple[UUID, UUID | None, str], list[Assignment]] = defaultdict(list)
        for assignment in assignments:
            self._slots[assignment.location, assignment.owner, assignment.kind].append(assignment)

    def at(self, location: UUID, owner: UUID | None, kind: str, day: date) -> Assignment | None:
        """The one in force in this slot; there is at most one, since ranges of a slot do not overlap."""
        for assignment in self._slots.get((location, owner, kind), ()):
            if assignment.in_force(day):
                return assignment
        return None

    def slots(self) -> Iterator[list[Assignment]]:
        """The assignments of each slot."""
        yield from self._slots.values()


# Precedence


def schedule_kinds(*kinds: str) -> frozenset[str]:
    """The kinds that must be read to resolve these."""
    return frozenset(kinds) | ({USUAL} if FALLS_BACK & set(kinds) else frozenset())


def resolve(
    known: Assignments, slot: Slot, day: date, *, falls_back: frozenset[str] = FALLS_BACK
) -> Found | None:
    """Plan, then carrier, then location, then for some kinds the location's usual fees; None: unresolved."""
    for step in walk(known, slot, day, falls_back=falls_back):
        if step.assignment is not None:
            return Found(step.level, step.assignment)
    return None


def walk(
    known: Assignments, slot: Slot, day: date, *, falls_back: frozenset[str] = FALLS_BACK
) -> Iterator[Step]:
    """All four levels in order of precedence: what was found there, or why it was not looked at."""
    matched = ""
    for level, owner, kind, excuse in _levels(slot, falls_back):
        if matched:
            yield Step(level, "skip", f"already found at the {matched} level")
        elif excuse:
            yield Step(level, "skip", excuse)
        else:
            assignment = known.at(slot.location, owner, kind, day)
            if assignment is None:
                yield Step(level, "miss", f"no {kind} assignment of the {_OWNERS[level]} on this day")
            else:
                matched = level
                yield Step(level, "match", f"the {_OWNERS[level]}'s {kind} assignment applies", assignment)


_OWNERS = {"plan": "plan", "carrier": "carrier", "location": "location", "ucr": "location"}


def _levels(slot: Slot, falls_back: frozenset[str]) -> Iterator[tuple[str, UUID | None, str, str]]:
    """Level, owner and kind to look for, and the excuse not to."""
    whole_location = "usual fees belong to the location" if slot.kind == USUAL else ""
    yield "plan", slot.plan, slot.kind, whole_location or ("" if slot.plan else "no plan was given")
    yield (
        "carrier",
        slot.carrier,
        slot.kind,
        whole_location or ("" if slot.carrier else "no carrier was given"),
    )
    yield "location", None, slot.kind, ""
    no_fallback = f"{slot.kind} does not fall back to usual fees"
    if slot.kind == USUAL:
        no_fallback = "usual fees were looked for at the location level"
    yield "ucr", None, USUAL, "" if slot.kind in falls_back else no_fallback


# What may be written


def suits(kind: str, purpose: str) -> bool:
    """Whether a schedule of this purpose may be assigned as this kind."""
    return purpose in PURPOSES[kind]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why values cannot stand together: the field to name, the rule's code, what must be."""

    field: str
    code: str
    message: str


def refuse_slot(
    kind: str, plan: UUID | None, carrier: UUID | None, plans_carrier: UUID | None
) -> Refusal | None:
    """Why there can be no such slot; None: there can. A carrier beside the plan must be the plan's own."""
    if kind == USUAL and (plan or carrier):
        field = "insurance_plan_uuid" if plan else "carrier_uuid"
        return Refusal(field, "location_wide", "must not be sent: usual fees belong to the location")
    if plan and carrier and carrier != plans_carrier:
        return Refusal("carrier_uuid", "carrier_of_plan", "must be the carrier of the plan")
    return None


def refuse_dates(start: date, end: date | None) -> Refusal | None:
    """Why these cannot be first and last day; None: they can."""
    if end is not None and end < start:
        return Refusal("effective_end", "date_order", "must not lie before effective_start")
    return None


def overlap(start: date, end: date | None, other_start: date, other_end: date | None) -> bool:
    """Whether two ranges share a day; both ends belong to a range, None is open."""
    return (other_end is None or start <= other_end) and (end is None or other_start <= end)


def last_day_before(start: date, end: date | None, successor: date) -> date | Refusal | None:
    """Last day of an assignment of these days whose successor starts then; None: it has ended before."""
    if successor <= start:
        return Refusal("effective_start", "after_start", "must lie after the first day of the assignment")
    return successor - timedelta(days=1) if end is None or successor <= end else None
