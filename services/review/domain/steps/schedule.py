"""Which fee schedule pays the service, where it is not the physician fee schedule.

A parameter named as a schedule (`anesthesia`, `laboratory`, `drugs`, `supplies`) gives the folder of its
table. A test that the relative value table leaves to others (status X) is the laboratory's; the part of a
test that it has a row for (26, TC) stays with the physician fee schedule. `default` names the schedule of
the bill type: the one that pays what no other lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.schedules import LABORATORY, PHYSICIAN, schedule_of
from services.review.domain.steps.service import COMPONENTS
from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    table = params.get("relative_values")
    if table is not None and _is_component(work, table):
        return
    found = schedule_of(work.book, params, work.line.code, work.line.on)
    if not found and table is not None and LABORATORY in params and _is_left_to_others(work, table):
        found = LABORATORY
    work.schedule = found or params.get("default", PHYSICIAN)
    if work.schedule:
        work.figure("schedule", work.schedule)
        work.record("the schedule that pays the code")


def _is_component(work: LineWork, table: str) -> bool:
    line = work.line
    part = next((modifier for modifier in line.modifiers if modifier in COMPONENTS), "")
    return bool(part) and work.book.relative_value(table, line.code, part, line.on) is not None


def _is_left_to_others(work: LineWork, table: str) -> bool:
    """A code of the laboratory section (80047 to 89398) with status X."""
    code = work.line.code
    if not code.isdigit() or not code.startswith("8"):
        return False
    row = work.book.relative_value(table, code, "", work.line.on)
    return row is not None and row.status == "X"
