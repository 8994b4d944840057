"""Lets through the modifiers that change nothing or that other steps price; holds lines with the rest.

A modifier that changes payment and has no rule yet must not be ignored silently: so 99 (more modifiers
than the line shows), GY and GZ (the provider expects a denial) and PD (bundled with an inpatient stay)
go to a person too. `priced` lists, between spaces, modifiers that only this program has a step for, `held`
those that mean something else here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.review.domain.work import LineWork

PRICED_BY_A_STEP = frozenset({"26", "TC", "53", "50", "51", "RT", "LT"})

INFORMATIONAL = frozenset({
    "24", "25", "27", "32", "33", "57", "58", "59", "76", "77", "79", "90", "91", "93", "95", "96",
    "97", "AT", "CR", "CS", "E1", "E2", "E3", "E4", "ET", "F1", "F2", "F3", "F4", "F5", "F6", "F7",
    "F8", "F9", "FA", "FQ", "GA", "GC", "GE", "GN", "GO", "GP", "GQ", "GT", "KX", "LC",
    "LD", "LM", "PN", "PO", "Q5", "Q6", "RC", "RI", "T1", "T2", "T3", "T4", "T5", "T6", "T7",
    "T8", "T9", "TA", "XE", "XP", "XS", "XU",
})  # fmt: skip
"""Distinct services, anatomy, telehealth and reporting: the amount of the line stays as it is."""


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    known = PRICED_BY_A_STEP | INFORMATIONAL | set(params.get("priced", "").split())
    known -= set(params.get("held", "").split())
    if words := judged_by_a_person(work.line.modifiers, known):
        work.hold(words)


def judged_by_a_person(modifiers: Collection[str], known: Collection[str]) -> str:
    """Words that name the modifiers without a rule here; empty where there is none."""
    unknown = [modifier for modifier in modifiers if modifier not in known]
    if not unknown:
        return ""
    return f"Modifier {', '.join(unknown)} can change the payment and must be judged by a person."
