"""What applies where: one slot resolved, a plan at all locations, all plans at all locations.

Each reads the assignments it needs in one statement, whatever the number of plans and locations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select

from allowable.insurance.v1 import fee_schedule_assignments_pb2 as pb
from allowable.insurance.v1.references_pb2 import EntityRef
from services.crud import codec
from services.crud.resource import Row
from services.crud.steps import message_of
from services.insurance import references
from services.insurance.assignment_reading import in_force, known_at
from services.insurance.assignments import ASSIGNMENT, refuse
from services.insurance.domain import assignment_rules as rules
from services.insurance.domain.assignment_rules import Slot
from services.insurance.tables.assignments import fee_schedule_assignments
from services.insurance.tables.coverage import carriers, insurance_plans
from services.insurance.tables.directory import locations
from services.insurance.tables.fees import fee_schedules
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.rpc import Handler

_COLUMN = fee_schedule_assignments.c
RESOLVED = {
    "location_uuid": references.LOCATION,
    "insurance_plan_uuid": references.PLAN,
    "carrier_uuid": references.CARRIER,
}


# One slot


def resolve_assignment(request: pb.ResolveAssignmentRequest, call: Call) -> pb.ResolveAssignmentResponse:
    """The assignment that applies in a slot on a day."""
    day = codec.read(_COLUMN.effective_start, request.as_of_date, "as_of_date")
    with call.transaction() as transaction:
        found: Any = references.asked_about(RESOLVED, request, transaction)
        slot = _slot(request.kind, *found.values())
        kinds, owners = rules.schedule_kinds(slot.kind), [slot.plan, slot.carrier]
        known = known_at(transaction, locations=[slot.location], kinds=kinds, owners=owners, day=day)
        applies = rules.resolve(known, slot, day)
        if applies is None:
            return pb.ResolveAssignmentResponse(resolved=False)
        statement = select(fee_schedule_assignments).where(_COLUMN.id == applies.assignment.id)
        row = transaction.sql.execute(statement).mappings().one()
        return pb.ResolveAssignmentResponse(
            resolved=True, resolution_level=applies.level, assignment=message_of(ASSIGNMENT, row, call)
        )


def _slot(kind: str, place: Any, plan: Row | None, carrier: Row | None) -> Slot:
    """The carrier is the plan's; one that is given beside the plan must be it."""
    wanted = None if carrier is None else carrier["id"]
    if plan is None:
        return Slot(place["id"], kind, None, wanted)
    if kind != rules.USUAL:
        refuse(rules.refuse_slot(kind, plan["id"], wanted, plan["carrier_uuid"]))
    return Slot(place["id"], kind, plan["id"], plan["carrier_uuid"])


# One plan everywhere


def compare(request: pb.CompareAssignmentsRequest, call: Call) -> pb.CompareAssignmentsResponse:
    """What a plan gets today at each active location."""
    today = call.clock.today()
    with call.transaction() as transaction:
        asked: Any = references.asked_about({"plan_uuid": references.PLAN}, request, transaction)
        plan = asked["plan_uuid"]
        places = active_locations(transaction)
        known = known_at(
            transaction,
            locations=[place.id for place in places],
            kinds=rules.schedule_kinds(request.kind),
            owners=[plan["id"], plan["carrier_uuid"]],
            day=today,
        )
        found = {
            place.id: rules.resolve(
                known, Slot(place.id, request.kind, plan["id"], plan["carrier_uuid"]), today
            )
            for place in places
        }
        used = {one.assignment.schedule for one in found.values() if one}
        schedules = {row.id: row.name for row in _named(fee_schedules, used, transaction)}
    response = pb.CompareAssignmentsResponse(kind=request.kind, plan=references.plan(plan))
    for place in places:
        cell = response.locations.add(resolution_level="none")
        cell.location.CopyFrom(EntityRef(id=str(place.id), name=place.name))
        one = found[place.id]
        if one is not None:
            _fill(cell, one, schedules)
    return response


def _fill(cell: pb.CompareCell, found: rules.Found, schedules: dict[UUID, str]) -> None:
    assignment = found.assignment
    cell.resolution_level = found.level
    cell.assignment_uuid = str(assignment.id)
    cell.fee_schedule.id = str(assignment.schedule)
    cell.fee_schedule.name = schedules[assignment.schedule]
    cell.effective_start = assignment.start.isoformat()
    if assignment.end is not None:
        cell.effective_end = assignment.end.isoformat()


