"""The health report over assignments: everything it needs is read at once, then judged by the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from allowable.insurance.v1 import fee_schedule_assignments_pb2 as pb
from allowable.insurance.v1.references_pb2 import EntityRef
from services.insurance import references
from services.insurance.assignment_reading import not_ended, read
from services.insurance.domain import assignment_health as health
from services.insurance.domain.assignment_health import Book, Issue, Plan, Schedule
from services.insurance.domain.assignment_rules import Assignment, Assignments
from services.insurance.domain.estimates.model import IN_NETWORK
from services.insurance.tables.assignments import fee_schedule_assignments
from services.insurance.tables.books import estimate_books
from services.insurance.tables.coverage import insurance_plans, insurance_subscriptions
from services.insurance.tables.directory import locations
from services.insurance.tables.fees import fee_schedules
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.rpc import Handler


def validate(request: pb.ValidateAssignmentsRequest, call: Call) -> pb.ValidateAssignmentsResponse:
    """What is wrong or missing from today on, at one location or at all."""
    today = call.clock.today()
    with call.transaction() as transaction:
        asked = references.asked_about({"location_uuid": references.LOCATION}, request, transaction)
        place = asked["location_uuid"]
        here = [] if place is None else [fee_schedule_assignments.c.location_uuid == place["id"]]
        rows = read(transaction, not_ended(today), *here)
        active = _active_locations(place["id"] if place else None, transaction)
        plans = _in_network(transaction)
        known = Assignments(rows)
        issues = [
            *health.missing(known, active, plans, today),
            *health.faulty(rows, *_subjects(rows, transaction)),
            *health.overlapping(known),
        ]
        return pb.ValidateAssignmentsResponse(
            issues=_shown(issues, transaction), stats=_stats(issues, active, rows)
        )


def _active_locations(only: UUID | None, transaction: Transaction) -> list[UUID]:
    column = locations.c
    statement = select(column.id).where(column.is_active, column.deleted_at.is_(None))
    if only is not None:
        statement = statement.where(column.id == only)
    return list(transaction.sql.scalars(statement.order_by(column.name, column.id)))


def _in_network(transaction: Transaction) -> list[Plan]:
    """In-network plans with an active subscription."""
    plan, subscription = insurance_plans.c, insurance_subscriptions.c
    subscribed = select(subscription.id).where(
        subscription.insurance_plan_uuid == plan.id,
        subscription.status == "active",
        subscription.deleted_at.is_(None),
    )
    statement = select(plan.id, plan.carrier_uuid).where(
        plan.plan_type.in_(IN_NETWORK), plan.deleted_at.is_(None), subscribed.exists()
    )
    ordered = statement.order_by(plan.group_name.nulls_last(), plan.id)
    return [Plan(*row) for row in transaction.sql.execute(ordered)]


def _subjects(
    rows: Sequence[Assignment], transaction: Transaction
) -> tuple[dict[UUID, Schedule], dict[UUID, Book], dict[UUID, UUID]]:
    """Schedules and books that the assignments name, and the carriers of their plans, by id."""
    schedule, book, plan = fee_schedules.c, estimate_books.c, insurance_plans.c
    schedules = _by_id(fee_schedules, (one.schedule for one in rows), transaction, schedule.purpose)
    books = _by_id(
        estimate_books, (one.book for one in rows), transaction, book.carrier_uuid, book.insurance_plan_uuid
    )
    plans = _by_id(insurance_plans, (one.plan for one in rows if one.book), transaction, plan.carrier_uuid)
    return (
        {row.id: Schedule(row.purpose, row.deleted_at is not None) for row in schedules},
        {
            row.id: Book(row.deleted_at is not None, row.carrier_uuid, row.insurance_plan_uuid)
            for row in books
        },
        {row.id: row.carrier_uuid for row in plans},
    )


def _by_id(table: Table, ids: Iterable[UUID | None], transaction: Transaction, *columns: Any) -> list[Any]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return []
    statement = select(table.c.id, table.c.deleted_at, *columns).where(table.c.id.in_(wanted))
    return list(transaction.sql.execute(statement))


# The report


def _shown(issues: Sequence[Issue], transaction: Transaction) -> list[pb.AssignmentIssue]:
    name, group = locations.c.name, insurance_plans.c.group_name
    places = _by_id(locations, (one.location for one in issues), transaction, name)
    plans = _by_id(insurance_plans, (one.plan for one in issues), transaction, group)
    shown = {row.id: EntityRef(id=str(row.id), name=row.name) for row in places}
    shown |= {row.id: EntityRef(id=str(row.id), name=row.group_name) for row in plans}
    return [
        pb.AssignmentIssue(
            code=issue.code,
            severity=issue.severity,
            message=issue.message,
            location=shown[issue.location],
            insurance_plan=None if issue.plan is None else shown[issue.plan],
            assignment_kind=issue.kind,
            assignment_uuids=[str(identity) for identity in issue.assignments],
        )
        for issue in issues
    ]


def _stats(
    issues: Sequence[Issue], active: Sequence[UUID], rows: Sequence[Assignment]
) -> pb.AssignmentHealthStats:
    severities = Counter(issue.severity for issue in issues)
    return pb.AssignmentHealthStats(
        locations_checked=len(active),
        assignments_checked=len(rows),
        issue_count=len(issues),
        error_count=severities["error"],
        warning_count=severities["warning"],
        by_code=Counter(issue.code for issue in issues),
    )


RPCS: dict[str, Handler] = {"ValidateAssignments": validate}
