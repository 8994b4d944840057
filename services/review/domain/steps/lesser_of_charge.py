"""Never more than the charge: the lesser of the amount and what the provider billed."""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    if work.amount is None:
        return
    charge = work.line.charge
    work.figure("charge", charge, "USD")
    if charge < work.amount:
        work.set_amount("lesser of charge and amount: the charge", charge)
    else:
        work.record_comparison("lesser of charge and amount: the amount")
