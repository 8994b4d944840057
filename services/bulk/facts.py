"""What the bulk lane must know of each distinct service: its decision, or the whole numbers of its rate.

The engine itself runs the steps that depend on the service alone. What is left, the arithmetic of place,
units and charge, is put into whole numbers. A service whose program has a step that the kernels do not
know stays with the engine.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from services.jurisdictions.kinds import ADD_ON_CODES
from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import Confidence, Locality
from services.jurisdictions.rulebook import MEDICARE, NATIONAL
from services.review.domain.closing import close, schedule_reduction
from services.review.domain.codes import is_listed
from services.review.domain.edits.applying import EFFECT
from services.review.domain.engine import Bound, Plan
from services.review.domain.steps import OF_THE_PLACE
from services.review.domain.steps.global_period import PERIODS, VISITS
from services.review.domain.steps.mue import LIMITS
from services.review.domain.steps.multiple_procedure import REDUCING, family
from services.review.domain.steps.relative_value_rate import factor_key
from services.review.domain.work import LineWork

RVU_SCALE: Final = 100
FACTOR_SCALE: Final = 10_000
PERCENT_SCALE: Final = 10_000
PERCENTS: Final = 2
"""Percent steps that a kernel carries out one after the other."""

ARITHMETIC: Final = {
    "locality": frozenset({"rule"}),
    "relative_value_rate": frozenset({"factor", "by"}),
    "imaging_cap": frozenset({"factor"}),
    "percent": frozenset({"percent", "by"}),
}
"""Service steps that the kernels carry out, with the parameters that they understand."""
EVERY_LINE: Final = frozenset({"units", "lesser_of_charge"})
"""Later steps without a guard that the kernels carry out."""
BETWEEN_LINES: Final = frozenset({
    "one_role_a_day", "duplicate", "global_period", "bilateral", "multiple_procedure", "unresolved",
    "several_visits",
})  # fmt: skip
"""Steps across lines whose lines `interplay` finds and leaves to the engine."""
EDITS: Final = frozenset({"ncci_edits", "mue", "add_on"})
NO_LIMIT: Final = 10_000
INDEX_SCALE: Final = 1_000
ANY_PLACE: Final = frozenset({"national", "blend"})
"""Rules of locality that do not ask for the bill's place."""
BY_PLACE: Final = "gpci_by_zip"
Indices = tuple[int, int, int]
ASK_FOR_THE_CHARGE: Final = frozenset({"percent_of_charge", "daily_relative_value_cap"})
"""Steps that ask for the charge of a bill's only line, and not only to limit the amount to it."""
SIDES: Final = frozenset({"RT", "LT", "50"})
FAMILIES: Final = {name: number for number, name in enumerate(sorted(REDUCING), start=1)}


class Lane(enum.IntEnum):
    """Who decides a line of the service."""

    ENGINE = 0
    """The engine, for the whole bill."""
    DECIDED = 1
    """Denied or held whatever the place, the units and the charge."""
    KERNEL = 2
    """Whole-number arithmetic."""


class ChargeLimit(enum.IntEnum):
    """What a charge below the amount does."""

    NONE = 0
    """No rule limits the amount to it: a person must judge."""
    LESSER = 1
    """It is paid instead."""
    RECALLED = 2
    """It is paid by a rule known from memory, which the engine marks or holds."""


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


def facts_of(plan: Plan, work: LineWork) -> Facts:
    """The facts of a service after the steps that need no place."""
    left_to_engine = Facts(work.line.code, charge_limit=_charge_limit(plan), by_shape=_by_shape(plan, work))
    if work.dated_words or not _kernels_know(plan, work):
        return left_to_engine
    found = replace(left_to_engine, family=FAMILIES.get(family(work), 0))
    found.in_period = _in_period(work)
    visits = found.in_period is Period.VISIT
    found.several_units = (
        not found.family and not visits and not (work.row and work.row.bilateral in {"1", "2"})
    )
    try:
        _edits(plan, work, found)
        if work.open:
            _rate(plan, work, found)
        if not work.open:
            _decide(work, found)
    except (RuleDataMissing, Inexact):
        return left_to_engine
    return found


def _by_shape(plan: Plan, work: LineWork) -> bool:
    names = {step.spec.step for step in plan.later_steps}
    return not work.dated_words and work.limited_to_charge and names.isdisjoint(ASK_FOR_THE_CHARGE)


