"""What edits do to a bill: before the ranks, only where they are adopted, and never against a contract."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.review.servicer import validate
from tests.harness import bills, checker
from tests.harness.bills import amounts, medicare, priced, words

MENISCUS, CARTILAGE = {"cpt": "29881"}, {"cpt": "29877"}
"""The second is part of the first, whatever the modifier."""


def facility(*lines: dict[str, Any], **bill: Any) -> dict[str, Any]:
    return medicare(*lines, placeOfService="22", **bill)


def edits(bill: dict[str, Any]) -> list[tuple[str, str]]:
    return [(edit["id"], edit["outcome"]) for edit in priced(bill)["edits"]]


def validated(bill: dict[str, Any]) -> dict[str, Any]:
    request = json_format.ParseDict(bill, pb.CreateReviewRequest())
    return bills.as_json(
        pb.Review.FromString(validate(bills.engine(), request, pb.Review(), today=bills.TODAY))
    )


def test_a_denied_code_is_not_ranked() -> None:
    """29877 alone comes to 734.31, more than the 644.71 of 29881, which is paid in full."""
    bill = facility(MENISCUS, CARTILAGE)
    assert amounts(bill) == [644.71, "denied"]
    assert words(bill, 1) == "The code 29877 is part of code 29881 of the same day. No modifier changes that."


def test_the_trace_of_a_denied_line_prints_the_figures_with_their_source() -> None:
    answer = priced(facility(MENISCUS, CARTILAGE))
    assert checker.faults(answer) == []
    step = answer["lines"][1]["calculationDetails"][-1]
    assert [(i["name"], i["value"]) for i in step["inputs"]] == [
        ("column1", "29881"), ("column2", "29877"), ("modifier_indicator", "0"),
    ]  # fmt: skip
    cited = answer["lines"][1]["ruleCitations"][step["inputs"][0]["citation"]]
    assert cited["title"] == "Medicare NCCI procedure to procedure edits, practitioner services"


def test_days_are_apart() -> None:
    assert edits(facility(MENISCUS, {**CARTILAGE, "dateOfService": "2025-06-11"})) == []


def test_the_edition_is_named() -> None:
    edit = priced(facility(MENISCUS, CARTILAGE))["edits"][0]
    assert edit["version"].startswith("us_medicare.ncci_pairs.2024-07-01.")
    assert (edit["effectiveFrom"], edit["effectiveTo"]) == ("2024-10-01", "2026-12-31")


@pytest.mark.parametrize("jurisdiction", ["TX", "TN", "CA"])
def test_states_that_adopted_them_deny_too(jurisdiction: str) -> None:
    bill = {**facility(MENISCUS, CARTILAGE), "jurisdiction": jurisdiction}
    assert amounts(bill)[1] == "denied"
    assert edits(bill) == [("ncci:29881:29877", "denied")]


def test_where_edits_are_not_adopted_they_only_inform() -> None:
    bill = {**facility(MENISCUS, CARTILAGE), "jurisdiction": "NC"}
    plain = {**facility(MENISCUS), "jurisdiction": "NC"}
    assert edits(bill) == [("ncci:29881:29877", "informational")]
    assert "ncci" not in str([line["calculationDetails"] for line in priced(bill)["lines"]])
    assert edits(plain) == []


def test_without_any_program_they_inform_too() -> None:
    assert edits({**facility(MENISCUS, CARTILAGE), "jurisdiction": "LHWCA"}) == [
        ("ncci:29881:29877", "informational")
    ]


def test_agreed_terms_settle_a_price_not_a_doubt() -> None:
    terms = {"percentOfCharge": 50}
    assert amounts(medicare({"cpt": "97110", "units": 7, "modifiers": ["GP"]}, contract=terms)) == [
        "needs_review"
    ]
    assert amounts(medicare({"cpt": "97110", "units": 6, "modifiers": ["GP"]}, contract=terms)) == [4500.0]
    assert amounts(facility(MENISCUS, CARTILAGE, contract=terms)) == [4500.0, "denied"]


def test_a_date_without_edition_is_told_once() -> None:
    bill = medicare({"cpt": "99213"}, {"cpt": "97110"}, dateOfService="2023-05-05")
    found = [w for w in priced(bill)["warnings"] if "Edits were not looked for" in w]
    assert len(found) == 1
    assert "2023-05-05" in found[0]


def test_a_code_outside_the_starter_selection_is_told() -> None:
    bill = medicare({"cpt": "99213"}, {"cpt": "33533"}, {"cpt": "33405"})
    assert [w for w in priced(bill)["warnings"] if "starter selection" in w and "33405, 33533" in w]
    assert priced(medicare({"cpt": "99213"}))["warnings"] == []


def test_where_nothing_follows_the_gap_is_told_to_those_who_ask() -> None:
    bill = {**medicare({"cpt": "99213"}, {"cpt": "33533"}), "jurisdiction": "NC"}
    assert not [w for w in priced(bill)["warnings"] if "starter selection" in w]
    assert [w for w in validated(bill)["warnings"] if "starter selection" in w]


def test_validation_answers_edits_without_prices() -> None:
    answer = validated(facility(MENISCUS, CARTILAGE, {"cpt": "97110", "units": 7, "modifiers": ["GP"]}))
    assert answer["status"] == "needs_review"
    assert [line["status"] for line in answer["lines"]] == ["validated", "denied", "needs_review"]
    assert (answer["reviewId"], answer["allowedAmount"], answer["totalCharge"]) == ("", 0.0, 27000.0)
    assert all(not line["calculationDetails"] and not line["reductionReasons"] for line in answer["lines"])


def test_validation_finds_what_the_review_finds() -> None:
    bill = facility(MENISCUS, CARTILAGE, {"cpt": "20610", "modifiers": ["59"]}, {"cpt": "22614"})
    assert validated(bill)["edits"] == priced(bill)["edits"]
    assert validated(facility(MENISCUS))["status"] == "validated"
    assert validated(facility({"cpt": "22614"}))["status"] == "denied"


def test_a_code_that_cannot_be_priced_is_validated_all_the_same() -> None:
    assert validated(medicare({"cpt": "33533"}))["status"] == "validated"
