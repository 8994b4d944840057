"""Which geographic indices apply.

`rule: national` pays the same everywhere; with `fixed` the jurisdiction uses one named locality; else
the bill's locality or service ZIP decides, or the only locality of the state.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.model import Locality
from services.review.domain.work import LineWork

NATIONAL = "NATIONAL"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    found = _find(work, params)
    if found is None:
        work.hold("The payment locality is not known: send serviceZip or locality.")
        return
    work.locality = found
    work.figure("locality", found.id)
    for name, index in (
        ("work_gpci", found.work_gpci),
        ("pe_gpci", found.pe_gpci),
        ("mp_gpci", found.mp_gpci),
    ):
        work.figure(name, index, "index", None if found.id == NATIONAL else found.citation)
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
        found = book.locality_for_zip(bill.service_zip[:5], on)
        work.cite(book.zip_citation(on))
        return found
    in_state = [place for place in book.localities(on) if place.state == bill.jurisdiction]
    return in_state[0] if len(in_state) == 1 else None
