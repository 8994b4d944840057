"""A second table beside the schedule: Hawaii's governs, Florida's of 2003 is a floor."""

from __future__ import annotations

from typing import Any

import pytest

from services.review.domain.engine import Engine
from tests.harness import bills
from tests.harness.checker import faults
from tests.unit.jurisdictions.with_tables import book_with

HAWAII = Engine(
    book_with("hi", "fees", "73721,,500.00,500.00,,0", "20610,,,,,1", first="2018-01-01", last="2026-12-31")
)
FLORIDA = Engine(
    book_with(
        "fl", "fees", "73721,,520.00,520.00,,0", "99213,,55.00,55.00,,0",
        first="2004-01-01", last="2026-12-31",
    )
)  # fmt: skip


def line(engine: Engine, state: str, code: str, *, live: bool = True, **bill: Any) -> dict[str, Any]:
    sent = {
        "jurisdiction": state,
        "billType": "professional",
        "dateOfService": "2025-06-10",
        "placeOfService": "11",
        "lines": [{"cpt": code, "charge": 900.0}],
        **bill,
    }
    review = bills.as_json(bills.review(sent, engine, live=live))
    assert not faults(review)
    found: dict[str, Any] = review["lines"][0]
    return found


def words(found: dict[str, Any]) -> str:
    return str(found["reductionReasons"][0]["description"])


def test_the_table_governs_the_code_it_lists_and_no_other() -> None:
    """(1.30 + 1.35 x 1.149 + 0.10 x 0.561) x 32.3465 = 94.04; x 110 percent = 103.44."""
    assert line(HAWAII, "HI", "73721")["allowedAmount"] == 500.0
    assert line(HAWAII, "HI", "99213")["allowedAmount"] == 103.44


def test_a_code_by_report_in_the_table_goes_to_a_person() -> None:
    assert "by report" in words(line(HAWAII, "HI", "20610"))


@pytest.mark.parametrize(("code", "amount"), [("73721", 520.0), ("99213", 166.22)])
def test_the_floor_lifts_what_is_below_it(code: str, amount: float) -> None:
    """Miami: (1.30 + 1.35 x 1.027 + 0.10 x 2.500) x 32.3465 = 94.98; x 175 percent = 166.22, above 55.00."""
    assert line(FLORIDA, "FL", code, locality="09102-04")["allowedAmount"] == amount


def test_without_the_table_a_live_line_is_held() -> None:
    found = line(bills.engine(), "HI", "99213")
    assert words(found) == "No edition of the table of amounts of Hawaii in force on 2025-06-10 is held."


def test_without_the_table_a_trial_line_is_priced_with_a_warning() -> None:
    found = line(bills.engine(), "HI", "99213", live=False)
    assert found["allowedAmount"] == 103.44
    assert any("supplementary table" in warning for warning in found["warnings"])
