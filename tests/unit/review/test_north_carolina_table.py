"""The Commission's table of 2025 through the engine: worked out from Medicare, and imported as it stands."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from services.jurisdictions.kinds import FEES, Row
from services.jurisdictions.rulebook import Rulebook
from services.review.domain import steps
from services.review.domain.bill import Bill, Line
from services.review.domain.decision import Status
from services.review.domain.engine import Engine
from tests.unit.jurisdictions.published import files_with_full_tables, rows, with_table

ON = date(2025, 3, 3)
SETTINGS = {"nonfacility_rate": "11", "facility_rate": "22"}


def dollars(cell: str) -> Decimal | None:
    """What a row pays; None where it says usual and customary or by agreement."""
    return Decimal(cell) if cell.replace(".", "").isdigit() else None


def as_fee(row: dict[str, str]) -> Row:
    """The row in the form of a table of amounts; by report where a cell is no amount."""
    cells = ["" if dollars(row[column]) is None else row[column] for column in SETTINGS]
    return (row["code"], row["mod"], *cells, row["category"][:40], "0" if all(cells) else "1")


def allowed(on: Engine, row: dict[str, str], place: str) -> Decimal | None:
    """The amount of one row as a bill of its own; None where a person must look."""
    modifiers = (row["mod"],) if row["mod"] else ()
    line = Line(1, row["code"], Decimal(10_000_000), 1, modifiers, ON, place)
    decision = on.review(Bill("NC", "professional", (line,)), allow_recalled=False, trace=False)
    [found] = decision.lines
    return found.allowed if found.status is Status.PRICED else None


def compared(on: Engine) -> tuple[Counter[str], list[tuple[dict[str, str], Decimal]]]:
    """How every row in every setting came out, and those that differ."""
    found: Counter[str] = Counter()
    differing = []
    for row in rows("wc_nc_2025.csv.gz"):
        for column, place in SETTINGS.items():
            wanted, ours = dollars(row[column]), allowed(on, row, place)
            if ours is not None and ours != wanted:
                differing.append((row, ours))
            found["held" if ours is None else "priced"] += 1
            found["held with dollars"] += ours is None and wanted is not None
    return found, differing


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return files_with_full_tables()


def test_the_table_is_worked_out_from_medicare(files: dict[str, bytes]) -> None:
    """What is priced is what the Commission prints, to the cent; the rest goes to a person."""
    found, differing = compared(Engine(Rulebook(files, steps.KNOWN)))
    assert differing == []
    assert found == {"priced": 18_422, "held": 21_906, "held with dollars": 11_724}


def test_the_imported_table_is_paid_as_it_stands(files: dict[str, bytes]) -> None:
    table = [as_fee(row) for row in rows("wc_nc_2025.csv.gz")]
    with_table(files, "nc", FEES, ("2025-01-01", "2025-12-31"), table)
    found, differing = compared(Engine(Rulebook(files, steps.KNOWN)))
    assert differing == []
    assert found == {"priced": 30_146, "held": 10_182, "held with dollars": 0}
