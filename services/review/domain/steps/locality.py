"""Which geographic indices apply.

`rule: national` pays the same everywhere; with `fixed` the jurisdiction uses one named locality; else
the bill decides: its locality, its service ZIP (the last four digits where a ZIP is split), its county,
or the only locality of the state. `rule: blend` mixes the indices of localities `first` and `second`,
percent `share` of the first. `as_of` names the day whose indices a schedule keeps to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.jurisdictions.kinds import COUNTIES
from services.jurisdictions.model import Citation, Locality
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.indices import figure_indices
from services.review.domain.steps.service import edition_day
from services.review.domain.work import LineWork

NATIONAL = "NATIONAL"
HUNDRED = Decimal(100)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    on = edition_day(work, params)
    if params["rule"] == "blend":
        _blend(work, params, on)
        return
    found, source = find(work, params, on)
    if found is None:
        work.hold("The payment locality is not known: send serviceZip, serviceCounty or locality.")
        return
    work.locality = found
    work.figure("locality", found.id, source=source)
    figure_indices(work, found)
    work.record("geographic indices of the locality" if found.id != NATIONAL else "no geographic adjustment")


def _blend(work: LineWork, params: Mapping[str, str], on: date) -> None:
    """Indices of two localities, each by its share."""
    first, second = work.book.locality(params["first"], on), work.book.locality(params["second"], on)
    share = work.value(params["share"])
    mixed = {}
    for index in ("work_gpci", "pe_gpci", "mp_gpci"):
        of_first, of_second = getattr(first, index), getattr(second, index)
        work.figure(f"first_{index}", of_first, "index", first.citation)
        work.figure(f"second_{index}", of_second, "index", second.citation)
        mixed[index] = (of_first * share + of_second * (HUNDRED - share)) / HUNDRED
    work.locality = replace(first, **mixed)
    work.figure("locality", f"{first.id} {second.id}")
    figure_indices(work, work.locality)
    work.record("index = (first x share + second x (100 - share)) / 100")


def find(work: LineWork, params: Mapping[str, str], on: date) -> tuple[Locality | None, Citation | None]:
    """The locality, and who says that the place lies in it."""
    book, bill = work.book, work.bill
    if params["rule"] == "national":
        return book.locality(NATIONAL, on), None
    if "fixed" in params:
        return book.locality(params["fixed"], on), None
    if bill.locality:
        return book.locality(bill.locality, on), None
    if bill.service_zip:
        place = book.zip_range(bill.service_zip, on)
        return book.locality(place.locality, on), place.citation
    state = bill.service_state or bill.jurisdiction
    if bill.service_county:
        county = book.row(MEDICARE, COUNTIES, on, state, bill.service_county.upper())
        if county:
            return book.locality(county.locality, on), county.citation
    in_state = [place for place in book.localities(on) if place.state == state]
    return (in_state[0] if len(in_state) == 1 else None), None
