"""Amount of one unit: relative values times geographic indices times the conversion factor.

round_half_up((work x work GPCI + practice expense x PE GPCI + malpractice x MP GPCI) x factor, 2).
The factor's key grows by the section of the code, and by the setting, where the program says so.
A setting marked "not applicable" is not paid by the table: in a facility the technical part of a test
is the facility's, and outside one a person must confirm that the procedure can be done there. The amount
that the publisher prints beside the mark stands in the trace of the held line; by
`not_applicable: printed`, the schedule pays it.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.kernel.money import round_cents
from services.review.domain.indices import figure_indices
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
NOT_APPLICABLE = {
    "facility": "The schedule has no facility value for code {}; modifier 26 or the place must be confirmed.",
    "nonfacility": "The schedule has no nonfacility value for code {}; the place must be confirmed.",
}


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    row, place = work.row, work.locality
    if row is None or place is None:
        work.hold("The relative values or the locality of this service are missing.")
        return
    facility = work.setting == "facility"
    printed = row.pe_facility_printed if facility else row.pe_nonfacility_printed
    paid = row.pe_facility if facility else row.pe_nonfacility
    if paid is None and params.get("not_applicable") == "printed":
        paid = printed
    expense = printed if paid is None else paid
    if not row.work + expense + row.malpractice:
        work.hold(f"The schedule gives code {row.code} no relative values; it must be priced by report.")
        return
    factor = work.value(factor_key(work, params["factor"], params.get("by", "none")))
    unit = "relative value units"
    work.figure("work_rvu", row.work, unit, row.citation)
    work.figure("pe_rvu", expense, unit, row.citation)
    work.figure("mp_rvu", row.malpractice, unit, row.citation)
    figure_indices(work, place)
    work.practice_expense = expense * place.pe_gpci
    work.rate_factor = factor
    total = row.work * place.work_gpci + work.practice_expense + row.malpractice * place.mp_gpci
    work.adjusted_total = total
    formula = "(work_rvu x work_gpci + pe_rvu x pe_gpci + mp_rvu x mp_gpci) x conversion factor"
    if paid is None:
        formula += ", printed beside the mark: not applicable in this setting"
    work.set_amount(formula, round_cents(total * factor, ROUNDING), ROUNDING)
    if paid is None:
        work.hold(NOT_APPLICABLE[work.setting].format(row.code))


def factor_key(work: LineWork, key: str, by: str) -> str:
    """`none` reads the key itself; by section, alone or with the setting or region, each has a key."""
    if by == "none":
        return key
    section = work.book.section(work.folder, work.line.code) or "unassigned"
    if by == "section":
        return f"{key}.{section}"
    return f"{key}.{section}.{work.region if by == 'section_and_region' else work.setting}"
