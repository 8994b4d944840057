"""Assistants, co-surgeons and teams: who is paid, how much, and what waits for a person.

In a San Francisco hospital in June 2025 the surgeon is paid 992.97 for 23412, 1743.44 for 22612,
1670.33 for 22558, 405.72 for the add-on 22614.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.bills import amounts, medicare, priced, words
from tests.harness.checker import faults
from tests.unit.review import works

pytestmark = pytest.mark.usefixtures("prices_alone")


def hospital(*lines: dict[str, Any], **bill: Any) -> dict[str, Any]:
    made = medicare(*lines, **{"placeOfService": "22", **bill})
    assert faults(priced(made)) == []
    return made


def by(modifier: str, code: str = "22612", **line: Any) -> dict[str, Any]:
    return {"cpt": code, "modifiers": modifier.split(), **line}


@pytest.mark.parametrize("modifier", ["80", "81", "82"])
def test_an_assistant_is_paid_16_percent(modifier: str) -> None:
    """992.97 x 0.16 = 158.8752."""
    assert amounts(hospital(by(modifier, "23412"))) == [158.88]


def test_one_who_is_no_physician_is_paid_85_percent_of_it_rounded_once() -> None:
    """992.97 x 0.136 = 135.04392; 85 percent of the rounded 158.88 would be 135.05."""
    bill = hospital(by("AS", "23412"))
    assert amounts(bill) == [135.04]
    steps = {step["rule"]: step for step in priced(bill)["lines"][0]["calculationDetails"]}
    assert [item["value"] for item in steps["assistant_surgeon"]["inputs"]] == ["16", "85"]


def test_each_of_two_surgeons_is_paid_62_and_a_half_percent() -> None:
    """1743.44 x 0.625."""
    assert amounts(hospital(by("62"))) == [1089.65]


@pytest.mark.parametrize(
    ("modifier", "code", "said"),
    [
        ("80", "29881", "only with proof of need"),
        ("AS", "29881", "only with proof of need"),
        ("62", "23412", "only with proof of need"),
        ("80 AS", "22612", "Modifiers 80 and AS name more than one role"),
        ("62 80", "22612", "Modifiers 62 and 80 name more than one role"),
        ("80 22", "22612", "Modifier 22 (more work than usual) is priced by report"),
        ("80 26", "73721", "Modifiers 80 and 26 together"),
    ],
)
def test_what_rests_on_documents_goes_to_a_person(modifier: str, code: str, said: str) -> None:
    bill = hospital(by(modifier, code))
    assert amounts(bill) == ["needs_review"]
    assert said in words(bill)


@pytest.mark.parametrize(
    ("modifier", "code"),
    [("80", "64721"), ("82", "20610"), ("AS", "64721"), ("62", "64721"), ("66", "22612")],
)
def test_a_role_that_is_never_paid_is_denied(modifier: str, code: str) -> None:
    line = priced(hospital(by(modifier, code, charge=700.0)))["lines"][0]
    assert line["status"] == "denied"
    assert [(reason["carc"], reason["amount"]) for reason in line["reductionReasons"]] == [("54", 700.0)]


@pytest.mark.parametrize(
    ("modifier", "indicators", "said"),
    [
        ("80", {"assistant_surgeon": "9"}, "modifier 80 must be confirmed"),
        ("62", {"co_surgeon": "9"}, "modifier 62 must be confirmed"),
        ("66", {"team_surgeon": "9"}, "modifier 66 must be confirmed"),
        ("66", {"team_surgeon": "1"}, "only with proof of need"),
        ("66", {"team_surgeon": "2"}, "priced by report"),
        ("80", {"assistant_surgeon": "0"}, "only with proof of need"),
    ],
)
def test_every_indicator_has_an_answer(modifier: str, indicators: dict[str, str], said: str) -> None:
    line = works.work("100.00", works.row(**indicators), modifiers=(modifier,))
    assert said in works.run("surgical_role", [line], {})[0]


def test_ranks_come_first_and_the_percent_is_taken_of_what_is_left() -> None:
    """1670.33 second: 835.165, 835.17; x 0.16 = 133.6272. The add-on has no rank: 811.44 x 0.16."""
    bill = hospital(by("80", "22558"), by("82"), by("80", "22614", units=2))
    assert amounts(bill) == [133.63, 278.95, 129.83]


def test_co_surgeons_are_ranked_too() -> None:
    """835.17 x 0.625 = 521.98125; 811.44 x 0.625."""
    bill = hospital(by("62"), by("62", "22558"), by("62", "22614", units=2))
    assert amounts(bill) == [1089.65, 521.98, 507.15]


def test_both_sides_come_first() -> None:
    """150 percent are 1489.46, x 0.16 = 238.3136; on two lines 992.97 and 496.49, 16 percent each."""
    assert amounts(hospital(by("80 50", "23412"))) == [238.31]
    sides = by("80 RT", "23412"), by("80 LT", "23412", charge=8000.0)
    assert amounts(hospital(*sides)) == [158.88, 79.44]


@pytest.mark.parametrize("other", [{"cpt": "22558"}, by("AS", "22558"), by("62", "22558"), {"cpt": "24400"}])
@pytest.mark.parametrize("turned", [False, True])
def test_two_roles_on_one_day_go_to_a_person(other: dict[str, Any], *, turned: bool) -> None:
    lines = [other, by("80")] if turned else [by("80"), other]
    bill = hospital(*lines)
    assert amounts(bill) == ["needs_review", "needs_review"]
    assert "another of the same day in another role" in words(bill, int(turned))


def test_a_visit_or_another_day_is_no_second_role() -> None:
    assert amounts(hospital(by("80"), {"cpt": "99213"})) == [278.95, 73.35]
    assert amounts(hospital(by("80"), {"cpt": "22558", "dateOfService": "2025-06-11"})) == [278.95, 1670.33]


def test_a_denied_role_has_no_rank_and_holds_nothing() -> None:
    assert amounts(hospital(by("80", "64721"), by("80", "23412"))) == ["denied", 158.88]
    assert amounts(hospital(by("80", "64721"), {"cpt": "23412"})) == ["denied", 992.97]


def test_a_held_assistant_leaves_the_ranks_of_the_day_open() -> None:
    bill = hospital(by("80", "29881"), by("80", "23412"))
    assert amounts(bill) == ["needs_review", "needs_review"]
    assert "judged by a person first" in words(bill, 1)


def test_reasons_say_what_the_role_takes() -> None:
    """9000.00 - 1743.44 is above the schedule; 1743.44 - 1089.65 is the other surgeon's part."""
    reasons = priced(hospital(by("62")))["lines"][0]["reductionReasons"]
    assert [(reason["carc"], reason["amount"]) for reason in reasons] == [("45", 7256.56), ("59", 653.79)]


