"""Holds lines that meet a situation whose rule was not read for this jurisdiction.

`when` names the situation as the step that would price it (`bilateral`, `multiple_procedure`);
`reason` says in our own words what is missing. By `but: therapy`, therapy of one day is left to a rule of its
own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.review.domain.steps import bilateral, multiple_procedure
from services.review.domain.work import LineWork

SITUATIONS = {"bilateral": bilateral.places, "multiple_procedure": multiple_procedure.places}


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterable[tuple[LineWork, None]]:
    for work, _ in SITUATIONS[params["when"]](works, params):
        therapy = work.row is not None and work.row.multiple_procedure == multiple_procedure.THERAPY
        if not (therapy and params.get("but") == "therapy"):
            yield work, None


def apply(work: LineWork, params: Mapping[str, str], _place: None) -> None:
    work.hold(params["reason"])
