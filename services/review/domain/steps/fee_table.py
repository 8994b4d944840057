"""Amount of one unit as a jurisdiction's table of amounts prints it, by code and modifier.

`table` names the folder of the table. The table's row for a component modifier (26, TC, 53), or for one of
`modifiers` (a supply bought or rented), is the only one that prices such a line; other modifiers are priced
by other steps. By `missing`, a code without a row, or a date without a table, goes to a person (`hold`, the
default) or is left to the steps that follow (`continue`).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import FEES
from services.jurisdictions.missing import NoEditionInForce
from services.jurisdictions.records import Fee
from services.kernel.money import round_cents
from services.review.domain.steps.service import component
from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    modifier = component(work, params.get("modifiers", "").split())
    if modifier is None:
        return
    goes_on = params.get("missing") == "continue"
    row = _row(work, params["table"], modifier, goes_on=goes_on)
    if row is None:
        if not goes_on:
            named = f"{line.code} with modifier {modifier}" if modifier else line.code
            work.hold(f"Code {named} is not in the schedule's table; it must be priced by report.")
        return
    fee = row.facility if work.setting == "facility" else row.nonfacility
    if row.by_report or fee is None:
        work.hold(f"The schedule prices code {line.code} by report; the report must be judged by a person.")
        return
    work.figure("schedule_amount", fee, "USD per unit", row.citation)
    work.set_amount("the schedule's amount", round_cents(fee, "half up to cents"))


def _row(work: LineWork, table: str, modifier: str, *, goes_on: bool) -> Fee | None:
    try:
        return work.book.row(table, FEES, work.line.on, work.line.code, modifier)
    except NoEditionInForce:
        if goes_on:
            return None
        raise
