"""Several endoscopies of one day: the dearest of a family in full, the others less their base code."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.harness.bills import amounts, medicare, priced, words
from tests.harness.checker import faults

pytestmark = pytest.mark.usefixtures("prices_alone")

KNEE, MENISCI, BASE, CARTILAGE = "29881", "29880", "29870", "29877"
"""In a facility 644.71, 666.79, 498.29 and 734.31; the third is the base code of the others."""


def facility(*lines: dict[str, Any] | str) -> dict[str, Any]:
    return medicare(*[{"cpt": x} if isinstance(x, str) else x for x in lines], placeOfService="22")


def test_every_other_is_paid_less_the_base() -> None:
    """644.71 - 498.29."""
    assert amounts(facility(KNEE, MENISCI)) == [146.42, 666.79]


def test_the_base_beside_its_family_is_worth_nothing() -> None:
    bill = facility(KNEE, BASE)
    assert amounts(bill) == [644.71, 0.0]
    assert [line["status"] for line in priced(bill)["lines"]] == ["priced", "priced"]


def test_the_base_is_paid_where_its_family_is_not_billed() -> None:
    assert amounts(facility(BASE)) == [498.29]
    assert amounts(facility(BASE, "29827")) == [249.15, 1227.98]


def test_a_family_ranks_as_one_procedure() -> None:
    """Together 813.21: above 534.78, below 992.97; 333.395 and 73.21 are half."""
    assert amounts(facility(KNEE, MENISCI, "64721")) == [146.42, 666.79, 267.39]
    assert amounts(facility(KNEE, MENISCI, "23412")) == [73.21, 333.4, 992.97]


def test_the_total_of_a_family_decides_its_rank() -> None:
    """734.31 + 146.42 + 168.50 = 1049.23 is above 992.97, which no member is."""
    assert amounts(facility(KNEE, MENISCI, CARTILAGE, "23412")) == [146.42, 168.5, 734.31, 496.49]


def test_two_families_rank_apart() -> None:
    """Shoulder 1227.98 + (1222.59 - 563.35) = 1887.22, knee 813.21."""
    assert amounts(facility("29806", KNEE, "29827", MENISCI)) == [659.24, 73.21, 1227.98, 333.4]


def test_the_order_of_the_lines_changes_nothing() -> None:
    codes = (KNEE, MENISCI, BASE, "23412")
    wanted = dict(zip(codes, amounts(facility(*codes)), strict=True))
    for order in permutations(codes):
        assert dict(zip(order, amounts(facility(*order)), strict=True)) == wanted


def test_days_are_apart() -> None:
    assert amounts(facility(KNEE, {"cpt": MENISCI, "dateOfService": "2025-06-11", "modifiers": ["58"]})) == [
        644.71,
        666.79,
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"cpt": MENISCI, "units": 2},
        {"cpt": MENISCI, "modifiers": ["50"]},
        {"cpt": BASE, "units": 2},
        {"cpt": KNEE, "modifiers": ["59"]},
    ],
)
def test_twice_or_on_both_sides_the_surgery_of_the_day_goes_to_a_person(other: dict[str, Any]) -> None:
    bill = facility(KNEE, other, "64721", {"cpt": "99213", "modifiers": ["57"]})
    assert amounts(bill) == ["needs_review"] * 3 + amounts(facility("99213"))
    assert "endoscopy" in words(bill)


def test_texas_pays_by_its_own_factor() -> None:
    """1543.51 in full, 1488.76 - 1143.09, and half of 1211.48."""
    bill = {**facility(MENISCI, KNEE, "64721"), "jurisdiction": "TX", "locality": "04412-31"}
    assert amounts(bill) == [1543.51, 345.67, 605.74]


def test_the_trace_prints_what_was_taken_off() -> None:
    """Reasons: 498.29 by the reduction, the rest by the schedule."""
    bill = facility(KNEE, MENISCI)
    line = priced(bill)["lines"][0]
    assert faults(priced(bill)) == []
    assert [(r["carc"], r["amount"]) for r in line["reductionReasons"]] == [("45", 8355.29), ("59", 498.29)]
    inputs = next(s for s in line["calculationDetails"] if s["rule"] == "multiple_procedure")["inputs"]
    assert {"name": "base_code", "value": BASE, "unit": ""}.items() <= inputs[1].items()
