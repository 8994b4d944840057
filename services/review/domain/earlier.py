"""Services of earlier reviews of the claim, beside the lines of this bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.jurisdictions.missing import RuleDataMissing
from services.jurisdictions.model import RelativeValue
from services.review.domain.bill import EarlierService
from services.review.domain.work import LineWork


def rows(works: Sequence[LineWork]) -> Iterator[tuple[EarlierService, RelativeValue]]:
    """Each that was not denied, with the row of its code in the table that prices this bill."""
    first = next((work for work in works if work.table), None)
    if first is None:
        return
    for service in first.bill.earlier:
        row = None if service.denied else _row(first, service)
        if row is not None:
            yield service, row


def _row(work: LineWork, service: EarlierService) -> RelativeValue | None:
    book, where = work.book, work.bill.jurisdiction
    fixed = book.period(where, work.table_on) != book.period(where, work.line.on)
    try:
        return book.relative_value(work.table, service.code, "", work.table_on if fixed else service.on)
    except RuleDataMissing:
        return None
