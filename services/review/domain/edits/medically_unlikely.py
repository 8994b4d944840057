"""Units of a code that are unlikely to be right, by the adjudication indicator of the limit.

1 judges each line for itself. 2 is absolute for a day: too many units on all lines together deny them
all. 3 is for a day too, but documents may carry more: the lines go to a person. Lines that are denied
already, or held as copies of another, do not count. The professional and the technical part (26, TC) of one
service are one unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.jurisdictions.records import UnitLimit
from services.jurisdictions.table import CitedTable
from services.review.domain.decision import DENIED
from services.review.domain.edits.finding import Edit, Figure, Outcome
from services.review.domain.work import LineWork

CARC: Final = "151"
BY_LINE: Final = "1"
ABSOLUTE: Final = "2"
SIDES: Final = frozenset({"LT", "RT"})
PARTS: Final = ("26", "TC")
TWO_SIDES: Final = "1"
"""Bilateral indicator of a procedure whose second side is paid in part."""


def find(
    day: Sequence[LineWork], limits: CitedTable[UnitLimit]
) -> Iterator[tuple[tuple[LineWork, ...], Edit]]:
    """The limits exceeded on a day, each with the lines it acts on."""
    by_code: dict[str, list[LineWork]] = {}
    for work in day:
        if work.status is not DENIED and not work.doubted:
            by_code.setdefault(work.line.code, []).append(work)
    for code, works in by_code.items():
        limit = limits.find(code)
        if limit is None or sum([work.line.units for work in works]) <= limit.units:
            continue
        groups = [[work] for work in works] if limit.adjudication == BY_LINE else [works]
        for group in groups:
            units = _units(group)
            if units > limit.units:
                yield tuple(group), _edit(group, units, limit, limits)


def _edit(group: Sequence[LineWork], units: int, limit: UnitLimit, limits: CitedTable[UnitLimit]) -> Edit:
    outcome, words = _judged(group, units, limit)
    return Edit(
        id=f"mue:{limit.code}",
        kind="medically_unlikely",
        version=limits.edition,
        source=limits.citation,
        effective_from=limits.citation.effective_from,
        effective_to=limits.citation.effective_to,
        lines=tuple([work.line.number for work in group]),
        acts_on=len(group),
        outcome=outcome,
        words=words,
        carc=CARC if outcome is Outcome.DENIED else "",
        modifier="",
        figures=(
            Figure("mue_value", str(limit.units), "units"),
            Figure("adjudication_indicator", limit.adjudication),
            Figure("units_counted", str(units), "units", from_table=False),
        ),
    )


def _judged(group: Sequence[LineWork], units: int, limit: UnitLimit) -> tuple[Outcome, str]:
    where = "on one line" if limit.adjudication == BY_LINE else "on one day"
    over = f"{units} units of code {limit.code} {where} exceed the limit of {limit.units}"
    if limit.adjudication not in {BY_LINE, ABSOLUTE}:
        return Outcome.NEEDS_REVIEW, f"{over}; documents must show the need, which a person must read."
    if limit.adjudication == ABSOLUTE and (otherwise := _counted_otherwise(group, limit)):
        return Outcome.NEEDS_REVIEW, f"{over}; {otherwise}"
    return Outcome.DENIED, f"{over}."


def _counted_otherwise(group: Sequence[LineWork], limit: UnitLimit) -> str:
    """How the units could be within the limit if they were billed in the form Medicare wants."""
    if limit.units == 1 and _units(group) == len(SIDES) and _could_be_sides(group):
        return "both sides are one unit with modifier 50, so a person must judge what was done."
    return ""


def _could_be_sides(group: Sequence[LineWork]) -> bool:
    """A procedure with two sides, neither or both of them named."""
    modifiers = {modifier for work in group for modifier in work.line.modifiers}
    return (
        any(work.row is not None and work.row.bilateral == TWO_SIDES for work in group)
        and len(modifiers & SIDES) != 1
        and "50" not in modifiers
    )


def _units(group: Sequence[LineWork]) -> int:
    parts = [sum([work.line.units for work in group if part in work.line.modifiers]) for part in PARTS]
    return sum([work.line.units for work in group]) - min(parts)