def test_a_charge_below_the_role_amount_is_paid_and_one_between_is_reduced_by_the_role() -> None:
    assert amounts(hospital(by("62", charge=1000.0))) == [1000.0]
    reasons = priced(hospital(by("80", "23412", charge=300.0)))["lines"][0]["reductionReasons"]
    assert [(reason["carc"], reason["amount"]) for reason in reasons] == [("59", 141.12)]


def test_texas_follows_medicare() -> None:
    """4253.51 to the surgeon in Austin: x 0.16 = 680.5616, x 0.136 = 578.47736, x 0.625 = 2658.44375."""
    texas = {"jurisdiction": "TX", "locality": "", "serviceZip": "78701"}
    found = [amounts(hospital(by(modifier), **texas))[0] for modifier in ("80", "AS", "62")]
    assert found == [680.56, 578.48, 2658.44]


@pytest.mark.parametrize("state", ["AR", "CO", "FL", "NC", "OWCP", "WA"])
@pytest.mark.parametrize("modifier", ["80", "81", "82", "AS", "62", "66"])
def test_elsewhere_the_roles_go_to_a_person(state: str, modifier: str) -> None:
    bill = hospital(by(modifier), jurisdiction=state)
    assert words(bill) == f"Modifier {modifier} can change the payment and must be judged by a person."


def test_a_flat_rate_is_not_a_role_s_but_a_percent_of_the_schedule_is_taken_of_it() -> None:
    """278.95 x 0.9 = 251.055."""
    for code in ("22612", "64721"):
        bill = hospital(by("80", code), contract={"flatRates": [{"cpt": code, "rate": 500.0}]})
        assert amounts(bill) == ["needs_review"]
        assert "flat rate is meant for modifier 80" in words(bill)
    assert amounts(hospital(by("80"), contract={"percentOfSchedule": 90})) == [251.06]
