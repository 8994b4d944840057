"""Subscriptions and patient plans at once, many at a time, and in how many statements."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from services.insurance.tables import coverage
from services.kernel.errors import DomainError
from tests.harness.calls import refused
from tests.unit.insurance import known
from tests.unit.insurance.conftest import Practice


def at_once(calls: list[Callable[[], Any]]) -> list[str]:
    """Runs the calls side by side: "OK", or the reason of each refusal."""

    def outcome(call: Callable[[], Any]) -> str:
        try:
            call()
        except DomainError as error:
            return error.reason.name
        return "OK"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def plans_of(practice: Practice, patient: str) -> list[tuple[int, str]]:
    listed = practice("ListPatientPlans", patient_uuid=patient)
    return [(plan.ordinal, plan.id) for plan in listed.items]


def test_sixteen_writers_on_one_subscription(practice: Practice) -> None:
    subscription = known.subscription(practice)
    for version in range(1, 5):
        update = partial(
            practice, "UpdateSubscription", subscription_uuid=subscription.id, base_version=version
        )
        outcomes = at_once([partial(update, benefit_notes=f"{version} by {one}") for one in range(16)])
        assert sorted(outcomes) == ["OK"] + ["STALE_VERSION"] * 15
    stored = practice("GetSubscription", subscription_uuid=subscription.id)
    assert stored.version == 5
    assert stored.benefit_notes.startswith("4 by ")


def test_plans_attached_at_once_share_no_ordinal_and_are_three_at_most(practice: Practice) -> None:
    attach = partial(known.patient_plan, practice, patient := known.patient(practice), ordinal=1)
    subscriptions = [known.subscription(practice).id for _ in range(8)]
    outcomes = at_once([partial(attach, insurance_subscription_uuid=one) for one in subscriptions])
    assert sorted(outcomes) == ["LIMIT_EXCEEDED"] * 5 + ["OK"] * 3
    assert [ordinal for ordinal, _ in plans_of(practice, patient)] == [1, 2, 3]


def test_the_same_subscription_attached_at_once_is_attached_once(practice: Practice) -> None:
    subscription = known.subscription(practice).id
    attach = partial(known.patient_plan, practice, known.patient(practice))
    outcomes = at_once([partial(attach, insurance_subscription_uuid=subscription)] * 3)
    assert sorted(outcomes) == ["ALREADY_EXISTS", "ALREADY_EXISTS", "OK"]


@pytest.mark.parametrize("_round", range(5))
def test_archiving_reordering_and_ending_at_once_leave_no_gap(practice: Practice, _round: int) -> None:
    patient = known.patient(practice)
    plans = [known.patient_plan(practice, patient) for _ in range(3)]
    swap = [{"patient_plan_uuid": p.id, "ordinal": n} for p, n in zip(plans, (3, 2, 1), strict=True)]
    ending = plans[0].subscription.id
    end = partial(practice, "TerminateSubscription", subscription_uuid=ending, base_version=1)
    last = {"patient_uuid": patient, "patient_plan_uuid": plans[2].id}
    new = known.subscription(practice).id
    at_once(
        [
            partial(practice, "ReorderPatientPlans", patient_uuid=patient, items=swap),
            partial(end, termination_date="2026-03-31"),
            partial(practice, "ArchivePatientPlan", **last),
            partial(known.patient_plan, practice, patient, insurance_subscription_uuid=new),
        ]
    )
    ordinals = [ordinal for ordinal, _ in plans_of(practice, patient) if ordinal]
    assert ordinals == list(range(1, len(ordinals) + 1))
    assert practice("GetSubscription", subscription_uuid=ending).status == "terminated"


@pytest.mark.parametrize("_round", range(5))
def test_whoever_attaches_while_a_subscription_ends_gets_no_active_plan(
    practice: Practice, _round: int
) -> None:
    subscription = known.subscription(practice).id
    patients = [known.patient(practice) for _ in range(4)]
    end = partial(practice, "TerminateSubscription", subscription_uuid=subscription, base_version=1)
    attach = partial(known.patient_plan, practice, insurance_subscription_uuid=subscription)
    at_once(
        [partial(end, termination_date="2026-03-31"), *(partial(attach, patient) for patient in patients)]
    )
    assert [ordinal for patient in patients for ordinal, _ in plans_of(practice, patient) if ordinal] == []


@pytest.mark.parametrize("size", [1, 20])
def test_lists_cost_the_same_statements_whatever_their_size(practice: Practice, size: int) -> None:
    for _ in range(size):
        known.subscription(practice)
    with practice.statements() as sent:
        assert practice("ListSubscriptions").total == size
    assert len(sent) == 5  # count, rows, plans, subscribers, carriers


@pytest.mark.parametrize("size", [1, 20])
def test_ending_many_costs_the_same_statements_whatever_their_number(practice: Practice, size: int) -> None:
    patients = [known.patient(practice) for _ in range(size)]
    ids = []
    for patient in patients:
        subscription = known.subscription(practice)
        known.patient_plan(practice, patient, insurance_subscription_uuid=subscription.id)
        known.patient_plan(practice, patient)
        ids.append(subscription.id)
    with practice.statements() as sent:
        answer = practice(
            "BulkTerminateSubscriptions", subscription_ids=[*ids, ids[0]], term_date="2026-06-30"
        )
    assert (answer.terminated, answer.patient_plans_deactivated) == (size, size)
    assert len(sent) == 7  # found, locked, changed, covered, patients, their plans, changed
    with practice.database.transaction(practice.principal.tenant) as transaction:
        plans = coverage.patient_plans
        rows = transaction.sql.execute(select(plans.c.ordinal, plans.c.status, plans.c.version)).all()
    assert sorted(map(tuple, rows), key=str) == [(1, "active", 2)] * size + [(None, "inactive", 2)] * size


def test_a_stranger_knows_nothing_of_it(practice: Practice, stranger: Practice) -> None:
    subscription = known.subscription(practice)
    patient = known.patient(practice)
    plan = known.patient_plan(practice, patient)
    with refused("NOT_FOUND"):
        stranger("GetSubscription", subscription_uuid=subscription.id)
    with refused("NOT_FOUND"):
        stranger("GetPatientPlan", patient_uuid=patient, patient_plan_uuid=plan.id)
    with refused("NOT_FOUND"):
        stranger("BulkTerminateSubscriptions", subscription_ids=[subscription.id], term_date="2026-06-30")
    assert stranger("ListSubscriptions").total == 0
