"""The lines of an outpatient claim by their status indicators, and what each of them comes to.

A comprehensive procedure (J1) takes the whole claim into its payment. Without one, lines that are paid only
when nothing else is (Q1, Q2, Q4) meet those that are paid always (S, T, V). What depends on tables that are
not held (complexity adjustments, composites, observation) holds the lines concerned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.jurisdictions.records import OutpatientRate
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.decision import NEEDS_REVIEW
from services.review.domain.ranking import dearest_first
from services.review.domain.work import LineWork

COMPREHENSIVE = "J1"
ALWAYS = frozenset({"S", "T", "V", "J2"})
REDUCED = "T"
TESTS = "Q4"
IMAGES = "Q3"
NEVER_PACKAGED = frozenset({"F", "G", "H", "L", "U"})
"""Passed through or paid at cost beside a comprehensive procedure."""
OTHERS_DO_NOT_DEPEND = frozenset({"A", "F", "G", "H", "H1", "K", "K1", "L", "R", "U", TESTS})
OBSERVATION = "G0378"
CRITICAL_CARE = "99291"
STOPPED_BEFORE = "73"

PACKAGED = ("97", "The service is packaged into the payment of the others.")
WAITING = "Another line of the claim that could change this one must be judged by a person first."
COMPLEX = "Several comprehensive procedures can be paid at a higher rate (Addendum J), which is not held."
COMPOSITE = "Several images or services of one composite are paid together; the composites are not held."
PERHAPS_BESIDE = "Whether this service is paid beside a comprehensive procedure must be judged by a person."
OBSERVED = "A visit with observation can be one comprehensive payment, which must be judged by a person."
OTHER_DAY = "Whether a service of another day of the claim takes this one into its payment must be judged."
UNITS = "Several units of a service that is paid once a claim must be judged by a person."


@dataclass(frozen=True, slots=True)
class Place:
    """What a line is on its claim: paid by one of CMS's discount formulas, packaged, or unclear."""

    formula: int = 1
    packaged: bool = False
    unclear: str = ""


PAID, IN_OTHERS = Place(), Place(packaged=True)
FIRST_OF_SEVERAL, NOT_FIRST, STOPPED = Place(2), Place(5), Place(3)


def status(work: LineWork) -> str:
    """The status indicator; empty for a code that the table lacks."""
    return work.listing.status_indicator if isinstance(work.listing, OutpatientRate) else ""


def places(works: Sequence[LineWork]) -> Iterator[tuple[LineWork, Place]]:
    """Every open line of the claim that the system prices or packages."""
    lines = [work for work in works if work.open]
    if any(work.status is NEEDS_REVIEW and status(work) not in OTHERS_DO_NOT_DEPEND for work in works):
        yield from [(work, Place(unclear=WAITING)) for work in lines if status(work) not in NEVER_PACKAGED]
    elif any(status(work) == COMPREHENSIVE for work in lines):
        yield from _comprehensive(lines, works)
    elif any(work.line.code == OBSERVATION for work in works) and any(status(work) == "J2" for work in lines):
        yield from [(work, Place(unclear=OBSERVED)) for work in lines if status(work) not in NEVER_PACKAGED]
    else:
        yield from _one_by_one(lines, critical=any(work.line.code == CRITICAL_CARE for work in works))
    yield from [(work, PAID) for work in lines if status(work) == "U"]


def _comprehensive(lines: Sequence[LineWork], works: Sequence[LineWork]) -> Iterator[tuple[LineWork, Place]]:
    """One comprehensive procedure, and what is packaged into it."""
    procedures = [work for work in lines if status(work) == COMPREHENSIVE]
    line = procedures[0].line
    unclear = ""
    if len(procedures) > 1 or line.units > 1 or any(_adds_on(work) for work in works):
        unclear = COMPLEX
    elif STOPPED_BEFORE in line.modifiers:
        unclear = "A comprehensive procedure that was stopped (73) must be judged by a person."
    for work in lines:
        if status(work) in NEVER_PACKAGED:
            continue
        if unclear:
            yield work, Place(unclear=unclear)
        elif work is procedures[0]:
            yield work, PAID
        else:
            beside = status(work) == "A" or work.line.code.startswith("G0")
            yield work, Place(unclear=PERHAPS_BESIDE) if beside else IN_OTHERS


def _adds_on(work: LineWork) -> bool:
    """A surgical code added to another; one whose row is not held may be one."""
    code = work.line.code
    if not "10000" <= code < "70000" or not code.isdigit() or status(work) == COMPREHENSIVE:
        return False
    row = work.book.relative_value(MEDICARE, code, "", work.line.on)
    return row is None or row.global_days == "ZZZ"


def _one_by_one(lines: Sequence[LineWork], *, critical: bool) -> Iterator[tuple[LineWork, Place]]:
    always = [work for work in lines if status(work) in ALWAYS]
    images = [work for work in lines if status(work) == IMAGES]
    yield from [(work, PAID) for work in lines if status(work) == "R"]
    yield from [(work, PAID) for work in always if status(work) != REDUCED]
    yield from _reduced([work for work in always if status(work) == REDUCED])
    yield from [(work, _image(work, images, critical=critical)) for work in images]
    yield from _if_alone(lines, always, images)
    depends = [work for work in lines if status(work) in ALWAYS | {IMAGES, "Q1", "Q2"}]
    if depends:
        yield from [(work, IN_OTHERS) for work in lines if status(work) == TESTS]


def _reduced(procedures: Sequence[LineWork]) -> Iterator[tuple[LineWork, Place]]:
    """Status T: of each day the dearest in full, every other one in part."""
    for day in sorted({work.line.on for work in procedures}):
        members = [work for work in procedures if work.line.on == day]
        first = min(members, key=dearest_first)
        stopped = any(STOPPED_BEFORE in work.line.modifiers for work in members)
        for work in members:
            if stopped and (len(members) > 1 or work.line.units > 1):
                yield work, Place(unclear="Several procedures of a day, one of them stopped, must be judged.")
            elif stopped:
                yield work, STOPPED
            else:
                yield work, FIRST_OF_SEVERAL if work is first else NOT_FIRST


def _image(work: LineWork, images: Sequence[LineWork], *, critical: bool) -> Place:
    """A composite takes several of one day, critical care its own; a single image is paid by itself."""
    same_day = [other for other in images if other.line.on == work.line.on]
    if critical or len(same_day) > 1 or work.line.units > 1 or not work.line.code.startswith("7"):
        return Place(unclear=COMPOSITE)
    return PAID


def _if_alone(
    lines: Sequence[LineWork], always: Sequence[LineWork], images: Sequence[LineWork]
) -> Iterator[tuple[LineWork, Place]]:
    """Q1 is packaged into S, T and V, Q2 into T; of several without one, the dearest is paid for all."""
    alone = []
    for work in lines:
        if status(work) not in {"Q1", "Q2"}:
            continue
        into = [other for other in always if status(work) == "Q1" or status(other) == REDUCED]
        if any(other.line.on == work.line.on for other in into):
            yield work, IN_OTHERS
        elif into:
            yield work, Place(unclear=OTHER_DAY)
        else:
            alone.append(work)
    if not alone:
        return
    first = min(alone, key=dearest_first)
    if images or (always and len(alone) > 1):
        yield from [(work, Place(unclear=WAITING if always else COMPOSITE)) for work in alone]
    elif first.line.units > 1 or len({work.line.on for work in alone}) > 1:
        yield from [(work, Place(unclear=UNITS)) for work in alone]
    else:
        yield from [(work, PAID if work is first else IN_OTHERS) for work in alone]
