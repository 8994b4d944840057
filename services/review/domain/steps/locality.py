"""Which geographic indices apply.

`rule: national` pays the same everywhere; with `fixed` the jurisdiction uses one named locality; else
the bill decides: its locality, its service ZIP (the last four digits where a ZIP is split), its county,
or the only locality of the state.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import COUNTIES
from services.jurisdictions.model import Citation, Locality
from services.jurisdictions.rulebook import MEDICARE
from services.review.domain.indices import figure_indices
from services.review.domain.work import LineWork

NATIONAL = "NATIONAL"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    found, source = _find(work, params)
    if found is None:
        work.hold("The payment locality is not known: send serviceZip, serviceCounty or locality.")
        return
    work.locality = found
    work.figure("locality", found.id, source=source)
    figure_indices(work, found)
    work.record("geographic indices of the locality" if found.id != NATIONAL else "no geographic adjustment")


def _find(work: LineWork, params: Mapping[str, str]) -> tuple[Locality | None, Citation | None]:
    """The locality, and who says that the place lies in it."""
    book, bill, on = work.book, work.bill, work.line.on
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
        return (book.locality(county.locality, on), county.citation) if county else (None, None)
    in_state = [place for place in book.localities(on) if place.state == state]
    return (in_state[0] if len(in_state) == 1 else None), None
