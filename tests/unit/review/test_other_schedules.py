"""Laboratory tests, drugs and supplies: which schedule pays a code, and what it says."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from services.review.domain.engine import Engine
from tests.harness import bills, checker
from tests.unit.jurisdictions.with_tables import book_with

LABORATORY = {"billType": "professional", "dateOfService": "2026-03-10"}
DRUGS = {"billType": "professional", "dateOfService": "2025-11-10"}
SUPPLIES = {"billType": "supplies", "dateOfService": "2025-06-10", "serviceState": "CA"}


def line(
    code: str, *modifiers: str, engine: Engine | None = None, bill: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """The one line of a bill, as REST answers it, with a trace that holds."""
    sent = {"cpt": code, "charge": 5000.0, "modifiers": list(modifiers), **fields}
    whole = {
        "jurisdiction": "MEDICARE",
        "placeOfService": "11",
        "locality": "01112-05",
        **bill,
        "lines": [sent],
    }
    answer = bills.as_json(bills.review(whole, on=engine))
    assert checker.faults(answer) == []
    found: dict[str, Any] = answer["lines"][0]
    return found


def words(found: dict[str, Any]) -> str:
    assert found["status"] == "needs_review"
    text: str = found["reductionReasons"][0]["description"]
    return text


def test_the_trace_names_the_schedule() -> None:
    steps = line("80053", bill=LABORATORY)["calculationDetails"]
    assert [(step["rule"], step["inputs"][0]["value"]) for step in steps[:2]] == [
        ("schedule", "laboratory"), ("laboratory_fee", "10.56"),
    ]  # fmt: skip


def test_reading_a_test_stays_with_the_physician_schedule() -> None:
    assert line("88305", "26", bill=LABORATORY)["calculationDetails"][0]["rule"] == "service"


def test_a_status_of_the_physician_schedule_decides_before_another_table() -> None:
    """98943 is not covered (N), whatever another table says of it."""
    row = "98943,1 MG,10.000,20.000"
    engine = Engine(book_with("us_medicare", "drug_prices", row, first="2025-10-01", last="2025-12-31"))
    found = line("98943", engine=engine, bill=DRUGS)
    assert (found["status"], found["reductionReasons"][0]["carc"]) == ("denied", "96")


@pytest.mark.parametrize(
    ("code", "modifiers", "said"),
    [
        ("80053", ("90",), "Modifier 90 can change the payment"),
        ("80053", ("26",), "Modifier 26 can change the payment"),
        ("80061", ("QW", "52"), "Modifier 52 can change the payment"),
        ("83970", ("QW",), "does not list code 83970 as a waived test (QW)"),
    ],
)
def test_tests_that_a_person_must_judge(code: str, modifiers: tuple[str, ...], said: str) -> None:
    assert said in words(line(code, *modifiers, bill=LABORATORY))


def test_blood_taken_twice_is_not_surgery_of_one_day() -> None:
    assert line("36415", bill=LABORATORY, units=2)["allowedAmount"] == 18.68


@lru_cache
def with_crosswalk() -> Engine:
    row = "00009028003,J1885,15 MG,2"
    return Engine(book_with("us_medicare", "ndc_crosswalk", row, first="2025-10-01", last="2025-12-31"))


NDC: dict[str, Any] = {"ndc": "00009-0280-03"}


def test_a_drug_code_that_is_compared_and_agrees_leaves_the_amount() -> None:
    found = line("J1885", engine=with_crosswalk(), bill=DRUGS, units=4, ndcQuantity=2, ndcUnit="UN", **NDC)
    assert (found["status"], found["allowedAmount"], found["warnings"]) == ("priced", 1.21, [])


def test_a_quantity_that_stands_for_other_units_goes_to_a_person() -> None:
    found = line("J1885", engine=with_crosswalk(), bill=DRUGS, units=3, ndcQuantity=2, ndcUnit="UN", **NDC)
    assert words(found) == "The quantity of the drug stands for 4 billing units, 3 are billed."


def test_a_drug_code_of_another_billing_code_goes_to_a_person() -> None:
    found = line("J3301", engine=with_crosswalk(), bill=DRUGS, **NDC)
    assert words(found) == "The national drug code does not belong to code J3301 in the crosswalk."


def test_without_a_crosswalk_the_line_says_that_nothing_was_compared() -> None:
    assert "no crosswalk" in line("J1885", bill=DRUGS, **NDC)["warnings"][0]


def test_given_and_discarded_units_contradict_each_other() -> None:
    assert "JW and JZ contradict" in words(line("J1885", "JW", "JZ", bill=DRUGS))


@lru_cache
def with_supplies() -> Engine:
    rows = ("E0114,NU,CA,45.10,45.10", "E0114,RR,CA,4.51,", "E0143,NU,CA,70.00,80.00", "L1833,,CA,600.25,")
    return Engine(book_with("us_medicare", "supplies", *rows, first="2025-01-01", last="2025-12-31"))


@pytest.mark.parametrize(
    ("code", "modifiers", "allowed"),
    [("E0114", ("NU",), 45.10), ("E0114", ("RR", "KX"), 4.51), ("L1833", ("LT",), 600.25)],
)
def test_an_imported_edition_prices_supplies(code: str, modifiers: tuple[str, ...], allowed: float) -> None:
    assert line(code, *modifiers, engine=with_supplies(), bill=SUPPLIES)["allowedAmount"] == allowed


@pytest.mark.parametrize(
    ("code", "modifiers", "said"),
    [
        ("E0114", (), "NU, RR or UE"),
        ("E0114", ("NU", "RR"), "contradict each other"),
        ("E0114", ("RR", "KJ"), "Modifier KJ can change the payment"),
        ("E0143", ("NU",), "another amount in rural areas"),
        ("K0001", ("RR",), "does not list code K0001 so in CA"),
    ],
)
def test_supplies_that_a_person_must_judge(code: str, modifiers: tuple[str, ...], said: str) -> None:
    assert said in words(line(code, *modifiers, engine=with_supplies(), bill=SUPPLIES))


def test_the_state_comes_from_the_zip_code_too() -> None:
    bill = {**SUPPLIES, "serviceState": "", "serviceZip": "90001"}
    assert line("E0114", "NU", engine=with_supplies(), bill=bill)["allowedAmount"] == 45.10
    assert "serviceZip" in words(
        line("E0114", "NU", engine=with_supplies(), bill={**SUPPLIES, "serviceState": ""})
    )
