"""The health report over assignments: what it finds, and what it leaves alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from services.insurance.tables import fees
from tests.harness.calls import refused
from tests.unit.insurance import stored
from tests.unit.insurance.office import Office


def report(office: Office, **fields: Any) -> list[tuple[str, str, str, str]]:
    """Code, severity, location and kind of each issue; the counts must fit."""
    answer = office("ValidateAssignments", **fields)
    stats, issues = answer.stats, answer.issues
    assert stats.issue_count == len(issues) == stats.error_count + stats.warning_count
    assert sum(stats.by_code.values()) == len(issues)
    assert all(issue.message for issue in issues)
    return [(one.code, one.severity, one.location.name, one.assignment_kind) for one in issues]


def subscribe(office: Office, plan: str, status: str = "active") -> None:
    person = stored.patient(office.practice)
    stored.coverage_of(office.practice, person, plan, subscription_status=status)


def change_schedule(office: Office, schedule: str, **values: Any) -> None:
    table = fees.fee_schedules
    with office.practice.database.transaction(office.practice.principal.tenant) as transaction:
        transaction.sql.execute(update(table).where(table.c.id == UUID(schedule)).values(**values))


def test_every_active_location_has_usual_fees(office: Office) -> None:
    office.location("Closed", is_active=False)
    assert report(office) == [("missing_ucr", "error", "North", "ucr")]
    office.assign("ucr", effective_end="2026-03-13")
    assert report(office) == [("missing_ucr", "error", "North", "ucr")]
    office.assign("ucr", effective_start="2026-03-14")
    assert report(office) == []


@pytest.mark.parametrize("level", ["plan", "carrier", "location"])
def test_a_plan_with_subscribers_gets_better_than_usual_fees(office: Office, level: str) -> None:
    office.assign("ucr")
    subscribe(office, office.plan)
    assert report(office) == [("missing_primary", "warning", "North", "primary")]
    owner = {
        "plan": {"insurance_plan_uuid": office.plan}, "carrier": {"carrier_uuid": office.carrier}
    }  # fmt: skip
    office.assign(**owner.get(level, {}))
    assert report(office) == []


def test_plans_without_network_or_subscribers_need_no_fees_of_their_own(office: Office) -> None:
    office.assign("ucr")
    subscribe(office, office.new_plan("Indemnity", plan_type="category_percentage"))
    subscribe(office, office.plan, "terminated")
    assert report(office) == []


def test_an_archived_schedule_or_one_of_another_purpose(office: Office) -> None:
    office.assign("ucr")
    copay = office.assign("copay")
    change_schedule(office, office.contract, purpose="allowed", deleted_at=office.practice.clock.now())
    assert report(office) == [
        ("archived_schedule", "error", "North", "copay"),
        ("purpose_kind_mismatch", "error", "North", "copay"),
    ]
    issue = office("ValidateAssignments").issues[0]
    assert list(issue.assignment_uuids) == [copay.id]
    office("UpdateAssignment", assignment_uuid=copay.id, base_version=1, effective_end="2026-03-13")
    assert report(office) == []


@pytest.mark.parametrize(
    ("book", "wanted"),
    [
        ({}, False),
        ({"carrier_uuid": "own"}, False),
        ({"carrier_uuid": "other"}, True),
        ({"insurance_plan_uuid": "own"}, False),
        ({"insurance_plan_uuid": "other"}, True),
    ],
)
def test_an_estimate_book_is_of_the_slot(office: Office, book: dict[str, str], *, wanted: bool) -> None:
    other = stored.carrier(office.practice, "Other")
    ids = {
        ("carrier_uuid", "own"): office.carrier,
        ("carrier_uuid", "other"): other,
        ("insurance_plan_uuid", "own"): office.plan,
        ("insurance_plan_uuid", "other"): office.new_plan("Beta"),
    }
    office.assign("ucr")
    values: dict[str, Any] = {
        name: UUID(ids[name, value]) if (name, value) in ids else value for name, value in book.items()
    }
    identity = office.book(**values)
    office.assign("allowed", insurance_plan_uuid=office.plan, estimate_book_uuid=identity)
    assert report(office) == ([("invalid_estimate_book", "error", "North", "allowed")] if wanted else [])


def test_an_estimate_book_is_not_archived(office: Office) -> None:
    office.assign("ucr")
    book = office.book()
    office.assign("allowed", estimate_book_uuid=book)
    assert report(office) == []
    office("ArchiveEstimateBook", book_uuid=book)
    assert report(office) == [("invalid_estimate_book", "error", "North", "allowed")]


def test_the_report_of_one_location(office: Office) -> None:
    south = office.location("South")
    office.assign("ucr", location_uuid=south)
    assert report(office, location_uuid=south) == []
    stats = office("ValidateAssignments", location_uuid=south).stats
    assert (stats.locations_checked, stats.assignments_checked) == (1, 1)
    assert office("ValidateAssignments").stats.locations_checked == 2
    with refused("NOT_FOUND"):
        report(office, location_uuid=str(uuid4()))


def test_the_report_takes_as_many_statements_for_twenty_plans_as_for_one(office: Office) -> None:
    office.assign("ucr")
    office.assign(insurance_plan_uuid=office.plan)
    subscribe(office, office.new_plan("Beta"))

    def statements() -> int:
        with office.practice.statements() as sent:
            office("ValidateAssignments")
        return len(sent)

    few = statements()
    for number in range(20):
        subscribe(office, office.new_plan(f"Plan {number}"))
        office.assign("copay", location_uuid=office.location(f"Office {number}"))
    assert statements() == few <= 8
