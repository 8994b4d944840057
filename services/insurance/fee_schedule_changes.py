"""Whole schedules by a percentage: a scaled copy, and raising or lowering every fee in place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import update

from allowable.insurance.v1 import fee_schedules_pb2 as pb
from services.crud import steps
from services.crud.resource import Row, Values
from services.insurance.domain.fee_scaling import HIGHEST, scaled, signed
from services.insurance.fee_store import FEE, SCHEDULE, fees_of
from services.insurance.names import filled
from services.insurance.tables.fees import fee_schedules
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.money import NotADecimalError, rate_from_wire
from services.kernel.outbox import Change, audit

LEAST, MOST = -100, 1000
"""Percent by which fees may be lowered and raised."""
COPIED = ("procedure_code_uuid", "clinic_uuid", "provider_uuid", "date_effective", "patient_amount")


def copy(request: pb.CopyFeeScheduleRequest, call: Call) -> pb.FeeSchedule:
    """A new active schedule of the same type and purpose, with every fee scaled; assignments stay behind."""
    name = filled({"new_name": request.new_name}, "new_name")["new_name"]
    percentage = _percentage(request, "percentage_adjustment")
    if not LEAST < percentage <= MOST:
        raise invalid("percentage_adjustment", "range", f"must be above {LEAST}, at most {MOST}")
    with call.transaction() as transaction:
        source = steps.find(SCHEDULE, request, transaction, lock=True)
        values = {"name": name, "fee_sched_type": source["fee_sched_type"], "purpose": source["purpose"]}
        made = steps.add(SCHEDULE, values, call, transaction)
        rows = [
            _copied(row, made, _scaled(row, percentage, "percentage_adjustment"))
            for row in fees_of(source, transaction)
        ]
        steps.add_all(FEE, rows, call, transaction)
        answer: pb.FeeSchedule = steps.message_of(SCHEDULE, made, call)
    return answer


def undulate(request: pb.UndulateFeeScheduleRequest, call: Call) -> pb.UndulateFeeScheduleResponse:
    """Raises or lowers every fee; the patient's fixed shares stay."""
    percentage = _percentage(request, "percentage")
    most = -LEAST if request.direction == "decrease" else MOST
    if not 0 < percentage <= most:
        raise invalid("percentage", "range", f"must be above 0, at most {most}")
    by = signed(request.direction, percentage)
    with call.transaction() as transaction:
        schedule = steps.find(SCHEDULE, request, transaction, lock=True)
        steps.base_version(SCHEDULE, schedule, request)
        steps.refuse_archived(SCHEDULE, schedule)
        amounts = [(row, _scaled(row, by, "percentage")) for row in fees_of(schedule, transaction)]
        changed: list[tuple[Row, Values]] = [
            (row, {"amount": new}) for row, new in amounts if new != row["amount"]
        ]
        steps.change_all(FEE, changed, call, transaction)
        version = schedule["version"] + 1
        raised = update(fee_schedules).where(
            fee_schedules.c.id == schedule["id"], fee_schedules.c.version == schedule["version"]
        )
        transaction.sql.execute(raised.values(version=version, updated_at=call.clock.now()))
        done = {"direction": request.direction, "percentage": percentage, "fees_changed": len(changed)}
        audit(transaction, call, str(schedule["id"]), Change(SCHEDULE.name, {}, done))
    return pb.UndulateFeeScheduleResponse(updated=len(changed), version=version)


def _percentage(request: Any, field: str) -> Decimal:
    try:
        return rate_from_wire(getattr(request, field))
    except NotADecimalError:
        raise invalid(field, "decimal", "must be a number with at most 4 decimals") from None


def _scaled(row: Row, percentage: Decimal, field: str) -> Decimal:
    amount = scaled(row["amount"], percentage)
    if amount > HIGHEST:
        raise invalid(field, "range", f"would raise a fee above {HIGHEST}")
    return amount


def _copied(row: Row, schedule: Row, amount: Decimal) -> Values:
    return {**{name: row[name] for name in COPIED}, "fee_schedule_uuid": schedule["id"], "amount": amount}
