"""Spinal manipulation is paid as active treatment, told by modifier AT; no more is paid a chiropractor.

Without AT it counts as maintenance and is not covered, with AT and GA (a denial is expected) it contradicts
itself. By which code and at whose cost such lines are denied was not read, so they go to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

MANIPULATION = frozenset({"98940", "98941", "98942"})
CHIROPRACTOR = "chiropractor"
ACTIVE, DENIAL_EXPECTED = "AT", "GA"


def concerns(work: LineWork) -> bool:
    return work.line.code in MANIPULATION or work.line.provider_type == CHIROPRACTOR


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    code, modifiers = work.line.code, work.line.modifiers
    if code not in MANIPULATION:
        work.hold(f"A chiropractor is paid for spinal manipulation alone; code {code} must be confirmed.")
    elif ACTIVE not in modifiers:
        work.hold(
            f"Code {code} without modifier AT (active treatment) counts as maintenance, which is not covered;"
            " it must be confirmed."
        )
    elif DENIAL_EXPECTED in modifiers:
        work.hold("Modifiers AT and GA contradict each other on one line.")
    else:
        work.record("active treatment, as modifier AT says")
