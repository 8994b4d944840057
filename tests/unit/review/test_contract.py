"""Contract terms: a flat rate for the code, else percent of charge, else percent of the schedule amount."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.bills import amounts, medicare, priced, words

pytestmark = pytest.mark.usefixtures("prices_alone")

FLAT = {"flatRates": [{"cpt": "99213", "rate": 101.1}, {"cpt": "20610", "rate": 60.0}]}


def visit(contract: dict[str, Any], **line: Any) -> dict[str, Any]:
    return medicare({"cpt": "99213", **line}, contract=contract)


def test_a_flat_rate_is_paid_for_each_unit() -> None:
    flat = {"flatRates": [{"cpt": "96372", "rate": 15.1}]}
    assert amounts(visit(flat, cpt="96372", units=3)) == [45.3]


def test_percent_of_charge() -> None:
    """62.5 percent of 175.00 = 109.375, half a cent up."""
    assert amounts(visit({"percentOfCharge": 62.5}, charge=175.0)) == [109.38]


def test_percent_of_schedule_with_four_decimals() -> None:
    """85.1234 percent of 109.15 = 92.9121911."""
    assert amounts(visit({"percentOfSchedule": 85.1234})) == [92.91]


def test_a_flat_rate_wins_then_percent_of_charge() -> None:
    terms = {"percentOfSchedule": 90, "percentOfCharge": 50}
    assert amounts(visit({**terms, **FLAT}, charge=150.0)) == [101.1]
    assert amounts(visit(terms, charge=150.0)) == [75.0]
    other = medicare({"cpt": "97110", "charge": 100.0, "modifiers": ["GP"]}, contract={**terms, **FLAT})
    assert amounts(other) == [50.0]


def test_the_charge_still_limits_where_the_program_says_so() -> None:
    assert amounts(visit(FLAT, charge=80.0)) == [80.0]
    colorado = {**visit(FLAT, charge=80.0), "jurisdiction": "CO"}
    assert amounts(colorado) == [101.1]
    assert "above the charge" in priced(colorado)["lines"][0]["warnings"][-1]


@pytest.mark.parametrize(("terms", "paid"), [({"percentOfCharge": 50}, 50.0), (FLAT, 100.0)])
def test_a_line_that_the_schedule_cannot_price_is_priced_by_the_contract_alone(
    terms: dict[str, Any], paid: float
) -> None:
    bill = visit(terms, charge=100.0) | {"locality": "00000-00"}
    line = priced(bill)["lines"][0]
    assert (line["status"], line["allowedAmount"]) == ("priced", paid)
    assert line["warnings"][0].startswith(
        "Priced by contract alone; the schedule could not: Payment locality"
    )


def test_percent_of_schedule_needs_a_schedule_amount() -> None:
    assert "00000-00 is not known" in words(visit({"percentOfSchedule": 90}) | {"locality": "00000-00"})


def test_a_jurisdiction_without_steps_is_priced_by_contract() -> None:
    bill = visit(FLAT, charge=175.0) | {"jurisdiction": "NY"}
    assert amounts(bill) == [101.1]
    assert amounts(visit({"percentOfSchedule": 90}) | {"jurisdiction": "NY"}) == ["needs_review"]


@pytest.mark.parametrize("terms", [FLAT, {"percentOfCharge": 50}, {"percentOfSchedule": 90}])
def test_a_denied_line_stays_denied(terms: dict[str, Any]) -> None:
    assert amounts(medicare({"cpt": "97010"}, contract=terms)) == ["denied"]


@pytest.mark.parametrize("modifiers", [["80"], ["50"], ["26"], ["22", "RT"], ["RT", "LT"]])
def test_a_flat_rate_does_not_say_what_another_service_is_paid(modifiers: list[str]) -> None:
    """An assistant is not paid the surgeon's rate, nor one part of a test the rate of the whole."""
    bill = medicare({"cpt": "20610", "modifiers": modifiers}, contract=FLAT)
    assert amounts(bill) == ["needs_review"]
    assert "flat rate is meant for modifier" in words(bill)


@pytest.mark.parametrize("modifiers", [[], ["RT"], ["59", "LT"], ["51"], ["GP"]])
def test_modifiers_that_leave_the_service_leave_the_rate(modifiers: list[str]) -> None:
    assert amounts(medicare({"cpt": "20610", "modifiers": modifiers}, contract=FLAT)) == [60.0]


def test_a_flat_rate_replaces_the_reduction_by_rank() -> None:
    bill = medicare({"cpt": "20610"}, {"cpt": "20550"}, contract=FLAT)
    line = priced(bill)["lines"][0]
    assert line["allowedAmount"] == 60.0
    assert [reason["carc"] for reason in line["reductionReasons"]] == ["45"]


def test_percent_of_schedule_is_taken_of_the_reduced_amount() -> None:
    """64721 second: 267.39, of which 90 percent are 240.651."""
    bill = medicare(
        {"cpt": "23412"}, {"cpt": "64721"}, placeOfService="22", contract={"percentOfSchedule": 90}
    )
    assert amounts(bill) == [893.67, 240.65]


def test_without_terms_nothing_happens() -> None:
    assert amounts(visit({})) == [109.15]
    assert all(step["rule"] != "contract" for step in priced(visit({}))["lines"][0]["calculationDetails"])
