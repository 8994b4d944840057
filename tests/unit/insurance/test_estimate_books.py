"""Estimate books, their rule steps and their evidence: what they take, and what they refuse."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.harness.calls import refused
from tests.unit.insurance import stored

CLAIMS: dict[str, Any] = {"name": "Blue", "rule_type": "allowed_from_claims"}


@pytest.fixture
def plan(practice: Any) -> Any:
    return practice(
        "CreatePlan", carrier_uuid=stored.carrier(practice), plan_type="category_percentage", group_number="7"
    )


def test_what_a_book_holds_for_follows_from_what_it_names(practice: Any, plan: Any) -> None:
    book = practice("CreateEstimateBook", **CLAIMS)
    assert (book.scope_type, book.status, book.claim_match_method) == ("tenant", "active", "average")
    assert book.exclude_over_ucr is False
    assert practice("CreateEstimateBook", **CLAIMS, carrier_uuid=plan.carrier.id).scope_type == "carrier"
    of_plan = practice(
        "CreateEstimateBook", **CLAIMS, insurance_plan_uuid=plan.id, carrier_uuid=plan.carrier.id
    )
    assert (of_plan.scope_type, of_plan.insurance_plan.id) == ("plan", plan.id)


@pytest.mark.parametrize(("scope", "at"), [("carrier", "carrier_uuid"), ("plan", "insurance_plan_uuid")])
def test_a_scope_needs_what_it_is_of(practice: Any, plan: Any, scope: str, at: str) -> None:
    with refused("INVALID_REQUEST") as refusal:
        practice("CreateEstimateBook", **CLAIMS, scope_type=scope)
    assert refusal.value.faults[0].field == at
    book = practice("CreateEstimateBook", **CLAIMS)
    with refused("INVALID_REQUEST"):
        practice("UpdateEstimateBook", book_uuid=book.id, base_version=1, scope_type=scope)
    carrier = stored.carrier(practice, "Other")
    with refused("INVALID_REQUEST"):
        practice("CreateEstimateBook", **CLAIMS, carrier_uuid=carrier, insurance_plan_uuid=plan.id)


def test_archiving_shows_in_the_status_and_in_lists_only_when_asked_for(practice: Any) -> None:
    book, draft = (practice("CreateEstimateBook", **CLAIMS, status=status) for status in ("active", "draft"))
    archived = practice("ArchiveEstimateBook", book_uuid=book.id)
    assert (archived.status, archived.version) == ("archived", 2)
    assert archived.deleted_at
    assert practice("ArchiveEstimateBook", book_uuid=book.id) == archived
    with refused("INVALID_STATE"):
        practice("UpdateEstimateBook", book_uuid=book.id, base_version=2, name="Red")
    assert [one.id for one in practice("ListEstimateBooks").items] == [draft.id]
    assert [one.id for one in practice("ListEstimateBooks", status="archived").items] == [book.id]
    by_status = practice("UpdateEstimateBook", book_uuid=draft.id, base_version=1, status="archived")
    assert by_status.deleted_at
    with refused("ARCHIVED_REFERENCE"):
        practice("CreateRuleStep", book_uuid=book.id, rule_type="provider_fee", priority_order=1)


def test_steps_are_listed_by_priority_then_by_creation(practice: Any, clock: Any) -> None:
    book = practice("CreateEstimateBook", **CLAIMS).id
    made = []
    for priority, active in ((2, True), (1, False), (2, True), (1, True)):
        clock.advance(seconds=1)
        made.append(
            practice(
                "CreateRuleStep",
                book_uuid=book,
                rule_type="provider_fee",
                priority_order=priority,
                is_active=active,
            ).id
        )
    ids = [step.id for step in practice("ListRuleSteps", book_uuid=book).items]
    assert ids == [made[1], made[3], made[0], made[2]]
    ids = [step.id for step in practice("ListRuleSteps", book_uuid=book, active_only=True).items]
    assert ids == [made[3], made[0], made[2]]


def test_a_limit_has_a_value_on_the_step_as_it_would_be(practice: Any) -> None:
    book = practice("CreateEstimateBook", **CLAIMS).id
    fields = {"book_uuid": book, "rule_type": "insurance_plan", "priority_order": 1}
    with refused("INVALID_REQUEST"):
        practice("CreateRuleStep", **fields, limit_type="years")
    step = practice("CreateRuleStep", **fields, limit_type="years", limit_value=1)
    at = {"book_uuid": book, "step_uuid": step.id}
    with refused("INVALID_REQUEST"):
        practice("UpdateRuleStep", **at, limit_value=0)
    assert practice("UpdateRuleStep", **at, limit_value=0, limit_type="none").limit_value == 0
    with refused("INVALID_REQUEST"):
        practice("UpdateRuleStep", **at, limit_type="days")
    assert practice("DeleteRuleStep", **at).id == step.id
    with refused("NOT_FOUND"):
        practice("DeleteRuleStep", **at)


def test_evidence_of_a_plan_has_its_carrier_and_group(practice: Any, plan: Any) -> None:
    book, code = practice("CreateEstimateBook", **CLAIMS).id, stored.code(practice, "D2740")
    fields = {
        "book_uuid": book,
        "procedure_code_uuid": code,
        "source_type": "manual",
        "procedure_service_date": "2025-06-01",
    }
    row = practice("CreateEvidence", **fields, insurance_plan_uuid=plan.id, allowed_override=920)
    assert (row.carrier.id, row.group_number, row.allowed_override) == (plan.carrier.id, "7", 920)
    assert (row.procedure_code.name, row.estimate_book.id) == ("D2740", book)
    for other in ({"carrier_uuid": stored.carrier(practice, "Other")}, {"group_number": "8"}):
        with refused("INVALID_REQUEST"):
            practice("CreateEvidence", **fields, insurance_plan_uuid=plan.id, **other)
    assert practice("ListEvidence", book_uuid=book).total == 1


@pytest.mark.parametrize("name", ["ListRuleSteps", "ListEvidence", "GetEstimateBook", "ArchiveEstimateBook"])
def test_an_unknown_book_is_not_found(practice: Any, stranger: Any, name: str) -> None:
    book = practice("CreateEstimateBook", **CLAIMS)
    for someone, identity in ((stranger, book.id), (practice, str(uuid4())), (practice, "no-uuid")):
        with refused("NOT_FOUND"):
            someone(name, book_uuid=identity)
