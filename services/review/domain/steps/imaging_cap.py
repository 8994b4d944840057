"""The technical part of imaging is paid no more than the outpatient hospital amount for it.

The relative value table prints, for the codes concerned, the practice expense and malpractice values of
the capped amount; the professional part of a global service is in them already. The lower amount wins.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.kernel.money import round_cents
from services.review.domain.indices import figure_indices
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    row, place = work.row, work.locality
    if row is None or place is None or work.amount is None:
        return
    expense = row.opps_cap_pe_facility if work.setting == "facility" else row.opps_cap_pe_nonfacility
    if not expense:
        return
    factor = work.value(params["factor"])
    unit = "relative value units"
    work.figure("work_rvu", row.work, unit, row.citation)
    work.figure("cap_pe_rvu", expense, unit, row.citation)
    work.figure("cap_mp_rvu", row.opps_cap_malpractice, unit, row.citation)
    figure_indices(work, place)
    total = row.work * place.work_gpci + expense * place.pe_gpci + row.opps_cap_malpractice * place.mp_gpci
    cap = round_cents(total * factor, ROUNDING)
    capped = "(work_rvu x work_gpci + cap_pe_rvu x pe_gpci + cap_mp_rvu x mp_gpci) x conversion factor"
    if cap < work.amount:
        work.set_amount(f"lesser of amount and {capped}", cap, ROUNDING)
    else:
        work.record_comparison(f"lesser of amount and {capped}: the amount")
