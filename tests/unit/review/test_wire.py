"""Bills from the wire: defaults are told, faults are told all at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.kernel.errors import DomainError
from services.review.domain.bill import Bill
from services.review.wire import bill_of

TODAY = date(2026, 11, 20)


def read(**bill: Any) -> Bill:
    lines = bill.pop("lines", [{"cpt": "99213", "charge": 175.0}])
    message = {"jurisdiction": "TX", "billType": "professional", "lines": lines, **bill}
    return bill_of(json_format.ParseDict(message, pb.CreateReviewRequest()), TODAY)


def faults(**bill: Any) -> list[tuple[str, str]]:
    with pytest.raises(DomainError) as caught:
        read(**bill)
    return [(fault.field, fault.code) for fault in caught.value.faults]


def test_what_is_not_sent_is_assumed_and_told() -> None:
    bill = read()
    line = bill.lines[0]
    assert (line.on, line.place_of_service, line.units) == (TODAY, "11", 1)
    assert [warning.split(";")[0].split(",")[0] for warning in bill.warnings] == [
        "No date of service was sent",
        "No place of service was sent",
    ]


def test_a_line_wins_over_the_bill() -> None:
    line = {"cpt": "99213", "charge": 1, "dateOfService": "2025-01-02", "placeOfService": "22"}
    bill = read(dateOfService="2024-01-01", placeOfService="24", lines=[line, {"cpt": "99214", "charge": 2}])
    assert [(each.on.isoformat(), each.place_of_service) for each in bill.lines] == [
        ("2025-01-02", "22"), ("2024-01-01", "24"),
    ]  # fmt: skip
    assert bill.warnings == ()


def test_no_assumption_is_told_where_every_line_says_it() -> None:
    assert (
        read(
            lines=[{"cpt": "99213", "charge": 1, "dateOfService": "2025-01-02", "placeOfService": "22"}]
        ).warnings
        == ()
    )


def test_amounts_are_the_digits_that_were_sent() -> None:
    bill = read(
        lines=[{"cpt": "99213", "charge": 0.1}, {"cpt": "99214", "charge": 1234567.89}],
        contract={"percentOfSchedule": 85.1234, "flatRates": [{"cpt": "99213", "rate": 0.3}]},
    )
    assert [line.charge for line in bill.lines] == [Decimal("0.10"), Decimal("1234567.89")]
    assert bill.contract is not None
    assert bill.contract.percent_of_schedule == Decimal("85.1234")
    assert bill.contract.flat_rates == {"99213": Decimal("0.30")}


def test_no_percentage_is_not_a_percentage_of_nothing() -> None:
    empty, nothing = read(contract={}).contract, read(contract={"percentOfCharge": 0}).contract
    assert empty is not None
    assert nothing is not None
    assert (empty.percent_of_charge, nothing.percent_of_charge) == (None, Decimal(0))
    assert read().contract is None


def test_all_faults_are_told_at_once() -> None:
    assert faults(
        dateOfService="2025-02-30",
        diagnosisCodes=["M54.5"],
        lines=[
            {"cpt": "99213", "charge": 1.001},
            {"cpt": "99213", "charge": 1, "dateOfService": "2025-13-01", "diagnosisPointers": [1, 2]},
        ],
        contract={
            "percentOfSchedule": 90.12345,
            "flatRates": [{"cpt": "99213", "rate": 1.005}, {"cpt": "99213", "rate": 2}],
        },
    ) == [
        ("date_of_service", "date.impossible"),
        ("lines[0].charge", "money.decimals"),
        ("lines[1].diagnosis_pointers", "pointer.range"),
        ("lines[1].date_of_service", "date.impossible"),
        ("contract.flat_rates[0].rate", "money.decimals"),
        ("contract.flat_rates", "repeated.unique"),
        ("contract.percent_of_schedule", "rate.decimals"),
    ]


@pytest.mark.parametrize("charge", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_a_fault(charge: str) -> None:
    assert faults(lines=[{"cpt": "99213", "charge": charge}]) == [("lines[0].charge", "money.decimals")]
