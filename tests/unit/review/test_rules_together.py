"""Rules that meet on one bill: which comes first decides cents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.harness.bills import amounts, medicare, priced, words


def carcs(*lines: Mapping[str, Any], **bill: Any) -> list[str]:
    """The code of the first reason of each line."""
    return [line["reductionReasons"][0]["carc"] for line in priced(medicare(*lines, **bill))["lines"]]


@pytest.mark.parametrize("line", [{"cpt": "98940", "modifiers": ["AT"]}, {"cpt": "99291"}])
def test_a_copy_does_not_count_toward_the_limit_of_units(line: dict[str, Any]) -> None:
    """The limit is one unit a day: the copy is denied as a copy, and the first line is paid."""
    assert amounts(medicare(line, line)) == [*amounts(medicare(line)), "denied"]
    assert carcs(line, line)[1] == "18"


def test_two_different_lines_over_the_limit_of_units_still_exceed_it() -> None:
    assert carcs({"cpt": "98940", "modifiers": ["76"]}, {"cpt": "98940"}) == ["151", "151"]


def test_a_copy_of_a_held_line_is_not_counted_either() -> None:
    held, copy = priced(medicare({"cpt": "29881"}, {"cpt": "29881"}))["lines"]
    assert (held["status"], copy["reductionReasons"][0]["carc"]) == ("needs_review", "18")


def test_the_time_of_a_copied_anesthesia_line_counts_once() -> None:
    line = {"cpt": "01400", "minutes": 95, "modifiers": ["AA"]}
    alone = amounts(medicare(line, placeOfService="22"))
    assert amounts(medicare(line, line, placeOfService="22")) == [*alone, "denied"]


@pytest.mark.parametrize("jurisdiction", ["DC", "HI", "CA"])
def test_a_copy_goes_to_a_person_where_no_rule_on_copies_was_read(jurisdiction: str) -> None:
    line = {"cpt": "98940"}
    place = {"jurisdiction": jurisdiction, "locality": "", "dateOfService": "2026-08-10"}
    if jurisdiction == "CA":
        place["locality"] = "01112-05"
    alone = amounts(medicare(line, **place))
    assert amounts(medicare(line, line, **place)) == [*alone, "needs_review"]
    assert "billed more than once" in words(medicare(line, line, **place), 1)


def test_agreed_terms_do_not_pay_a_copy() -> None:
    line = {"cpt": "99213", "charge": 100.0}
    terms = {"flatRates": [{"cpt": "99213", "rate": 80.0}]}
    bill = medicare(line, line, jurisdiction="FL", locality="", contract=terms)
    assert amounts(bill) == [80.0, "needs_review"]


def test_copies_are_told_by_the_lines_themselves_and_not_by_their_order() -> None:
    two, three = {"cpt": "73030", "units": 2}, {"cpt": "73030", "units": 3}
    assert amounts(medicare(two, three)) == amounts(medicare(three, two))[::-1]


@pytest.mark.parametrize("modifiers", [["GP", "26"], ["GP", "26", "TC"]])
def test_a_line_without_a_row_for_its_part_still_waits_in_its_family(modifiers: list[str]) -> None:
    """What 97140 comes to decides which unit of the day is paid in full."""
    held = {"cpt": "97140", "modifiers": modifiers}
    bill = medicare(held, {"cpt": "97110", "modifiers": ["GP"]})
    assert amounts(bill) == ["needs_review", "needs_review"]
    assert words(bill, 1).startswith("Another procedure of the day")


def test_a_discontinued_operation_still_holds_its_visit() -> None:
    visit = {"cpt": "99215", "dateOfService": "2025-06-09"}
    bill = medicare({"cpt": "23412", "modifiers": ["53"]}, visit, placeOfService="22")
    assert amounts(bill) == ["needs_review", "needs_review"]
    assert "global period of 23412" in words(bill, 1)


def test_a_returned_line_takes_no_rank_in_the_therapy_of_the_day() -> None:
    """97530 under the wrong assistant is returned, so 97110 is the only therapy: 35.72 in full."""
    returned = {"cpt": "97530", "modifiers": ["GO", "CQ"]}
    assert amounts(medicare(returned, {"cpt": "97110", "modifiers": ["GP"]})) == ["denied", 35.72]


def test_an_add_on_is_not_paid_beside_a_visit_that_belongs_to_an_operation() -> None:
    """The visit of the day before a major operation is denied, and with it its longer time (G2212)."""
    before = {"dateOfService": "2025-06-09"}
    lines = ({"cpt": "23412"}, {"cpt": "99215", **before}, {"cpt": "G2212", **before})
    assert carcs(*lines, placeOfService="22")[1:] == ["97", "107"]


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([{"cpt": "99213"}], [109.15, 17.87]),
        ([{"cpt": "99213", "modifiers": ["25"]}], [109.15, "needs_review"]),
        ([{"cpt": "20610"}, {"cpt": "99213"}], [77.41, "denied", "needs_review"]),
        ([], ["needs_review"]),
        ([{"cpt": "99213", "dateOfService": "2025-06-11"}], [109.15, "needs_review"]),
    ],
)
def test_the_complexity_of_a_visit_is_paid_beside_a_payable_visit(
    lines: list[dict[str, Any]], outcome: list[float | str]
) -> None:
    assert amounts(medicare(*lines, {"cpt": "G2211"})) == outcome


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ({"cpt": "98940", "modifiers": ["AT"]}, 32.4),
        ({"cpt": "98940"}, "needs_review"),
        ({"cpt": "98940", "modifiers": ["AT", "GA"]}, "needs_review"),
        ({"cpt": "99213"}, "needs_review"),
    ],
)
def test_a_chiropractor_is_paid_for_active_manipulation_alone(
    line: dict[str, Any], status: float | str
) -> None:
    assert amounts(medicare(line, providerType="chiropractor")) == [status]


@pytest.mark.parametrize(
    "lines",
    [
        [{"cpt": "99213", "units": 2}],
        [{"cpt": "99213", "modifiers": ["25"]}, {"cpt": "99214", "modifiers": ["25"]}],
        [{"cpt": "99213"}, {"cpt": "99213", "modifiers": ["76"]}],
    ],
)
def test_a_second_office_visit_of_the_day_goes_to_a_person(lines: list[dict[str, Any]]) -> None:
    bill = medicare(*lines)
    assert amounts(bill) == ["needs_review"] * len(lines)
    assert "Several office visits" in words(bill)


@pytest.mark.parametrize("who", ["clinical_psychologist", "clinical_social_worker"])
def test_a_visit_of_one_who_is_no_medical_provider_goes_to_a_person(who: str) -> None:
    assert amounts(medicare({"cpt": "99213"}, providerType=who)) == ["needs_review"]
    assert amounts(medicare({"cpt": "90834"}, providerType=who)) != ["needs_review"]
