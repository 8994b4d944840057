"""What the bulk lane must know of each distinct service: its decision, or the whole numbers of its rate.

The engine itself runs the steps that depend on the service alone. What is left, the arithmetic of place,
units and charge, is put into whole numbers. A service whose program has a step that the kernels do not
know stays with the engine.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.bulk.plans import ChargeLimit, Outline, ServiceStep
from services.jurisdictions.kinds import ADD_ON_CODES
from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Locality
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.closing import close, schedule_reduction
from services.review.domain.codes import is_listed
from services.review.domain.steps.global_period import PERIODS, VISITS
from services.review.domain.steps.mue import LIMITS
from services.review.domain.steps.multiple_procedure import REDUCING, THERAPY, family
from services.review.domain.steps.relative_value_rate import factor_key
from services.review.domain.work import LineWork

RVU_SCALE: Final = 100
FACTOR_SCALE: Final = 10_000
PERCENT_SCALE: Final = 10_000
PERCENTS: Final = 2
"""Percent steps that a kernel carries out one after the other."""
NO_LIMIT: Final = 10_000
INDEX_SCALE: Final = 1_000
Indices = tuple[int, int, int]
SIDES: Final = frozenset({"RT", "LT", "50"})
FAMILIES: Final = {name: number for number, name in enumerate(sorted(REDUCING), start=1)}
TWO_SIDED: Final = frozenset({"1", "2"})
LARGEST: Final = 1_000
"""Relative value units up to which a reduced practice expense is kept in 1/10,000."""


class Lane(enum.IntEnum):
    """Who decides a line of the service."""

    ENGINE = 0
    """The engine, for the whole bill."""
    DECIDED = 1
    """Denied or held whatever the place, the units and the charge."""
    KERNEL = 2
    """Whole-number arithmetic."""


class Period(enum.IntEnum):
    """What a service is to the global period of an operation on the same bill."""

    NEITHER = 0
    VISIT = 1
    OPERATION = 2


@dataclass(slots=True)
class Facts:
    """One distinct service: code, modifiers, period, place of service, provider. Whole numbers are scaled."""

    code: str
    lane: Lane = Lane.ENGINE
    status: str = ""
    reasons: str = ""
    carc: str = ""
    warnings: str = ""
    work: int = 0
    expense: int = 0
    malpractice: int = 0
    factor: int = 0
    cap_expense: int = 0
    cap_malpractice: int = 0
    cap_factor: int = 0
    percents: tuple[int, ...] = ()
    amount: int = -1
    """Cents of one unit where the program pays the same at every place; -1: by the bill's place."""
    reduced_expense: int = -1
    """Practice expense of each unit of therapy but one, in 1/10,000; -1 where the engine has to know."""
    charge_limit: ChargeLimit = ChargeLimit.NONE
    family: int = 0
    """Lines of one family on one day reduce one another; 0 is none."""
    in_period: Period = Period.NEITHER
    needs_place: bool = False
    """The decision needs to know the bill's place."""
    several_units: bool = True
    """More than one unit is just more than one: no rule of sides or procedures looks at it."""
    unit_limit: int = NO_LIMIT
    """Units from which on an edit looks at the line."""
    by_shape: bool = False
    """A bill of this line alone asks for the charge only at the end, so that its shape decides it."""
    in_pairs: bool = False
    """Whether edits of code pairs apply to it."""
    add_on: bool = False
    """An edit denies or holds it without another code beside it."""


def facts_of(outline: Outline, work: LineWork) -> Facts:
    """The facts of a service after the steps that need no place; its bill is one of the nation."""
    if not work.dated_words and _kernels_know(outline, work):
        try:
            return _learned(outline, work)
        except (RuleDataMissing, Inexact):
            pass
    return _any_facts(outline, work)


def _any_facts(outline: Outline, work: LineWork) -> Facts:
    """What is known of a service that the engine decides, too."""
    found = Facts(work.line.code, charge_limit=outline.charge_limit)
    found.by_shape = not work.dated_words and work.limited_to_charge and outline.charge_at_the_end
    found.needs_place = work.open and outline.asks_for_the_place
    return found


def _learned(outline: Outline, work: LineWork) -> Facts:
    found = _any_facts(outline, work)
    found.family = FAMILIES.get(family(work), 0)
    found.in_period = _in_period(work)
    two_sided = work.row is not None and work.row.bilateral in TWO_SIDED
    found.several_units = not (found.family or found.in_period is Period.VISIT or two_sided)
    _edits(outline, work, found)
    if work.open:
        _rate(outline, work, found)
    if not work.open:
        _decide(work, found)
    elif found.needs_place and found.family == FAMILIES[THERAPY] and not two_sided:
        found.reduced_expense = _reduced_expense(outline, work, found)
    return found


def _kernels_know(outline: Outline, work: LineWork) -> bool:
    """Whether every step that could concern a line of this service is one of the kernels'."""
    if not outline.known or SIDES.intersection(work.line.modifiers):
        return False
    for guard in outline.guards:
        if guard(work):
            return False
    if not work.open:
        return True
    anywhere = kernels = True
    for step in outline.at_the_place:
        if step.concerns(work):
            anywhere &= not step.asks_for_the_place
            kernels &= step.has_kernel
    return anywhere or kernels


