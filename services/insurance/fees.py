"""FeeService: the fees of a schedule by code, clinic, provider and date, one by one and many at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from allowable.insurance.v1 import fees_pb2 as pb
from allowable.insurance.v1.references_pb2 import ProcedureCodeBrief
from services.crud import codec, query, references, steps
from services.crud.resource import Resource, Row, Values
from services.insurance import fee_files
from services.insurance.fee_choice import applying
from services.insurance.fee_store import FEE, PROCEDURE_CODE, SCHEDULE, edited, opened
from services.insurance.references import CLINIC, PROVIDER
from services.insurance.tables import fees
from services.insurance.tables.directory import procedure_codes
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.rpc import Handler

CODE = Resource(
    "procedure code",
    procedure_codes,
    ProcedureCodeBrief,
    key="procedure_code_uuid",
    search=("code", "description"),
    filters=("category",),
    order="code",
)
ANY_CODE = replace(CODE, archived="")
"""Archived codes keep their fees."""
WRITTEN = (
    "procedure_code_uuid",
    "clinic_uuid",
    "provider_uuid",
    "date_effective",
    "amount",
    "patient_amount",
)


# Reading


def list_fees(request: pb.ListFeesRequest, call: Call) -> pb.ListFeesResponse:
    """Fees by code or text of the code, category and amount."""
    table, code = fees.fees.c, procedure_codes.c
    lowest, highest = (
        codec.read(table.amount, getattr(request, name), name) if request.HasField(name) else None
        for name in ("fee_min", "fee_max")
    )
    if lowest is not None and highest is not None and lowest > highest:
        raise invalid("fee_min", "range", "must not be above fee_max")
    with call.transaction() as transaction:
        schedule = steps.find(SCHEDULE, request, transaction)
        statement = query.narrowed(ANY_CODE, request).join(fees.fees, code.id == table.procedure_code_uuid)
        statement = statement.with_only_columns(*table, maintain_column_froms=True)
        statement = statement.where(table.fee_schedule_uuid == schedule["id"])
        if lowest is not None:
            statement = statement.where(table.amount >= lowest)
        if highest is not None:
            statement = statement.where(table.amount <= highest)
        sorts = {"amount": table.amount, "description": code.description, "category": code.category}
        order = query.Order(sorts.get(request.sort_col, code.code), table.id, request.sort_dir == "desc")
        page = query.numbered(statement, order, request, transaction)
        answer: pb.ListFeesResponse = steps.page_message(FEE, page, call)
    return answer


def list_available_codes(request: pb.ListAvailableCodesRequest, call: Call) -> pb.ListAvailableCodesResponse:
    """Codes that have no fee at all in the schedule."""
    with call.transaction() as transaction:
        schedule = steps.find(SCHEDULE, request, transaction)
        table = fees.fees.c
        priced = select(table.procedure_code_uuid).where(table.fee_schedule_uuid == schedule["id"])
        statement = query.narrowed(CODE, request).where(procedure_codes.c.id.not_in(priced))
        page = query.numbered(statement, query.order_of(CODE, request), request, transaction)
        answer: pb.ListAvailableCodesResponse = steps.page_message(CODE, page, call)
    return answer


def resolve(request: pb.ResolveFeeRequest, call: Call) -> pb.ResolveFeeResponse:
    """The fee that applies; nothing when none does."""
    wanted, on = codec.sent(FEE, request), call.clock.today()
    if request.as_of_date:
        on = codec.read(fees.fees.c.date_effective, request.as_of_date, "as_of_date")
    with call.transaction() as transaction:
        schedule = steps.find(SCHEDULE, request, transaction)
        for reference in (PROCEDURE_CODE, CLINIC, PROVIDER):
            if wanted.get(reference.column) is not None:
                named = {reference.column: wanted[reference.column]}
                references.require(reference, named, transaction, archived_too=True)
        who = wanted.get("clinic_uuid"), wanted.get("provider_uuid")
        found = applying(transaction, [schedule["id"]], [wanted["procedure_code_uuid"]], *who, on)
        messages = steps.messages_of(FEE, list(found.values()), call)
    return pb.ResolveFeeResponse(fee=messages[0] if messages else None)


# Writing


def create(request: pb.CreateFeeRequest, call: Call) -> pb.Fee:
    """One more fee."""
    values = codec.sent(FEE, request)
    with call.transaction() as transaction:
        schedule = opened(request, transaction)
        values["fee_schedule_uuid"] = schedule["id"]
        references.check(FEE, values, transaction)
        row = steps.add(FEE, values, call, transaction)
        edited(schedule, call, transaction, added=1)
        answer: pb.Fee = steps.message_of(FEE, row, call)
    return answer


def update(request: pb.UpdateFeeRequest, call: Call) -> pb.Fee:
    """Changes a fee, or moves it to another clinic, provider or date."""
    values = codec.sent(FEE, request)
    with call.transaction() as transaction:
        schedule, before = _found(request, transaction)
        base = steps.base_version(FEE, before, request)
        steps.refuse_archived(SCHEDULE, schedule)
        references.check(FEE, values, transaction)
        row = steps.change(FEE, before, values, base, call, transaction)
        edited(schedule, call, transaction, changed=row["version"] - before["version"])
        answer: pb.Fee = steps.message_of(FEE, row, call)
    return answer


def delete(request: pb.DeleteFeeRequest, call: Call) -> pb.DeleteFeeResponse:
    """Removes a fee for good."""
    with call.transaction() as transaction:
        schedule, row = _found(request, transaction)
        steps.refuse_archived(SCHEDULE, schedule)
        steps.remove(FEE, row, call, transaction)
        edited(schedule, call, transaction, removed=1)
    return pb.DeleteFeeResponse()


def _found(request: Any, transaction: Transaction) -> tuple[Row, Row]:
    """The schedule, locked, and its fee."""
    schedule = steps.find(SCHEDULE, request, transaction, lock=True)
    return schedule, steps.find(FEE, request, transaction)


def bulk_create(request: pb.BulkCreateFeesRequest, call: Call) -> pb.BulkCreateFeesResponse:
    """Many fees, all or none."""
    rows: dict[str, Values] = {}
    for number, entry in enumerate(request.fees):
        place = f"fees[{number}]."
        rows[place] = dict.fromkeys(WRITTEN) | codec.sent(FEE, entry, place)
    with call.transaction() as transaction:
        schedule = opened(request, transaction)
        for values in rows.values():
            values["fee_schedule_uuid"] = schedule["id"]
        references.check_all(FEE, rows, transaction)
        added = steps.add_all(FEE, list(rows.values()), call, transaction)
        edited(schedule, call, transaction, added=len(added))
        return pb.BulkCreateFeesResponse(items=steps.messages_of(FEE, added, call))


def bulk_update(request: pb.BulkUpdateFeesRequest, call: Call) -> pb.BulkUpdateFeesResponse:
    """Many amounts, all or none; a fee whose amount stays keeps its version."""
    wanted = {f"fees[{number}].": entry for number, entry in enumerate(request.fees)}
    column = fees.fees.c
    ids = {
        place: codec.read(column.id, entry.fee_uuid, f"{place}fee_uuid") for place, entry in wanted.items()
    }
    amounts = {
        place: codec.read(column.amount, entry.amount, f"{place}amount") for place, entry in wanted.items()
    }
    if len(set(ids.values())) < len(ids):
        raise invalid("fees", "unique", "must name each fee once")
    with call.transaction() as transaction:
        schedule = opened(request, transaction)
        named = select(fees.fees).where(
            column.fee_schedule_uuid == schedule["id"], column.id.in_(list(ids.values()))
        )
        stored = {row["id"]: row for row in transaction.sql.execute(named).mappings()}
        changes: list[tuple[Row, Values]] = []
        for place, entry in wanted.items():
            row = stored.get(ids[place])
            if row is None:
                fault = FieldFault(f"{place}fee_uuid", "not_found", "there is no such fee")
                raise DomainError("NOT_FOUND", faults=[fault])
            if row["version"] != entry.base_version:
                fault = FieldFault(f"{place}base_version", "stale_version", "is not the current version")
                context = {"current_version": str(row["version"])}
                raise DomainError("STALE_VERSION", faults=[fault], context=context)
            if row["amount"] != amounts[place]:
                changes.append((row, {"amount": amounts[place]}))
        steps.change_all(FEE, changes, call, transaction)
        edited(schedule, call, transaction, changed=len(changes))
    return pb.BulkUpdateFeesResponse(updated=len(changes))


RPCS: dict[str, Handler] = {
    "ListFees": list_fees,
    "ListAvailableCodes": list_available_codes,
    "CreateFee": create,
    "UpdateFee": update,
    "DeleteFee": delete,
    "BulkCreateFees": bulk_create,
    "BulkUpdateFees": bulk_update,
    "ResolveFee": resolve,
    "ExportFees": fee_files.export_fees,
    "ImportFees": fee_files.import_fees,
}
