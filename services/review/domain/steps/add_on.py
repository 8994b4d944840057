"""Add-on codes without their primary code; the rule is in `edits/add_on`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.jurisdictions.kinds import ADD_ON_CODES
from services.review.domain.edits import applying
from services.review.domain.edits.add_on import find
from services.review.domain.edits.finding import Edit
from services.review.domain.work import LineWork

apply = applying.apply


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterator[tuple[LineWork, Edit]]:
    """The lines an edit acts on."""
    return applying.places(works, params, ADD_ON_CODES, find)
