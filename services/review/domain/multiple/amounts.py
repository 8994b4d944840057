"""Amounts that the rules for several procedures share, and how a line is closed with what it is paid."""

from __future__ import annotations

from decimal import Decimal

from services.jurisdictions.model import RelativeValue
from services.kernel.money import round_cents
from services.review.domain.indices import figure_indices
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
REDUCED = ("59", "Several procedures on one day are paid in part from the second on.")


def of_row(work: LineWork, row: RelativeValue) -> Decimal | None:
    """What one unit of another row comes to where, when, and with the factor the line was priced with."""
    place, factor = work.locality, work.rate_factor
    expense = _expense(work, row)
    if place is None or factor is None or expense is None:
        return None
    total = row.work * place.work_gpci + expense * place.pe_gpci + row.malpractice * place.mp_gpci
    return round_cents(round_cents(total * factor, ROUNDING) * work.percent_of_rate / HUNDRED, ROUNDING)


def is_plain(work: LineWork) -> bool:
    """One unit at the rate of its own row: not capped, and not changed by sides or anything else."""
    if work.row is None or work.units_priced or work.pair is not None or work.line.units > 1:
        return False
    return work.amount == of_row(work, work.row)


def figure_row(work: LineWork, name: str, row: RelativeValue) -> None:
    """Records the relative values of a row that is not, or not only, the line's own."""
    unit = "relative value units"
    work.figure(f"{name}_work_rvu", row.work, unit, row.citation)
    work.figure(f"{name}_pe_rvu", _expense(work, row) or Decimal(0), unit, row.citation)
    work.figure(f"{name}_mp_rvu", row.malpractice, unit, row.citation)


def figure_rate(work: LineWork) -> None:
    """Records what turns the relative values of a row into its amount."""
    if work.locality is not None and work.rate_factor is not None:
        figure_indices(work, work.locality)
        work.figure("factor", work.rate_factor, "USD per relative value unit")
        work.figure("percent_of_rate", work.percent_of_rate)


def pay(work: LineWork, formula: str, paid: Decimal, full: Decimal) -> None:
    """Closes the line: what it is paid, and as a reduction what it lost against `full`."""
    if not work.units_priced:
        work.price_line(work.line.units)
    work.set_amount(formula, paid, ROUNDING)
    if paid < full:
        work.reductions.append((*REDUCED, full - paid))


def _expense(work: LineWork, row: RelativeValue) -> Decimal | None:
    return row.pe_facility if work.setting == "facility" else row.pe_nonfacility