def _kernels_know(plan: Plan, work: LineWork) -> bool:
    """Whether every step that could concern a line of this service is one of the kernels'."""
    if SIDES.intersection(work.line.modifiers):
        return False
    if not all(_is_known(step, work) for step in plan.later_steps):
        return False
    if not work.open:
        return True
    has_units = any(step.spec.step == "units" for step in plan.later_steps)
    steps = [step for step in plan.at_the_place if _concerns(step, work)]
    anywhere = not any(_asks_for_the_place(step) for step in steps)
    kernels = all(_has_kernel(step) for step in steps)
    return has_units and (anywhere or kernels)


def _has_kernel(step: Bound) -> bool:
    name, params = step.spec.step, step.spec.params
    return name in ARITHMETIC and params.keys() <= ARITHMETIC[name] and params.get("rule") in {None, BY_PLACE}


def _concerns(step: Bound, work: LineWork) -> bool:
    """Whether a step could do anything to a line of the service."""
    return step.concerns is None or step.concerns(work)


def _in_period(work: LineWork) -> Period:
    """By the code alone where a line is not priced: a held operation holds its visits."""
    if is_listed(work.line.code, VISITS):
        return Period.VISIT
    return Period.OPERATION if work.row and work.row.global_days in PERIODS else Period.NEITHER


def _is_known(step: Bound, work: LineWork) -> bool:
    name = step.spec.step
    if name in EVERY_LINE or name in BETWEEN_LINES or name in EDITS:
        return True
    return not _concerns(step, work)


def _edits(plan: Plan, work: LineWork, found: Facts) -> None:
    """What the edits look at; add-on codes are left to the engine."""
    book, on, code = work.book, work.line.on, work.line.code
    for name, params in [(step.spec.step, step.spec.params) for step in plan.later_steps]:
        if name not in EDITS or EFFECT in params:
            continue
        if name == "ncci_edits":
            found.in_pairs = True
        elif name == "add_on" and book.holds(MEDICARE, ADD_ON_CODES, on):
            if book.table(MEDICARE, ADD_ON_CODES, on).has(code):
                raise Inexact
        elif name == "mue" and book.holds(MEDICARE, LIMITS[params["limits"]], on):
            limit = book.row(MEDICARE, LIMITS[params["limits"]], on, code)
            found.unit_limit = NO_LIMIT if limit is None else limit.units


def _rate(plan: Plan, work: LineWork, found: Facts) -> None:
    """The amount, or the whole numbers of it; a probe at one place tells what is the same at every place."""
    found.lane = Lane.KERNEL
    probe = work.continue_with(replace(work.bill, locality=NATIONAL), work.line)
    for step in plan.at_the_place:
        if not _concerns(step, probe):
            continue
        if _asks_for_the_place(step):
            found.needs_place = True
            if probe.amount is not None:
                raise Inexact
        probe.begin(step.spec)
        step.apply(probe, step.spec.params)
        if not probe.open:
            work.status, work.words, work.reductions = probe.status, probe.words, probe.reductions
            break
        if found.needs_place:
            _numbers(step, probe, found)
    else:
        if probe.amount is None or probe.units_priced or probe.reductions:
            raise Inexact
        if not found.needs_place:
            found.amount = whole(probe.amount, 100)
    work.warnings = probe.warnings
    found.carc = f"CO-{schedule_reduction(work)[0]}"
    found.warnings = words_of(probe.warnings)


def _asks_for_the_place(step: Bound) -> bool:
    """Whether the step's outcome depends on where the bill says that the service was given."""
    params = step.spec.params
    return step.spec.step in OF_THE_PLACE and not (params.get("rule") in ANY_PLACE or "fixed" in params)


def _charge_limit(plan: Plan) -> ChargeLimit:
    for step in plan.later_steps:
        if step.spec.step == "lesser_of_charge":
            cited = step.spec.citation
            recalled = cited is not None and cited.confidence is Confidence.RECALLED
            return ChargeLimit.RECALLED if recalled else ChargeLimit.LESSER
    return ChargeLimit.NONE


def _numbers(step: Bound, work: LineWork, found: Facts) -> None:
    params, row = step.spec.params, work.row
    if row is None:
        raise Inexact
    match step.spec.step:
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
