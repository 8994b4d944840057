"""New York's daily limit of relative value units in physical medicine, on a table made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jurisdictions.kinds import STATE_RELATIVE_VALUES
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps
from services.review.domain.engine import Engine
from tests.harness import bills
from tests.harness.checker import faults
from tests.unit.jurisdictions.published import with_table

UNITS = {"97110": "5.00", "97140": "4.00", "97124": "2.50", "97161": "9.00", "97164": "6.00", "99213": "6.00"}
MANY = 900.0


def made() -> Engine:
    files = dict(read_folder(DATA))
    table = [(code, "", units, units, "", "0") for code, units in UNITS.items()]
    with_table(files, "ny", STATE_RELATIVE_VALUES, ("2012-01-01", "2029-12-31"), table)
    return Engine(Rulebook(files, steps.KNOWN))


ENGINE = made()


def therapist(*billed: Mapping[str, Any], on: str = "2024-03-04") -> list[dict[str, Any]]:
    """Lines of a self-employed physical therapist in Brooklyn: 9.55 a unit, 7.70 before April 2019."""
    sent = {
        "jurisdiction": "NY",
        "billType": "professional",
        "dateOfService": on,
        "placeOfService": "11",
        "serviceCounty": "Kings",
        "serviceState": "NY",
        "providerType": "physical_therapist",
        "lines": [{"charge": MANY, **line} for line in billed],
    }
    answer = bills.as_json(bills.review(sent, ENGINE))
    assert faults(answer) == []
    return list(answer["lines"])


def amounts(*codes: str, on: str = "2024-03-04") -> list[float]:
    return [line["allowedAmount"] for line in therapist(*[{"cpt": code} for code in codes], on=on)]


def test_a_day_within_the_limit_is_paid_in_full() -> None:
    """5.00 + 4.00 + 2.50 = 11.50 of 12.00."""
    assert amounts("97110", "97140", "97124") == [47.75, 38.2, 23.88]


def test_the_line_that_crosses_the_limit_is_paid_for_what_is_left() -> None:
    """Two of 5.00 leave 2.00 of 12.00: 2.00 x 9.55 = 19.10 instead of 38.20."""
    first, second = therapist({"cpt": "97110", "units": 2}, {"cpt": "97140"})
    assert (first["allowedAmount"], second["allowedAmount"]) == (95.5, 19.1)
    assert [(r["carc"], r["amount"]) for r in second["reductionReasons"]] == [("P12", 861.8), ("119", 19.1)]


def test_a_line_beyond_the_limit_is_paid_nothing_and_says_so() -> None:
    _, beyond = therapist({"cpt": "97110", "units": 3}, {"cpt": "97124"})
    assert (beyond["status"], beyond["allowedAmount"]) == ("priced", 0.0)
    assert beyond["reductionReasons"][-1]["carc"] == "119"


@pytest.mark.parametrize(
    ("evaluation", "limit"),
    [("97161", 18.0), ("97164", 15.0)],
)
def test_an_evaluation_raises_the_limit_and_uses_it_first(evaluation: str, limit: float) -> None:
    visit, therapy = therapist({"cpt": evaluation}, {"cpt": "97110", "units": 3})
    assert visit["allowedAmount"] == round(float(UNITS[evaluation]) * 9.55 + 1e-9, 2)
    assert therapy["allowedAmount"] == round((limit - float(UNITS[evaluation])) * 9.55 + 1e-9, 2)


def test_until_march_2019_the_limits_were_lower() -> None:
    """8.00: one of 5.00, then 3.00 of 4.00; 13.50 with an initial evaluation of 9.00."""
    assert amounts("97110", "97140", on="2019-03-31") == [38.5, 23.1]
    assert amounts("97110", "97140", on="2019-04-01") == [47.75, 28.65 + 9.55]
    assert amounts("97161", "97110", on="2019-03-31") == [69.3, 34.65]


def test_each_day_has_its_own_limit() -> None:
    days = [{"cpt": "97110", "units": 2, "dateOfService": f"2024-03-0{day}"} for day in (4, 5)]
    assert [line["allowedAmount"] for line in therapist(*days)] == [95.5, 95.5]


def test_a_day_with_a_visit_or_a_held_line_goes_to_a_person() -> None:
    for other in ({"cpt": "99213"}, {"cpt": "97010"}):
        first, _ = therapist({"cpt": "97110"}, other)
        assert first["status"] == "needs_review"
        assert "A visit or a held line" in first["reductionReasons"][0]["description"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["97110", "97140", "97124"]), st.integers(1, 4)), min_size=1, max_size=5
    )
)
def test_a_day_never_pays_more_than_the_limit_and_no_order_matters(billed: list[tuple[str, int]]) -> None:
    def paid(order: list[tuple[str, int]]) -> float:
        lines = therapist(*[{"cpt": code, "units": units} for code, units in order])
        return round(sum((float(line["allowedAmount"]) for line in lines), 0.0), 2)

    total = sum(float(UNITS[code]) * units for code, units in billed)
    assert paid(billed) == paid(billed[::-1])
    # Rounding each unit to cents can only move a day within the limit.
    assert paid(billed) <= min(total, 12.0) * 9.55 + 0.005 * sum(units for _, units in billed) + 1e-6
