"""A day's limit: below it nothing changes, above it a person decides, and what is held may reach it too."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.review.domain.work import LineWork
from tests.unit.review import works

UNITS = {"section": "physical_medicine", "measure": "units", "most": "therapy_daily_units"}
AMOUNTS = {"section": "physical_medicine", "measure": "amount", "most": "therapy_daily_maximum"}
DAY = date(2024, 3, 5)


def therapy(state: str, amount: str = "50.00", **fields: Any) -> LineWork:
    made = works.work(amount, works.row("97110"), on=fields.pop("on", DAY), **fields)
    made.folder = state
    return made


def test_four_units_of_a_day_are_paid_in_tennessee() -> None:
    assert works.run("daily_limit", [therapy("tn", units=2), therapy("tn", units=2)], UNITS) == ["50.00"] * 2


def test_a_fifth_unit_sends_the_whole_day_to_a_person() -> None:
    held = works.run("daily_limit", [therapy("tn", units=4), therapy("tn")], UNITS)
    assert all("come to 5, above the limit of 4 units" in words for words in held)


def test_another_day_has_a_limit_of_its_own() -> None:
    lines = [therapy("tn", units=4), therapy("tn", on=date(2024, 3, 6))]
    assert works.run("daily_limit", lines, UNITS) == ["50.00"] * 2


def test_other_services_do_not_count() -> None:
    visit = works.work("90.00", works.row("99213"), on=DAY, units=3)
    visit.folder = "tn"
    assert works.run("daily_limit", [therapy("tn", units=4), visit], UNITS) == ["50.00", "90.00"]


def test_washington_limits_the_amount_of_a_day() -> None:
    assert works.run("daily_limit", [therapy("wa", "143.66")], AMOUNTS) == ["143.66"]
    over = works.run("daily_limit", [therapy("wa", "143.00"), therapy("wa", "0.67")], AMOUNTS)
    assert all("come to 143.67, above the limit of 143.66 USD" in words for words in over)


def test_an_amount_that_is_not_known_yet_holds_the_others() -> None:
    waiting, open_line = therapy("wa"), therapy("wa")
    waiting.hold("must be judged")
    assert works.run("daily_limit", [waiting, open_line], AMOUNTS)[1].endswith("judged by a person first.")
