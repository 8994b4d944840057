"""FeeScheduleAssignmentService: which fee schedule applies at a location, for a carrier or plan, when.

Answers that take many assignments together are in assignment_overview.py and assignment_health.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError

from allowable.insurance.v1 import fee_schedule_assignments_pb2 as pb
from services.crud import codec
from services.crud.operations import Archive, Get, List
from services.crud.references import require
from services.crud.resource import Parent, Resource, Row, Values
from services.crud.steps import (
    add_unless,
    base_version,
    change,
    find,
    message_of,
    messages_of,
    refuse_archived,
)
from services.insurance import history, references
from services.insurance.assignment_reading import in_force
from services.insurance.domain import assignment_rules as rules
from services.insurance.tables import assignments, coverage, directory
from services.insurance.tables.fees import fee_schedules
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.rpc import Handler
from services.kernel.translation import http_status_of

ASSIGNMENT = Resource(
    "assignment",
    assignments.fee_schedule_assignments,
    pb.Assignment,
    key="assignment_uuid",
    references=(
        references.LOCATION,
        references.CARRIER,
        references.PLAN,
        references.FEE_SCHEDULE,
        references.ESTIMATE_BOOK,
    ),
    order="-effective_start",
    filters=(
        "location_uuid",
        "carrier_uuid",
        "insurance_plan_uuid",
        "assignment_kind",
        "fee_schedule_uuid",
    ),
    history=True,
)
AT_LOCATION = replace(ASSIGNMENT, parents=(Parent("location_uuid", directory.locations, "location"),))
OF_PLAN = replace(
    ASSIGNMENT,
    parents=(Parent("insurance_plan_uuid", coverage.insurance_plans, "plan", "plan_uuid"),),
)
UPCOMING = replace(ASSIGNMENT, order="effective_start")
INHERITED = (
    "location_uuid",
    "carrier_uuid",
    "insurance_plan_uuid",
    "assignment_kind",
    "estimate_book_uuid",
    "effective_end",
    "notes",
)
"""What a successor takes over where nothing else is sent."""
SLOT = "fee_schedule_assignments_slot"
_COLUMN = ASSIGNMENT.table.c


# Lists


def in_dates(statement: Select[Any], request: Any) -> Select[Any]:
    """Only what has no end, where the request does not say otherwise."""
    day = _day(request, "active_as_of")
    if day is not None:
        statement = statement.where(in_force(day))
    elif request.active_only or not request.HasField("active_only"):
        statement = statement.where(_COLUMN.effective_end.is_(None))
    after, before = _day(request, "effective_start_after"), _day(request, "effective_start_before")
    if after is not None:
        statement = statement.where(_COLUMN.effective_start >= after)
    if before is not None:
        statement = statement.where(_COLUMN.effective_start <= before)
    return statement


def _day(request: Any, field: str) -> date | None:
    # Not every list has every field.
    if field not in request.DESCRIPTOR.fields_by_name or not request.HasField(field):
        return None
    day: date = codec.read(_COLUMN.effective_start, getattr(request, field), field)
    return day


def list_upcoming(request: pb.ListUpcomingAssignmentsRequest, call: Call) -> Any:
    """What starts after today, soonest first."""
    later = _COLUMN.effective_start > call.clock.today()
    return List(UPCOMING, lambda statement, _request: statement.where(later))(request, call)


def list_activity(request: pb.ListAssignmentActivityRequest, call: Call) -> pb.ListAssignmentActivityResponse:
    """What was done to assignments, newest first."""
    with call.transaction() as transaction:
        moved = {"CombineCarriers": "update"}
        items, total = history.entries(ASSIGNMENT.name, request, call, transaction, actions=moved)
        return pb.ListAssignmentActivityResponse(items=items, total=total)


# Writes


def create_assignment(request: pb.CreateAssignmentRequest, call: Call) -> pb.Assignment:
    """A schedule in a slot, from today on where no day is given."""
    values = codec.sent(ASSIGNMENT, request)
    with call.transaction() as transaction:
        values = _checked(values, call, transaction)
        (row,) = add_unless(ASSIGNMENT, [values], SLOT, call, transaction)
        if row is None:
            raise _overlap(_holders([values], transaction).get(values["location_uuid"]))
        message: pb.Assignment = message_of(ASSIGNMENT, row, call)
        return message


def update_assignment(request: pb.UpdateAssignmentRequest, call: Call) -> pb.Assignment:
    """Schedule, dates, book or notes; the slot stays."""
    values = codec.sent(ASSIGNMENT, request)
    with call.transaction() as transaction:
        row = find(ASSIGNMENT, request, transaction)
        refuse_archived(ASSIGNMENT, row)
        base = base_version(ASSIGNMENT, row, request)
        referred = _referred(values, transaction)
        after = {**row, **values}
        if "fee_schedule_uuid" in values:
            _check_purpose(row["assignment_kind"], referred["fee_schedule_uuid"])
        refuse(rules.refuse_dates(after["effective_start"], after["effective_end"]))
        with _no_overlap(after, transaction):
            row = change(ASSIGNMENT, row, values, base, call, transaction)
        message: pb.Assignment = message_of(ASSIGNMENT, row, call)
        return message


def supersede_assignment(
    request: pb.SupersedeAssignmentRequest, call: Call
) -> pb.SupersedeAssignmentResponse:
    """Ends the assignment the day before its successor starts."""
    values = codec.sent(ASSIGNMENT, request)
    with call.transaction() as transaction:
        row = find(ASSIGNMENT, request, transaction)
        refuse_archived(ASSIGNMENT, row)
        base = base_version(ASSIGNMENT, row, request)
        referred = _referred(values, transaction)
        successor = {**{name: row[name] for name in INHERITED}, **values}
        _check_purpose(row["assignment_kind"], referred["fee_schedule_uuid"])
        last = rules.last_day_before(row["effective_start"], row["effective_end"], values["effective_start"])
        if isinstance(last, rules.Refusal):
            raise _refusal(last)
        if last is None:
            state = "The assignment has ended before this day: create the next one by itself."
            raise DomainError("INVALID_STATE", state, context={"status": "ended"})
        refuse(rules.refuse_dates(successor["effective_start"], successor["effective_end"]))
        with _no_overlap(row, transaction):
            ended = change(ASSIGNMENT, row, {"effective_end": last}, base, call, transaction)
        (added,) = add_unless(ASSIGNMENT, [successor], SLOT, call, transaction)
        if added is None:
            raise _overlap(_holders([successor], transaction).get(row["location_uuid"]))
        first, second = messages_of(ASSIGNMENT, [ended, added], call)
        return pb.SupersedeAssignmentResponse(ended=first, successor=second)


def bulk_create(request: pb.BulkCreateAssignmentsRequest, call: Call) -> pb.BulkCreateAssignmentsResponse:
    """The same slot at many locations. Each location succeeds or fails for itself, in the order given.

    Rows are written in the order of locations, so that two calls at once cannot wait for each other.
    """
    shared = codec.sent(ASSIGNMENT, request)
    places = _location_ids(request)
    with call.transaction() as transaction:
        shared = _checked(shared, call, transaction)
        outcomes: list[Row | DomainError | None] = [*_unknown(places, transaction)]
        numbers = [number for number, outcome in enumerate(outcomes) if outcome is None]
        numbers.sort(key=lambda number: places[number])
        rows = [{**shared, "location_uuid": places[number]} for number in numbers]
        added = add_unless(ASSIGNMENT, rows, SLOT, call, transaction)
        lost = [values for values, row in zip(rows, added, strict=True) if row is None]
        holders = _holders(lost, transaction) if lost else {}
        for number, row in zip(numbers, added, strict=True):
            outcomes[number] = row or _overlap(holders.get(places[number]))
        return _bulk_response(places, outcomes, call)


def _location_ids(request: pb.BulkCreateAssignmentsRequest) -> list[UUID]:
    faults, places = [], []
    for number, text in enumerate(request.location_uuids):
        try:
            places.append(codec.from_wire(_COLUMN.location_uuid, text))
        except codec.FaultError as fault:
            faults.append(FieldFault(f"location_uuids[{number}]", fault.code, fault.message))
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)
    return places


def _unknown(places: Sequence[UUID], transaction: Transaction) -> Iterator[DomainError | None]:
    """Why there can be no assignment at a location, for each in order; None: there can."""
    table = directory.locations
    statement = select(table.c.id, table.c.deleted_at).where(table.c.id.in_(set(places)))
    known = {row.id: row.deleted_at for row in transaction.sql.execute(statement)}
    for place in places:
        if place not in known:
            yield DomainError("NOT_FOUND", "There is no such location.")
        else:
            archived = known[place] is not None
            yield DomainError("ARCHIVED_REFERENCE", "This location is archived.") if archived else None


def _bulk_response(
    places: Sequence[UUID], outcomes: Sequence[Row | DomainError | None], call: Call
) -> pb.BulkCreateAssignmentsResponse:
    made = iter(
        messages_of(ASSIGNMENT, [row for row in outcomes if row and not isinstance(row, DomainError)], call)
    )
    response = pb.BulkCreateAssignmentsResponse(total=len(places))
    for place, outcome in zip(places, outcomes, strict=True):
        result = response.results.add(location_uuid=str(place))
        if isinstance(outcome, DomainError):
            response.failed += 1
            result.error.status = http_status_of(outcome, call.policy.family)
            result.error.type = outcome.reason.insurance_type
            result.error.msg = outcome.message
        else:
            response.succeeded += 1
            result.success = True
            result.assignment.CopyFrom(next(made))
    return response


# Checks


def _checked(values: Values, call: Call, transaction: Transaction) -> Values:
    """The values of a new assignment, complete; where they name no location, that is still to come."""
    referred = _referred(values, transaction)
    plan = referred.get("insurance_plan_uuid")
    refuse(
        rules.refuse_slot(
            values["assignment_kind"],
            values.get("insurance_plan_uuid"),
            values.get("carrier_uuid"),
            plan["carrier_uuid"] if plan else None,
        )
    )
    values = {"effective_start": call.clock.today(), **values}
    refuse(rules.refuse_dates(values["effective_start"], values.get("effective_end")))
    _check_purpose(values["assignment_kind"], referred["fee_schedule_uuid"])
    return values


def _referred(values: Values, transaction: Transaction) -> dict[str, Row]:
    """The records that the values name, by column. Errors: NOT_FOUND, ARCHIVED_REFERENCE.

    The schedule is locked first: its purpose is not to change before the assignment is stored.
    """
    if "fee_schedule_uuid" in values:
        wanted = fee_schedules.c.id == values["fee_schedule_uuid"]
        transaction.sql.execute(select(fee_schedules.c.id).where(wanted).with_for_update(read=True))
    found = {}
    for reference in ASSIGNMENT.references:
        identity = values.get(reference.column)
        if identity is not None:
            found[reference.column] = require(reference, {reference.column: identity}, transaction)[identity]
    return found


def _check_purpose(kind: str, schedule: Row) -> None:
    if not rules.suits(kind, schedule["purpose"]):
        wanted = " or ".join(sorted(rules.PURPOSES[kind]))
        fault = FieldFault(
            "fee_schedule_uuid", "purpose", f"must have the purpose {wanted} to be assigned as {kind}"
        )
        raise DomainError("PURPOSE_MISMATCH", faults=[fault])


def refuse(refusal: rules.Refusal | None) -> None:
    """Raises what the rules refuse."""
    if refusal is not None:
        raise _refusal(refusal)


def _refusal(refusal: rules.Refusal) -> DomainError:
    return invalid(refusal.field, refusal.code, refusal.message)


@contextmanager
def _no_overlap(after: Row, transaction: Transaction) -> Iterator[None]:
    """Around the change of a row that will be like this; OVERLAP names the row in the way.

    Changes at one location wait for each other: two rows that grow into each other would wait for ever.
    """
    place = directory.locations.c.id == after["location_uuid"]
    transaction.sql.execute(select(directory.locations.c.id).where(place).with_for_update(key_share=True))
    try:
        with transaction.sql.begin_nested():
            yield
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.ExclusionViolation):
            raise
        raise _overlap(_holders([after], transaction).get(after["location_uuid"])) from None


def _holders(rows: Sequence[Values | Row], transaction: Transaction) -> dict[UUID, UUID]:
    """By location, the stored assignment that is in the way of these rows: of one kind, owner and range."""
    like = rows[0]
    owner = func.coalesce(_COLUMN.insurance_plan_uuid, _COLUMN.carrier_uuid)
    last = like.get("effective_end")
    statement = select(_COLUMN.location_uuid, _COLUMN.id).where(
        _COLUMN.deleted_at.is_(None),
        _COLUMN.location_uuid.in_({row["location_uuid"] for row in rows}),
        _COLUMN.assignment_kind == like["assignment_kind"],
        owner.is_not_distinct_from(like.get("insurance_plan_uuid") or like.get("carrier_uuid")),
        or_(_COLUMN.effective_end.is_(None), _COLUMN.effective_end >= like["effective_start"]),
        *([] if last is None else [_COLUMN.effective_start <= last]),
        *([] if like.get("id") is None else [_COLUMN.id != like["id"]]),
    )
    found: dict[UUID, UUID] = {}
    for place, identity in transaction.sql.execute(statement.order_by(_COLUMN.effective_start)):
        found.setdefault(place, identity)
    return found


def _overlap(holder: UUID | None) -> DomainError:
    """The holder is None when it was archived meanwhile."""
    return DomainError("OVERLAP", context={} if holder is None else {"assignment_id": str(holder)})


RPCS: dict[str, Handler] = {
    "ListAssignments": List(ASSIGNMENT, in_dates),
    "ListLocationAssignments": List(AT_LOCATION, in_dates),
    "ListPlanAssignments": List(OF_PLAN, in_dates),
    "GetAssignment": Get(ASSIGNMENT),
    "CreateAssignment": create_assignment,
    "UpdateAssignment": update_assignment,
    "SupersedeAssignment": supersede_assignment,
    "ArchiveAssignment": Archive(ASSIGNMENT),
    "BulkCreateAssignments": bulk_create,
    "ListUpcomingAssignments": list_upcoming,
    "ListAssignmentActivity": list_activity,
}
