"""FeeResolutionService: why a fee is what it is, for every kind of schedule at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from allowable.insurance.v1 import fee_resolution_pb2 as pb
from allowable.insurance.v1.references_pb2 import EntityRef
from services.crud import codec
from services.insurance import references
from services.insurance.assignment_reading import known_at
from services.insurance.domain import fee_trace
from services.insurance.domain.assignment_rules import KINDS, Slot, Step, walk
from services.insurance.domain.fee_trace import KindTrace
from services.insurance.fee_choice import applying
from services.insurance.tables.directory import procedure_codes
from services.insurance.tables.fees import fee_schedules, fees
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault
from services.kernel.money import amount_to_wire
from services.kernel.rpc import Handler

ASKED_ABOUT = {
    "location_uuid": references.LOCATION,
    "insurance_plan_uuid": references.PLAN,
    "provider_uuid": references.PROVIDER,
}


def debug(request: pb.DebugFeeResolutionRequest, call: Call) -> pb.DebugFeeResolutionResponse:
    """Which schedule and which fee apply on the day, and what was looked at on the way."""
    day = codec.read(fees.c.date_effective, request.date_of_service, "date_of_service")
    with call.transaction() as transaction:
        found: Any = references.asked_about(ASKED_ABOUT, request, transaction)
        place, plan = found["location_uuid"], found["insurance_plan_uuid"]
        provider = found["provider_uuid"] and found["provider_uuid"]["id"]
        code = _code(request.procedure_code, transaction)
        owners = [plan["id"], plan["carrier_uuid"]]
        known = known_at(transaction, locations=[place["id"]], kinds=KINDS, owners=owners, day=day)
        walks = {
            kind: tuple(walk(known, Slot(place["id"], kind, *owners), day, falls_back=fee_trace.FALLS_BACK))
            for kind in KINDS
        }
        schedules = {
            step.assignment.schedule for steps in walks.values() for step in steps if step.assignment
        }
        names = _names(schedules, transaction)
        fee = applying(transaction, schedules, [code["id"]], place["id"], provider, day)
    traces = [KindTrace(kind, steps, _fee_of(steps, code["id"], fee)) for kind, steps in walks.items()]
    return pb.DebugFeeResolutionResponse(
        date_of_service=day.isoformat(),
        insurance_plan=references.plan(plan),
        location=references.named(place),
        procedure_code=code["code"],
        status=fee_trace.overall(traces),
        summary={one.kind: amount_to_wire(one.fee["amount"]) for one in traces if one.fee},
        traces=[_trace(one, names, provider=provider is not None) for one in traces],
    )


def _code(text: str, transaction: Transaction) -> Any:
    wanted = codec.read(procedure_codes.c.code, text.strip().upper(), "procedure_code")
    statement = select(procedure_codes).where(
        procedure_codes.c.code == wanted, procedure_codes.c.deleted_at.is_(None)
    )
    row = transaction.sql.execute(statement).mappings().first()
    if row is None:
        fault = FieldFault("procedure_code", "not_found", "there is no such procedure code")
        raise DomainError("NOT_FOUND", faults=[fault])
    return row


def _names(schedules: set[UUID], transaction: Transaction) -> dict[UUID, str]:
    if not schedules:
        return {}
    column = fee_schedules.c
    statement = select(column.id, column.name).where(column.id.in_(schedules))
    return {row.id: row.name for row in transaction.sql.execute(statement)}


def _fee_of(steps: tuple[Step, ...], code: UUID, fee: Mapping[tuple[UUID, UUID], Any]) -> Any:
    used = [step.assignment.schedule for step in steps if step.assignment]
    return fee.get((used[0], code)) if used else None


def _trace(trace: KindTrace, names: Mapping[UUID, str], *, provider: bool) -> pb.KindTrace:
    message = pb.KindTrace(kind=trace.kind, status=trace.status, steps=map(_step, trace.steps))
    if trace.match is not None and trace.assignment is not None:
        schedule = trace.assignment.schedule
        message.resolution_level = trace.match.level
        message.assignment_uuid = str(trace.assignment.id)
        message.fee_schedule.CopyFrom(EntityRef(id=str(schedule), name=names[schedule]))
    for step in fee_trace.fee_steps(trace.fee, provider=provider, schedule=trace.match is not None):
        shown = _step(step)
        if trace.fee is not None and step.outcome == "match":
            shown.fee_uuid = str(trace.fee["id"])
            message.fee_uuid = shown.fee_uuid
            message.fee_level = step.level
            message.amount = f"{trace.fee['amount']:.2f}"
        message.fee_steps.append(shown)
    return message


def _step(step: Step) -> pb.TraceStep:
    used = None if step.assignment is None else str(step.assignment.id)
    return pb.TraceStep(level=step.level, outcome=step.outcome, reason=step.reason, assignment_uuid=used)


RPCS: dict[str, Handler] = {"DebugFeeResolution": debug}
