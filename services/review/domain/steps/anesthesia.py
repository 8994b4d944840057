"""Anesthesia: base units and time units, times the factor, times the percent of who gave it.

Time is minutes by the minutes of a unit, to one decimal. One anesthesia service is paid for a session: of
several codes on a day the one with the most base units counts, with the time of all. The role comes from
one modifier: AA and QZ are paid in full, QK, QX and QY in part. Supervision of more than four procedures
(AD) depends on the record, add-on codes and unlisted procedures on rules of their own: a person judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.jurisdictions.kinds import ANESTHESIA_BASE_UNITS, ANESTHESIA_FACTORS
from services.jurisdictions.missing import NoEditionInForce
from services.kernel.money import ZERO, round_cents
from services.review.domain.schedules import ANESTHESIA
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
TENTH = Decimal("0.1")
IN_FULL = frozenset({"AA", "QZ"})
IN_PART = frozenset({"QK", "QX", "QY"})
SUPERVISED = "AD"
ROLES = IN_FULL | IN_PART | {SUPERVISED}
INFORMATIONAL = frozenset({"QS", "G8", "G9", "P1", "P2", "P3", "P4", "P5", "P6", "GC"})
SEPARATE = frozenset({"59", "XE", "XP", "XS", "XU", "76", "77", "78", "79"})
"""Perhaps another session of the day; on a single line they change nothing."""
ADD_ON = frozenset({"01953", "01968", "01969"})
UNTIMED = "01996"
UNLISTED = "01999"
PART_OF_SESSION = (
    "97",
    "One anesthesia service is paid for a session; its time counts with the code of most base units.",
)
ADDED = "The minutes of {} anesthesia lines of the day were added together."


@dataclass(frozen=True, slots=True)
class Session:
    """What a line is in the anesthesia of its day: the one paid, with all minutes, or a part of it."""

    paid: bool
    minutes: tuple[int, ...] = ()
    unclear: str = ""


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterable[tuple[LineWork, Session]]:
    """The anesthesia lines of each day."""
    days: dict[date, list[LineWork]] = {}
    for work in works:
        if work.schedule == ANESTHESIA:
            days.setdefault(work.line.on, []).append(work)
    for members in days.values():
        yield from _session(members, params)


def _session(members: Sequence[LineWork], params: Mapping[str, str]) -> Iterable[tuple[LineWork, Session]]:
    lines = [work for work in members if work.open]
    if len(members) == 1:
        return [(work, Session(paid=True, minutes=_minutes([work]))) for work in lines]
    unclear = _why_unclear(members)
    if unclear:
        return [(work, Session(paid=True, unclear=unclear)) for work in lines]
    first = min(
        lines,
        key=lambda work: (-_base_units(work, params), -work.line.charge, work.line.code, work.line.number),
    )
    return [(work, Session(paid=work is first, minutes=_minutes(lines))) for work in lines]


def _why_unclear(members: Sequence[LineWork]) -> str:
    if any(not work.open for work in members):
        return "Another anesthesia line of the day must be judged by a person first."
    if any(SEPARATE.intersection(work.line.modifiers) or work.line.code in ADD_ON for work in members):
        return (
            "Several anesthesia services of one day that may not be one session must be judged by a person."
        )
    if len({frozenset(ROLES.intersection(work.line.modifiers)) for work in members}) > 1:
        return "The anesthesia lines of the day name different roles, which must be confirmed by a person."
    return ""


def _minutes(lines: Sequence[LineWork]) -> tuple[int, ...]:
    return tuple(work.line.minutes for work in lines if work.line.minutes)


def _base_units(work: LineWork, params: Mapping[str, str]) -> Decimal:
    try:
        row = work.book.row(params["base_units"], ANESTHESIA_BASE_UNITS, work.line.on, work.line.code)
    except NoEditionInForce:
        return ZERO
    return row.units if row else ZERO


def apply(work: LineWork, params: Mapping[str, str], session: Session) -> None:
    unclear = session.unclear or _why_not(work, session)
    if unclear:
        work.hold(unclear)
        return
    if not session.paid:
        work.deny(*PART_OF_SESSION)
        return
    row = work.book.row(params["base_units"], ANESTHESIA_BASE_UNITS, work.line.on, work.line.code)
    if row is None or not row.units:
        work.hold(f"Code {work.line.code} has no anesthesia base units; it must be priced by report.")
        return
    work.figure("base_units", row.units, "units", row.citation)
    for minutes in session.minutes:
        work.figure("minutes", minutes, "minutes")
    if len(session.minutes) > 1:
        work.warnings.append(ADDED.format(len(session.minutes)))
    length = work.value(params["minutes"])
    time = (sum(session.minutes) / length).quantize(TENTH, ROUND_HALF_UP)
    factor = _factor(work, params)
    if factor is None:
        return
    amount = (row.units + time) * factor
    formula = "(base units + minutes / minutes of a unit, to one decimal) x factor"
    if IN_PART.intersection(work.line.modifiers):
        amount = amount * work.value(params["percent"]) / HUNDRED
        formula += " x percent / 100"
    work.units_priced = True
    work.set_amount(formula, round_cents(amount, ROUNDING), ROUNDING)


def _factor(work: LineWork, params: Mapping[str, str]) -> Decimal | None:
    """The jurisdiction's own factor, or the local one of the table."""
    if "factor" in params:
        return work.value(params["factor"])
    if work.locality is None:
        work.hold("The payment locality of this service is missing.")
        return None
    row = work.book.row(params["factors"], ANESTHESIA_FACTORS, work.line.on, *work.locality.id.split("-"))
    if row is None:
        work.hold(f"Payment locality {work.locality.id} has no anesthesia factor in the table.")
        return None
    work.figure("local_factor", row.factor, "USD per anesthesia unit", row.citation)
    return row.factor


def _why_not(work: LineWork, session: Session) -> str:
    """Why the line's own code, modifiers or minutes do not let it be priced."""
    line = work.line
    if line.code in ADD_ON:
        return f"Code {line.code} is added to another anesthesia code; a person must judge how it is paid."
    if line.code in {UNTIMED, UNLISTED}:
        return f"Code {line.code} is not paid by time; it must be judged by a person."
    unclear = _unclear_role([modifier for modifier in line.modifiers if modifier in ROLES])
    unclear = unclear or judged_by_a_person(line.modifiers, ROLES | INFORMATIONAL | SEPARATE)
    if not unclear and session.paid and not session.minutes:
        return "The anesthesia minutes are missing."
    return unclear


def _unclear_role(named: Sequence[str]) -> str:
    if not named:
        return "A modifier must say who gave the anesthesia: AA, AD, QK, QX, QY or QZ."
    if len(named) > 1:
        return f"Modifiers {' and '.join(named)} contradict each other on one line."
    if SUPERVISED in named:
        return (
            "Modifier AD is paid 3 base units, and 1 more if the record shows presence at induction;"
            " a person must read it."
        )
    return ""
