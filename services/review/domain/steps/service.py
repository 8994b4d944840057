"""Finds the row of the relative value table for the code and its component modifier.

26 (professional component), TC (technical component) and 53 (discontinued) have rows of their own;
without one of them the global row is used. Two of them on one line contradict each other. A line that
is held for its component keeps the global row, so that other lines know what waits beside them.
`as_of` names the day whose edition a schedule keeps to; without it the date of service decides. By
`missing: continue` a code without a row is left to the steps that follow, where the table serves only
to show which lines reduce one another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from services.review.domain.work import LineWork

COMPONENTS = ("26", "TC", "53")
DISCONTINUED = "53"


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line, table = work.line, params["relative_values"]
    modifier = component(work)
    work.table_on = edition_day(work, params)
    if modifier is None:
        _keep_global_row(work, table)
        return
    row = work.book.relative_value(table, line.code, modifier, work.table_on)
    if row is None and params.get("missing") == "continue":
        return
    if row is None and modifier == DISCONTINUED and work.book.has_code(table, line.code, work.table_on):
        work.hold(
            f"Modifier 53 (discontinued): the schedule has no amount of its own for code {line.code};"
            " a statement of how far the procedure went is missing."
        )
        _keep_global_row(work, table)
        return
    if row is None and work.book.has_code(table, line.code, work.table_on):
        work.hold(
            f"Code {line.code} has no row for modifier {modifier or '(none)'} in the relative value table;"
            " the modifier must be confirmed."
        )
        _keep_global_row(work, table)
        return
    if row is None:
        work.hold(f"Code {line.code} is not in the loaded schedule; it must be priced by report.")
        return
    work.row, work.table = row, table
    work.figure("code", row.code, source=row.citation)
    if row.modifier:
        work.figure("modifier", row.modifier, source=row.citation)
    work.record("relative value row of the code" + (" and its component" if row.modifier else ""))


def _keep_global_row(work: LineWork, table: str) -> None:
    row = work.book.relative_value(table, work.line.code, "", work.table_on)
    if row is not None:
        work.row, work.table = row, table


def component(work: LineWork, others: Collection[str] = ()) -> str | None:
    """The line's component modifier, or nothing; None where two contradict each other, and holds.

    `others` are modifiers that have rows of their own too.
    """
    found = [modifier for modifier in work.line.modifiers if modifier in COMPONENTS or modifier in others]
    if len(found) > 1:
        work.hold(f"Modifiers {' and '.join(found)} contradict each other on one line.")
        return None
    return found[0] if found else ""


def edition_day(work: LineWork, params: Mapping[str, str]) -> date:
    """The day whose edition of a table counts, recorded where the schedule fixes it."""
    if "as_of" not in params:
        return work.line.on
    work.figure("as_of", params["as_of"], source=work.step_citation)
    return date.fromisoformat(params["as_of"])
