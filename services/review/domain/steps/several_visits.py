"""Office visits of one provider and day: one is paid, unless documents show unrelated problems.

Modifier 25 says that a visit is apart from another service, not from another visit. So several visits of a
day, on lines, in units or on earlier bills of the claim, go to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.review.domain.codes import is_listed
from services.review.domain.work import LineWork

OFFICE_VISITS = "99202-99215"


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, None]]:
    """The open office visits of each day that has more than one."""
    days: dict[date, list[LineWork]] = {}
    for work in works:
        if is_listed(work.line.code, OFFICE_VISITS):
            days.setdefault(work.line.on, []).append(work)
    for on, visits in days.items():
        count = sum(work.line.units for work in visits) + sum(
            service.on == on and not service.denied and is_listed(service.code, OFFICE_VISITS)
            for service in visits[0].bill.earlier
        )
        if count > 1:
            yield from [(work, None) for work in visits if work.open]


def apply(work: LineWork, _params: Mapping[str, str], _place: None) -> None:
    work.doubt(
        "Several office visits of one day are paid only for unrelated problems; documents must show them."
    )
