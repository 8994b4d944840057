"""Codes that are not paid together on one day (NCCI); the rule is in `edits/procedure_to_procedure`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.jurisdictions.kinds import NCCI_PAIRS
from services.review.domain.edits import applying
from services.review.domain.edits.finding import Edit
from services.review.domain.edits.procedure_to_procedure import find
from services.review.domain.work import LineWork

apply = applying.apply


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterator[tuple[LineWork, Edit]]:
    """The lines an edit acts on."""
    return applying.places(works, params, NCCI_PAIRS, find)
