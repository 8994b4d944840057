"""Two or three schedules side by side: what each asks for a code, without clinic or provider, today."""

from __future__ import annotations

from google.protobuf.struct_pb2 import NullValue, Value
from sqlalchemy import select

from allowable.insurance.v1 import fee_schedules_pb2 as pb
from services.crud import codec, query, references
from services.crud.resource import Row
from services.insurance.fee_choice import applying
from services.insurance.references import FEE_SCHEDULE, named, procedure_code_brief
from services.insurance.tables.directory import procedure_codes
from services.insurance.tables.fees import fee_schedules, fees
from services.kernel.call import Call
from services.kernel.errors import invalid

NO_FEE = Value(null_value=NullValue.NULL_VALUE)


def compare(request: pb.CompareFeeSchedulesRequest, call: Call) -> pb.CompareFeeSchedulesResponse:
    """One row for each code that any of them has, in order of the codes."""
    wanted = {
        f"schedule_uuids[{place}]": codec.read(fee_schedules.c.id, text, f"schedule_uuids[{place}]")
        for place, text in enumerate(request.schedule_uuids)
    }
    if len(set(wanted.values())) != len(wanted):
        raise invalid("schedule_uuids", "unique", "must be different schedules")
    have = select(fees.c.procedure_code_uuid).where(fees.c.fee_schedule_uuid.in_(wanted.values()))
    statement = select(procedure_codes).where(procedure_codes.c.id.in_(have))
    order = query.Order(procedure_codes.c.code, procedure_codes.c.id, descending=False)
    with call.transaction() as transaction:
        schedules = references.require(FEE_SCHEDULE, wanted, transaction, archived_too=True)
        page = query.numbered(statement, order, request, transaction)
        codes = [code["id"] for code in page.rows]
        found = applying(transaction, schedules, codes, None, None, call.clock.today())
    return pb.CompareFeeSchedulesResponse(
        page=page.page,
        page_size=page.page_size,
        total=page.total,
        schedules={str(identity): named(row) for identity, row in schedules.items()},
        rows=[
            pb.CompareRow(
                procedure_code=procedure_code_brief(code),
                amounts={str(one): _amount(found.get((one, code["id"]))) for one in schedules},
            )
            for code in page.rows
        ],
    )


def _amount(fee: Row | None) -> Value:
    return NO_FEE if fee is None else Value(string_value=str(fee["amount"]))
