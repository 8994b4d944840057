"""Verifications: when the next is due, what one does to the coverage, and the list of work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from services.insurance.domain import verification_rules as rules
from tests.harness.calls import FakeClock, refused
from tests.unit.insurance import known
from tests.unit.insurance.conftest import Practice
from tests.unit.insurance.office import at_once

DAYS = {"benefits": 90, "eligibility": 30}
MOMENT = datetime(2025, 1, 15, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind", "exempt", "wanted"),
    [
        ("verified", "eligibility", False, date(2025, 2, 14)),
        ("verified", "benefits", False, date(2025, 4, 15)),
        ("failed", "eligibility", False, date(2025, 1, 15)),
        ("partial", "benefits", False, date(2025, 1, 15)),
        ("unable_to_verify", "benefits", False, date(2025, 1, 15)),
        ("verified", "eligibility", True, None),
        ("failed", "eligibility", True, None),
    ],
)
def test_the_next_one_is_due(status: str, kind: str, wanted: date | None, *, exempt: bool) -> None:
    assert rules.next_due(status, kind, MOMENT, DAYS, exempt=exempt) == wanted


def check(kind: str, moment: datetime, source: str = "phone") -> dict[str, Any]:
    return {"verification_type": kind, "verified_at": moment, "verification_source": source}


def test_times_never_move_back() -> None:
    later = MOMENT.replace(year=2026)
    row = {"status": "active", "eligibility_last_verified_at": later, "benefits_last_verified_at": None}
    values = rules.of_patient_plan(row, [check("eligibility", MOMENT), check("benefits", MOMENT)])
    assert values == {"eligibility_last_verified_at": later, "benefits_last_verified_at": MOMENT}
    assert rules.of_subscription({"last_verified_at": later}, [check("benefits", MOMENT)]) == {}


def test_a_subscription_keeps_the_latest_of_several() -> None:
    later = MOMENT.replace(year=2026)
    checks = [check("benefits", later, "fax"), check("eligibility", MOMENT)]
    assert rules.of_subscription({"last_verified_at": None}, checks) == {
        "last_verified_at": later,
        "last_verified_source": "fax",
    }


def write(**fields: Any) -> dict[str, Any]:
    usual = {
        "verification_type": "eligibility",
        "verification_status": "verified",
        "verification_source": "phone",
    }
    return {**usual, **fields}


@pytest.mark.parametrize("size", [1, 20])
def test_many_cost_the_same_statements_whatever_their_number(practice: Practice, size: int) -> None:
    plans = [known.patient_plan(practice, known.patient(practice)) for _ in range(size)]
    entries = [write(patient_plan_uuid=plan.id) for plan in plans]
    practice("GetSettings")  # makes them
    with practice.statements() as sent:
        answer = practice("BulkCreateVerifications", verifications=entries)
    assert [item.patient_plan_uuid for item in answer.items] == [plan.id for plan in plans]
    # owners, settings, exempt, added; whose, locked, changed; locked, changed
    assert len(sent) == 9
    ids = [item.id for item in answer.items]
    with practice.statements() as sent:
        practice("BulkMarkVerifications", verification_uuids=ids, verification_status="failed")
    assert len(sent) == 5  # found, locked, settings, exempt, changed


def test_nothing_is_stored_when_one_of_many_has_no_owner(practice: Practice) -> None:
    plan = known.patient_plan(practice, known.patient(practice))
    with refused("INVALID_REQUEST") as refusal:
        practice("BulkCreateVerifications", verifications=[write(patient_plan_uuid=plan.id), write()])
    assert refusal.value.faults[0].field == "verifications[1].patient_plan_uuid"
    listed = practice("ListPatientPlanVerifications", patient_plan_uuid=plan.id)
    assert (listed.total, list(listed.items)) == (0, [])


def work(practice: Practice, **fields: Any) -> list[tuple[str, int]]:
    answer = practice("ListVerificationWork", **fields)
    return [(item.verification.id, item.days_overdue) for item in answer.items]


def test_the_work_is_the_latest_of_each_kind_that_is_due(practice: Practice, clock: FakeClock) -> None:
    plan = known.patient_plan(practice, known.patient(practice))
    mine = {"patient_plan_uuid": plan.id}
    practice("CreateVerification", **write(**mine))  # is followed by another of its kind
    clock.advance(days=1)
    eligibility = practice("CreateVerification", **write(**mine))
    benefits = practice("CreateVerification", **write(**mine, verification_type="benefits"))
    insurance_plan = plan.subscription.insurance_plan.id
    failed = practice(
        "CreateVerification", **write(insurance_plan_uuid=insurance_plan, verification_status="failed")
    )
    assert work(practice) == [(failed.id, 0)]
    clock.advance(days=31)
    assert work(practice) == [(failed.id, 31), (eligibility.id, 1)]
    assert work(practice, as_of_date="2026-04-13") == [(failed.id, 29)]
    late = work(practice, as_of_date="2026-12-31")
    assert [identity for identity, _ in late] == [failed.id, eligibility.id, benefits.id]
    assert work(practice, as_of_date="2026-12-31", page=2, page_size=2) == late[2:]
    assert work(practice, as_of_date="2026-12-31", verification_type="benefits") == late[2:]


def test_the_work_says_whom_to_ask_about_whom(practice: Practice) -> None:
    carrier = known.carrier(practice, "Delta Dental of Iowa")
    subscription = known.subscription(
        practice, insurance_plan_uuid=known.plan(practice, carrier, group_name="Acme"),
        subscriber_id_number="W77",
    )  # fmt: skip
    plan = known.patient_plan(
        practice, known.patient(practice, "Bo", "Ek"), insurance_subscription_uuid=subscription.id
    )
    practice("CreateVerification", **write(patient_plan_uuid=plan.id, verification_status="failed"))
    (item,) = practice("ListVerificationWork").items
    assert (item.patient.name, item.insurance_plan.group_name) == ("Bo Ek", "Acme")
    assert (item.carrier.carrier_name, item.subscriber_id_number) == ("Delta Dental of Iowa", "W77")


def test_ended_coverage_and_exempt_plans_are_no_work(practice: Practice) -> None:
    plans = [known.patient_plan(practice, known.patient(practice)) for _ in range(2)]
    failed = {"verification_status": "failed"}
    for plan in plans:
        practice("CreateVerification", **write(patient_plan_uuid=plan.id, **failed))
    ended = plans[0].subscription.id
    practice("ArchiveSubscription", subscription_uuid=ended)
    exempt = known.plan(practice, is_verification_exempt=True)
    never = practice("CreateVerification", **write(insurance_plan_uuid=exempt, **failed))
    assert not never.HasField("next_verification_due")
    forced = {"insurance_plan_uuid": exempt, "next_verification_due": "2026-01-01"}
    practice("CreateVerification", **write(**forced, **failed))
    (item,) = practice("ListVerificationWork").items
    assert item.verification.patient_plan_uuid == plans[1].id


def test_the_work_of_one_user(practice: Practice, stranger: Practice) -> None:
    user = practice("CreateUser", name="Pat Fox")
    plan = known.patient_plan(practice, known.patient(practice))
    failed = {"patient_plan_uuid": plan.id, "verification_status": "failed"}
    assigned = practice("CreateVerification", **write(**failed, assigned_to_user_uuid=user.id))
    practice("CreateVerification", **write(**failed, verification_type="benefits"))
    assert work(practice, assigned_to_user_uuid=user.id) == [(assigned.id, 0)]
    assert work(stranger) == []


def test_of_many_at_once_of_the_same_coverage_none_waits_for_ever(practice: Practice) -> None:
    patient, plan = known.patient(practice), known.plan(practice)
    held = [known.subscription(practice, insurance_plan_uuid=plan).id for _ in range(3)]
    covered = [known.patient_plan(practice, patient, insurance_subscription_uuid=one).id for one in held]
    verified = {"verification_status": "verified", "verification_source": "phone"}
    of_plan = {"insurance_plan_uuid": plan, "verification_type": "benefits", **verified}
    calls: list[Callable[[], Any]] = []
    for turn in range(4):
        order = covered[:: 1 if turn % 2 else -1]
        eligibility = {"verification_type": "eligibility", **verified}
        entries = [{"patient_plan_uuid": one, **eligibility} for one in order]
        calls.append(partial(practice, "BulkCreateVerifications", verifications=[*entries, of_plan]))
        calls.append(partial(practice, "CreateVerification", **entries[0]))
        calls.append(
            partial(
                practice, "ReorderPatientPlans", patient_uuid=patient,
                items=[{"patient_plan_uuid": one, "ordinal": n} for n, one in enumerate(order, 1)],
            )
        )  # fmt: skip
    answers, refusals = at_once(calls)
    assert (len(answers), refusals) == (len(calls), [])
    assert practice("ListVerifications", insurance_plan_uuid=plan).total == 4
