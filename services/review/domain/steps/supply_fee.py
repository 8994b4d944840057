"""Equipment and supplies, at the amount of the state where the patient lives, new, rented or used.

NU, RR and UE have rows of their own. Where the schedule pays another amount in rural areas, the line goes to
a person: which ZIP codes are rural for equipment is a list of its own (42 CFR 414.202), which is not held.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.jurisdictions.kinds import SUPPLIES
from services.jurisdictions.records import SupplyFee
from services.review.domain.steps.modifiers import judged_by_a_person
from services.review.domain.work import LineWork

CONDITION = ("NU", "RR", "UE")
SAME_AMOUNT = frozenset({*CONDITION, "RT", "LT", "KX", "GA", "CR", "59", "XE", "XP", "XS", "XU"})


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    table = work.book.table(params["table"], SUPPLIES, line.on)
    named = [modifier for modifier in line.modifiers if modifier in CONDITION]
    unclear = judged_by_a_person(line.modifiers, SAME_AMOUNT)
    state = _state(work)
    if len(named) > 1:
        unclear = f"Modifiers {' and '.join(named)} contradict each other on one line."
    elif not state:
        unclear = "The state is not known: send serviceState or serviceZip."
    if unclear:
        work.hold(unclear)
        return
    condition = named[0] if named else ""
    row = table.find(line.code, condition, state)
    if row is None and not condition and table.has(line.code):
        work.hold(f"A modifier must say whether code {line.code} is new, rented or used: NU, RR or UE.")
    elif row is None:
        work.hold(f"The equipment and supply fee schedule does not list code {line.code} so in {state}.")
    else:
        _pay(work, row)


def _pay(work: LineWork, row: SupplyFee) -> None:
    if row.rural is not None and row.rural != row.nonrural:
        work.hold("The schedule pays another amount in rural areas; the list of their ZIP codes is not held.")
    elif row.nonrural is None:
        work.hold(f"The schedule prints no amount for code {row.code}; it must be priced by report.")
    else:
        work.figure("state", row.state)
        work.figure("schedule_amount", row.nonrural, "USD per unit", row.citation)
        work.set_amount("the schedule's amount", row.nonrural)


def _state(work: LineWork) -> str:
    bill = work.bill
    if bill.service_state or not bill.service_zip:
        return bill.service_state
    return work.book.zip_range(bill.service_zip, work.line.on).state
