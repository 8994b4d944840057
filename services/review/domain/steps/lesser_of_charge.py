"""Never more than the charge: the lesser of the amount and what the provider billed.

The two sides of a bilateral procedure are limited to their charges together; where that comes to more
than limiting each line, the line that falls short goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    if work.amount is None or not work.limited_to_charge:
        return
    charge = work.line.charge
    work.figure("charge", charge, "USD")
    if charge < work.amount and _other_side_has_room(work):
        work.hold(
            "The charges of the two sides must be divided anew: they are limited together, not one by one."
        )
    elif charge < work.amount:
        work.set_amount("lesser of charge and amount: the charge", charge)
    else:
        work.record_comparison("lesser of charge and amount: the amount")


def _other_side_has_room(work: LineWork) -> bool:
    other = work.pair
    if other is None or not other.open or other.amount is None or work.bill.contract is not None:
        return False
    return other.line.charge > other.amount
