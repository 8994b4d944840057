"""Amount of one unit times the units billed, where no rule across lines priced the units already."""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    if work.units_priced or work.amount is None:
        return
    work.price_line(work.line.units)
    if work.line.units != 1:
        work.figure("units", work.line.units, "units")
        work.set_amount("amount x units", work.amount * work.line.units)
