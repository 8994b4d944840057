"""The fees of a schedule as a file: exported, and imported with a preview of what changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from sqlalchemy import Column, Table, select

from allowable.insurance.v1 import fees_pb2 as pb
from services.crud import steps
from services.crud.resource import Row, Values
from services.insurance.domain import fee_csv
from services.insurance.domain.fee_csv import Difference, Entry, Fault, Price, Slot
from services.insurance.fee_store import FEE, SCHEDULE, edited, opened, remove_all
from services.insurance.tables import directory
from services.insurance.tables.fees import fees
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault

Filed = dict[Slot, Row]
CONTENT_TYPE = "text/csv; charset=utf-8"


def export_fees(request: pb.ExportFeesRequest, call: Call) -> HttpBody:
    """Every fee, by code, clinic, provider and date."""
    with call.transaction() as transaction:
        rows = _filed(steps.find(SCHEDULE, request, transaction), transaction)
    call.headers += [
        ("content-disposition", 'attachment; filename="fees.csv"'),
        ("x-content-type-options", "nosniff"),
    ]
    return HttpBody(content_type=CONTENT_TYPE, data=fee_csv.write(rows.values()).encode())


def import_fees(request: pb.ImportFeesRequest, call: Call) -> pb.ImportFeesResponse:
    """Makes the fees those of the file, or says what that would change."""
    try:
        entries = fee_csv.read(request.csv)
    except fee_csv.UnreadableError as error:
        raise _refusal(error.faults) from None
    with call.transaction() as transaction:
        schedule = opened(request, transaction)
        stored = _filed(schedule, transaction)
        prices = {slot: Price(row["amount"], row["patient_amount"]) for slot, row in stored.items()}
        difference = fee_csv.difference(prices, entries, keep_missing=request.keep_missing)
        codes = _known_codes(difference.added, transaction)
        if not request.preview:
            _apply(schedule, stored, difference, codes, call, transaction)
    return pb.ImportFeesResponse(
        added=len(difference.added),
        changed=len(difference.changed),
        removed=len(difference.removed),
        unchanged=difference.unchanged,
        rows=_rows(difference, prices),
        preview=request.preview,
    )


def _refusal(faults: Sequence[Fault]) -> DomainError:
    return DomainError(
        "INVALID_REQUEST",
        faults=[
            FieldFault(f"csv[{f.line}].{f.column}", "csv", f"line {f.line}, column {f.column} {f.must}")
            for f in faults
        ],
    )


def _filed(schedule: Row, transaction: Transaction) -> Filed:
    """Every fee with what the file shows of it, in the order of the file.

    Where an archived code was followed by another of the same text, the file is about the one in use.
    """
    codes, clinics, providers = directory.procedure_codes.c, directory.locations.c, directory.providers.c
    statement = (
        select(
            fees,
            codes.code,
            codes.description,
            clinics.name.label("clinic"),
            (providers.first_name + " " + providers.last_name).label("provider"),
        )
        .join(directory.procedure_codes, codes.id == fees.c.procedure_code_uuid)
        .join(directory.locations, clinics.id == fees.c.clinic_uuid, isouter=True)
        .join(directory.providers, providers.id == fees.c.provider_uuid, isouter=True)
        .where(fees.c.fee_schedule_uuid == schedule["id"])
        .order_by(
            codes.code,
            fees.c.clinic_uuid.nulls_first(),
            fees.c.provider_uuid.nulls_first(),
            fees.c.date_effective.nulls_first(),
            codes.deleted_at.desc().nulls_first(),
        )
    )
    filed: Filed = {}
    for row in transaction.sql.execute(statement).mappings():
        filed.setdefault(Slot(*(row[name] for name in Slot._fields)), row)
    return filed


def _known_codes(added: Sequence[Entry], transaction: Transaction) -> dict[str, Any]:
    """The ids of the codes of new fees; all that they name must exist and not be archived."""
    codes = _in_use(directory.procedure_codes, "code", {entry.slot.code for entry in added}, transaction)
    clinics = _in_use(directory.locations, "id", {entry.slot.clinic_uuid for entry in added}, transaction)
    providers = _in_use(directory.providers, "id", {entry.slot.provider_uuid for entry in added}, transaction)
    known = {"code": codes, "clinic_uuid": clinics, "provider_uuid": providers}
    faults = [
        Fault(entry.line, column, "names nothing that is in use here")
        for entry in added
        for column, found in known.items()
        if getattr(entry.slot, column) is not None and getattr(entry.slot, column) not in found
    ]
    if faults:
        raise _refusal(faults)
    return codes


def _in_use(table: Table, name: str, wanted: set[Any], transaction: Transaction) -> dict[Any, Any]:
    wanted = wanted - {None}
    if not wanted:
        return {}
    column: Column[Any] = table.c[name]
    statement = select(column, table.c.id).where(column.in_(wanted), table.c.deleted_at.is_(None))
    return {row[0]: row[1] for row in transaction.sql.execute(statement)}


def _apply(
    schedule: Row,
    stored: Filed,
    difference: Difference,
    codes: dict[str, Any],
    call: Call,
    transaction: Transaction,
) -> None:
    new: list[Values] = [
        {
            **entry.slot._asdict(),
            **entry.price._asdict(),
            "fee_schedule_uuid": schedule["id"],
            "procedure_code_uuid": codes[entry.slot.code],
        }
        for entry in difference.added
    ]
    for values in new:
        del values["code"]
    changes = [(stored[entry.slot], entry.price._asdict()) for entry in difference.changed]
    remove_all([stored[slot] for slot in difference.removed], call, transaction)
    steps.change_all(FEE, changes, call, transaction)
    steps.add_all(FEE, new, call, transaction)
    numbers = {"added": len(new), "changed": len(changes), "removed": len(difference.removed)}
    edited(schedule, call, transaction, **numbers)


def _rows(difference: Difference, prices: dict[Slot, Price]) -> list[pb.FeeDifference]:
    named = [("added", entry) for entry in difference.added]
    named += [("changed", entry) for entry in difference.changed]
    rows = [
        _row(change, entry.slot, prices.get(entry.slot), entry.price, entry.line)
        for change, entry in sorted(named, key=lambda one: one[1].line)
    ]
    return rows + [_row("removed", slot, prices[slot], None, None) for slot in difference.removed]


def _row(
    change: str, slot: Slot, before: Price | None, after: Price | None, line: int | None
) -> pb.FeeDifference:
    values = {
        **slot._asdict(),
        "amount_before": before and before.amount,
        "patient_amount_before": before and before.patient_amount,
        "amount_after": after and after.amount,
        "patient_amount_after": after and after.patient_amount,
    }
    texts = {name: str(value) for name, value in values.items() if value is not None}
    return pb.FeeDifference(change=change, line=line, **texts)
