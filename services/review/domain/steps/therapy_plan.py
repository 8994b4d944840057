"""Always-therapy services are billed under the plan of one discipline: GP, GO or GN.

Indicator 5 marks these services. Without a modifier, with two, or with that of another discipline where
the code belongs to one, the line is returned. So is one whose assistant (CQ, CO) is of another discipline,
before the units of the day are ranked; by `assistants: only` nothing else is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

ALWAYS_THERAPY = "5"
PLANS = ("GN", "GO", "GP")
DISCIPLINE: Mapping[str, str] = {
    **dict.fromkeys(("92521", "92522", "92523", "92524", "92597", "92607"), "GN"),
    **dict.fromkeys(("97165", "97166", "97167", "97168"), "GO"),
    **dict.fromkeys(("97161", "97162", "97163", "97164"), "GP"),
}
"""Codes that belong to one discipline."""
ASSISTANT_OF: Mapping[str, str] = {"CQ": "GP", "CO": "GO"}
WRONG_MODIFIER = "4"
"""CARC: the procedure code is inconsistent with the modifier, or a required modifier is missing."""


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    row, assistants = work.row, [modifier for modifier in work.line.modifiers if modifier in ASSISTANT_OF]
    if len(assistants) > 1 or any(ASSISTANT_OF[each] not in work.line.modifiers for each in assistants):
        work.deny(
            WRONG_MODIFIER, "An assistant's modifier goes with its plan of care: CQ with GP, CO with GO."
        )
        return
    if row is None or row.multiple_procedure != ALWAYS_THERAPY or params.get("assistants") == "only":
        return
    work.figure("multiple_procedure_indicator", row.multiple_procedure, source=row.citation)
    named = [modifier for modifier in work.line.modifiers if modifier in PLANS]
    wanted = DISCIPLINE.get(row.code)
    if len(named) != 1:
        said = " and ".join(named) or "none"
        work.deny(WRONG_MODIFIER, f"A therapy service names one plan of care (GN, GO or GP); found {said}.")
    elif wanted is not None and named[0] != wanted:
        work.deny(WRONG_MODIFIER, f"Code {row.code} belongs to the plan of care {wanted}; found {named[0]}.")
    else:
        work.record(f"therapy under the plan of care {named[0]}")
