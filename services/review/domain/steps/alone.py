"""Services that are paid only when nothing else of the schedule is payable that day (status T).

Anything payable on the day, on this bill or an earlier one of the claim and provider, holds their payment
in itself. While another line of the day is held, or two such services stand alone, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.review.domain.schedules import DRUGS, LABORATORY, SUPPLY
from services.review.domain.steps.code_status import ONLY_ALONE, PAID_BY_RELATIVE_VALUES
from services.review.domain.work import LineWork

WITH_OTHERS = ("97", "The service is paid with the others of its day and not on its own.")

NOT_OF_A_PHYSICIAN = frozenset({LABORATORY, DRUGS, SUPPLY})
"""What these schedules pay does not count as payable beside the service."""


def concerns(work: LineWork) -> bool:
    return work.row is not None and work.row.status == ONLY_ALONE


def places(
    works: Sequence[LineWork], _params: Mapping[str, str]
) -> Iterable[tuple[LineWork, tuple[str, str]]]:
    """Every open line of this kind, with what else there is on its day: its code and what became of it."""
    for work in works:
        if concerns(work) and work.open:
            yield work, _other(work, works)


def _other(work: LineWork, works: Sequence[LineWork]) -> tuple[str, str]:
    """The service that decides; a payable one before one that is open."""
    on, codes = work.line.on, {"payable": set[str](), "open": set[str]()}
    for other in works:
        if other is work or other.line.on != on or other.schedule in NOT_OF_A_PHYSICIAN:
            continue
        payable = other.open and other.row is not None and other.row.status in PAID_BY_RELATIVE_VALUES
        codes["payable" if payable else "open"].add(other.line.code)
    for earlier in work.bill.earlier:
        if earlier.on == on and not earlier.denied:
            codes["payable" if earlier.priced else "open"].add(earlier.code)
    return next(((kind, min(found)) for kind, found in codes.items() if found), ("nothing", ""))


def apply(work: LineWork, _params: Mapping[str, str], other: tuple[str, str]) -> None:
    kind, code = other
    if kind == "nothing":
        work.record("nothing else is payable on the day")
        return
    work.figure("other_service", code)
    if kind == "payable":
        work.deny(*WITH_OTHERS)
    else:
        work.doubt(f"Code {work.line.code} is paid only alone, and another service of the day is undecided.")
