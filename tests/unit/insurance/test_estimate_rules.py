"""Estimates to the cent: worked examples, limits, coordination, and what must hold of every estimate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain.estimates import amounts
from services.insurance.domain.estimates.model import Coverage, Procedure, Service
from services.insurance.domain.estimates.periods import age_on, months_later, period_start
from tests.unit.insurance.estimated import (
    CODES,
    DAY,
    GENERAL,
    benefit,
    estimate,
    pays,
    plan,
    procedure,
    three,
    worked_out,
)

# Worked examples


@pytest.mark.parametrize(
    ("method", "amount"), [("lesser_of_ucr_fee", 20), ("fee_only", 10), ("ucr_only", 20)]
)
def test_the_write_off_by_method(method: str, amount: int) -> None:
    assert amounts.write_off(method, Decimal(200), Decimal(180), Decimal(190)) == amount


def test_a_ppo_pays_its_percent_of_its_fee_after_the_deductible() -> None:
    [line] = estimate(procedure(), (plan(pays(80, deductible="50")), "140"))
    assert three(line) == ("40.00", "72.00", "68.00")


def test_a_downgrade_pays_for_the_cheaper_code_and_writes_off_by_the_billed_one() -> None:
    cheaper = benefit(
        "coinsurance", percent=80, procedure_code_uuid=CODES["D2740"].id,
        substitution_code_uuid=CODES["D2140"].id,
    )  # fmt: skip
    ppo = plan(pays(80, cheaper, deductible="50"), substitution="custom")
    [line] = estimate(procedure(), (ppo, "140"), substitutes={"D2140": "110"})
    assert three(line) == ("40.00", "48.00", "92.00")
    assert line.shares[0].paid_as == "D2140"


@pytest.mark.parametrize(
    ("rule", "secondary", "write_off", "patient"),
    [
        ("basic", "65.00", "50.00", "10.00"),
        ("standard", "72.00", "50.00", "3.00"),
        ("carve_out", "0.00", "50.00", "75.00"),
        ("secondary_medicaid", "0.00", "125.00", "0.00"),
    ],
)
def test_coordination(rule: str, secondary: str, write_off: str, patient: str) -> None:
    first = plan(pays(50))
    second = plan(pays(80, deductible="50"), "category_percentage", rule)
    [line] = estimate(procedure(usual="200"), (first, "150"), (second, "140"))
    assert [line.shares[0].payment, line.shares[1].alone] == [75, 72]
    assert f"{line.shares[1].payment:.2f}" == secondary
    assert (f"{line.write_off:.2f}", f"{line.patient:.2f}") == (write_off, patient)


def test_a_fixed_benefit_leaves_the_usual_fee_less_write_off_and_amount() -> None:
    fixed = plan(plan_type="ppo_fixed_benefit")
    [line] = estimate(procedure(), (fixed, "140", "60"))
    assert three(line) == ("40.00", "60.00", "80.00")


# Plan types


def test_out_of_network_nothing_is_written_off() -> None:
    [line] = estimate(procedure(), (plan(pays(80), "category_percentage"), "140"))
    assert three(line) == ("0.00", "112.00", "68.00")


def test_medicaid_pays_all_but_the_copay() -> None:
    [line] = estimate(procedure(usual="140"), (plan(plan_type="medicaid_flat_copay"), "140", "5"))
    assert three(line) == ("0.00", "135.00", "5.00")


def test_a_capitated_patient_owes_the_copay() -> None:
    [line] = estimate(procedure(), (plan(plan_type="capitation"), "140", "25"))
    assert three(line) == ("155.00", "0.00", "25.00")


@pytest.mark.parametrize("plan_type", ["capitation", "ppo_fixed_benefit"])
def test_a_copay_that_nobody_entered_is_asked_for(plan_type: str) -> None:
    [line] = estimate(procedure(), (plan(plan_type=plan_type), "140"))
    assert len(line.missing) == 1
    assert line.insurance == 0


def test_without_a_plan_the_patient_pays_all() -> None:
    [line] = estimate(procedure(fee=Decimal(90)))
    assert three(line) == ("0.00", "0.00", "90.00")


def test_without_a_fee_nothing_is_said() -> None:
    [line] = estimate(procedure(usual=""), (plan(pays(80)), "140"))
    assert [line.fee, line.insurance, line.patient] == [0, 0, 0]
    assert line.missing == ["a fee for D2740: none was sent, and the location has no usual fee for it"]


def test_without_a_coinsurance_nothing_is_paid_and_a_person_looks() -> None:
    [line] = estimate(procedure(), (plan(), "140"))
    assert three(line) == ("40.00", "0.00", "140.00")
    assert line.missing == ["a coinsurance for D2740 among the benefits of the plan"]


# Settings


def test_the_plan_fee_is_capped_at_the_usual_fee_unless_it_may_exceed_it() -> None:
    ppo = plan(pays(50))
    [line] = estimate(procedure(fee=Decimal(200)), (ppo, "190"), write_off_method="fee_only")
    assert three(line) == ("20.00", "90.00", "90.00")
    [line] = estimate(
        procedure(fee=Decimal(200)), (ppo, "190"), write_off_method="fee_only", allow_fee_exceed_ucr=True
    )
    assert three(line) == ("10.00", "95.00", "95.00")


def test_write_offs_may_be_left_out() -> None:
    [line] = estimate(procedure(), (plan(pays(50)), "140"), include_write_off=False)
    assert three(line) == ("0.00", "70.00", "110.00")


REASONS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "exclusion": ("writeoff_on_exclusion", benefit("exclusion", coverage_category_uuid=GENERAL), {}),
    "waiting_period": (
        "writeoff_on_exclusion",
        benefit("waiting_period", waiting_period_months=6),
        {"effective": date(2025, 9, 15)},
    ),
    "age_limit": (
        "writeoff_on_frequency_limit",
        benefit("limitation", age_max=16),
        {},
    ),
    "frequency_limit": (
        "writeoff_on_frequency_limit",
        benefit("limitation", quantity=1, time_period="calendar_year"),
        {},
    ),
    "max_reached": (
        "writeoff_on_max_reached",
        benefit("annual_max", monetary_amt=Decimal(1000), time_period="calendar_year"),
        {"used": {"annual_max": Decimal(1000)}},
    ),
}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("kept", [True, False])
def test_a_write_off_is_kept_when_the_setting_says_so(reason: str, kept: bool) -> None:  # noqa: FBT001
    setting, row, values = REASONS[reason]
    done = [Service(CODES["D2740"], date(2026, 1, 5))]
    ppo = plan(pays(50, row), **values)
    settings: dict[str, Any] = {setting: kept}
    [line] = estimate(procedure(age=17), (ppo, "140"), done=done, **settings)
    assert line.shares[0].reason == reason
    assert three(line) == (("40.00", "0.00", "140.00") if kept else ("0.00", "0.00", "180.00"))


# Limits


@pytest.mark.parametrize(
    ("values", "day", "paid"),
    [
        ({"quantity": 2, "time_period": "calendar_year"}, date(2026, 1, 5), True),
        ({"quantity": 1, "time_period": "calendar_year"}, date(2025, 12, 31), True),
        ({"quantity": 1, "time_period": "calendar_year"}, date(2026, 1, 1), False),
        ({"quantity": 1, "time_period": "service_year"}, date(2025, 7, 1), False),
        ({"quantity": 1, "time_period": "service_year"}, date(2025, 6, 30), True),
        ({"quantity": 5, "quantity_qualifier": "years"}, date(2021, 3, 14), True),
        ({"quantity": 5, "quantity_qualifier": "years"}, date(2021, 3, 15), False),
        ({"quantity": 6, "quantity_qualifier": "months"}, date(2025, 9, 14), True),
        ({"quantity": 6, "quantity_qualifier": "months"}, date(2025, 9, 15), False),
        ({"quantity": 1, "time_period": "number_in_last_12_months"}, date(2025, 3, 14), True),
        ({"quantity": 1, "time_period": "number_in_last_12_months"}, date(2025, 3, 15), False),
        ({"quantity": 1, "time_period": "lifetime"}, date(1999, 1, 1), False),
        ({"quantity": 1, "quantity_qualifier": "visits", "time_period": "calendar_year"}, DAY, True),
    ],
)
def test_how_often_a_plan_pays(values: dict[str, Any], day: date, paid: bool) -> None:  # noqa: FBT001
    ppo = plan(pays(50, benefit("limitation", **values)), year_start_month=7)
    done = [Service(CODES["D2740"], day)]
    [line] = estimate(procedure(), (ppo, "140"), done=done)
    assert line.shares[0].reason == ("" if paid else "frequency_limit")


def test_a_limit_in_words_that_nobody_knows_goes_to_a_person() -> None:
    ppo = plan(pays(50, benefit("limitation", quantity=1, quantity_qualifier="moons")))
    [line] = estimate(procedure(), (ppo, "140"))
    assert line.missing == ["a limitation of the plan whose period or unit is not known"]


def test_procedures_of_one_plan_count_toward_each_others_limits() -> None:
    rows = pays(
        50, benefit("limitation", quantity=1, time_period="calendar_year"),
        benefit("annual_max", monetary_amt=Decimal(100), time_period="calendar_year"), deductible="20",
    )  # fmt: skip
    first, second, next_year = estimate(
        [procedure(), procedure(), procedure(day=date(2027, 1, 2))], (plan(rows), "140")
    )
    assert [first.insurance, second.insurance, next_year.insurance] == [60, 0, 60]
    assert second.shares[0].reason == "frequency_limit"


def test_the_maximum_and_the_deductible_are_used_up_in_order_of_days() -> None:
    rows = pays(
        100, benefit("annual_max", monetary_amt=Decimal(200), time_period="calendar_year"), deductible="50"
    )
    late, early = estimate([procedure(day=date(2026, 5, 1)), procedure()], (plan(rows), "140"))
    assert [early.insurance, late.insurance] == [90, 110]
    assert late.shares[0].reason == "max_reached"
    assert late.write_off == 40


@pytest.mark.parametrize(
    ("used", "family", "deductible"), [("0", "0", 50), ("30", "0", 20), ("0", "140", 10), ("60", "200", 0)]
)
def test_the_deductible_is_the_lower_of_the_persons_and_the_familys(
    used: str, family: str, deductible: int
) -> None:
    rows = pays(
        80, benefit("family_deductible", monetary_amt=Decimal(150), time_period="calendar_year"),
        deductible="50",
    )  # fmt: skip
    before = {"deductible": Decimal(used), "family_deductible": Decimal(family)}
    [line] = estimate(procedure(), (plan(rows, used=before), "140"))
    assert line.shares[0].deductible == deductible


def test_a_coinsurance_may_be_exempt_from_the_deductible() -> None:
    rows = (benefit("coinsurance", percent=100, is_deductible_exempt=True), *pays(0, deductible="50")[1:])
    [line] = estimate(procedure(), (plan(rows), "140"))
    assert three(line) == ("40.00", "140.00", "0.00")


def test_orthodontics_has_a_maximum_of_its_own() -> None:
    rows = pays(
        50, benefit("annual_max", monetary_amt=Decimal(100), time_period="calendar_year"),
        benefit("ortho_lifetime_max", monetary_amt=Decimal(1000), time_period="lifetime"),
    )  # fmt: skip
    ortho, crown = estimate([procedure("D8080", "4000"), procedure()], (plan(rows), "4000"))
    assert [ortho.insurance, crown.insurance] == [1000, 90]


def test_a_waiting_period_needs_the_first_day_of_the_subscription() -> None:
    rows = pays(50, benefit("waiting_period", waiting_period_months=6))
    [line] = estimate(procedure(), (plan(rows), "140"))
    assert [line.insurance, len(line.missing)] == [0, 1]
    [line] = estimate(procedure(), (plan(rows, effective=date(2025, 9, 14)), "140"))
    assert [line.insurance, line.missing] == [70, []]


def test_a_plan_that_is_not_in_force_pays_nothing_and_writes_nothing_off() -> None:
    later = plan(pays(50), effective=date(2026, 3, 15))
    ended = plan(pays(50), ended=date(2026, 3, 13))
    for one in (later, ended):
        [line] = estimate(procedure(), (one, "140"), writeoff_on_exclusion=True)
        assert three(line) == ("0.00", "0.00", "180.00")


def test_the_contract_of_the_first_plan_in_force_is_written_off() -> None:
    ended = plan(pays(50), ended=date(2026, 3, 13))
    [line] = estimate(procedure(), (ended, "140"), (plan(pays(50)), "150"))
    assert three(line) == ("30.00", "75.00", "75.00")


def test_a_percent_for_some_ages_goes_before_one_for_all() -> None:
    rows = (*pays(50), benefit("coinsurance", percent=100, age_max=18))
    [line] = estimate(procedure(age=18), (plan(rows), "140"))
    assert line.insurance == 140
    [line] = estimate(procedure(age=19), (plan(rows), "140"))
    assert line.insurance == 70


# Downgrades


@pytest.mark.parametrize(
    ("tooth", "fee", "paid_as", "missing"),
    [
        ("30", "80", "D2140", 0),
        ("A", "80", "D2140", 0),
        ("8", "80", "", 0),
        ("30", "150", "", 0),
        ("", "80", "", 1),
    ],
)
def test_composites_of_posterior_teeth(tooth: str, fee: str, paid_as: str, missing: int) -> None:
    ppo = plan(pays(50), substitution="downgrade_to_amalgam")
    [line] = estimate(procedure("D2391", tooth=tooth), (ppo, "140"), substitutes={"D2140": fee})
    assert (line.shares[0].paid_as, len(line.missing)) == (paid_as, missing)
    assert line.insurance == (40 if paid_as else 70)


# Order and calendars


def test_plans_pay_in_the_order_of_their_override_else_their_ordinal() -> None:
    assert amounts.in_order([(1, None), (2, None), (3, None)]) == [0, 1, 2]
    assert amounts.in_order([(1, 3), (2, None), (3, 1)]) == [2, 1, 0]
    assert amounts.in_order([(2, None), (1, None)]) == [1, 0]
    assert amounts.in_order([(1, None), (2, 1)]) == [1, 0]
    assert amounts.in_order([(1, 3), (2, None), (3, None)]) == [1, 2, 0]
    assert amounts.in_order([(1, 1), (2, 1), (3, None)]) == [0, 1, 2]
    assert amounts.in_order([(2, 7), (None, None)]) == [1, 0]


def test_medicaid_writes_off_as_the_second_plan_only() -> None:
    medicaid = plan(pays(10), "category_percentage", "secondary_medicaid")
    plans = [(plan(pays(10), "category_percentage"), "100") for _ in range(2)]
    [third] = estimate(procedure(usual="100"), *plans, (medicaid, "100"))
    assert three(third) == ("0.00", "30.00", "70.00")
    [alone] = estimate(procedure(usual="100"), (medicaid, "100"))
    assert three(alone) == ("0.00", "10.00", "90.00")


def test_calendars() -> None:
    assert months_later(date(2025, 3, 31), -1) == date(2025, 2, 28)
    assert months_later(date(2024, 11, 30), 3) == date(2025, 2, 28)
    assert period_start("calendar_year", DAY, 7) == date(2026, 1, 1)
    assert period_start("service_year", DAY, 7) == date(2025, 7, 1)
    assert period_start("service_year", date(2026, 7, 1), 7) == date(2026, 7, 1)
    assert age_on(date(2010, 3, 15), DAY) == 15
    assert age_on(date(2010, 3, 14), DAY) == 16
    assert age_on(None, DAY) is None


@pytest.mark.parametrize("day", [date.min, date(1, 7, 1), date.max, date(9999, 1, 1)])
def test_the_ends_of_the_calendar(day: date) -> None:
    rows = pays(
        50, benefit("waiting_period", waiting_period_months=1200),
        benefit("limitation", quantity=9999, quantity_qualifier="years"),
        benefit("limitation", quantity=9999, time_period="service_year"),
        benefit("annual_max", monetary_amt=Decimal(1000), time_period="service_year"),
    )  # fmt: skip
    for effective in (None, date.min, day):
        ppo = plan(rows, year_start_month=7, effective=effective)
        [line] = estimate(procedure(day=day), (ppo, "140"))
        assert line.insurance + line.write_off + line.patient == 180


# What must hold of every estimate

MONEY = st.decimals(0, 500, places=2).map(lambda amount: f"{amount:.2f}")
ROWS = st.lists(
    st.one_of(
        st.builds(lambda percent: benefit("coinsurance", percent=percent), st.integers(0, 100)),
        st.builds(
            lambda kind, amount: benefit(kind, monetary_amt=Decimal(amount), time_period="calendar_year"),
            st.sampled_from(
                ["deductible", "family_deductible", "annual_max", "family_annual_max", "limitation"]
            ),
            MONEY,
        ),
        st.just(benefit("exclusion", procedure_code_uuid=CODES["D1110"].id)),
        st.builds(
            lambda quantity: benefit("limitation", quantity=quantity, time_period="calendar_year"),
            st.integers(1, 3),
        ),
    ),
    max_size=6,
).map(tuple)
PLANS = st.lists(
    st.tuples(
        st.builds(
            plan,
            ROWS,
            st.sampled_from(
                [
                    "category_percentage",
                    "ppo_percentage",
                    "ppo_fixed_benefit",
                    "medicaid_flat_copay",
                    "capitation",
                ]
            ),
            st.sampled_from(["basic", "standard", "carve_out", "secondary_medicaid"]),
            substitution=st.sampled_from(["none", "downgrade_to_amalgam"]),
        ),
        MONEY,
        MONEY,
    ),
    max_size=3,
)
PROCEDURES = st.lists(
    st.builds(
        lambda code, usual, fee, tooth: procedure(code, usual, fee=fee and Decimal(fee), tooth=tooth),
        st.sampled_from(["D1110", "D2740", "D2391"]), st.one_of(st.just(""), MONEY),
        st.one_of(st.none(), MONEY), st.sampled_from(["", "8", "30"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
SETTINGS = st.fixed_dictionaries(
    {
        "write_off_method": st.sampled_from(["lesser_of_ucr_fee", "fee_only", "ucr_only"]),
        "include_write_off": st.booleans(),
        "writeoff_on_exclusion": st.booleans(),
        "writeoff_on_frequency_limit": st.booleans(),
        "writeoff_on_max_reached": st.booleans(),
        "allow_fee_exceed_ucr": st.booleans(),
    }
)


@given(PROCEDURES, PLANS, SETTINGS, MONEY)
def test_every_fee_is_shared_out_to_the_cent(
    procedures: list[Procedure],
    plans: list[tuple[Coverage, str, str]],
    settings: dict[str, Any],
    amalgam: str,
) -> None:
    for line in estimate(procedures, *plans, substitutes={"D2140": amalgam}, **settings):
        assert line.insurance + line.write_off + line.patient == line.fee
        assert min(line.insurance, line.write_off, line.patient) >= 0
        assert sum(share.payment for share in line.shares) == line.insurance <= line.fee
        assert sum(share.write_off for share in line.shares) == line.write_off
        assert all(share.payment >= 0 and share.deductible >= 0 for share in line.shares)
        for step in line.steps:
            assert step.amount is None or not step.arithmetic or worked_out(step.arithmetic) == step.amount
            assert step.amount is None or step.amount == step.amount.quantize(Decimal("0.01"))


@given(PROCEDURES, PLANS, SETTINGS)
def test_no_plan_pays_more_than_its_maximum_in_a_year(
    procedures: list[Procedure], plans: list[tuple[Coverage, str, str]], settings: dict[str, Any]
) -> None:
    lines = estimate(procedures, *plans, **settings)
    for coverage, *_ in plans:
        shares = [share for line in lines for share in line.shares if share.coverage == coverage.id]
        for kind in ("annual_max", "family_annual_max"):
            most = [row["monetary_amt"] for row in coverage.rows if row["benefit_type"] == kind]
            assert sum(share.payment for share in shares) <= min(most, default=Decimal(10**6))
        for kind in ("deductible", "family_deductible"):
            first = next((row["monetary_amt"] for row in coverage.rows if row["benefit_type"] == kind), None)
            assert first is None or sum(share.deductible for share in shares) <= first


@given(PROCEDURES, PLANS, SETTINGS)
def test_every_number_of_a_share_stands_in_the_trace(
    procedures: list[Procedure], plans: list[tuple[Coverage, str, str]], settings: dict[str, Any]
) -> None:
    for line in estimate(procedures, *plans, **settings):
        for share in line.shares:
            said = {step.amount for step in line.steps if step.coverage == share.coverage}
            figures = (
                share.plan_fee,
                share.allowed,
                share.copay,
                share.deductible,
                share.alone,
                share.payment,
            )
            assert {figure for figure in (*figures, share.write_off) if figure} <= said
