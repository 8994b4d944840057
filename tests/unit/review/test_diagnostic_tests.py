"""Several diagnostic tests of one day: parts of every test but the highest are reduced."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from services.review.domain.multiple import diagnostic
from services.review.domain.multiple.place import Part
from tests.harness.bills import amounts, book, medicare, priced, words
from tests.harness.checker import faults
from tests.unit.review import works

KNEE, SPINE = "73721", "72148"
"""266.83 = 71.32 + 195.51 and, a cent apart from its parts, 248.45 against 77.88 + 170.58."""


def test_each_part_is_ranked_by_its_own_amount() -> None:
    """The knee loses 71.32 - 67.75 of its professional part, the spine 170.58 - 85.29 of its technical."""
    for order in permutations(({"cpt": KNEE}, {"cpt": SPINE})):
        found = dict(zip([line["cpt"] for line in order], amounts(medicare(*order)), strict=True))
        assert found == {KNEE: 263.26, SPINE: 163.16}


def test_parts_billed_apart() -> None:
    def parts(modifier: str) -> dict[str, Any]:
        return medicare(*[{"cpt": code, "modifiers": [modifier]} for code in (KNEE, SPINE)])

    assert amounts(parts("26")) == [67.75, 77.88]
    assert amounts(parts("TC")) == [195.51, 85.29]


def test_parts_rank_with_whole_tests() -> None:
    assert amounts(medicare({"cpt": KNEE, "modifiers": ["26"]}, {"cpt": SPINE})) == [67.75, 248.45]


def test_both_parts_of_one_test_do_not_reduce_one_another() -> None:
    bill = medicare({"cpt": KNEE, "modifiers": ["26"]}, {"cpt": KNEE, "modifiers": ["TC"]})
    assert amounts(bill) == [71.32, 195.51]


def test_both_knees_are_two_tests() -> None:
    """The second loses 3.57 and 195.51 - 97.76."""
    bill = medicare({"cpt": KNEE, "modifiers": ["RT"]}, {"cpt": KNEE, "modifiers": ["LT"]})
    assert sorted(amounts(bill), key=str) == [165.51, 266.83]


def test_cardiovascular_tests_lose_of_the_technical_part_alone() -> None:
    """93970 has the highest, 208.82; of 173.01 and 205.60 a fourth is lost."""
    assert amounts(medicare({"cpt": "93306"}, {"cpt": "93880"}, {"cpt": "93970"})) == [205.59, 195.16, 243.81]
    apart = medicare({"cpt": "93306", "modifiers": ["26"]}, {"cpt": "93880", "modifiers": ["26"]})
    assert amounts(apart) == [75.83, 40.95]


def test_a_code_that_is_all_technical() -> None:
    """93005: 8.41 x 75 percent = 6.3075."""
    assert amounts(medicare({"cpt": "93306"}, {"cpt": "93005"})) == [248.84, 6.31]


def test_eye_tests_lose_a_fifth_of_the_technical_part() -> None:
    """As if the indicator were 7: 170.58 x 80 percent = 136.464."""
    work = works.work("248.45", works.row(SPINE, multiple_procedure="7"))
    work.table, work.setting, work.rate_factor = "us_medicare", "nonfacility", Decimal("32.3465")
    work.locality = book().locality("01112-05", works.ON)
    technical = book().relative_value("us_medicare", SPINE, "TC", works.ON)
    assert technical is not None
    diagnostic.apply(work, works.SHARES, {"technical": Part(technical, Decimal("170.58"))})
    assert str(work.amount) == "214.33"


@pytest.mark.parametrize(
    "lines",
    [
        [{"cpt": KNEE, "units": 2}],
        [{"cpt": KNEE, "modifiers": ["50"]}],
        [{"cpt": KNEE, "units": 2}, {"cpt": SPINE}],
        [{"cpt": KNEE, "modifiers": ["50"]}, {"cpt": SPINE}],
        [{"cpt": KNEE, "modifiers": ["59"]}, {"cpt": SPINE}],  # perhaps another session
        [{"cpt": "71275"}, {"cpt": SPINE}],  # limited to the outpatient hospital amount
        [{"cpt": "93000"}, {"cpt": "93306"}],  # a whole test whose parts have codes of their own
    ],
)
def test_what_goes_to_a_person(lines: list[dict[str, Any]]) -> None:
    assert amounts(medicare(*lines)) == ["needs_review"] * len(lines)
    assert "reduce one another" in words(medicare(*lines))


def test_texas_reduces_by_its_own_factor() -> None:
    """449.21 - (135.30 - 128.54) and 421.62 - (273.63 - 136.82)."""
    bill = {**medicare({"cpt": KNEE}, {"cpt": SPINE}), "jurisdiction": "TX", "locality": "04412-31"}
    assert amounts(bill) == [442.45, 284.81]


def test_where_the_rule_was_not_read_tests_go_to_a_person() -> None:
    for jurisdiction in ("AR", "CO"):
        bill = {**medicare({"cpt": KNEE}, {"cpt": SPINE}), "jurisdiction": jurisdiction}
        assert amounts(bill) == ["needs_review", "needs_review"]


def test_the_parts_of_one_service_are_not_several_tests() -> None:
    """2.09 and 3.73 units at 70.00 dollars."""
    apart = medicare(
        {"cpt": SPINE, "modifiers": ["26"]}, {"cpt": SPINE, "modifiers": ["TC"]}, jurisdiction="AR"
    )
    assert amounts(apart) == [146.30, 261.10]
    sides = medicare(
        {"cpt": KNEE, "modifiers": ["26", "RT"]}, {"cpt": KNEE, "modifiers": ["TC", "LT"]}, jurisdiction="AR"
    )
    assert amounts(sides) == ["needs_review", "needs_review"]


def test_a_changed_part_is_found_out() -> None:
    answer = priced(medicare({"cpt": KNEE}, {"cpt": SPINE}))
    assert faults(answer) == []
    steps = answer["lines"][1]["calculationDetails"]
    step = next(step for step in steps if step["rule"] == "multiple_procedure")
    for item in step["inputs"]:
        if item["name"] == "technical_pe_rvu":
            item["value"] = "1.00"
    assert any("comes to" in fault for fault in faults(answer))
