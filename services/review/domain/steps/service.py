"""Finds the row of the relative value table for the code and its component modifier.

26 (professional component), TC (technical component) and 53 (discontinued) have rows of their own;
without one of them the global row is used. Two of them on one line contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

COMPONENTS = ("26", "TC", "53")


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line, table = work.line, params["relative_values"]
    components = [m for m in line.modifiers if m in COMPONENTS]
    if len(components) > 1:
        work.hold(f"Modifiers {' and '.join(components)} contradict each other on one line.")
        return
    modifier = components[0] if components else ""
    row = work.book.relative_value(table, line.code, modifier, line.on)
    if row is None and work.book.has_code(table, line.code, line.on):
        work.hold(
            f"Code {line.code} has no row for modifier {modifier or '(none)'} in the relative value table;"
            " the modifier must be confirmed."
        )
        return
    if row is None:
        work.hold(f"Code {line.code} is not in the loaded schedule; it must be priced by report.")
        return
    work.row, work.table = row, table
    work.figure("code", row.code, source=row.citation)
    if row.modifier:
        work.figure("modifier", row.modifier, source=row.citation)
    work.record("relative value row of the code" + (" and its component" if row.modifier else ""))
