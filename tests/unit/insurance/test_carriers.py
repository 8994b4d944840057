"""Carriers: unique by name, counted, and combined with all that names them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, insert, select

from services.insurance.domain.combining import Assigned, surplus
from services.insurance.tables.assignments import fee_schedule_assignments
from services.insurance.tables.books import estimate_books
from services.insurance.tables.coverage import insurance_drafts, insurance_plans, insurance_subscriptions
from services.insurance.tables.fees import fee_schedules
from services.kernel.errors import DomainError
from tests.harness.calls import refused

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows(practice: Any, table: Table, *values: dict[str, Any]) -> list[UUID]:
    """Rows of a table, made without its service."""
    own = {"org_id": practice.org_id, "livemode": False, "version": 1, "created_at": NOW, "updated_at": NOW}
    whole = [{"id": uuid4(), **own, **each} for each in values]
    with practice.database.transaction(practice.principal.tenant) as transaction:
        for row in whole:
            transaction.sql.execute(insert(table).values(row))
    return [row["id"] for row in whole]


def stored(practice: Any, table: Table) -> dict[Any, Any]:
    with practice.database.transaction(practice.principal.tenant) as transaction:
        return {row["id"]: row for row in transaction.sql.execute(select(table)).mappings()}


def carrier(practice: Any, name: str) -> str:
    identity: str = practice("CreateCarrier", carrier_name=name).id
    return identity


def plans(practice: Any, of: str, count: int, **fields: Any) -> list[UUID]:
    plan = {"carrier_uuid": UUID(of), "plan_type": "ppo_percentage", **fields}
    return rows(practice, insurance_plans, *[plan] * count)


@pytest.mark.parametrize("name", ["Delta", " delta ", "DELTA"])
def test_a_name_is_taken_whatever_its_case_and_spacing(practice: Any, name: str) -> None:
    taken = carrier(practice, " Delta  ")
    with refused("ALREADY_EXISTS") as refusal:
        carrier(practice, name)
    assert refusal.value.context == {"existing_id": taken}


def test_of_many_who_take_one_name_at_once_one_gets_it(practice: Any) -> None:
    def attempt(_number: int) -> str:
        try:
            return carrier(practice, "Delta")
        except DomainError as error:
            return error.context["existing_id"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(attempt, range(16)))) == 1


def test_renaming_onto_another_is_refused_and_names_it(practice: Any) -> None:
    one, two = carrier(practice, "One"), carrier(practice, "Two")
    with refused("ALREADY_EXISTS") as refusal:
        practice("UpdateCarrier", carrier_uuid=two, base_version=1, carrier_name="ONE")
    assert refusal.value.context == {"existing_id": one}
    practice("ArchiveCarrier", carrier_uuid=one)
    assert practice("UpdateCarrier", carrier_uuid=two, base_version=1, carrier_name="ONE").version == 2


def test_stats_count_plans_and_active_subscriptions(practice: Any) -> None:
    one, two = carrier(practice, "One"), carrier(practice, "Two")
    archived = carrier(practice, "Gone")
    practice("ArchiveCarrier", carrier_uuid=archived)
    plan, _other = plans(practice, one, 2)
    plans(practice, one, 1, deleted_at=NOW)
    patient = UUID(practice("CreatePatient", first_name="A", last_name="B").id)
    subscription = {"insurance_plan_uuid": plan, "subscriber_uuid": patient, "subscriber_id_number": "1"}
    rows(
        practice,
        insurance_subscriptions,
        *({**subscription, "status": status} for status in ("active", "active", "terminated")),
        {**subscription, "status": "active", "deleted_at": NOW},
    )
    counted = practice("GetCarrierStats").items
    assert {c.carrier_uuid: (c.plan_count, c.subscriber_count) for c in counted} == {one: (2, 2), two: (0, 0)}


def combine(practice: Any, target: str, *sources: str) -> Any:
    return practice("CombineCarriers", target_uuid=target, source_uuids=sources)


def test_the_plans_of_the_sources_move_hidden_and_archived_ones_too(practice: Any) -> None:
    a, b, target = (carrier(practice, name) for name in ("A", "B", "T"))
    moving = (
        plans(practice, a, 2) + plans(practice, a, 1, deleted_at=NOW) + plans(practice, b, 2, is_hidden=True)
    )
    staying = plans(practice, target, 4)
    answer = combine(practice, target, a, b, a)
    assert (answer.plans_moved, answer.carrier.id, answer.carrier.version) == (5, target, 2)
    now = stored(practice, insurance_plans)
    assert {str(now[plan]["carrier_uuid"]) for plan in moving + staying} == {target}
    assert {now[plan]["version"] for plan in moving} == {2}
    assert {now[plan]["version"] for plan in staying} == {1}
    assert all(practice("GetCarrier", carrier_uuid=source).deleted_at for source in (a, b))


def test_books_drafts_and_assignments_follow_and_what_would_overlap_is_archived(practice: Any) -> None:
    source, target = carrier(practice, "S"), carrier(practice, "T")
    patient = UUID(practice("CreatePatient", first_name="A", last_name="B").id)
    location = UUID(practice("CreateLocation", name="L").id)
    (book,) = rows(
        practice,
        estimate_books,
        {
            "name": "B",
            "rule_type": "ucr_fallback",
            "scope_type": "carrier",
            "carrier_uuid": UUID(source),
        },
    )
    (draft,) = rows(
        practice,
        insurance_drafts,
        {
            "patient_uuid": patient,
            "raw_data_json": {},
            "matched_carrier_uuid": UUID(source),
        },
    )
    (schedule,) = rows(
        practice,
        fee_schedules,
        {
            "name": "F",
            "fee_sched_type": "normal",
            "purpose": "insurance",
        },
    )
    slot = {"location_uuid": location, "assignment_kind": "primary", "fee_schedule_uuid": schedule}
    _kept, overlapping, free = rows(
        practice,
        fee_schedule_assignments,
        {**slot, "carrier_uuid": UUID(target), "effective_start": date(2026, 1, 1)},
        {**slot, "carrier_uuid": UUID(source), "effective_start": date(2026, 6, 1)},
        {
            **slot,
            "carrier_uuid": UUID(source),
            "effective_start": date(2025, 1, 1),
            "effective_end": date(2025, 12, 31),
        },
    )
    combine(practice, target, source)
    assert str(stored(practice, estimate_books)[book]["carrier_uuid"]) == target
    assert str(stored(practice, insurance_drafts)[draft]["matched_carrier_uuid"]) == target
    assignments = stored(practice, fee_schedule_assignments)
    assert assignments[overlapping]["deleted_at"] is not None
    assert assignments[overlapping]["version"] == 2
    told = practice("ListAssignmentActivity").items
    assert sorted(entry.action for entry in told) == ["archive", "update", "update"]
    assert (str(assignments[free]["carrier_uuid"]), assignments[free]["deleted_at"]) == (target, None)


def test_an_unknown_or_archived_carrier_changes_nothing(practice: Any) -> None:
    source, target, gone = (carrier(practice, name) for name in ("S", "T", "G"))
    practice("ArchiveCarrier", carrier_uuid=gone)
    with refused("NOT_FOUND"):
        combine(practice, target, source, str(uuid4()))
    with refused("ARCHIVED_REFERENCE"):
        combine(practice, target, source, gone)
    with refused("INVALID_REQUEST"):
        combine(practice, target, source, target)
    with refused("INVALID_REQUEST"):
        combine(practice, target, "no uuid")
    assert practice("GetCarrier", carrier_uuid=source).version == 1


def test_two_that_combine_each_other_at_once_leave_one(practice: Any) -> None:
    one, two = carrier(practice, "One"), carrier(practice, "Two")

    def attempt(pair: tuple[str, str]) -> bool:
        try:
            combine(practice, *pair)
        except DomainError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, [(one, two), (two, one)])) == [False, True]
    assert practice("ListCarriers").total == 1


def test_combining_costs_the_same_whatever_the_number_of_plans(practice: Any) -> None:
    counts = []
    for number in (1, 20):
        source, target = carrier(practice, f"S{number}"), carrier(practice, f"T{number}")
        plans(practice, source, number)
        with practice.statements() as sent:
            combine(practice, target, source)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def assigned(name: str, start: int, end: int | None, place: str = "here") -> Assigned:
    return Assigned(name, place, date(2026, start, 1), date(2026, end, 28) if end else None)


CASES = {
    "the target stays": ([assigned("t", 1, None)], [assigned("s", 6, 7)], {"s"}),
    "one after the other": ([assigned("t", 1, 5)], [assigned("s", 6, None)], set()),
    "the first source stays": ([], [assigned("a", 1, 6), assigned("b", 6, 7)], {"b"}),
    "elsewhere": ([assigned("t", 1, None, "x")], [assigned("s", 1, None)], set()),
}


@pytest.mark.parametrize("case", CASES)
def test_which_assignments_cannot_move(case: str) -> None:
    kept, moving, expected = CASES[case]
    assert surplus(kept, moving) == expected


def test_a_plan_waits_for_a_carrier_that_is_being_combined_away(practice: Any) -> None:
    carrier = practice("CreateCarrier", carrier_name="Delta")
    tenant = practice.principal.tenant
    with ThreadPoolExecutor(1) as pool:
        with practice.database.transaction(tenant) as transaction:
            transaction.driver.execute("SELECT FROM carriers WHERE id = %s FOR UPDATE", (carrier.id,))
            transaction.driver.execute("UPDATE carriers SET deleted_at = now() WHERE id = %s", (carrier.id,))
            plan = pool.submit(practice, "CreatePlan", carrier_uuid=carrier.id, plan_type="capitation")
            with pytest.raises(TimeoutError):
                plan.result(timeout=0.3)
        with pytest.raises(DomainError) as refused:
            plan.result(timeout=10)
    assert refused.value.reason.name == "ARCHIVED_REFERENCE"
