"""What the outpatient system pays a line of a claim: its rate by local wages, units and discount.

The amount is ((rate x labor share x wage index) + (rate x the rest)) x units x discount rate, rounded once,
as CMS's own pricing program computes it. Discount rates are that program's formulas: 1 none, 2 the dearest
of several (its first unit in full), 5 every other one, 3 stopped before anesthesia. Blood and brachytherapy
sources do not follow wages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.outpatient import claim
from services.review.domain.schedules import OUTPATIENT
from services.review.domain.wages import by_wages
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED, ONE = Decimal(100), Decimal(1)
EIGHT_DECIMALS = Decimal("0.00000001")
NOT_BY_WAGES = frozenset({"R", "U"})
SEVERAL = ("59", "Several procedures on one day are paid in part from the second on.")
STOPPED = ("45", "A procedure stopped before anesthesia is paid in part.")


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, claim.Place]]:
    """The claim: all lines, denied ones too, since a packaged one can change others."""
    return claim.places(works)


def apply(work: LineWork, params: Mapping[str, str], place: claim.Place) -> None:
    if place.unclear:
        work.hold(place.unclear)
    elif place.packaged:
        work.deny(*claim.PACKAGED)
    elif work.schedule == OUTPATIENT and work.amount is not None:
        _pay(work, params, work.amount, place.formula)


def _pay(work: LineWork, params: Mapping[str, str], rate: Decimal, formula: int) -> None:
    units = Decimal(work.line.units)
    stopped = formula == claim.STOPPED.formula
    if formula == claim.FIRST_OF_SEVERAL.formula and units == ONE:
        formula = claim.PAID.formula
    share = ONE
    if formula != claim.PAID.formula:
        share = work.value(params["stopped" if stopped else "several"]) / HUNDRED
    discount = _discount(formula, share, units)
    unit = rate if claim.status(work) in NOT_BY_WAGES else by_wages(work, rate, params["labor"])
    work.figure("units", work.line.units, "units")
    work.figure("discount_formula", formula)
    work.units_priced = True
    whole = round_cents(unit * units, ROUNDING)
    paid = round_cents(unit * units * discount, ROUNDING)
    work.set_amount("rate by wages x units x discount rate", paid, ROUNDING)
    if whole - paid > ZERO:
        work.reductions.append((*(STOPPED if stopped else SEVERAL), whole - paid))


def _discount(formula: int, share: Decimal, units: Decimal) -> Decimal:
    if formula == claim.FIRST_OF_SEVERAL.formula:
        return ((ONE + share * (units - ONE)) / units).quantize(EIGHT_DECIMALS, ROUND_DOWN)
    if formula == claim.STOPPED.formula:
        return (share / units).quantize(EIGHT_DECIMALS, ROUND_DOWN)
    return share if formula == claim.NOT_FIRST.formula else ONE