# All plans everywhere


def matrix(request: pb.GetAssignmentMatrixRequest, call: Call) -> pb.GetAssignmentMatrixResponse:
    """What is assigned to each plan itself today at each active location; for usual fees, to the location."""
    with call.transaction() as transaction:
        places = [EntityRef(id=str(one.id), name=one.name) for one in active_locations(transaction)]
        usual = request.kind == rules.USUAL
        rows = [("", pb.MatrixRow())] if usual else _plan_rows(request, transaction)
        cells = _cells(request, call, transaction)
    for plan, row in rows:
        for place in places:
            # Thousands: each is made where it stays, ids as the texts that they leave as.
            row.cells.add(location_uuid=place.id, **cells.get((plan, place.id), {}))
    return pb.GetAssignmentMatrixResponse(
        kind=request.kind, locations=places, rows=[row for _plan, row in rows]
    )


def _plan_rows(
    request: pb.GetAssignmentMatrixRequest, transaction: Transaction
) -> list[tuple[str, pb.MatrixRow]]:
    """The plans that are neither archived nor hidden, by carrier and group."""
    plan = insurance_plans.c
    statement = (
        select(plan.id, plan.group_name, carriers.c.id.label("carrier"), carriers.c.carrier_name)
        .join_from(insurance_plans, carriers, plan.carrier_uuid == carriers.c.id)
        .where(plan.deleted_at.is_(None), plan.is_hidden.is_(False), *_of_carrier(request))
        .order_by(carriers.c.carrier_name, plan.group_name.nulls_last(), plan.id)
    )
    return [
        (
            str(row.id),
            pb.MatrixRow(
                plan=EntityRef(id=str(row.id), name=row.group_name),
                carrier=EntityRef(id=str(row.carrier), name=row.carrier_name),
            ),
        )
        for row in transaction.sql.execute(statement)
    ]


def _of_carrier(request: pb.GetAssignmentMatrixRequest) -> list[Any]:
    if not request.HasField("carrier_uuid"):
        return []
    column = insurance_plans.c.carrier_uuid
    return [column == codec.read(column, request.carrier_uuid, "carrier_uuid")]


def _cells(
    request: pb.GetAssignmentMatrixRequest, call: Call, transaction: Transaction
) -> dict[tuple[str, str], dict[str, Any]]:
    """What fills a cell, by plan and location."""
    columns = (_COLUMN.insurance_plan_uuid, _COLUMN.location_uuid, _COLUMN.id, _COLUMN.fee_schedule_uuid)
    owner = _COLUMN.insurance_plan_uuid.is_not(None)
    if request.kind == rules.USUAL:
        owner = _COLUMN.insurance_plan_uuid.is_(None)
    statement = select(*(cast(column, Text) for column in columns)).where(
        _COLUMN.deleted_at.is_(None),
        _COLUMN.assignment_kind == request.kind,
        owner,
        in_force(call.clock.today()),
    )
    if request.HasField("carrier_uuid") and request.kind != rules.USUAL:
        plans = select(insurance_plans.c.id).where(*_of_carrier(request))
        statement = statement.where(_COLUMN.insurance_plan_uuid.in_(plans))
    rows: Any = transaction.sql.execute(statement).all()
    used = {UUID(schedule) for schedule in {schedule for _plan, _place, _id, schedule in rows}}
    schedules = {
        str(one.id): EntityRef(id=str(one.id), name=one.name)
        for one in _named(fee_schedules, used, transaction)
    }
    return {
        (plan or "", place): {"assignment_uuid": identity, "fee_schedule": schedules[schedule]}
        for plan, place, identity, schedule in rows
    }


# What is shown


def active_locations(transaction: Transaction) -> list[Any]:
    """Id and name of the locations that are in use, by name."""
    column = locations.c
    statement = select(column.id, column.name).where(column.is_active, column.deleted_at.is_(None))
    return list(transaction.sql.execute(statement.order_by(column.name, column.id)))


def _named(table: Any, ids: Iterable[UUID], transaction: Transaction) -> list[Any]:
    return list(transaction.sql.execute(select(table.c.id, table.c.name).where(table.c.id.in_(set(ids)))))


RPCS: dict[str, Handler] = {
    "ResolveAssignment": resolve_assignment,
    "GetAssignmentMatrix": matrix,
    "CompareAssignments": compare,
}
