"""The wage index of a facility: the labor share of a national rate follows local wages."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.review.domain.work import LineWork

HUNDRED: Final = Decimal(100)
NATIONAL: Final = "No wage index was sent; priced at the national rate, without adjustment for local wages."


def by_wages(work: LineWork, rate: Decimal, labor: str) -> Decimal:
    """Labor share times the index, and the rest as it is; not rounded. `labor` is the key of the share."""
    index = work.bill.wage_index
    if index is None:
        work.warnings.append(NATIONAL)
        return rate
    share = work.value(labor)
    work.figure("wage_index", index, "index of the bill")
    return rate * share / HUNDRED * index + rate * (HUNDRED - share) / HUNDRED