def _in_period(work: LineWork) -> Period:
    """By the code alone where a line is not priced: a held operation holds its visits."""
    if is_listed(work.line.code, VISITS):
        return Period.VISIT
    return Period.OPERATION if work.row and work.row.global_days in PERIODS else Period.NEITHER


def _edits(outline: Outline, work: LineWork, found: Facts) -> None:
    """What the edits look at."""
    book, on, code = work.book, work.line.on, work.line.code
    for name, params in outline.edits:
        if name == "ncci_edits":
            found.in_pairs = True
        elif name == "add_on" and book.holds(MEDICARE, ADD_ON_CODES, on):
            found.add_on = book.table(MEDICARE, ADD_ON_CODES, on).has(code)
        elif name == "mue" and book.holds(MEDICARE, LIMITS[params["limits"]], on):
            limit = book.row(MEDICARE, LIMITS[params["limits"]], on, code)
            found.unit_limit = NO_LIMIT if limit is None else limit.units


def _rate(outline: Outline, work: LineWork, found: Facts) -> None:
    """The amount, or the whole numbers of it; the nation's place tells what is the same at every place."""
    found.lane, found.needs_place = Lane.KERNEL, False
    for step in outline.at_the_place:
        if not step.concerns(work):
            continue
        if step.asks_for_the_place:
            found.needs_place = True
            if work.amount is not None:
                raise Inexact
        work.begin(step.bound.spec)
        step.bound.apply(work, step.bound.spec.params)
        if not work.open:
            return
        if found.needs_place:
            _numbers(step, work, found)
    if work.amount is None or work.units_priced or work.reductions:
        raise Inexact
    if not found.needs_place:
        found.amount = whole(work.amount, 100)
    found.carc = f"CO-{schedule_reduction(work)[0]}"
    found.warnings = words_of(work.warnings)


def _reduced_expense(outline: Outline, work: LineWork, found: Facts) -> int:
    """Where each unit but one loses a share of its practice expense, and nothing else changes the rate."""
    rvu = found.work + found.expense + found.malpractice
    if (
        not outline.several_procedures
        or found.cap_factor
        or len(found.percents) > 1
        or rvu > LARGEST * RVU_SCALE
    ):
        return -1
    return found.expense * whole(work.value(f"{outline.several_procedures}.therapy"), 1)


def _numbers(step: ServiceStep, work: LineWork, found: Facts) -> None:
    params, row = step.bound.spec.params, work.row
    if row is None:
        raise Inexact
    match step.bound.spec.step:
        case "relative_value_rate":
            expense = row.pe_facility if work.setting == "facility" else row.pe_nonfacility
            found.work, found.malpractice = whole(row.work, RVU_SCALE), whole(row.malpractice, RVU_SCALE)
            found.expense = whole(expense or Decimal(0), RVU_SCALE)
            found.factor = whole(work.rate_factor or Decimal(0), FACTOR_SCALE)
        case "imaging_cap":
            cap = row.opps_cap_pe_facility if work.setting == "facility" else row.opps_cap_pe_nonfacility
            found.cap_expense = whole(cap, RVU_SCALE)
            found.cap_malpractice = whole(row.opps_cap_malpractice, RVU_SCALE)
            found.cap_factor = whole(work.value(params["factor"]), FACTOR_SCALE) if cap else 0
        case "percent":
            share = work.value(factor_key(work, params["percent"], params.get("by", "none")))
            found.percents = (*found.percents, whole(share, PERCENT_SCALE))
            if len(found.percents) > PERCENTS:
                raise Inexact


def indices_of(place: Locality | None) -> Indices:
    """The indices of a place as whole numbers."""
    if place is None:
        raise Inexact
    work, expense, malpractice = (
        whole(index, INDEX_SCALE) for index in (place.work_gpci, place.pe_gpci, place.mp_gpci)
    )
    return work, expense, malpractice


class Inexact(Exception):  # noqa: N818  # a figure that the kernels cannot hold, not a fault
    """A figure has more decimals than the kernels keep, or a step more of something than they know."""


def whole(figure: Decimal, scale: int) -> int:
    """A figure as a whole number of its scale."""
    scaled = figure * scale
    number = int(scaled)
    if number != scaled:
        raise Inexact
    return number


def _decide(work: LineWork, found: Facts) -> None:
    """What is answered wherever, however often and at whatever charge the service is billed."""
    closed = close(work)
    found.lane, found.status = Lane.DECIDED, closed.status.value
    coded = [reason for reason in closed.reasons if reason.carc]
    if len(coded) > 1:
        raise Inexact
    found.carc = "".join(f"{reason.group}-{reason.carc}" for reason in coded)
    found.reasons = words_of(reason.words for reason in closed.reasons)
    found.warnings = words_of(closed.warnings)


def words_of(sentences: Iterable[str]) -> str:
    """Sentences one behind the other, as the output shows them."""
    return " ".join(sentences)
