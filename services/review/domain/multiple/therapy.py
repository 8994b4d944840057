"""Indicator 5, therapy: all units of a day but one are paid their practice expense in part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.kernel.money import ZERO, round_cents
from services.review.domain.multiple.amounts import HUNDRED, ROUNDING, pay
from services.review.domain.multiple.place import Reduced
from services.review.domain.ranking import dearest_first
from services.review.domain.work import LineWork


def places(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Reduced]]:
    """One unit of the line with the highest practice expense is paid in full."""
    order = sorted(members, key=lambda work: (-(work.practice_expense or ZERO), dearest_first(work)))
    for position, work in enumerate(order):
        yield work, Reduced(work.line.units - 1 if position == 0 else work.line.units)


def apply(work: LineWork, params: Mapping[str, str], reduced_units: int) -> None:
    """A reduced unit has an amount of its own, made like the full one and rounded like it."""
    total, expense, factor = work.adjusted_total, work.practice_expense, work.rate_factor
    if work.row is None or work.amount is None or total is None or expense is None or factor is None:
        return
    full_units = work.line.units - reduced_units
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    share = work.value(f"{params['percents']}.therapy")
    work.figure("adjusted_total", total, "relative value units")
    work.figure("adjusted_practice_expense", expense, "relative value units")
    work.figure("factor", factor, "USD per relative value unit")
    work.figure("percent_of_rate", work.percent_of_rate)
    work.figure("units_in_full", full_units, "units")
    work.figure("units_reduced", reduced_units, "units")
    unit = round_cents((total - expense * (HUNDRED - share) / HUNDRED) * factor, ROUNDING)
    unit = round_cents(unit * work.percent_of_rate / HUNDRED, ROUNDING)
    pay(
        work,
        "amount x units in full + ((adjusted total - adjusted practice expense x (100 - percent) / 100)"
        " x factor x percent of rate / 100, rounded) x units reduced",
        work.amount * full_units + unit * reduced_units,
        work.amount * work.line.units,
    )
