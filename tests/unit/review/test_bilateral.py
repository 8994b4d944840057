"""Both sides of the body: how they are billed, and what each bilateral indicator pays.

20610 (indicator 1) comes to 77.41 an office unit; 150 percent are 116.115, half a cent up 116.12.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.bills import amounts, medicare, words
from tests.unit.review import works

pytestmark = pytest.mark.usefixtures("prices_alone")

PERCENT = {"percent": "bilateral"}


def joint(*modifiers: str, **line: Any) -> dict[str, Any]:
    return {"cpt": "20610", "modifiers": list(modifiers), **line}


@pytest.mark.parametrize("line", [joint("50"), joint("RT", "LT"), joint(units=2), joint("RT", "LT", units=2)])
def test_both_sides_on_one_line(line: dict[str, Any]) -> None:
    assert amounts(medicare(line)) == [116.12]


@pytest.mark.parametrize("more", [[], ["59"], ["51"], ["XS", "51"]])
def test_both_sides_on_two_lines(more: list[str]) -> None:
    """77.41 and 116.12 less 77.41; what else is said of a line does not make it another side."""
    assert sorted(amounts(medicare(joint("RT"), joint("LT", *more))), key=str) == [38.71, 77.41]


def test_the_dearer_charge_is_the_first_side() -> None:
    assert amounts(medicare(joint("LT", charge=200.0), joint("RT", charge=300.0))) == [38.71, 77.41]


def test_the_same_side_twice_is_not_both_sides() -> None:
    """Two operations of the day: 77.41 and half of it, 38.705; the same line twice is a duplicate."""
    assert amounts(medicare(joint("RT", units=2))) == [116.12]
    assert amounts(medicare(joint("RT"), joint("RT", modifiers=["RT", "59"]))) == [77.41, 38.71]
    assert amounts(medicare(joint("RT"), joint("RT"))) == [77.41, "denied"]


def test_sides_of_two_days_are_not_a_pair() -> None:
    assert amounts(medicare(joint("RT"), joint("LT", dateOfService="2025-06-11"))) == [77.41, 77.41]


def test_modifier_50_stands_for_two_sides_in_one_unit() -> None:
    assert "more than one unit" in words(medicare(joint("50", units=2)))
    assert "single side contradict" in words(medicare(joint("50", "RT")))
    assert "More than two units" in words(medicare(joint("RT", "LT", units=3)))


@pytest.mark.parametrize(
    ("indicator", "paid"), [("0", "100.00"), ("1", "150.00"), ("2", "100.00"), ("3", "200.00")]
)
def test_what_an_indicator_pays_for_modifier_50(indicator: str, paid: str) -> None:
    line = works.work("100.00", works.row(bilateral=indicator), modifiers=("50",))
    assert works.run("bilateral", [line], PERCENT) == [paid]


def test_a_code_without_sides_is_not_paid_for_both() -> None:
    line = works.work("100.00", works.row(bilateral="9"), modifiers=("50",))
    assert "no bilateral meaning" in works.run("bilateral", [line], PERCENT)[0]


@pytest.mark.parametrize(
    ("indicator", "second"), [("0", "0.00"), ("1", "50.00"), ("2", "0.00"), ("3", "100.00")]
)
def test_what_an_indicator_pays_for_two_lines(indicator: str, second: str) -> None:
    sides = [works.work("100.00", works.row(bilateral=indicator), modifiers=(side,)) for side in ("LT", "RT")]
    assert works.run("bilateral", sides, PERCENT) == ["100.00", second]


def test_a_fee_for_both_sides_is_not_paid_twice_for_two_units() -> None:
    """69210, indicator 2: one fee, (0.61 x 1.088 + 0.76 x 1.419 + 0.07 x 0.445) x 32.3465 = 57.36."""
    assert amounts(medicare({"cpt": "69210"})) == [57.36]
    assert amounts(medicare({"cpt": "69210", "units": 2})) == [57.36]
    assert "More than two units" in words(medicare({"cpt": "69210", "units": 3}))


def test_two_units_of_a_code_that_has_no_sides_are_two_services() -> None:
    """96372, indicator 0: 2 x 17.60."""
    assert amounts(medicare({"cpt": "96372", "units": 2})) == [35.2]


def test_both_sides_are_one_procedure_among_the_others() -> None:
    """In a facility 992.97 in full, 534.78 at half, 49.87 x 150 percent = 74.81 at half = 37.41."""
    others = [{"cpt": "23412"}, {"cpt": "64721"}]
    assert amounts(medicare(*others, joint("50"), placeOfService="22")) == [992.97, 267.39, 37.41]
    on_two_lines = amounts(medicare(*others, joint("RT"), joint("LT"), placeOfService="22"))
    assert on_two_lines == [992.97, 267.39, 12.47, 24.94]  # 24.94 x 50 percent; 49.87 x 50 percent


def test_both_sides_can_outrank_a_dearer_procedure() -> None:
    """100 x 150 percent before 120: ranked after the bilateral amount is known."""
    lines = [works.work("120.00", code="64721"), works.work("100.00", modifiers=("50",))]
    works.run("bilateral", lines, PERCENT)
    assert works.run("multiple_procedure", lines) == ["60.00", "150.00"]


def test_sides_are_limited_to_their_charges_together() -> None:
    """Charges 200 and 10 hold the 116.12 of both sides, though 10 does not hold 38.71."""
    bill = medicare(joint("RT", charge=200.0), joint("LT", charge=10.0))
    assert amounts(bill) == [77.41, "needs_review"]
    assert "limited together" in words(bill, 1)
    assert amounts(medicare(joint("RT", charge=60.0), joint("LT", charge=10.0))) == [60.0, 10.0]


def test_where_the_rule_was_not_read_both_sides_go_to_a_person() -> None:
    for line in (joint("50"), joint("RT", "LT"), joint(units=2)):
        assert "both sides was not read" in words({**medicare(line), "jurisdiction": "AR"})
