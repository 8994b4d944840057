"""Lines of one day and small tables of edits made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from services.jurisdictions.kinds import ADD_ON_CODES, MUE_PRACTITIONER, NCCI_PAIRS, Kind
from services.jurisdictions.model import Citation, Confidence
from services.jurisdictions.table import CitedTable, Table
from services.review.domain.edits.finding import Edit
from services.review.domain.work import LineWork
from tests.unit.review import works

SOURCE = Citation(
    "Edits", "made by hand", "https://example.gov", date(2025, 1, 1), date(2025, 12, 31), Confidence.OFFICIAL
)
Found = Iterable[tuple[tuple[LineWork, ...], Edit]]


def day(*billed: str) -> list[LineWork]:
    """Lines such as `29877-59-RT` or `97110x7`, numbered from 1."""
    lines = []
    for number, text in enumerate(billed, start=1):
        service, _, units = text.partition("x")
        code, *modifiers = service.split("-")
        line = works.work(code="20610", number=number)
        line.line = works.line(code, number=number, modifiers=tuple(modifiers), units=int(units or 1))
        lines.append(line)
    return lines


def table(kind: Kind[Any], rows: Iterable[str]) -> CitedTable[Any]:
    """A table of rows such as `29881 29877 0`; cells left out at the end are empty."""
    wide = len(kind.columns)
    cells = [(*row.split(), *[""] * wide)[:wide] for row in rows]
    return CitedTable(SOURCE, Table.build(kind, cells), "edition-1")


def pairs(*rows: str) -> CitedTable[Any]:
    """NCCI pairs: column 1, column 2, indicator, rationale, first date, last date."""
    return table(NCCI_PAIRS, rows)


def limits(*rows: str) -> CitedTable[Any]:
    """Unit limits: code, units, adjudication indicator."""
    return table(MUE_PRACTITIONER, rows)


def add_ons(*rows: str) -> CitedTable[Any]:
    """Add-on codes: code, primary code, type."""
    return table(ADD_ON_CODES, rows)


def said(found: Found) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Outcome and lines of each edit by its id."""
    return {edit.id: (edit.outcome.value, edit.lines) for _, edit in found}
