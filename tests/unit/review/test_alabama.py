"""Alabama pays its list; both sides by its own share, which Medicare's indicators only point to."""

from __future__ import annotations

from typing import Any

from services.review.domain.engine import Engine
from tests.harness import bills
from tests.harness.checker import faults
from tests.unit.jurisdictions.with_tables import book_with

ALABAMA = Engine(
    book_with(
        "al", "fees",
        "20610,,100.05,100.05,,0", "29881,,1500.00,1500.00,,0", "73721,,800.00,800.00,,0",
        "S9055,,793.08,793.08,,0",
        first="2024-03-01", last="2025-02-28",
    )
)  # fmt: skip


def lines(*billed: dict[str, Any]) -> list[dict[str, Any]]:
    bill = {
        "jurisdiction": "AL",
        "billType": "professional",
        "dateOfService": "2024-06-03",
        "placeOfService": "11",
        "lines": [{"charge": 9000.0, **line} for line in billed],
    }
    review = bills.as_json(bills.review(bill, ALABAMA, live=True))
    assert not faults(review)
    found: list[dict[str, Any]] = review["lines"]
    return found


def words(line: dict[str, Any]) -> str:
    return str(line["reductionReasons"][0]["description"])


def test_both_sides_are_paid_180_percent_of_one() -> None:
    """100.05 x 180 percent = 180.09."""
    assert lines({"cpt": "20610", "modifiers": ["50"]})[0]["allowedAmount"] == 180.09


def test_both_sides_of_an_image_are_not_the_states_rule() -> None:
    """Medicare pays each side of an image in full; the state's rule is about operations."""
    assert words(lines({"cpt": "73721", "modifiers": ["50"]})[0]).startswith("Whether both sides")


def test_a_code_that_no_relative_value_table_has_is_not_doubled() -> None:
    assert lines({"cpt": "S9055"})[0]["allowedAmount"] == 793.08
    assert words(lines({"cpt": "S9055", "modifiers": ["50"]})[0]).startswith("No table tells")


def test_several_operations_need_their_sites() -> None:
    found = lines({"cpt": "20610"}, {"cpt": "29881"})
    assert all("operative site" in words(line) for line in found)
