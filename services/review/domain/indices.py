"""The three geographic indices of a locality as figures of a step."""

from __future__ import annotations

from services.jurisdictions.model import Locality
from services.jurisdictions.rulebook import NATIONAL
from services.review.domain.work import LineWork


def figure_indices(work: LineWork, place: Locality) -> None:
    """Records the three indices; those of NATIONAL are plain ones and come from nobody."""
    source = None if place.id == NATIONAL else place.citation
    work.figure("work_gpci", place.work_gpci, "index", source)
    work.figure("pe_gpci", place.pe_gpci, "index", source)
    work.figure("mp_gpci", place.mp_gpci, "index", source)
