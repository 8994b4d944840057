"""Runs of a book: what they compute and log, what they leave alone, and who does them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.insurance import book_computing, computed_fees, recompute
from services.insurance.tables import assignments, coverage, fees
from tests.harness.calls import refused
from tests.unit.insurance import stored

WORKED = [
    ("2025-02-10", 900, None),
    ("2025-06-01", 920, "primary"),
    ("2024-09-15", 955.55, None),
    ("2024-09-14", 1000, None),
    ("2025-06-01", 950, "secondary"),
    ("2025-06-01", None, None),
]


@pytest.fixture(autouse=True)
def run_date(clock: Any) -> None:
    clock.moment = datetime(2025, 9, 15, 8, tzinfo=UTC)


@pytest.fixture
def plan(practice: Any) -> Any:
    return practice(
        "CreatePlan", carrier_uuid=stored.carrier(practice), plan_type="category_percentage", group_number="7"
    )


@pytest.fixture
def crown(practice: Any) -> str:
    return stored.code(practice, "D2740")


def book_of(practice: Any, **fields: Any) -> str:
    usual = {"name": "Blue", "rule_type": "allowed_from_claims"}
    return str(practice("CreateEstimateBook", **usual | fields).id)


def see(practice: Any, book: str, code: str, day: str, amount: float | None, **fields: Any) -> None:
    practice(
        "CreateEvidence", book_uuid=book, procedure_code_uuid=code, source_type="adjudicated_claim",
        procedure_service_date=day, **{"allowed_override": amount} if amount is not None else {}, **fields,
    )  # fmt: skip


def worked_book(practice: Any, plan: Any, crown: str, **fields: Any) -> str:
    book = book_of(practice, insurance_plan_uuid=plan.id, **fields)
    practice(
        "CreateRuleStep", book_uuid=book, rule_type="insurance_plan", priority_order=1,
        limit_type="years", limit_value=1,
    )  # fmt: skip
    for day, amount, role in WORKED:
        see(practice, book, crown, day, amount, insurance_plan_uuid=plan.id, claim_role=role)
    return book


def usual_fee(practice: Any, code: str, amount: str, name: str = "Office", locations: int = 1) -> None:
    """A schedule that is the usual one of so many locations."""
    schedule = stored.put(
        practice, fees.fee_schedules, name=name, fee_sched_type="normal", purpose="office", status="active"
    )
    stored.put(
        practice, fees.fees, fee_schedule_uuid=UUID(schedule), procedure_code_uuid=UUID(code),
        amount=Decimal(amount),
    )  # fmt: skip
    for number in range(locations):
        location = practice("CreateLocation", name=f"{name} {number}").id
        stored.put(
            practice, assignments.fee_schedule_assignments, location_uuid=UUID(location),
            assignment_kind="ucr", fee_schedule_uuid=UUID(schedule), effective_start=practice.clock.today(),
        )  # fmt: skip


def run(practice: Any, book: str, status: str = "completed") -> dict[str, Any]:
    done = practice("RecomputeEstimateBook", book_uuid=book)
    assert done.status == status, done
    return MessageToDict(done.summary_json)


def fees_in(practice: Any, book: str) -> list[Any]:
    return list(practice("ListAllowedFees", book_uuid=book).items)


def logs_in(practice: Any, book: str) -> list[tuple[str, float | None, float, float | None]]:
    return [
        (
            log.change_reason,
            log.previous_allowed_fee if log.HasField("previous_allowed_fee") else None,
            log.new_allowed_fee,
            log.delta_allowed_fee if log.HasField("delta_allowed_fee") else None,
        )
        for log in practice("ListAdjustmentLogs", book_uuid=book).items
    ]


@pytest.mark.parametrize(("method", "amount"), [("average", 925.18), ("median", 920), ("most_recent", 920)])
def test_the_worked_example(practice: Any, plan: Any, crown: str, method: str, amount: float) -> None:
    book = worked_book(practice, plan, crown, claim_match_method=method)
    assert run(practice, book) == {
        "codes": 1, "created": 1, "updated": 0, "unchanged": 0, "removed": 0, "pinned": 0, "capped": 0,
        "by_rule_type": {"insurance_plan": 1}, "evidence_total": 6, "evidence_used": 3,
        "skipped": {"outside_limit": 1, "not_primary": 1, "no_allowed_fee": 1},
    }  # fmt: skip
    (fee,) = fees_in(practice, book)
    assert (fee.allowed_fee, fee.sample_count, fee.confidence) == (amount, 3, "medium")
    number = stored.read(practice, coverage.insurance_plans, plan.id)["surrogate"]
    assert (fee.resolution_scope_type, fee.resolution_scope_identifier) == ("insurance_plan", number)
    assert fee.expires_at == "2026-06-01T00:00:00.000Z"
    assert fee.estimate_book_rule_step.name == "insurance_plan"
    assert logs_in(practice, book) == [("rule_match", None, amount, None)]


def test_a_cap_at_the_usual_fee_of_most_locations(practice: Any, plan: Any, crown: str) -> None:
    usual_fee(practice, crown, "905.00", locations=2)
    usual_fee(practice, crown, "800.00", name="Other")
    book = worked_book(practice, plan, crown, exclude_over_ucr=True)
    assert run(practice, book)["capped"] == 1
    (fee,) = fees_in(practice, book)
    assert (fee.allowed_fee, fee.sample_count) == (905, 3)


def test_of_as_many_locations_the_oldest_schedule_is_the_usual_one(
    practice: Any, clock: Any, crown: str
) -> None:
    usual_fee(practice, crown, "905.00")
    clock.advance(seconds=1)
    usual_fee(practice, crown, "800.00", name="Newer")
    book = book_of(practice, rule_type="ucr_fallback")
    assert run(practice, book)["by_rule_type"] == {"provider_fee": 1}
    (fee,) = fees_in(practice, book)
    assert (fee.allowed_fee, fee.confidence, fee.sample_count) == (905, "ucr", 0)
    assert not fee.HasField("resolution_scope_identifier")


def test_a_manual_book_needs_its_schedule(practice: Any, crown: str) -> None:
    book = book_of(practice, rule_type="manual_fee_schedule")
    done = practice("RecomputeEstimateBook", book_uuid=book)
    assert (done.status, done.error) == ("failed", "The book has no allowed fee schedule.")
    assert done.finished_at
    schedule = stored.put(
        practice,
        fees.fee_schedules,
        name="Manual",
        fee_sched_type="normal",
        purpose="allowed",
        status="active",
    )
    stored.put(
        practice, fees.fees, fee_schedule_uuid=UUID(schedule), procedure_code_uuid=UUID(crown), amount=777
    )
    practice("UpdateEstimateBook", book_uuid=book, base_version=1, allowed_fee_schedule_uuid=schedule)
    assert run(practice, book)["created"] == 1
    (fee,) = fees_in(practice, book)
    assert (fee.allowed_fee, fee.confidence) == (777, "manual")
    assert [one.status for one in practice("ListEstimateBookRuns", book_uuid=book).items].count("failed") == 1


def test_without_usual_fees_nothing_is_removed(practice: Any, crown: str) -> None:
    book = book_of(practice, rule_type="ucr_fallback")
    usual_fee(practice, crown, "905.00")
    run(practice, book)
    stop = "UPDATE fee_schedule_assignments SET deleted_at = now()"
    with practice.database.transaction(practice.principal.tenant) as transaction:
        transaction.driver.execute(stop)
    run(practice, book, "failed")
    assert len(fees_in(practice, book)) == 1


def test_changes_are_logged_and_what_nothing_finds_is_removed(
    practice: Any, plan: Any, crown: str, clock: Any
) -> None:
    book = worked_book(practice, plan, crown)
    first = run(practice, book)
    before = fees_in(practice, book)
    clock.advance(hours=1)
    assert run(practice, book) == {**first, "created": 0, "unchanged": 1}
    assert fees_in(practice, book) == before
    see(practice, book, crown, "2025-09-01", 1000, insurance_plan_uuid=plan.id)
    clock.advance(hours=1)
    changed = run(practice, book)
    assert (changed["updated"], changed["unchanged"]) == (1, 0)
    assert logs_in(practice, book)[0] == ("recompute", 925.18, 943.89, 18.71)
    step = practice("ListRuleSteps", book_uuid=book).items[0].id
    practice("UpdateRuleStep", book_uuid=book, step_uuid=step, is_active=False)
    gone = run(practice, book)
    assert (gone["removed"], gone["codes"], gone["evidence_used"]) == (1, 1, 0)
    assert fees_in(practice, book) == []
    assert len(logs_in(practice, book)) == 2


def test_samples_that_leave_the_amount_as_it_was_renew_what_it_rests_on(
    practice: Any, plan: Any, crown: str
) -> None:
    book = worked_book(practice, plan, crown, claim_match_method="median")
    run(practice, book)
    see(practice, book, crown, "2025-09-01", 920, insurance_plan_uuid=plan.id)
    again = run(practice, book)
    assert (again["updated"], again["unchanged"]) == (0, 1)
    (fee,) = fees_in(practice, book)
    assert (fee.sample_count, fee.expires_at[:10]) == (4, "2026-09-01")
    assert len(logs_in(practice, book)) == 1


def test_pins_stay_and_win(practice: Any, plan: Any, crown: str) -> None:
    book = worked_book(practice, plan, crown)
    pin = practice(
        "CreateAllowedFee", book_uuid=book, procedure_code_uuid=crown, allowed_fee=500,
        resolution_scope_type="insurance_plan", computed_at="2025-09-01T00:00:00Z",
    )  # fmt: skip
    number = stored.read(practice, coverage.insurance_plans, plan.id)["surrogate"]
    assert (pin.resolution_scope_identifier, pin.confidence) == (number, "manual")
    with refused("ALREADY_EXISTS") as refusal:
        practice(
            "CreateAllowedFee", book_uuid=book, procedure_code_uuid=crown, allowed_fee=1,
            resolution_scope_type="insurance_plan", computed_at="2025-09-01T00:00:00Z",
        )  # fmt: skip
    assert refusal.value.context == {"existing_id": pin.id}
    summary = run(practice, book)
    assert (summary["pinned"], summary["created"], summary["evidence_used"]) == (1, 0, 0)
    assert fees_in(practice, book) == [pin]
    assert logs_in(practice, book) == []
    practice("DeleteAllowedFee", book_uuid=book, entry_uuid=pin.id)
    assert run(practice, book)["created"] == 1


def test_a_corrected_amount_becomes_a_pin(practice: Any, plan: Any, crown: str) -> None:
    book = worked_book(practice, plan, crown)
    run(practice, book)
    (fee,) = fees_in(practice, book)
    same = practice("UpdateAllowedFee", book_uuid=book, entry_uuid=fee.id, allowed_fee=925.18, sample_count=3)
    assert same.estimate_book_run.id
    pin = practice("UpdateAllowedFee", book_uuid=book, entry_uuid=fee.id, allowed_fee=900)
    assert not pin.HasField("estimate_book_run")
    assert (pin.allowed_fee, pin.confidence) == (900, "manual")
    assert ("manual_override", 925.18, 900, -25.18) in logs_in(practice, book)
    assert run(practice, book)["pinned"] == 1
    assert fees_in(practice, book) == [pin]


def test_every_level_of_a_tenants_book(practice: Any, plan: Any, crown: str) -> None:
    other = practice(
        "CreatePlan", carrier_uuid=plan.carrier.id, plan_type="category_percentage", group_number="7"
    )
    exam = stored.code(practice, "D0150")
    usual_fee(practice, crown, "905.00")
    book = book_of(practice)
    see(practice, book, crown, "2025-02-01", 800, insurance_plan_uuid=plan.id)
    see(practice, book, exam, "2025-02-01", 90, insurance_plan_uuid=other.id)
    assert run(practice, book)["by_rule_type"] == {
        "insurance_plan": 2, "group_number": 2, "insurance_carrier": 2, "provider_fee": 1,
    }  # fmt: skip
    kinds = sorted((fee.resolution_scope_type, fee.allowed_fee) for fee in fees_in(practice, book))
    assert kinds == [
        ("group_number", 90), ("group_number", 800), ("insurance_carrier", 90), ("insurance_carrier", 800),
        ("insurance_carrier", 905), ("insurance_plan", 90), ("insurance_plan", 800),
    ]  # fmt: skip


def test_carriers_of_one_group_share_what_they_allow(practice: Any, crown: str) -> None:
    one, other = (
        stored.put(practice, coverage.carriers, carrier_name=name, carrier_group_name="Big") for name in "AB"
    )
    book = book_of(practice, carrier_uuid=one)
    see(practice, book, crown, "2025-02-01", 800, carrier_uuid=other)
    assert run(practice, book)["by_rule_type"] == {"insurance_carrier_group": 1}
    (fee,) = fees_in(practice, book)
    number = stored.read(practice, coverage.carriers, one)["surrogate"]
    assert (fee.resolution_scope_type, fee.resolution_scope_identifier) == ("insurance_carrier", number)


def test_a_failure_changes_nothing_and_says_so(
    practice: Any, plan: Any, crown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = worked_book(practice, plan, crown)

    def fail(transaction: Any, *_: Any) -> None:
        transaction.driver.execute("DELETE FROM estimate_book_evidence")
        raise ZeroDivisionError

    monkeypatch.setattr(recompute, "compute", fail)
    done = practice("RecomputeEstimateBook", book_uuid=book)
    assert (done.status, done.HasField("summary_json"), done.version) == ("failed", False, 2)
    assert "ZeroDivision" not in done.error
    assert practice("ListEvidence", book_uuid=book).total == 6


def test_an_archived_book_has_no_runs(practice: Any) -> None:
    book = book_of(practice)
    practice("ArchiveEstimateBook", book_uuid=book)
    with refused("INVALID_STATE"):
        practice("RecomputeEstimateBook", book_uuid=book)
    with refused("NOT_FOUND"):
        practice("RecomputeEstimateBook", book_uuid=str(uuid4()))


def test_of_two_runs_at_once_the_second_is_refused(
    practice: Any, plan: Any, crown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = worked_book(practice, plan, crown)

    def compute(*arguments: Any) -> dict[str, Any]:
        with refused("INVALID_STATE"):
            practice("RecomputeEstimateBook", book_uuid=book)
        return book_computing.compute(*arguments)

    monkeypatch.setattr(recompute, "compute", compute)
    assert run(practice, book)["created"] == 1


def test_a_pin_that_comes_while_a_run_is_under_way_stays(
    practice: Any, plan: Any, crown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, exam = worked_book(practice, plan, crown), stored.code(practice, "D0150")
    run(practice, book)
    (fee,) = fees_in(practice, book)
    for code in (crown, exam):
        see(practice, book, code, "2025-09-01", 50, insurance_plan_uuid=plan.id)
    pins: list[Any] = []

    def store(*arguments: Any) -> dict[str, int]:
        pins.append(practice("UpdateAllowedFee", book_uuid=book, entry_uuid=fee.id, allowed_fee=1))
        pins.append(
            practice(
                "CreateAllowedFee", book_uuid=book, procedure_code_uuid=exam, allowed_fee=2,
                resolution_scope_type="insurance_plan", computed_at="2025-09-01T00:00:00Z",
            )
        )  # fmt: skip
        return computed_fees.store(*arguments)

    monkeypatch.setattr(book_computing, "store", store)
    summary = run(practice, book)
    assert (summary["created"], summary["updated"]) == (0, 0)
    assert sorted(fees_in(practice, book), key=lambda one: one.allowed_fee) == pins
    assert sorted(log[0] for log in logs_in(practice, book)) == ["manual_override", "rule_match"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 9999)), max_size=8))
def test_a_second_run_changes_nothing_and_pins_survive_any_evidence(
    practice: Any, rows: list[tuple[int, int, int]]
) -> None:
    codes = [stored.code(practice, f"D{uuid4().hex[:8]}") for _ in range(3)]
    carrier = stored.carrier(practice, uuid4().hex)
    plans = [
        practice("CreatePlan", carrier_uuid=carrier, plan_type="capitation", group_number=number)
        for number in ("7", "8")
    ]
    book = book_of(practice, carrier_uuid=carrier)
    pin = practice(
        "CreateAllowedFee", book_uuid=book, procedure_code_uuid=codes[0], allowed_fee=1.23,
        resolution_scope_type="insurance_carrier", computed_at="2025-09-01T00:00:00Z",
    )  # fmt: skip
    for code, number, cents in rows:
        see(practice, book, codes[code], "2025-05-05", cents / 100, insurance_plan_uuid=plans[number].id)
    first = run(practice, book)
    after = fees_in(practice, book)
    assert pin in after
    assert first["created"] == sum(first["by_rule_type"].values()) == len(after) - 1
    second = run(practice, book)
    assert second == {**first, "created": 0, "unchanged": first["created"]}
    assert fees_in(practice, book) == after
    assert len(logs_in(practice, book)) == first["created"]


# Large books


@pytest.fixture
def large(practice: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every book is large. No run is left to the next test."""
    monkeypatch.setattr(recompute, "MOST_AT_ONCE", 0)
    yield
    recompute.Worker(practice.database, clock).work()


