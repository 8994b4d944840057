"""FeeScheduleService: named lists of fees, their state, copies and comparison."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from allowable.insurance.v1 import fee_schedules_pb2 as pb
from services.crud import codec
from services.crud.operations import Archive, Get, List
from services.crud.resource import Row, Values
from services.crud.steps import add, base_version, change, find, message_of, refuse_archived
from services.insurance import fee_schedule_changes, fee_schedule_comparison, fee_schedule_notes, history
from services.insurance.fee_store import IN_ANY_STATE, SCHEDULE, usage
from services.insurance.names import filled
from services.insurance.tables import fees
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.rpc import Handler

PURPOSE = {
    "normal": "office",
    "copay": "insurance",
    "fixed_benefit": "insurance",
    "out_of_network": "allowed",
    "allowed": "allowed",
    "manual_blue_book": "allowed",
}
"""What a schedule of each type is for, unless the request says."""
FEE_EDITS = dict.fromkeys(("CreateFee", "UpdateFee", "DeleteFee", "BulkCreateFees", "ImportFees"), "update")
"""In the history of a schedule, edits of its fees are updates of it."""


def by_state(statement: Select[Any], request: pb.ListFeeSchedulesRequest) -> Select[Any]:
    """Active schedules, or archived ones."""
    put_away = fees.fee_schedules.c.deleted_at
    return statement.where(put_away.is_not(None) if request.status == "archived" else put_away.is_(None))


def stats(_request: pb.GetFeeScheduleStatsRequest, call: Call) -> pb.GetFeeScheduleStatsResponse:
    """Fees and assignments of every active schedule."""
    schedules, table = fees.fee_schedules.c, fees.fees
    counted = (
        select(schedules.id, func.count(table.c.id).label("fee_count"))
        .join_from(fees.fee_schedules, table, table.c.fee_schedule_uuid == schedules.id, isouter=True)
        .where(schedules.deleted_at.is_(None))
        .group_by(schedules.id)
        .order_by(schedules.name, schedules.id)
    )
    with call.transaction() as transaction:
        rows = transaction.sql.execute(counted).mappings().all()
        used = usage(rows, call)
    items = [
        pb.FeeScheduleStats(
            fee_schedule_uuid=str(row["id"]),
            fee_count=row["fee_count"],
            assignment_count=use["assignment_count"],
        )
        for row, use in zip(rows, used, strict=True)
    ]
    return pb.GetFeeScheduleStatsResponse(items=items)


def create(request: pb.CreateFeeScheduleRequest, call: Call) -> pb.FeeSchedule:
    """A new schedule; its type says what it is for unless the request does."""
    values = filled(codec.sent(SCHEDULE, request), "name")
    values = {"purpose": PURPOSE[values["fee_sched_type"]], **values}
    if request.status == "archived":
        values["deleted_at"] = call.clock.now()
    with call.transaction() as transaction:
        answer: pb.FeeSchedule = message_of(SCHEDULE, add(SCHEDULE, values, call, transaction), call)
    return answer


def update(request: pb.UpdateFeeScheduleRequest, call: Call) -> pb.FeeSchedule:
    """Changes a schedule, puts it away, or takes it back out: of an archived one only the state changes."""
    values = filled(codec.sent(SCHEDULE, request), "name")
    with call.transaction() as transaction:
        row = find(SCHEDULE, request, transaction, lock=True)
        base = base_version(SCHEDULE, row, request)
        if request.status != "active":
            _refuse_change_of_archived(row, values, request.status)
        _check_use(row, values, call)
        if request.status == "active":
            values["deleted_at"] = None
        elif request.status == "archived":
            values["deleted_at"] = row["deleted_at"] or call.clock.now()
        row = change(IN_ANY_STATE, row, values, base, call, transaction)
        answer: pb.FeeSchedule = message_of(SCHEDULE, row, call)
    return answer


def _refuse_change_of_archived(row: Row, values: Values, status: str) -> None:
    if not status or any(row[name] != value for name, value in values.items()):
        refuse_archived(SCHEDULE, row)


def _check_use(row: Row, values: Values, call: Call) -> None:
    """What assignments rely on stays as it is while there are any. The lock on the row keeps new ones out."""
    changed = [n for n in ("fee_sched_type", "purpose") if values.get(n, row[n]) != row[n]]
    if changed and usage([row], call)[0]["assignment_count"]:
        raise invalid(changed[0], "assigned", "stays as it is while assignments use the schedule")


def list_history(request: pb.ListFeeScheduleHistoryRequest, call: Call) -> pb.ListFeeScheduleHistoryResponse:
    """What happened to the schedule, newest first."""
    with call.transaction() as transaction:
        row = find(SCHEDULE, request, transaction)
        items, total = history.entries(SCHEDULE.name, request, call, transaction, row["id"], FEE_EDITS)
    return pb.ListFeeScheduleHistoryResponse(items=items, total=total)


RPCS: dict[str, Handler] = {
    "ListFeeSchedules": List(IN_ANY_STATE, narrow=by_state),
    "GetFeeSchedule": Get(SCHEDULE),
    "GetFeeScheduleStats": stats,
    "CreateFeeSchedule": create,
    "UpdateFeeSchedule": update,
    "ArchiveFeeSchedule": Archive(SCHEDULE),
    "CopyFeeSchedule": fee_schedule_changes.copy,
    "UndulateFeeSchedule": fee_schedule_changes.undulate,
    "CompareFeeSchedules": fee_schedule_comparison.compare,
    "ListFeeScheduleHistory": list_history,
    **fee_schedule_notes.RPCS,
}
