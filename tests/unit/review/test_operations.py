"""Global periods, services paid alone, returns and equipment: what the cases over the wire leave out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.review.domain.bill import EarlierService
from services.review.domain.steps import global_period
from services.review.domain.work import LineWork
from tests.harness.bills import amounts, medicare, priced
from tests.harness.checker import faults
from tests.unit.review import works

VISIT = works.row("99213")


def operation(period: str = "090", **line: Any) -> LineWork:
    return works.work("500.00", works.row("23412", global_days=period), **line)


def visit(days: int, *modifiers: str, code: str = "99213") -> LineWork:
    row = works.row("99213")
    return works.work("100.00", row, code=code, on=works.ON + timedelta(days), modifiers=modifiers)


def outcome(line: LineWork, *operations: LineWork) -> str:
    works.run("global_period", [line, *operations], {})
    return line.status.value


@pytest.mark.parametrize(
    ("period", "days", "modifiers", "wanted"),
    [
        ("000", 0, "", "denied"), ("000", 1, "", "priced"), ("000", -1, "", "priced"),
        ("000", 0, "25", "priced"), ("000", 0, "57", "needs_review"), ("000", 0, "FT", "priced"),
        ("010", 10, "", "denied"), ("010", 11, "", "priced"), ("010", 10, "24", "priced"),
        ("010", 10, "25", "needs_review"), ("010", -1, "", "priced"),
        ("090", -1, "", "denied"), ("090", -1, "57", "priced"), ("090", -1, "25", "needs_review"),
        ("090", 0, "25", "priced"), ("090", 0, "57", "priced"), ("090", 0, "24", "needs_review"),
        ("090", 90, "", "denied"), ("090", 91, "", "priced"), ("090", 30, "24", "priced"),
        ("YYY", 5, "", "needs_review"), ("YYY", 5, "24", "priced"), ("YYY", 91, "", "priced"),
        ("XXX", 0, "", "priced"), ("ZZZ", 0, "", "priced"), ("MMM", 0, "", "priced"),
    ],
)  # fmt: skip
def test_every_period_has_its_days_and_modifiers(period: str, days: int, modifiers: str, wanted: str) -> None:
    assert outcome(visit(days, *modifiers.split()), operation(period)) == wanted


@pytest.mark.parametrize(
    ("modifiers", "days", "wanted"),
    [
        (("78",), 5, "priced"), (("80",), 5, "priced"), (("AS",), 0, "priced"), (("54",), 5, "priced"),
        (("54",), 0, "denied"), (("55",), 5, "denied"), (("62",), 5, "denied"), (("79",), 5, "denied"),
    ],
)  # fmt: skip
def test_which_operations_begin_a_period(modifiers: tuple[str, ...], days: int, wanted: str) -> None:
    assert outcome(visit(days), operation(modifiers=modifiers)) == wanted


def test_the_strictest_of_several_operations_decides() -> None:
    minor = works.work("90.00", works.row("20610", global_days="000"), on=works.ON + timedelta(3))
    assert outcome(visit(3, "24"), operation(), minor) == "needs_review"
    assert outcome(visit(3, "24", "25"), operation(), minor) == "priced"


@pytest.mark.parametrize("modifier", ["58", "78", "79"])
def test_a_later_operation_says_why(modifier: str) -> None:
    later = works.work("90.00", works.row("64721"), on=works.ON + timedelta(3), modifiers=(modifier,))
    assert outcome(later, operation()) == "priced"
    assert outcome(operation(on=works.ON + timedelta(3)), operation()) == "needs_review"


def test_operations_of_one_day_are_no_matter_of_periods() -> None:
    assert outcome(operation(), operation()) == "priced"


def test_without_an_operation_nothing_is_looked_at() -> None:
    assert list(global_period.places([visit(0), visit(1)], {})) == []


def alone(status: str = "T", **line: Any) -> LineWork:
    return works.work("20.00", works.row("99211", status=status), **line)


def run_alone(*lines: LineWork) -> list[str]:
    works.run("alone", lines, {})
    return [line.status.value for line in lines]


def test_a_service_paid_alone_is_paid_alone() -> None:
    assert run_alone(alone()) == ["priced"]
    assert run_alone(alone(), visit(1)) == ["priced", "priced"]


def test_with_anything_payable_it_is_not() -> None:
    line = alone()
    assert run_alone(line, visit(0)) == ["denied", "priced"]
    assert line.reductions[0][0] == "97"


def test_with_something_undecided_or_another_of_its_kind_a_person_decides() -> None:
    held = visit(0)
    held.hold("x")
    assert run_alone(alone(), held) == ["needs_review", "needs_review"]
    assert run_alone(alone(), alone()) == ["needs_review", "needs_review"]


@pytest.mark.parametrize(
    ("became", "wanted"),
    [({}, "denied"), ({"priced": False}, "needs_review"), ({"priced": False, "denied": True}, "priced")],
)
def test_an_earlier_bill_counts_too(became: dict[str, Any], wanted: str) -> None:
    line = alone()
    earlier = EarlierService("99213", (), works.ON, "11", 1, line.line.charge, **became)
    line.bill = replace(line.bill, earlier=(earlier,))
    assert run_alone(line) == [wanted]


def test_films_of_both_sides_lose_on_both() -> None:
    """73030: 45.18, its technical part 35.03; 35.03 x 0.8 = 28.024, so 7.01 is lost on each side."""
    bill = medicare({"cpt": "73030", "modifiers": ["50", "FX"], "charge": 100.0})
    reasons = priced(bill)["lines"][0]["reductionReasons"]
    assert faults(priced(bill)) == []
    assert amounts(bill) == [76.34]
    assert [(reason["carc"], reason["amount"]) for reason in reasons] == [("45", 9.64), ("237", 14.02)]


def test_texas_does_not_limit_the_technical_part_it_reduces() -> None:
    """Medicare's limit on imaging is no step of the program, so the part stands at the table's amount."""
    whole = medicare({"cpt": "71275"}, jurisdiction="TX", locality="04412-31", dateOfService="2024-08-05")
    bills = [
        {**whole, "lines": [{"cpt": "71275", "charge": 9000.0, "modifiers": modifiers}]}
        for modifiers in ([], ["TC"], ["CT"], ["TC", "CT"])
    ]
    plain, technical, reduced, part = [amounts(bill)[0] for bill in bills]
    assert all(faults(priced(bill)) == [] for bill in bills)
    assert float(plain) - float(reduced) == pytest.approx(float(technical) - float(part))
