"""A second table of amounts beside the schedule: where it lists the code, it governs or is a floor.

`table` names its folder. By `rule: governs` the table's amount replaces the amount so far, by
`rule: greater` the greater of both is paid. Codes that the table does not list keep their amount. While no
edition is held a live line is held; for trial the amount so far stands, with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import FEES
from services.jurisdictions.missing import NoEditionInForce
from services.kernel.money import round_cents
from services.review.domain.steps.service import component
from services.review.domain.work import LineWork

FORMULA = {
    "governs": "the supplementary table's amount",
    "greater": "greater of amount and the supplementary table's amount",
}

UNHELD = (
    "The schedule's supplementary table, which comes first, is not held; a live bill would need review here."
)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    modifier = component(work)
    if work.amount is None or modifier is None:
        return
    try:
        row = work.book.row(params["table"], FEES, work.line.on, work.line.code, modifier)
    except NoEditionInForce:
        if not work.allow_recalled:
            raise
        work.warnings.append(UNHELD)
        return
    if row is None:
        work.record("the supplementary table does not list the code")
        return
    fee = row.facility if work.setting == "facility" else row.nonfacility
    if row.by_report or fee is None:
        work.hold(
            f"The schedule prices code {work.line.code} by report; the report must be judged by a person."
        )
        return
    work.figure("schedule_amount", fee, "USD per unit", row.citation)
    listed = round_cents(fee, "half up to cents")
    if params["rule"] == "greater" and listed <= work.amount:
        work.record_comparison(f"{FORMULA['greater']}: the amount")
        return
    work.set_amount(FORMULA[params["rule"]], listed)
