"""The end of a line: lesser of charge, and reasons that add up to what is not allowed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.review.domain.closing import close
from services.review.domain.decision import Decision, Status
from tests.harness.bills import amounts, medicare, priced, words
from tests.unit.review import works

pytestmark = pytest.mark.usefixtures("prices_alone")


def reasons(amount: str, charge: str, *reductions: str) -> list[tuple[str, str]]:
    """CARC and amount of each reason."""
    line = works.work(amount, charge=Decimal(charge))
    line.units_priced = True
    line.reductions = [("59", "in part", Decimal(reduction)) for reduction in reductions]
    return [(reason.carc, str(reason.amount)) for reason in close(line).reasons]


def test_what_is_above_the_schedule_is_one_reason() -> None:
    assert reasons("40.00", "100.00") == [("45", "60.00")]


def test_a_reduction_is_told_apart_from_the_schedule() -> None:
    """Schedule 80, halved to 40, of a charge of 100."""
    assert reasons("40.00", "100.00", "40.00") == [("45", "20.00"), ("59", "40.00")]


def test_a_reduction_takes_no_more_than_the_charge_holds() -> None:
    """Schedule 100, halved to 50, of a charge of 70: it takes 20, not 50."""
    assert reasons("50.00", "70.00", "50.00") == [("59", "20.00")]
    assert reasons("50.00", "70.00", "15.00", "30.00") == [("59", "15.00"), ("59", "5.00")]


def test_nothing_is_taken_where_the_charge_is_met() -> None:
    assert reasons("40.00", "40.00", "10.00") == []


@pytest.mark.parametrize(("jurisdiction", "carc"), [("MEDICARE", "45"), ("NC", "P12"), ("AR", "P12")])
def test_the_code_of_the_reason_follows_the_payer(jurisdiction: str, carc: str) -> None:
    line = priced({**medicare({"cpt": "99213"}), "jurisdiction": jurisdiction})["lines"][0]
    assert [reason["carc"] for reason in line["reductionReasons"]] == [carc]


def test_the_charge_limits_where_the_program_says_so() -> None:
    assert amounts(medicare({"cpt": "99213", "charge": 60.0})) == [60.0]
    assert amounts(medicare({"cpt": "99213", "charge": 0.0})) == [0.0]
    assert amounts(medicare({"cpt": "99213", "charge": 109.15})) == [109.15]


def test_a_charge_below_the_schedule_needs_a_person_where_the_rule_was_not_read() -> None:
    assert amounts({**medicare({"cpt": "99213", "charge": 118.5}), "jurisdiction": "NC"}) == [118.5]
    below = {**medicare({"cpt": "99213", "charge": 118.49}), "jurisdiction": "NC"}
    assert amounts(below) == ["needs_review"]
    assert "not read" in words(below)


def test_a_contract_may_pay_more_than_the_charge() -> None:
    agreed = {"flatRates": [{"cpt": "99213", "rate": 150.0}]}
    bill = {**medicare({"cpt": "99213", "charge": 100.0}, contract=agreed), "jurisdiction": "NC"}
    assert amounts(bill) == [150.0]


def test_the_charge_limits_all_units_together() -> None:
    """3 x 17.60 = 52.80."""
    assert amounts(medicare({"cpt": "96372", "units": 3, "charge": 50.0})) == [50.0]
    assert amounts(medicare({"cpt": "96372", "units": 3, "charge": 60.0})) == [52.8]


def test_a_live_bill_is_not_limited_by_a_rule_from_memory() -> None:
    """Texas: the limit to the charge is from memory, and decides only when the charge is below."""
    texas = {**medicare({"cpt": "99213"}), "jurisdiction": "TX", "dateOfService": "2024-08-05",
             "locality": "04412-31"}  # fmt: skip
    assert priced(texas, live=True)["status"] == "priced"
    below = {**texas, "lines": [{"cpt": "99213", "charge": 20.0}]}
    assert priced(below)["allowedAmount"] == 20.0
    assert priced(below, live=True)["status"] == "needs_review"


def test_a_program_that_ends_without_an_amount_holds_the_line() -> None:
    line = works.work()
    assert close(line).status is Status.NEEDS_REVIEW
    assert close(line).reasons[0].words == "The program ended without an amount for this service."


def test_sums_and_status_of_a_bill() -> None:
    mixed = priced(medicare({"cpt": "99213", "charge": 200.0}, {"cpt": "97010", "charge": 25.5}))
    assert (mixed["status"], mixed["allowedAmount"], mixed["totalCharge"]) == ("priced", 109.15, 225.5)
    assert priced(medicare({"cpt": "97010"}, {"cpt": "98943"}))["status"] == "denied"
    assert priced(medicare({"cpt": "97010"}, {"cpt": "80053"}))["status"] == "needs_review"
    assert str(Decision((), ()).allowed) == "0.00"
