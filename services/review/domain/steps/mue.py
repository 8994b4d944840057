"""Units beyond what is likely (MUE); the rule is in `edits/medically_unlikely`.

`limits` names the table: practitioner, outpatient (hospital) or supplier (of equipment).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.jurisdictions.kinds import MUE_OUTPATIENT, MUE_PRACTITIONER, MUE_SUPPLIER
from services.review.domain.edits import applying
from services.review.domain.edits.finding import Edit
from services.review.domain.edits.medically_unlikely import find
from services.review.domain.work import LineWork

LIMITS = {"practitioner": MUE_PRACTITIONER, "outpatient": MUE_OUTPATIENT, "supplier": MUE_SUPPLIER}

apply = applying.apply


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterator[tuple[LineWork, Edit]]:
    """The lines an edit acts on."""
    return applying.places(works, params, LIMITS[params["limits"]], find)
