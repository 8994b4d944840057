"""Imaging with equipment below the standard: the technical part is reduced (CT, FX, FY).

CT names a scanner below the dose standard, FX film, FY cassettes; FY is taken of what FX leaves. The
technical part of a whole test is the amount of its own row, limited to the outpatient amount where the
line was. A professional part alone is not reduced. `scanned` are the codes of computed tomography; film
and cassettes go with other radiology that is not of a reduced imaging family (indicator 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from services.jurisdictions.model import RelativeValue
from services.kernel.money import round_cents
from services.review.domain.codes import is_listed
from services.review.domain.multiple.amounts import figure_rate, figure_row, of_row
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
MODIFIERS = ("CT", "FX", "FY")
TECHNICAL_ONLY = "3"
IMAGING = "4"
RADIOLOGY = "70010-79999"
BY_LAW = "237"
"""CARC: a penalty set by law or regulation."""
REDUCED = "The technical part of imaging with equipment below the standard is paid in part."


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    row, named = work.row, [modifier for modifier in MODIFIERS if modifier in work.line.modifiers]
    if row is None or work.amount is None or not named:
        return
    if row.modifier == "26":
        work.record("the professional part alone is not reduced")
        return
    part = None if _misplaced(row, named, params["scanned"]) else _technical_part(work, row)
    if part is None:
        work.hold(
            f"Modifier {named[0]} does not go with code {row.code} as we know it; it must be confirmed."
        )
        return
    left = part
    for modifier in named:
        share = work.value(f"{params['percents']}.{modifier.lower()}")
        left = round_cents(left * (HUNDRED - share) / HUNDRED, ROUNDING)
    work.set_amount(
        "amount - (technical part - technical part x (100 - percent) / 100, each rounded)",
        work.amount - (part - left),
        ROUNDING,
    )
    work.reductions.append((BY_LAW, REDUCED, part - left))


def _misplaced(row: RelativeValue, named: Sequence[str], scanned: str) -> bool:
    if "CT" in named:
        return len(named) > 1 or not is_listed(row.code, scanned)
    return not is_listed(row.code, RADIOLOGY) or row.multiple_procedure == IMAGING


def _technical_part(work: LineWork, row: RelativeValue) -> Decimal | None:
    """The amount of the technical part; None where there is none, or it is not held."""
    if row.modifier == "TC" or row.pctc == TECHNICAL_ONLY:
        return work.amount
    technical = work.book.relative_value(work.table, row.code, "TC", work.table_on)
    whole = None if technical is None else of_row(work, technical)
    if technical is None or whole is None or work.locality is None or work.rate_factor is None:
        return None
    figure_row(work, "technical", technical)
    figure_rate(work)
    facility = work.setting == "facility"
    expense = technical.opps_cap_pe_facility if facility else technical.opps_cap_pe_nonfacility
    if not expense or work.amount == of_row(work, row):
        return whole
    unit, place = "relative value units", work.locality
    work.figure("technical_cap_pe_rvu", expense, unit, technical.citation)
    work.figure("technical_cap_mp_rvu", technical.opps_cap_malpractice, unit, technical.citation)
    limit = expense * place.pe_gpci + technical.opps_cap_malpractice * place.mp_gpci
    return min(whole, round_cents(limit * work.rate_factor, ROUNDING))
