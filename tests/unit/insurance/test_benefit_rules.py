"""What a benefit needs, what holds for a patient, and which row governs a code."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain import benefits as rules

NUMBERS = count()
START = datetime(2026, 1, 1, tzinfo=UTC)


def row(kind: str, **values: Any) -> dict[str, Any]:
    """A row as it is stored, with the order of its category and its code."""
    blank = dict.fromkeys((*rules.PLAN_KEY, "percent", "monetary_amt", "item_order", "code"))
    return {**blank, "id": next(NUMBERS), "created_at": START, "benefit_type": kind, **values}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"benefit_type": "coinsurance"}, "percent"),
        ({"benefit_type": "deductible"}, "monetary_amt"),
        ({"benefit_type": "annual_max"}, "monetary_amt"),
        ({"benefit_type": "family_deductible"}, "monetary_amt"),
        ({"benefit_type": "family_annual_max"}, "monetary_amt"),
        ({"benefit_type": "ortho_lifetime_max"}, "monetary_amt"),
        ({"benefit_type": "copayment"}, "monetary_amt"),
        ({"benefit_type": "exclusion"}, "coverage_category_uuid"),
        ({"benefit_type": "limitation", "quantity": 0}, "quantity"),
        ({"benefit_type": "waiting_period", "waiting_period_months": 0}, "waiting_period_months"),
        ({"benefit_type": "limitation", "age_min": 17, "age_max": 16}, "age_max"),
        (
            {"benefit_type": "exclusion", "coverage_category_uuid": 1, "procedure_code_uuid": 2},
            "procedure_code_uuid",
        ),
    ],
)
def test_what_a_row_lacks_is_named(values: dict[str, Any], field: str) -> None:
    assert [fault.field for fault in rules.faults(values)] == [field]
    assert [fault.field for fault in rules.faults(values, "benefits[3].")] == [f"benefits[3].{field}"]


@pytest.mark.parametrize(
    "values",
    [
        {"benefit_type": "coinsurance", "percent": 0},
        {"benefit_type": "deductible", "monetary_amt": Decimal(0)},
        {"benefit_type": "exclusion", "procedure_code_uuid": 1},
        {"benefit_type": "limitation", "quantity": 2},
        {"benefit_type": "limitation", "age_max": 16},
        {"benefit_type": "limitation", "monetary_amt": Decimal(100)},
        {"benefit_type": "waiting_period", "waiting_period_months": 6},
    ],
)
def test_a_row_with_what_it_needs(values: dict[str, Any]) -> None:
    assert rules.faults(values) == []


@pytest.mark.parametrize(
    ("kind", "month", "period"),
    [
        ("deductible", 1, "calendar_year"),
        ("annual_max", 7, "service_year"),
        ("family_annual_max", 1, "calendar_year"),
        ("ortho_lifetime_max", 7, "lifetime"),
        ("coinsurance", 1, None),
    ],
)
def test_the_period_of_a_row_that_names_none(kind: str, month: int, period: str | None) -> None:
    assert rules.with_default_period({"benefit_type": kind}, month).get("time_period") == period
    kept = rules.with_default_period({"benefit_type": kind, "time_period": "lifetime"}, month)
    assert kept["time_period"] == "lifetime"


def test_overrides_stand_in_for_the_rows_of_their_type_and_category() -> None:
    preventive = {"coverage_category_uuid": "preventive", "item_order": 3}
    restorative = {"coverage_category_uuid": "restorative", "item_order": 4}
    ortho = {"coverage_category_uuid": "ortho", "item_order": 12}
    plan = [
        row("coinsurance", percent=100, **preventive),
        row("coinsurance", percent=80, **restorative),
        row("annual_max", monetary_amt=Decimal(1500)),
        row("deductible", monetary_amt=Decimal(50)),
    ]
    overrides = [row("coinsurance", percent=90, **restorative), row("coinsurance", percent=50, **ortho)]
    effective = rules.effective(plan, overrides)
    assert [(one["benefit_type"], one["percent"]) for one in effective] == [
        ("annual_max", None), ("deductible", None), ("coinsurance", 100), ("coinsurance", 90),
        ("coinsurance", 50),
    ]  # fmt: skip


def test_an_override_for_a_code_leaves_the_other_codes() -> None:
    plan = [row("exclusion", procedure_code_uuid=name, code=name) for name in ("D2391", "D2392")]
    override = row("exclusion", procedure_code_uuid="D2391", code="D2391")
    assert rules.effective(plan, [override]) == [override, plan[1]]


def test_the_summary_takes_rows_for_neither_category_nor_code() -> None:
    rows = [
        row("annual_max", monetary_amt=Decimal(1500)),
        row("annual_max", monetary_amt=Decimal(1000), time_period="service_year"),
        row("annual_max", monetary_amt=Decimal(500), coverage_category_uuid="ortho"),
        row("deductible", monetary_amt=Decimal(50)),
        row("deductible", monetary_amt=Decimal(25), time_period="lifetime"),
        row("coinsurance", percent=80),
    ]
    assert rules.summary(rows) == {
        "annual_max_total": 1000, "annual_max_used": 0, "annual_max_remaining": 1000,
        "deductible_total": 50, "deductible_used": 0, "deductible_remaining": 50,
        "family_annual_max_used": 0, "family_deductible_used": 0, "ortho_lifetime_max_used": 0,
    }  # fmt: skip


def test_the_most_specific_row_governs() -> None:
    general = row("coinsurance", percent=50, coverage_category_uuid="general")
    crowns = row("coinsurance", percent=60, coverage_category_uuid="crowns")
    whole = row("coinsurance", percent=10)
    own = row("coinsurance", percent=70, procedure_code_uuid="D2740")
    rows = [general, crowns, whole, own]
    assert rules.governing(rows, "D2740", ["general", "crowns"]) == [own]
    assert rules.governing(rows, "D2750", ["general", "crowns"]) == [crowns]
    assert rules.governing(rows, "D6010", ["general"]) == [general]
    assert rules.governing(rows, "D0120", []) == [whole]
    assert rules.governing([crowns], "D0120", ["general"]) == []


def test_a_category_holds_the_codes_of_its_spans_but_for_those_taken_out() -> None:
    spans = [
        rules.Span("general", "D0000", "D7999", is_exclusion=False),
        rules.Span("general", "D9000", "D9999", is_exclusion=False),
        rules.Span("restorative", "D2000", "D2999", is_exclusion=False),
        rules.Span("restorative", "D2700", "D2799", is_exclusion=True),
        rules.Span("crowns", "d2700", "d2799", is_exclusion=False),
    ]
    assert rules.containing("D2391", spans) == ("general", "restorative")
    assert rules.containing("D2740", spans) == ("general", "crowns")
    assert rules.containing("D2799", spans) == ("general", "crowns")
    assert rules.containing("D8080", spans) == ()


CATEGORIES = st.sampled_from([None, "general", "crowns"])
ROWS = st.lists(
    st.builds(
        lambda kind, category, quantity: row(
            kind, coverage_category_uuid=category, item_order=category and len(category), quantity=quantity
        ),
        st.sampled_from(["coinsurance", "deductible", "limitation"]), CATEGORIES, st.integers(1, 3),
    ),
    max_size=8,
)  # fmt: skip


@given(ROWS, ROWS)
def test_each_override_holds_and_no_plan_row_contradicts_one(
    plan: list[dict[str, Any]], overrides: list[dict[str, Any]]
) -> None:
    effective = rules.effective(plan, overrides)
    keys = {rules.key_of(one, rules.OVERRIDE_KEY) for one in overrides}
    assert [one for one in effective if one in overrides] == sorted(overrides, key=effective.index)
    kept = [one for one in plan if rules.key_of(one, rules.OVERRIDE_KEY) not in keys]
    assert len(effective) == len(overrides) + len(kept)
    orders = [one["item_order"] or 0 for one in effective]
    assert orders == sorted(orders)
