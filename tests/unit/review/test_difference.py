"""The difference of two decisions: terms, lines, steps and figures, and the words for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.review.difference_wire import decided_of
from services.review.domain import difference_words as words
from services.review.domain.difference import Decided, Difference, LineDifference, difference
from tests.harness import bills
from tests.harness.bills import medicare

VISIT = {"cpt": "99213", "charge": 200.0}
THERAPY = {"cpt": "97110", "charge": 200.0, "modifiers": ["GP"]}


def decided(bill: Mapping[str, Any]) -> Decided:
    request = json_format.ParseDict(dict(bill), pb.CreateReviewRequest())
    return decided_of(request, bills.review(bill), bills.TODAY)


def compared(base: Mapping[str, Any], other: Mapping[str, Any]) -> Difference:
    return difference(decided(base), decided(other))


def the_line(base: Mapping[str, Any], other: Mapping[str, Any]) -> LineDifference:
    (line,) = compared(base, other).lines
    return line


def named(*ids: str, **bill: Any) -> dict[str, Any]:
    """A visit per id, each with a charge of its own."""
    return medicare(
        *[{"cpt": "99213", "charge": 10.0 * number, "lineId": i} for number, i in enumerate(ids, 1)], **bill
    )


def test_figures_that_moved_are_told_with_both_sources() -> None:
    line = the_line(medicare(VISIT), medicare(VISIT, dateOfService="2026-06-10"))
    rate = next(step for step in line.steps if step.other and step.other.rule == "relative_value_rate")
    factor = rate.values[0]
    assert factor[:4] == (
        "us_medicare:conversion_factor", "32.3465", "33.4009", "USD per relative value unit",
    )  # fmt: skip
    assert factor.base_citation is not None
    assert factor.other_citation is not None
    assert line.citations[factor.base_citation].effective_from.year == 2025
    assert line.citations[factor.other_citation].effective_from.year == 2026


def test_a_figure_that_did_not_move_is_not_told() -> None:
    line = the_line(medicare(VISIT), medicare(VISIT, dateOfService="2026-06-10"))
    rate = next(step for step in line.steps if step.other and step.other.rule == "relative_value_rate")
    assert "work_rvu" not in {value.name for value in rate.values}  # 1.30 in both years


def test_the_words_of_a_step_name_figures_and_amount() -> None:
    line = the_line(medicare(VISIT), medicare(VISIT, placeOfService="22"))
    assert [words.of_step(step) for step in line.steps] == [
        "Setting: place of service from 11 to 22; setting from nonfacility to facility.",
        "Relative value rate: pe rvu from 1.35 to 0.57 relative value units; amount from 109.15 to 73.35.",
        "Lesser of charge: amount from 109.15 to 73.35.",
    ]


def test_a_step_that_only_one_takes() -> None:
    line = the_line(medicare(VISIT), medicare(VISIT, contract={"percentOfSchedule": 90}))
    assert [(step.base is None, step.other is None) for step in line.steps] == [(True, False), (False, False)]
    assert words.of_step(line.steps[0]) == (
        "Contract, only in the other: amount x contract percent / 100; amount from 109.15 to 98.24."
    )


def test_another_formula_over_the_same_figures() -> None:
    """The charge of 60 limits 61.57, but not 55.41, which is 90 percent of it."""
    therapy = {**THERAPY, "charge": 60.0, "units": 2}
    line = the_line(medicare(therapy), medicare(therapy, contract={"percentOfSchedule": 90}))
    assert words.of_step(line.steps[-1]) == (
        "Lesser of charge: lesser of charge and amount: the charge, then lesser of charge and amount: the"
        " amount; amount from 60.00 to 55.41."
    )


def test_terms_of_the_bill() -> None:
    found = compared(
        medicare(VISIT, contract={"percentOfSchedule": 90, "flatRates": [{"cpt": "97110", "rate": 30.0}]}),
        medicare(VISIT, jurisdiction="TX", locality="", serviceZip="78701"),
    )
    assert {term.name: (term.base, term.other) for term in found.terms} == {
        "jurisdiction": ("MEDICARE", "TX"),
        "locality": ("01112-05", None),
        "service_zip": (None, "78701"),
        "contract.percent_of_schedule": ("90.0", None),
        "contract.flat_rates.97110": ("30.00", None),
    }


def test_what_a_line_bills_otherwise() -> None:
    other = {**THERAPY, "units": 3, "modifiers": ["GP", "59"], "placeOfService": "12", "charge": 201.0}
    assert {v.name: (v.base, v.other) for v in the_line(medicare(THERAPY), medicare(other)).billed} == {
        "units": ("1", "3"),
        "modifiers": ("GP", "GP 59"),
        "place_of_service": ("11", "12"),
        "charge": ("200.00", "201.00"),
    }


def test_lines_without_references_stand_by_position() -> None:
    found = compared(medicare(VISIT, THERAPY), medicare(VISIT))
    assert [words.of_line(line) for line in found.lines] == [
        "Line 2 (97110) is only in the base, with 35.72 allowed."
    ]


def test_lines_with_references_stand_by_them() -> None:
    """Line B is second in the base, first in the other."""
    found = compared(named("A", "B"), named("B", "C"))
    numbers = [
        (line.base and line.base.line.number, line.other and line.other.line.number) for line in found.lines
    ]
    assert numbers == [(1, None), (2, 1), (None, 2)]


def test_a_reference_given_twice_is_none() -> None:
    found = compared(named("A", "A"), named("A", "B"))
    assert found.lines == ()


def test_a_line_that_needs_review_has_no_price_to_compare() -> None:
    found = compared(medicare(THERAPY), medicare(THERAPY, placeOfService="22"))
    assert words.of_line(found.lines[0]) == (
        "Line 1 (97110): allowed amount from 35.72 to 0.00, 35.72 less. Status from priced to needs review."
        " A line that needs review has no price to compare."
    )
    assert words.of_bill(found).endswith(
        "Lines that need review count as 0.00: 0 in the base, 1 in the other."
    )
    assert "facility" in found.lines[0].other_reasons[0].words


def test_the_words_of_the_whole() -> None:
    found = compared(medicare(VISIT, THERAPY), medicare({**VISIT, "charge": 100.0}, THERAPY))
    assert words.of_bill(found) == (
        "Allowed amount from 144.87 to 135.72, 9.15 less; lines that differ: 1 of 2."
    )
    assert words.of_bill(compared(medicare(VISIT), medicare(VISIT))) == "No difference."
