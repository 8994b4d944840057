"""Several procedures of one day: surgery by rank, therapy by practice expense, who is held and who waits."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from services.review.domain.multiple.place import NotPriced, Ranked, Reduced, Waiting
from services.review.domain.work import LineWork
from tests.harness.bills import amounts, medicare, priced, words
from tests.unit.review import works

pytestmark = pytest.mark.usefixtures("prices_alone")


def surgery(code: str, amount: str, indicator: str = "2", **line: Any) -> LineWork:
    return works.work(amount, works.row(code="23412", multiple_procedure=indicator), code=code, **line)


def therapy(code: str, **line: Any) -> dict[str, Any]:
    return {"cpt": code, "modifiers": ["GP"], **line}


def facility(*lines: dict[str, Any]) -> dict[str, Any]:
    return medicare(*lines, placeOfService="22")


def test_one_procedure_is_paid_in_full() -> None:
    assert works.run("multiple_procedure", [surgery("23412", "500.00")]) == ["500.00"]


def test_the_second_to_the_fifth_are_paid_at_half() -> None:
    lines = [surgery(f"2341{n}", f"{900 - n}.01") for n in range(5)]
    assert works.run("multiple_procedure", lines) == ["900.01", "449.51", "449.01", "448.51", "448.01"]


def test_from_the_sixth_on_by_report() -> None:
    lines = [surgery(f"2341{n}", f"{900 - n}.00") for n in range(6)]
    found = works.run("multiple_procedure", lines)
    assert found[:5] == ["900.00", "449.50", "449.00", "448.50", "448.00"]
    assert "by report" in found[5]


def test_rank_follows_the_amount_not_the_bill() -> None:
    lines = [surgery("23410", "10.00"), surgery("23411", "30.00"), surgery("23412", "20.00")]
    for order in permutations(lines):
        assert works.ranks(order) == {"23411": Ranked((0,)), "23412": Ranked((1,)), "23410": Ranked((2,))}


def test_among_equals_the_charge_and_then_the_code_decide() -> None:
    lines = [surgery("23411", "30.00"), surgery("23410", "30.00"), surgery("23412", "30.00")]
    lines[2].line = works.line("23412", charge=lines[0].line.charge + 1)
    for order in permutations(lines):
        assert works.ranks(order) == {"23412": Ranked((0,)), "23410": Ranked((1,)), "23411": Ranked((2,))}


def test_every_unit_is_a_procedure() -> None:
    """Three units: 100 + 50 + 50; another procedure comes after them."""
    lines = [surgery("23410", "100.00", units=3), surgery("23411", "40.00")]
    assert works.run("multiple_procedure", lines) == ["200.00", "20.00"]


def test_units_up_to_the_fifth_rank() -> None:
    """64721 in a facility 534.78: in full and four times 267.39."""
    assert amounts(facility({"cpt": "64721", "units": 5})) == [1604.34]
    assert "by report" in words(facility({"cpt": "64721", "units": 6}))


def test_days_are_ranked_apart() -> None:
    bill = facility({"cpt": "23412"}, {"cpt": "64721", "dateOfService": "2025-06-11", "modifiers": ["79"]})
    assert amounts(bill) == [992.97, 534.78]


def test_visits_and_added_procedures_have_no_rank() -> None:
    """29826 is an add-on (indicator 0), 99213 a visit: neither reduces nor is reduced."""
    lines: list[dict[str, Any]] = [{"cpt": "23412"}, {"cpt": "29826"}, {"cpt": "99213", "modifiers": ["57"]}]
    assert amounts(facility(*lines)) == [amounts(facility(line))[0] for line in lines]


def test_modifier_51_does_not_reduce_a_second_time() -> None:
    plain = facility({"cpt": "23412"}, {"cpt": "64721"})
    marked = facility({"cpt": "23412"}, {"cpt": "64721", "modifiers": ["51"]})
    assert amounts(plain) == amounts(marked) == [992.97, 267.39]


def test_the_older_rule_goes_to_a_person() -> None:
    lines = [surgery("23410", "30.00", "1"), surgery("23411", "20.00")]
    assert works.ranks(lines) == {"23410": NotPriced("surgery"), "23411": NotPriced("surgery")}


def test_one_endoscopy_ranks_with_other_surgery() -> None:
    """992.97 in full, 644.71 at half = 322.355."""
    assert amounts(facility({"cpt": "29881"}, {"cpt": "23412"})) == [322.36, 992.97]


def test_two_units_of_an_endoscopy_go_to_a_person() -> None:
    assert "endoscopy" in words(facility({"cpt": "29881", "units": 3}))


def test_an_endoscopy_on_both_sides_is_one_procedure() -> None:
    """644.71 x 150 percent = 967.065."""
    assert amounts(facility({"cpt": "29881", "modifiers": ["50"]})) == [967.07]
    sides = facility({"cpt": "29881", "modifiers": ["RT"]}, {"cpt": "29881", "modifiers": ["LT"]})
    assert sum(float(amount) for amount in amounts(sides)) == pytest.approx(967.07)


def test_therapy_keeps_one_practice_expense() -> None:
    """97110 35.72 and 35.72 - 9.87; 97140 33.64 - 9.18. 9.87 is half of 0.43 x 1.419 x 32.3465."""
    assert amounts(medicare(therapy("97110", units=2), therapy("97140"))) == [61.57, 24.46]
    assert amounts(medicare(therapy("97140", units=2), therapy("97110"))) == [48.92, 35.72]
    assert amounts(medicare(therapy("97110", units=3))) == [87.42]


def test_a_reduced_therapy_unit_is_rounded_once() -> None:
    """(0.45 x 1.042 + 0.43 x 1.194 / 2 + 0.01 x 0.690) x 32.3465 = 23.6941, and 32.00 in full."""
    bill = medicare(therapy("97110", units=2), locality="01182-18")
    assert amounts(bill) == [55.69]


def test_therapy_of_two_days_is_counted_by_day() -> None:
    bill = medicare(therapy("97110"), therapy("97140", dateOfService="2025-06-11"))
    assert amounts(bill) == [35.72, 33.64]


def test_therapy_billed_by_side_is_paid_once_and_never_below_nothing() -> None:
    bill = medicare(therapy("97110", modifiers=["GP", "RT"]), therapy("97110", modifiers=["GP", "LT"]))
    assert sorted(amounts(bill), key=str) == [0.0, 35.72]


def test_the_unit_with_the_highest_practice_expense_is_paid_in_full() -> None:
    lines = [works.work("30.00", works.row("97110"), code=code) for code in ("97110", "97112", "97116")]
    for line, expense in zip(lines, ("0.3", "0.5", "0.4"), strict=True):
        line.practice_expense = Decimal(expense)
    assert works.ranks(lines) == {"97110": Reduced(1), "97112": Reduced(0), "97116": Reduced(1)}


def test_reductions_are_told_apart_from_the_schedule() -> None:
    """97140 x 2, charge 100: allowed 33.64 + 24.46 = 58.10, of 41.90 the reduction took 9.18."""
    line = priced(medicare(therapy("97140", units=2, charge=100.0)))["lines"][0]
    found = [(r["carc"], r["amount"]) for r in line["reductionReasons"]]
    assert (line["allowedAmount"], found) == (58.1, [("45", 32.72), ("59", 9.18)])


def test_a_test_whose_fee_is_for_both_sides_is_one_test() -> None:
    """93880, indicator 2."""
    assert amounts(medicare({"cpt": "93880", "modifiers": ["50"]})) == amounts(medicare({"cpt": "93880"}))


def test_plain_films_do_not_reduce_one_another() -> None:
    assert amounts(medicare({"cpt": "73030"}, {"cpt": "71046"})) == [45.18, 43.37]
    assert amounts(medicare({"cpt": "73030", "modifiers": ["50"]})) == [90.36]


@pytest.mark.parametrize(
    ("held", "open_"),
    [
        ({"cpt": "23412", "modifiers": ["22"]}, {"cpt": "64721"}),
        ({"cpt": "24400"}, {"cpt": "64721"}),  # surgery by its code, and in no row we hold
        ({"cpt": "97110", "modifiers": ["GP", "99"]}, therapy("97140")),
        ({"cpt": "73721", "modifiers": ["CT"]}, {"cpt": "72148"}),
    ],
)
def test_a_held_line_leaves_the_ranks_of_its_family_open(held: dict[str, Any], open_: dict[str, Any]) -> None:
    bill = medicare(held, open_, {"cpt": "99213", "modifiers": ["25"]})
    assert amounts(bill) == ["needs_review", "needs_review", 109.15]
    assert "judged by a person first" in words(bill, 1)


def test_a_held_line_of_another_day_or_family_does_not() -> None:
    held = {"cpt": "23412", "modifiers": ["22"]}
    bill = facility({**held, "dateOfService": "2025-06-11"}, {"cpt": "64721"})
    assert amounts(bill) == ["needs_review", 534.78]
    assert amounts(medicare({"cpt": "J3301"}, {"cpt": "20610"})) == ["needs_review", 77.41]


def test_a_denied_line_has_no_rank() -> None:
    assert amounts(medicare({"cpt": "97010"}, therapy("97110"))) == ["denied", 35.72]


def test_a_line_is_waiting_whatever_else_it_meets() -> None:
    lines = [surgery("23410", "30.00"), surgery("23411", "20.00")]
    lines[0].hold("x")
    assert works.ranks(lines) == {"23411": Waiting()}


def test_where_the_rule_was_not_read_several_procedures_go_to_a_person() -> None:
    for jurisdiction in ("AR", "NC"):
        bill = {**medicare({"cpt": "20610"}, {"cpt": "20550"}), "jurisdiction": jurisdiction}
        assert amounts(bill) == ["needs_review", "needs_review"]
        assert "was not read" in words(bill)
        held = {
            **medicare({"cpt": "20610", "modifiers": ["50"]}, {"cpt": "20550"}),
            "jurisdiction": jurisdiction,
        }
        assert amounts(held) == ["needs_review", "needs_review"]
