"""Plans: their defaults, what hangs on them, and what a change or a copy carries along."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.insurance.tables import assignments, books, coverage, directory, fees
from tests.harness.calls import refused
from tests.unit.insurance import stored


@pytest.fixture
def carrier(practice: Any) -> str:
    return stored.carrier(practice)


@pytest.fixture
def plan(practice: Any, carrier: str) -> Any:
    return practice(
        "CreatePlan", carrier_uuid=carrier, plan_type="ppo_percentage", group_name="Acme", group_number="7"
    )


def test_a_plan_has_the_usual_defaults(practice: Any, plan: Any, carrier: str) -> None:
    assert (plan.claim_form_type, plan.cob_rule, plan.benefit_year_start_month) == ("ada_2019", "basic", 1)
    assert (plan.eclaim_send_behavior, plan.substitution_code_behavior) == ("send", "none")
    assert (plan.ortho_auto_claim_type, plan.ortho_auto_claim_days_wait) == ("none", 0)
    assert plan.assignment_of_benefits
    assert plan.release_of_information
    assert not any([plan.claims_use_ucr, plan.is_medical, plan.is_hidden, plan.is_verification_exempt])
    assert (plan.version, plan.carrier.id, plan.carrier.carrier_name) == (1, carrier, "Delta")
    assert practice("GetPlan", plan_uuid=plan.id) == plan


@pytest.mark.parametrize(("kind", "month"), [("fiscal", 7), ("calendar", 1)])
def test_settings_give_the_defaults_of_new_plans(practice: Any, carrier: str, kind: str, month: int) -> None:
    stored.put(
        practice, coverage.insurance_settings,
        default_cob_rule="carve_out", default_benefit_year_type=kind, default_fiscal_year_start=7,
    )  # fmt: skip
    made = practice("CreatePlan", carrier_uuid=carrier, plan_type="capitation", is_medical=True)
    assert (made.cob_rule, made.benefit_year_start_month) == ("carve_out", month)
    assert made.claim_form_type == "cms_1500"
    sent = practice(
        "CreatePlan", carrier_uuid=carrier, plan_type="capitation", cob_rule="standard",
        benefit_year_start_month=3, claim_form_type="ada_2019", is_medical=True,
    )  # fmt: skip
    assert (sent.cob_rule, sent.benefit_year_start_month, sent.claim_form_type) == ("standard", 3, "ada_2019")


def test_a_new_plan_needs_a_carrier_that_is_there(practice: Any, stranger: Any) -> None:
    with refused("NOT_FOUND"):
        practice("CreatePlan", carrier_uuid=str(uuid4()), plan_type="capitation")
    with refused("NOT_FOUND"):
        practice("CreatePlan", carrier_uuid=stored.carrier(stranger), plan_type="capitation")
    gone = stored.put(
        practice, coverage.carriers, carrier_name="Gone", deleted_at=practice.clock.now()
    )  # fmt: skip
    with refused("ARCHIVED_REFERENCE"):
        practice("CreatePlan", carrier_uuid=gone, plan_type="capitation")


def test_a_change_reports_active_subscribers(practice: Any, plan: Any) -> None:
    for status in ("active", "active", "terminated", "pending_verification"):
        stored.coverage_of(practice, stored.patient(practice), plan.id, subscription_status=status)
    changed = practice("UpdatePlan", plan_uuid=plan.id, base_version=1, group_name="Acme Inc")
    assert (changed.subscriber_count, changed.plan.version, changed.plan.group_name) == (2, 2, "Acme Inc")
    same = practice("UpdatePlan", plan_uuid=plan.id, base_version=2, group_name="Acme Inc")
    assert same.plan.version == 2
    with refused("STALE_VERSION"):
        practice("UpdatePlan", plan_uuid=plan.id, base_version=1, group_name="x")


def test_a_plan_keeps_its_type(practice: Any, plan: Any) -> None:
    kept = practice("UpdatePlan", plan_uuid=plan.id, base_version=1, plan_type="ppo_percentage")
    assert kept.plan.version == 1
    with refused("INVALID_REQUEST"):
        practice("UpdatePlan", plan_uuid=plan.id, base_version=1, plan_type="capitation")


def test_a_new_carrier_and_group_number_go_to_the_evidence(practice: Any, plan: Any) -> None:
    book = stored.put(
        practice, books.estimate_books, name="b", rule_type="allowed_from_claims", scope_type="tenant",
        claim_match_method="average", exclude_over_ucr=False, status="active",
    )  # fmt: skip
    sample = stored.put(
        practice, books.estimate_book_evidence, estimate_book_uuid=UUID(book), source_type="manual",
        procedure_code_uuid=UUID(stored.code(practice, "D0120")), procedure_service_date=date(2026, 1, 1),
        insurance_plan_uuid=UUID(plan.id), group_number="7",
    )  # fmt: skip
    other = stored.carrier(practice, "Metro")
    practice("UpdatePlan", plan_uuid=plan.id, base_version=1, carrier_uuid=other, group_number="8")
    row = stored.read(practice, books.estimate_book_evidence, sample)
    assert (str(row["carrier_uuid"]), row["group_number"]) == (other, "8")


def test_an_archived_plan_is_read_and_not_changed(practice: Any, plan: Any) -> None:
    archived = practice("ArchivePlan", plan_uuid=plan.id)
    assert (archived.version, bool(archived.deleted_at)) == (2, True)
    assert practice("ArchivePlan", plan_uuid=plan.id) == archived
    assert practice("GetPlan", plan_uuid=plan.id) == archived
    assert practice("ListPlans").total == 0
    assert list(practice("GetPlanStats").items) == []
    with refused("INVALID_STATE"):
        practice("UpdatePlan", plan_uuid=plan.id, base_version=2, group_name="x")


def test_what_hangs_on_a_plan_is_counted(practice: Any, plan: Any) -> None:
    for status in ("active", "terminated"):
        stored.coverage_of(
            practice, stored.patient(practice), plan.id,
            subscription_status=status, status="inactive" if status == "terminated" else "active",
        )  # fmt: skip
    schedules = [
        stored.put(
            practice, fees.fee_schedules,
            name=name, fee_sched_type="normal", purpose="insurance",
        )
        for name in ("A", "B", "C")
    ]  # fmt: skip
    location = stored.put(practice, directory.locations, name="Main", is_active=True)
    ends = [None, date(2026, 3, 14), date(2026, 3, 13)]
    for number, (schedule, end) in enumerate(zip(schedules, ends, strict=True)):
        stored.put(
            practice, assignments.fee_schedule_assignments,
            location_uuid=UUID(location), insurance_plan_uuid=UUID(plan.id), assignment_kind=f"kind {number}",
            fee_schedule_uuid=UUID(schedule), effective_start=date(2026, 1, 1), effective_end=end,
        )  # fmt: skip
    [stats] = practice("GetPlanStats").items
    assert (stats.plan_uuid, stats.subscriber_count, stats.fee_schedule_count) == (plan.id, 1, 2)
    counts = practice("GetSubscriberCount", plan_uuid=plan.id)
    assert (counts.subscriber_count, counts.active_patient_plan_count) == (1, 1)


def test_a_copy_has_settings_and_benefits_and_no_subscribers(practice: Any, plan: Any) -> None:
    practice("CreatePlanBenefit", plan_uuid=plan.id, benefit_type="coinsurance", percent=80)
    stored.coverage_of(practice, stored.patient(practice), plan.id)
    practice("UpdatePlan", plan_uuid=plan.id, base_version=1, is_hidden=True, ortho_auto_fee_amt=12.5)
    copy = practice("ClonePlan", plan_uuid=plan.id)
    assert (copy.version, copy.group_name, copy.group_number) == (1, "Acme (Copy)", "7")
    assert (copy.is_hidden, copy.ortho_auto_fee_amt) == (True, "12.50")
    [benefit] = practice("GetPlan", plan_uuid=copy.id, include_benefits=True).benefits
    [original] = practice("GetPlan", plan_uuid=plan.id, include_benefits=True).benefits
    assert (benefit["percent"], benefit["insurance_plan"]["id"]) == (80, copy.id)
    assert benefit["id"] != original["id"]
    assert practice("GetSubscriberCount", plan_uuid=copy.id).subscriber_count == 0
    named = practice("ClonePlan", plan_uuid=plan.id, new_group_name="New", new_group_number="9")
    assert (named.group_name, named.group_number) == ("New", "9")


def test_the_copy_of_a_plan_without_name_is_called_copy(practice: Any, carrier: str) -> None:
    nameless = practice("CreatePlan", carrier_uuid=carrier, plan_type="capitation")
    assert practice("ClonePlan", plan_uuid=nameless.id).group_name == "(Copy)"
    assert practice("ClonePlan", plan_uuid=nameless.id, new_group_name=" ").group_name == "(Copy)"


def test_lists_narrow_search_and_hide(practice: Any, plan: Any) -> None:
    other = stored.carrier(practice, "Metro")
    hidden = practice(
        "CreatePlan", carrier_uuid=other, plan_type="capitation", group_name="Zeta", is_hidden=True
    )
    assert [one.id for one in practice("ListPlans").items] == [plan.id]
    shown = practice("ListPlans", include_hidden=True, sort_by="group_name", sort_order="desc")
    assert [one.id for one in shown.items] == [hidden.id, plan.id]
    narrowed = {"carrier_uuid": other, "plan_type": "capitation", "search": "ZET"}
    for name, value in narrowed.items():
        found = practice("ListPlans", include_hidden=True, **{name: value})
        assert [one.id for one in found.items] == [hidden.id], name


def test_a_list_of_any_length_takes_the_same_statements(practice: Any, carrier: str) -> None:
    def sent() -> int:
        with practice.statements() as statements:
            practice("ListPlans")
            practice("GetPlanStats")
        return len(statements)

    practice("CreatePlan", carrier_uuid=carrier, plan_type="capitation")
    one = sent()
    for _ in range(5):
        practice("CreatePlan", carrier_uuid=carrier, plan_type="capitation")
    assert sent() == one