@pytest.mark.usefixtures("large")
def test_a_large_book_is_done_in_the_background(practice: Any, plan: Any, crown: str, clock: Any) -> None:
    book = worked_book(practice, plan, crown)
    running = practice("RecomputeEstimateBook", book_uuid=book)
    progress = {"progress": {"done": 0, "total": 6}}
    assert (running.status, MessageToDict(running.summary_json)) == ("running", progress)
    assert not running.HasField("finished_at")
    with refused("INVALID_STATE"):
        practice("RecomputeEstimateBook", book_uuid=book)
    recompute.Worker(practice.database, clock).work()
    done = practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id)
    assert (done.status, done.summary_json["created"], done.version) == ("completed", 1, 2)
    assert run(practice, book, "running")["progress"]["total"] == 6


@pytest.mark.usefixtures("large")
def test_progress_is_seen_while_the_run_goes_on(
    practice: Any, plan: Any, crown: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = worked_book(practice, plan, crown)
    running = practice("RecomputeEstimateBook", book_uuid=book)
    seen = []

    def compute(transaction: Any, book_row: Any, run_row: Any, progress: Any) -> dict[str, Any]:
        progress(4)
        seen.append(practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id))
        with refused("INVALID_STATE"):
            practice("RecomputeEstimateBook", book_uuid=book)
        return book_computing.compute(transaction, book_row, run_row, progress)

    monkeypatch.setattr(recompute, "compute", compute)
    recompute.Worker(practice.database, clock).work()
    assert [MessageToDict(one.summary_json) for one in seen] == [{"progress": {"done": 4, "total": 6}}]
    assert practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id).status == "completed"


