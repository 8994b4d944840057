"""Whether the operation pays an assistant (80, 81, 82, AS), a co-surgeon (62) or a team (66) at all.

Each role has an indicator of its own in the row. What no document can change is denied before the
procedures of the day are ranked; what rests on documents goes to a person. A team is priced by report.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.model import RelativeValue
from services.review.domain.roles import ASSISTANT, CO_SURGEON, NONPHYSICIAN, ROLES, TEAM, role_modifiers
from services.review.domain.work import LineWork

NEVER = {ASSISTANT: "1", NONPHYSICIAN: "1", CO_SURGEON: "0", TEAM: "0"}
WITH_PROOF = {ASSISTANT: "0", NONPHYSICIAN: "0", CO_SURGEON: "1", TEAM: "1"}
PAID = "2"
DENIED = "54"
"""CARC: several physicians or assistants are not covered for this procedure."""


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    named = role_modifiers(work.line)
    if not named or work.row is None:
        return
    if len(named) > 1:
        work.hold(f"Modifiers {' and '.join(named)} name more than one role on one line.")
        return
    role, row = ROLES[named[0]], work.row
    if row.modifier:
        work.hold(f"Modifiers {named[0]} and {row.modifier} together must be judged by a person.")
        return
    if work.bill.contract is not None and work.line.code in work.bill.contract.flat_rates:
        work.hold(
            f"Whether the contract's flat rate is meant for this role ({role}) must be judged by a person."
        )
        return
    indicator = _indicator(row, role)
    work.figure("role_indicator", indicator, source=row.citation)
    if indicator == NEVER[role]:
        work.deny(DENIED, f"This procedure does not pay for this role: {role}.")
        return
    work.record(f"indicator of the code for the role: {role}")
    if indicator == WITH_PROOF[role]:
        work.hold(f"Code {row.code} pays this role ({role}) only with proof of need; a person must read it.")
    elif indicator != PAID:
        work.hold(
            f"Code {row.code} has no meaning for the role ({role}); modifier {named[0]} must be confirmed."
        )
    elif role == TEAM:
        work.hold("Team surgery is priced by report, which must be judged by a person.")


def _indicator(row: RelativeValue, role: str) -> str:
    if role == CO_SURGEON:
        return row.co_surgeon
    return row.team_surgeon if role == TEAM else row.assistant_surgeon
