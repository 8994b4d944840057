"""Benefits over the service: rows of a plan, sets of them, overrides of a patient."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.insurance.benefits import summaries
from services.kernel.errors import DomainError
from tests.harness.calls import refused
from tests.unit.insurance import stored

MISSING = str(uuid4())


@pytest.fixture
def plan(practice: Any) -> str:
    return new_plan(practice, "Delta")


def new_plan(practice: Any, name: str, **fields: Any) -> str:
    carrier = stored.carrier(practice, name)
    made = practice("CreatePlan", carrier_uuid=carrier, plan_type="ppo_percentage", **fields)
    return str(made.id)


def add(practice: Any, plan: str, kind: str, **fields: Any) -> Any:
    return practice("CreatePlanBenefit", plan_uuid=plan, benefit_type=kind, **fields)


def test_a_row_is_added_shown_changed_and_removed(practice: Any, plan: str) -> None:
    crowns = stored.category(practice, "Crowns", 9)
    made = add(practice, plan, "coinsurance", percent=50, coverage_category_uuid=crowns)
    assert (made.percent, made.coverage_category.name, made.insurance_plan.id) == (50, "Crowns", plan)
    assert not made.HasField("patient_plan")
    named = {"plan_uuid": plan, "benefit_uuid": made.id}
    assert practice("GetPlanBenefit", **named) == made
    changed = practice("UpdatePlanBenefit", **named, base_version=1, percent=60)
    assert (changed.percent, changed.version) == (60, 2)
    with refused("STALE_VERSION"):
        practice("UpdatePlanBenefit", **named, base_version=1, percent=70)
    with refused("INVALID_REQUEST"):
        practice("UpdatePlanBenefit", **named, base_version=2, benefit_type="deductible")
    with refused("INVALID_REQUEST"):
        practice("UpdatePlanBenefit", **named, base_version=2, clear_fields=["percent"])
    practice("DeletePlanBenefit", **named)
    for name in ("GetPlanBenefit", "DeletePlanBenefit"):
        with refused("NOT_FOUND"):
            practice(name, **named)


def test_a_yearly_amount_is_for_the_year_of_the_plan(practice: Any, plan: str) -> None:
    assert add(practice, plan, "annual_max", monetary_amt=1500.5).time_period == "calendar_year"
    fiscal = new_plan(practice, "Metro", benefit_year_start_month=7)
    made = add(practice, fiscal, "annual_max", monetary_amt=1500)
    assert (made.time_period, made.monetary_amt) == ("service_year", "1500.00")


def test_two_rows_of_one_key_are_refused(practice: Any, plan: str) -> None:
    first = add(practice, plan, "coinsurance", percent=50)
    with refused("ALREADY_EXISTS") as refusal:
        add(practice, plan, "coinsurance", percent=80)
    assert refusal.value.context == {"existing_id": first.id}
    other = add(practice, plan, "coinsurance", percent=80, age_max=16)
    with refused("ALREADY_EXISTS"):
        practice(
            "UpdatePlanBenefit", plan_uuid=plan, benefit_uuid=other.id, base_version=1,
            clear_fields=["age_max"],
        )  # fmt: skip


@pytest.mark.parametrize("field", ["coverage_category_uuid", "procedure_code_uuid", "substitution_code_uuid"])
def test_what_a_row_refers_to_must_be_there(practice: Any, plan: str, field: str) -> None:
    with refused("NOT_FOUND") as refusal:
        add(practice, plan, "coinsurance", percent=50, **{field: MISSING})
    assert [fault.field for fault in refusal.value.faults] == [field]


def test_rows_of_another_plan_or_organization_are_not_found(practice: Any, stranger: Any, plan: str) -> None:
    made = add(practice, plan, "coinsurance", percent=50)
    elsewhere = new_plan(practice, "Metro")
    with refused("NOT_FOUND"):
        practice("GetPlanBenefit", plan_uuid=elsewhere, benefit_uuid=made.id)
    with refused("NOT_FOUND"):
        stranger("GetPlanBenefit", plan_uuid=plan, benefit_uuid=made.id)
    for wrong in (MISSING, "no-uuid"):
        with refused("NOT_FOUND"):
            practice("ListPlanBenefits", plan_uuid=wrong)
        with refused("NOT_FOUND"):
            add(practice, wrong, "coinsurance", percent=50)
        with refused("NOT_FOUND"):
            practice("ReplacePlanBenefits", plan_uuid=wrong)
        with refused("NOT_FOUND"):
            practice("CopyPlanBenefits", plan_uuid=plan, source_plan_uuid=wrong)


def test_an_archived_plan_takes_no_new_rows(practice: Any, plan: str) -> None:
    practice("ArchivePlan", plan_uuid=plan)
    with refused("ARCHIVED_REFERENCE"):
        add(practice, plan, "coinsurance", percent=50)
    with refused("ARCHIVED_REFERENCE"):
        practice("ReplacePlanBenefits", plan_uuid=plan)


def test_a_set_replaces_all_rows(practice: Any, plan: str) -> None:
    add(practice, plan, "coinsurance", percent=50)
    add(practice, plan, "deductible", monetary_amt=50)
    new = [
        {"benefit_type": "coinsurance", "percent": 80},
        {"benefit_type": "annual_max", "monetary_amt": 1500},
        {"benefit_type": "limitation", "quantity": 2},
    ]
    answer = practice("ReplacePlanBenefits", plan_uuid=plan, benefits=new)
    assert [one.benefit_type for one in answer.items] == ["coinsurance", "annual_max", "limitation"]
    assert (answer.page, answer.page_size, answer.total) == (1, 3, 3)
    assert practice("ListPlanBenefits", plan_uuid=plan).total == 3
    assert practice("ListPlanBenefits", plan_uuid=plan, benefit_type="limitation").total == 1
    emptied = practice("ReplacePlanBenefits", plan_uuid=plan)
    assert (emptied.page, emptied.page_size, emptied.total) == (1, 1, 0)


@pytest.mark.parametrize(
    ("bad", "reason", "field"),
    [
        ({"benefit_type": "deductible"}, "INVALID_REQUEST", "benefits[1].monetary_amt"),
        ({"benefit_type": "coinsurance", "percent": 20}, "INVALID_REQUEST", "benefits[1]"),
        (
            {"benefit_type": "exclusion", "procedure_code_uuid": MISSING},
            "NOT_FOUND",
            "benefits[1].procedure_code_uuid",
        ),
        (
            {"benefit_type": "exclusion", "procedure_code_uuid": "x"},
            "INVALID_REQUEST",
            "benefits[1].procedure_code_uuid",
        ),
    ],
)
def test_a_set_with_a_bad_row_changes_nothing(
    practice: Any, plan: str, bad: dict[str, Any], reason: str, field: str
) -> None:
    kept = add(practice, plan, "coinsurance", percent=50)
    with refused(reason) as refusal:
        practice(
            "ReplacePlanBenefits", plan_uuid=plan,
            benefits=[{"benefit_type": "coinsurance", "percent": 80}, bad],
        )  # fmt: skip
    assert [fault.field for fault in refusal.value.faults] == [field]
    assert list(practice("ListPlanBenefits", plan_uuid=plan).items) == [kept]


def test_copying_appends_what_the_plan_lacks(practice: Any, plan: str) -> None:
    source = new_plan(practice, "Metro")
    for target in (plan, source):
        add(practice, target, "coinsurance", percent=50)
    add(practice, plan, "deductible", monetary_amt=50)
    for kind in ("annual_max", "family_annual_max", "family_deductible", "ortho_lifetime_max"):
        add(practice, source, kind, monetary_amt=100)
    assert practice("CopyPlanBenefits", plan_uuid=plan, source_plan_uuid=source).count == 4
    assert practice("ListPlanBenefits", plan_uuid=plan).total == 6
    assert practice("CopyPlanBenefits", plan_uuid=plan, source_plan_uuid=source).count == 0
    with refused("INVALID_REQUEST"):
        practice("CopyPlanBenefits", plan_uuid=plan, source_plan_uuid=plan)


def test_many_rows_take_as_many_statements_as_one(practice: Any, plan: str) -> None:
    codes = [stored.code(practice, f"D{number:04}") for number in range(40)]

    def sent(rows: int) -> int:
        new = [
            {"benefit_type": "exclusion", "procedure_code_uuid": one, "substitution_code_uuid": one}
            for one in codes[:rows]
        ]
        with practice.statements() as statements:
            practice("ReplacePlanBenefits", plan_uuid=plan, benefits=new)
            practice("ListPlanBenefits", plan_uuid=plan)
        return len(statements)

    assert sent(1) == sent(40)


@pytest.mark.parametrize("name", ["CreatePlanBenefit", "ReplacePlanBenefits"])
def test_of_many_at_once_each_key_is_stored_once(practice: Any, plan: str, name: str) -> None:
    one = {"benefit_type": "coinsurance", "percent": 50}
    fields: dict[str, Any] = one if name == "CreatePlanBenefit" else {"benefits": [one]}
    outcomes: list[str] = []

    def write() -> None:
        try:
            practice(name, plan_uuid=plan, **fields)
            outcomes.append("stored")
        except DomainError as error:
            outcomes.append(error.reason.name)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert practice("ListPlanBenefits", plan_uuid=plan).total == 1
    wanted = ["ALREADY_EXISTS"] * 5 + ["stored"] if name == "CreatePlanBenefit" else ["stored"] * 6
    assert sorted(outcomes) == wanted


# Overrides


@pytest.fixture
def holder(practice: Any, plan: str) -> str:
    return stored.coverage_of(practice, stored.patient(practice), plan)


def override(practice: Any, holder: str, kind: str, **fields: Any) -> Any:
    return practice("CreateBenefitOverride", patient_plan_uuid=holder, benefit_type=kind, **fields)


def test_overrides_are_the_patients_own(practice: Any, plan: str, holder: str) -> None:
    made = override(practice, holder, "annual_max", monetary_amt=2000)
    assert (made.patient_plan.id, made.HasField("insurance_plan")) == (holder, False)
    assert made.time_period == "calendar_year"
    assert list(practice("ListBenefitOverrides", patient_plan_uuid=holder).items) == [made]
    assert practice("ListPlanBenefits", plan_uuid=plan).total == 0
    with refused("ALREADY_EXISTS"):
        override(practice, holder, "annual_max", monetary_amt=1, time_period="lifetime")
    for wrong in (MISSING, "no-uuid"):
        for name in ("ListBenefitOverrides", "ListEffectiveBenefits"):
            with refused("NOT_FOUND"):
                practice(name, patient_plan_uuid=wrong)
        with refused("NOT_FOUND"):
            override(practice, wrong, "annual_max", monetary_amt=1)


def test_a_change_to_the_key_of_another_row_says_which(practice: Any, plan: str, holder: str) -> None:
    first = override(practice, holder, "annual_max", monetary_amt=2000)
    second = override(practice, holder, "deductible", monetary_amt=50)
    with refused("ALREADY_EXISTS") as refusal:
        practice(
            "UpdatePlanBenefit", plan_uuid=plan, benefit_uuid=second.id, base_version=1,
            benefit_type="annual_max",
        )  # fmt: skip
    assert refusal.value.context == {"existing_id": first.id}


def test_overrides_are_edited_through_the_plan(practice: Any, plan: str, holder: str) -> None:
    made = override(practice, holder, "annual_max", monetary_amt=2000)
    named = {"plan_uuid": plan, "benefit_uuid": made.id}
    assert practice("GetPlanBenefit", **named) == made
    changed = practice("UpdatePlanBenefit", **named, base_version=1, monetary_amt=2500)
    assert (changed.monetary_amt, changed.version) == ("2500.00", 2)
    with refused("NOT_FOUND"):
        practice("GetPlanBenefit", plan_uuid=new_plan(practice, "Metro"), benefit_uuid=made.id)
    practice("DeletePlanBenefit", **named)
    assert practice("ListBenefitOverrides", patient_plan_uuid=holder).total == 0


def test_what_holds_for_a_patient(practice: Any, plan: str, holder: str) -> None:
    preventive, restorative, ortho = (
        stored.category(practice, name, order)
        for order, name in enumerate(("Preventive", "Restorative", "Orthodontics"))
    )
    add(practice, plan, "coinsurance", percent=100, coverage_category_uuid=preventive)
    add(practice, plan, "coinsurance", percent=80, coverage_category_uuid=restorative)
    add(practice, plan, "annual_max", monetary_amt=1500)
    add(practice, plan, "deductible", monetary_amt=50)
    override(practice, holder, "coinsurance", percent=90, coverage_category_uuid=restorative)
    override(practice, holder, "coinsurance", percent=50, coverage_category_uuid=ortho)
    answer = practice("ListEffectiveBenefits", patient_plan_uuid=holder)
    assert (answer.page, answer.page_size, answer.total) == (1, 5, 5)
    assert [(one.benefit_type, one.coverage_category.name, one.percent) for one in answer.items] == [
        ("annual_max", "", 0), ("deductible", "", 0), ("coinsurance", "Preventive", 100),
        ("coinsurance", "Restorative", 90), ("coinsurance", "Orthodontics", 50),
    ]  # fmt: skip
    assert [one.HasField("patient_plan") for one in answer.items] == [False, False, False, True, True]
    assert all(one.HasField("patient_plan") != one.HasField("insurance_plan") for one in answer.items)
    with practice.database.transaction(practice.principal.tenant) as transaction:
        summary = summaries([UUID(holder)], transaction)[UUID(holder)]
    assert [summary["annual_max_total"], summary["deductible_remaining"]] == [1500, 50]
