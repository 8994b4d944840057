"""Holds the surgery of a day that one provider bills in different roles.

A bill is of one provider, who is surgeon, assistant or co-surgeon at an operation. Ranks compare
the procedures of one role with one another; a mixed day has no order, so a person must judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.review.domain.roles import SURGEON, role, role_modifiers
from services.review.domain.work import LineWork

RANKED = frozenset({"1", "2", "3"})
NO_GLOBAL_PERIOD = "XXX"


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, None]]:
    """The open surgical lines of each day that has more than one role."""
    if not any(role_modifiers(work.line) for work in works):
        return
    days: dict[date, list[LineWork]] = {}
    for work in works:
        if _is_surgery(work):
            days.setdefault(work.line.on, []).append(work)
    for members in days.values():
        if len({role(work.line) for work in members}) > 1:
            yield from [(work, None) for work in members if work.open]


def apply(work: LineWork, _params: Mapping[str, str], _place: None) -> None:
    own = role(work.line)
    as_what = "as the surgeon" if own == SURGEON else f"with modifier {' '.join(role_modifiers(work.line))}"
    work.hold(
        f"The provider bills this procedure {as_what} and another of the same day in another role;"
        " the roles must be confirmed by a person."
    )


def _is_surgery(work: LineWork) -> bool:
    """By role or row; a line held before a row was found, by the section of its code."""
    row = work.row
    if role_modifiers(work.line):
        return True
    if work.schedule:
        return False
    if row is None:
        return work.book.section(work.folder, work.line.code) == "surgery"
    return row.multiple_procedure in RANKED or row.global_days != NO_GLOBAL_PERIOD
