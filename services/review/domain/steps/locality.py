"""Which geographic indices apply.

`rule: national` pays the same everywhere; with `fixed` the jurisdiction uses one named locality; else
the bill's locality or service ZIP decides, or the only locality of the state.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.model import Locality
from services.review.domain.indices import figure_indices
from services.review.domain.work import LineWork

NATIONAL = "NATIONAL"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    found = _find(work, params)
    if found is None:
        work.hold("The payment locality is not known: send serviceZip or locality.")
        return
    work.locality = found
    by_zip = bool(work.bill.service_zip and not work.bill.locality) and "fixed" not in params
    source = work.book.zip_citation(work.line.on) if by_zip and found.id != NATIONAL else None
    work.figure("locality", found.id, source=source)
    figure_indices(work, found)
    work.record("geographic indices of the locality" if found.id != NATIONAL else "no geographic adjustment")


def _find(work: LineWork, params: Mapping[str, str]) -> Locality | None:
    book, bill, on = work.book, work.bill, work.line.on
    if params["rule"] == "national":
        return book.locality(NATIONAL, on)
    if "fixed" in params:
        return book.locality(params["fixed"], on)
    if bill.locality:
        return book.locality(bill.locality, on)
    if bill.service_zip:
        return book.locality_for_zip(bill.service_zip[:5], on)
    in_state = [place for place in book.localities(on) if place.state == bill.jurisdiction]
    return in_state[0] if len(in_state) == 1 else None
