"""A limit on what one day's services of a section come to; beyond it a person decides what is cut.

`section` names the services, `most` the limit's value key, `measure` what is added up: `units` or
`amount` (after the units are priced). A line of the day that is held may reach the limit too, so where
amounts are added up the others wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from services.kernel.money import ZERO
from services.review.domain.work import LineWork

UNIT = {"units": "units", "amount": "USD"}


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterable[tuple[LineWork, Decimal | None]]:
    """The open lines of the section, each with its day's total; None where one line's share is not known."""
    days: dict[date, list[LineWork]] = {}
    for work in works:
        if work.book.section(work.folder, work.line.code) == params["section"]:
            days.setdefault(work.line.on, []).append(work)
    for members in days.values():
        total = _total(members, params["measure"])
        yield from [(work, total) for work in members if work.open]


def _total(members: Sequence[LineWork], measure: str) -> Decimal | None:
    if measure == "units":
        return Decimal(sum(work.line.units for work in members))
    if not all(work.open for work in members):
        return None
    return sum((work.amount or ZERO for work in members), ZERO)


def apply(work: LineWork, params: Mapping[str, str], total: Decimal | None) -> None:
    if work.amount is None:
        return
    if total is None:
        work.hold("The day has a limit, and another line of it must be judged by a person first.")
        return
    most = work.value(params["most"])
    work.figure("day_total", total, UNIT[params["measure"]])
    work.record_comparison("total of the day against its limit")
    if total > most:
        work.hold(
            f"The day's services come to {total}, above the limit of {most} {UNIT[params['measure']]}; how"
            " the excess falls on the lines must be judged by a person."
        )
