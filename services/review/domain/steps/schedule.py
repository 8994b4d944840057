"""Which fee schedule pays the service, where it is not the physician fee schedule.

A parameter named as a schedule (`anesthesia`, `laboratory`, `drugs`, `supplies`) gives the folder of its
table. With `relative_values`, a code that the table has with another status than "left to others" (J, X, E)
stays with the physician fee schedule, which pays or denies it; so does the part of a test that has a row of
its own (26, TC). `default` names the schedule of the bill type: the one that pays what no other lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.schedules import LABORATORY, PHYSICIAN, schedule_of
from services.review.domain.steps.service import COMPONENTS
from services.review.domain.work import LineWork

TO_OTHERS = frozenset({"J", "X", "E"})
TESTS = "X"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    status = _status(work, params["relative_values"]) if "relative_values" in params else ""
    if status and status not in TO_OTHERS:
        return
    code = work.line.code
    found = schedule_of(work.book, params, code, work.line.on)
    if not found and LABORATORY in params and status == TESTS and code.isdigit() and code.startswith("8"):
        found = LABORATORY
    work.schedule = found or params.get("default", PHYSICIAN)
    if work.schedule:
        work.figure("schedule", work.schedule)
        work.record("the schedule that pays the code")


def _status(work: LineWork, table: str) -> str:
    """Status of the row of the code and its component; empty where there is none."""
    line = work.line
    part = next((modifier for modifier in line.modifiers if modifier in COMPONENTS), "")
    row = part and work.book.relative_value(table, line.code, part, line.on)
    row = row or work.book.relative_value(table, line.code, "", line.on)
    return row.status if row else ""