@pytest.mark.usefixtures("large")
def test_a_closing_worker_begins_nothing(practice: Any, plan: Any, crown: str, clock: Any) -> None:
    book = worked_book(practice, plan, crown)
    running = practice("RecomputeEstimateBook", book_uuid=book)
    worker = recompute.Worker(practice.database, clock)
    worker.close()
    worker.work()
    assert practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id).status == "running"


DIES = """
import sys, time
from services.insurance import book_computing, computed_fees, recompute
from services.kernel.clock import Clock
from services.kernel.db import Database

whole = book_computing.store

def store(*arguments):
    stored = whole(*arguments)
    print("stored, not committed", flush=True)
    time.sleep(60)
    return stored

book_computing.store = store
recompute.Worker(Database(sys.argv[1], connections=4), Clock()).work()
"""


@pytest.mark.usefixtures("large")
def test_a_killed_run_leaves_nothing_and_another_process_does_it(
    practice: Any, plan: Any, crown: str, clock: Any, database_url: str
) -> None:
    book = worked_book(practice, plan, crown)
    running = practice("RecomputeEstimateBook", book_uuid=book)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", DIES, database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"stored, not committed\n"
            worker = recompute.Worker(practice.database, clock)
            worker.work()  # finds the lock taken
            assert practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id).status == "running"
        finally:
            process.kill()
    ends = time.monotonic() + 10
    while (done := practice("GetEstimateBookRun", book_uuid=book, run_uuid=running.id)).status == "running":
        assert time.monotonic() < ends
        assert fees_in(practice, book) == []
        worker.work()
    assert (done.status, done.summary_json["created"]) == ("completed", 1)
    assert len(fees_in(practice, book)) == len(logs_in(practice, book)) == 1


def test_a_run_costs_as_many_statements_whatever_the_evidence(practice: Any, plan: Any) -> None:
    counts = []
    for size in (1, 12):
        book = book_of(practice, insurance_plan_uuid=plan.id)
        for _ in range(size):
            code = stored.code(practice, f"D{uuid4().hex[:8]}")
            see(practice, book, code, "2025-05-05", 10, insurance_plan_uuid=plan.id)
        with practice.statements() as sent:
            run(practice, book)
        counts.append(len(sent))
    assert counts[0] == counts[1]
