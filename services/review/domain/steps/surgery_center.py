"""A surgery center's day: rates by local wages, several procedures, and what goes with a procedure.

Of the procedures that the schedule marks, the dearest is paid in full and each other one in part; every unit
is a procedure. One stopped before anesthesia (73) is paid in part and not reduced once more; one stopped
after it (74) is paid as if done. Images, drugs and sources are paid beside a procedure of the list only.
The wages move the labor share of procedures and images; of device-intensive procedures (J8) they move the
service alone, whose part is not held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.jurisdictions.records import SurgeryCenterRate
from services.kernel.money import ZERO, round_cents
from services.review.domain.decision import NEEDS_REVIEW
from services.review.domain.ranking import dearest_first
from services.review.domain.steps.surgery_center_rate import DRUG, DRUGS, STOPPED_BEFORE, SURGERY
from services.review.domain.wages import by_wages
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
THIRD_DECIMAL = -3
DEVICE_INTENSIVE = "J8"
SEVERAL = ("59", "Several procedures on one day are paid in part from the second on.")
STOPPED = ("45", "A procedure stopped before anesthesia is paid in part.")
WAITING = "Another line of the day that could change this one must be judged by a person first."
ALONE = "Code {} is paid only beside a procedure of the list, and the day has none."
STOPPED_UNITS = "Several units of a procedure that was stopped must be confirmed."


@dataclass(frozen=True, slots=True)
class Place:
    """How many units of the line are paid in full and in part; or why that is not known."""

    full: int
    reduced: int = 0
    unclear: str = ""


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, Place]]:
    """Every open line of each day."""
    days: dict[date, list[LineWork]] = {}
    for work in works:
        days.setdefault(work.line.on, []).append(work)
    for members in days.values():
        yield from _places(members)


def _places(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    lines = [work for work in members if work.open]
    undecided = any(work.status is NEEDS_REVIEW for work in members)
    beside = any(_row(work).payment_indicator in SURGERY for work in lines)
    several = [
        work for work in lines if _row(work).multiple_discount and STOPPED_BEFORE not in work.line.modifiers
    ]
    first = min(several, key=dearest_first, default=None)
    for work in lines:
        units = work.line.units
        if _row(work).payment_indicator not in SURGERY and not beside:
            yield work, Place(0, unclear=WAITING if undecided else ALONE.format(work.line.code))
        elif _row(work).multiple_discount and undecided:
            yield work, Place(0, unclear=WAITING)
        elif work not in several:
            yield work, Place(units, unclear=_why_not(work))
        else:
            yield work, Place(1, units - 1) if work is first else Place(0, units)


def _why_not(work: LineWork) -> str:
    return STOPPED_UNITS if _stopped(work) and work.line.units > 1 else ""


def _stopped(work: LineWork) -> bool:
    return STOPPED_BEFORE in work.line.modifiers


def _row(work: LineWork) -> SurgeryCenterRate:
    if not isinstance(work.listing, SurgeryCenterRate):
        raise TypeError(work.listing)
    return work.listing


def apply(work: LineWork, params: Mapping[str, str], place: Place) -> None:
    row, rate = _row(work), work.amount
    if rate is None or place.unclear:
        work.hold(place.unclear)
        return
    if row.payment_indicator == DRUG and work.line.units > 1 and _in_cents(rate):
        work.hold(f"The table prints code {row.code} in cents; what several units come to must be confirmed.")
        return
    index = work.bill.wage_index
    if row.payment_indicator == DEVICE_INTENSIVE and index is not None and index != 1:
        work.hold("The part of a device-intensive procedure (J8) that follows local wages is not held.")
        return
    unit = rate
    if row.payment_indicator not in DRUGS:
        unit = round_cents(by_wages(work, rate, params["labor"]), ROUNDING)
    whole = round_cents(unit * (place.full + place.reduced), ROUNDING)
    work.figure("units_in_full", place.full, "units")
    work.figure("units_reduced", place.reduced, "units")
    paid, reduction = round_cents(unit * place.full, ROUNDING), SEVERAL
    if place.reduced:
        paid += _part(work, unit, params["several"]) * place.reduced
    elif _stopped(work):
        paid, reduction = _part(work, unit, params["stopped"]), STOPPED
    work.units_priced = True
    work.set_amount("rate by wages x units, each unit in part x percent / 100", paid, ROUNDING)
    if whole - paid > ZERO:
        work.reductions.append((*reduction, whole - paid))


def _in_cents(rate: Decimal) -> bool:
    return rate == round_cents(rate) and int(rate.as_tuple().exponent) > THIRD_DECIMAL


def _part(work: LineWork, unit: Decimal, key: str) -> Decimal:
    return round_cents(unit * work.value(key) / HUNDRED, ROUNDING)
