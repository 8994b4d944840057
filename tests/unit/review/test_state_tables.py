"""States that pay from tables of their own: the row's column, units, shares of the charge, and limits."""

from __future__ import annotations

from typing import Any

import pytest

from services.review.domain.engine import Engine
from tests.harness import bills
from tests.harness.checker import faults
from tests.unit.jurisdictions.with_tables import book_with

OREGON = Engine(
    book_with("or", "fees", "10060,,320.76,264.77,surgery,0", first="2018-04-01", last="2024-12-31")
)
"""The amounts of code 10060 in Appendix B of Administrative Order 18-053; its year is left open."""
OHIO = Engine(book_with("oh", "fees", "99213,,140.00,90.00,,0", first="2020-01-01", last="2024-12-31"))
DAKOTA = Engine(
    book_with(
        "sd", "state_relative_values",
        "99213,,10.500,10.500,,0", "73721,,28.400,28.400,,0", "97161,,4.100,4.100,,0", "99215,,,,,1",
        first="2020-10-14", last="2025-10-31",
    )
)  # fmt: skip


def answer(engine: Engine, state: str, *lines: dict[str, Any], place: str = "11") -> dict[str, Any]:
    bill = {
        "jurisdiction": state,
        "billType": "professional",
        "dateOfService": "2024-06-03",
        "placeOfService": place,
        "lines": [{"charge": 900.0, **line} for line in lines],
    }
    review = bills.as_json(bills.review(bill, engine, live=True))
    assert not faults(review)
    return review


def line(engine: Engine, state: str, place: str = "11", **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer(engine, state, fields, place=place)["lines"][0]
    return found


def words(found: dict[str, Any]) -> str:
    return str(found["reductionReasons"][0]["description"])


@pytest.mark.parametrize(("place", "amount"), [("11", 320.76), ("22", 264.77)])
def test_oregon_pays_the_column_of_the_setting(place: str, amount: float) -> None:
    assert line(OREGON, "OR", place, cpt="10060")["allowedAmount"] == amount


def test_oregon_pays_the_usual_fee_where_it_is_less() -> None:
    assert line(OREGON, "OR", cpt="10060", charge=300.0)["allowedAmount"] == 300.0


def test_oregon_sends_a_code_without_a_row_to_a_person() -> None:
    assert "not in the schedule's table" in words(line(OREGON, "OR", cpt="99213"))


@pytest.mark.parametrize(("place", "amount"), [("11", 140.0), ("10", 90.0), ("22", 90.0)])
def test_ohio_lists_its_own_places(place: str, amount: float) -> None:
    """Telehealth at home (10) is a facility for Ohio and none for Medicare."""
    assert line(OHIO, "OH", place, cpt="99213")["allowedAmount"] == amount


def test_a_place_that_ohio_does_not_list_is_not_guessed() -> None:
    assert "place of service 05" in words(line(OHIO, "OH", "05", cpt="99213"))


@pytest.mark.parametrize(
    ("code", "amount"),
    [
        ("99213", 84.0),  # 10.5 x 8.00
        ("73721", 541.59),  # 28.4 x 19.07 = 541.588
        ("97161", 86.55),  # 4.1 x 21.11 = 86.551
    ],
)
def test_south_dakota_multiplies_base_units_by_the_factor_of_the_range(code: str, amount: float) -> None:
    assert line(DAKOTA, "SD", cpt=code)["allowedAmount"] == amount


@pytest.mark.parametrize("code", ["99215", "99214"])
def test_south_dakota_pays_four_fifths_of_the_charge_without_base_units(code: str) -> None:
    """By report (99215), and not in the book at all (99214)."""
    assert line(DAKOTA, "SD", cpt=code, charge=250.0, units=2)["allowedAmount"] == 200.0


def test_without_the_book_south_dakota_is_not_priced() -> None:
    said = words(line(bills.engine(), "SD", cpt="99213"))
    assert (
        said == "No edition of the state relative value table of South Dakota in force on 2024-06-03 is held."
    )
