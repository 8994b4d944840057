"""A service billed twice: the same code, component, role, side, plan of care and date.

What agrees in everything is denied from the second on; what differs in other modifiers, place, units or
charge may be the same service or another, and goes to a person. A modifier that tells the repetition from
the first (58, 59, 76 to 79, 91, X{EPSU}) makes it another service, except beside a line that is its very
copy: that goes to a person too. Drugs of other packages and wasted drugs (JW) are never the same.
A copy of a line that is held is still a copy: whatever comes of the first, it is not paid twice. The step
stands before the limits of units, which count what is billed once, and before the time of anesthesia is
added up. By `exact: review`, for programs whose rule on duplicates was not read, copies go to a person too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.review.domain.bill import EarlierService, Line
from services.review.domain.steps.bilateral import side_order
from services.review.domain.work import LineWork

TOLD_APART = frozenset({"58", "59", "76", "77", "78", "79", "91", "XE", "XP", "XS", "XU"})
"""The line says itself that it is another service than the first."""
OF_THE_SERVICE = frozenset({
    "26", "TC", "53", "54", "55", "56", "62", "66", "80", "81", "82", "AS", "50", "RT", "LT", "E1", "E2",
    "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "TA", "T1", "T2", "T3", "T4",
    "T5", "T6", "T7", "T8", "T9", "LC", "LD", "LM", "RC", "RI", "JW", "JZ", "GN", "GO", "GP",
})  # fmt: skip
"""Part, role, place on the body, plan of care: lines that differ in one of them are different services."""
EXACT = ("18", "The same service is billed already.", "OA")

Service = Line | EarlierService


def places(works: Sequence[LineWork], params: Mapping[str, str]) -> Iterable[tuple[LineWork, bool]]:
    """Repetitions of an earlier or another line; whether each agrees with it in everything."""
    if not works:
        return
    earlier = [service for service in works[0].bill.earlier if not service.denied]
    if not earlier and len({(work.line.code, work.line.on) for work in works}) == len(works):
        return
    known: dict[object, list[Service]] = {}
    for service in earlier:
        known.setdefault(same(service), []).append(service)
    for work in sorted(works, key=side_order):
        line = work.line
        before = known.setdefault(same(line), [])
        if before:
            copy = not _told_apart(line) and any(_is_copy(line, other) for other in before)
            yield work, copy and params.get("exact") != "review"
        before.append(line)


def same(service: Service) -> tuple[object, ...]:
    """What two services must share to be the same one; those told apart, everything."""
    shared = (service.code, service.on, OF_THE_SERVICE.intersection(service.modifiers), service.ndc)
    return (*shared, _whole(service)) if _told_apart(service) else shared


def _told_apart(service: Service) -> bool:
    return not TOLD_APART.isdisjoint(service.modifiers)


def _whole(service: Service) -> tuple[object, ...]:
    return frozenset(service.modifiers), service.place_of_service, service.units, service.charge


def _is_copy(line: Line, other: Service) -> bool:
    """Whether nothing tells the two; of an earlier review time and kind of provider are not kept."""
    if isinstance(other, Line) and (line.minutes, line.provider_type) != (other.minutes, other.provider_type):
        return False
    return _whole(line) == _whole(other)


def apply(work: LineWork, _params: Mapping[str, str], exact: bool) -> None:  # noqa: FBT001 - the place of the line
    if exact:
        work.deny(*EXACT)
    else:
        words = (
            f"Code {work.line.code} is billed more than once for one date; whether it is a duplicate must be"
            " judged by a person."
        )
        work.doubt(f"{work.words} {words}".strip())
