"""Carriers that are one and the same become one: what names the sources then names the target."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Table, case, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from allowable.insurance.v1 import carriers_pb2 as pb
from services.crud import references
from services.crud.resource import Resource, Row
from services.crud.steps import message_of, record_all
from services.insurance.domain.combining import assigned_of, surplus
from services.insurance.references import CARRIER as REFERENCE
from services.insurance.tables.assignments import fee_schedule_assignments
from services.insurance.tables.books import allowed_fees, estimate_book_evidence, estimate_books
from services.insurance.tables.coverage import carriers, insurance_drafts, insurance_plans
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, invalid
from services.kernel.outbox import Change, audit_all

NAMES = {
    insurance_plans: "plan",
    fee_schedule_assignments: "assignment",
    estimate_books: "estimate book",
    estimate_book_evidence: "evidence",
    insurance_drafts: "draft",
}
"""What names a carrier, as the audit log calls it."""
COLUMNS = {insurance_drafts: "matched_carrier_uuid"}
"""Where the column is not `carrier_uuid`."""


def combine_carriers(resource: Resource, request: pb.CombineCarriersRequest, call: Call) -> Any:
    """Moves what the sources have to the target and archives them."""
    target, sources = _named(request)
    with call.transaction() as transaction:
        before = _locked(target, sources, transaction)
        _drop_surplus_assignments(target, sources, call, transaction)
        moved = {table: _move(table, target, sources, call, transaction) for table in NAMES}
        _move_allowed_fees(before, target, sources, call, transaction)
        after = _close(target, sources, call, transaction)
        record_all(resource, [(before[identity], row) for identity, row in after.items()], call, transaction)
        carrier = message_of(resource, after[target], call)
    return pb.CombineCarriersResponse(carrier=carrier, plans_moved=moved[insurance_plans])


def _named(request: pb.CombineCarriersRequest) -> tuple[UUID, list[UUID]]:
    """The target, and the sources without repeats, in their order."""
    faults: list[FieldFault] = []
    read: dict[str, UUID] = {}
    texts = {f"source_uuids[{place}]": text for place, text in enumerate(request.source_uuids)}
    for field, text in {**texts, "target_uuid": request.target_uuid}.items():
        try:
            read[field] = UUID(text)
        except ValueError:
            faults.append(FieldFault(field, "uuid", "must be a UUID"))
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)
    target = read.pop("target_uuid")
    for field, source in read.items():
        if source == target:
            raise invalid(field, "not_the_target", "must not be the carrier that stays")
    return target, list(dict.fromkeys(read.values()))


def _locked(target: UUID, sources: list[UUID], transaction: Transaction) -> dict[Any, Row]:
    """All of them, locked in one order; none unknown or archived."""
    wanted = [target, *sources]
    lock = select(carriers.c.id).where(carriers.c.id.in_(wanted)).order_by(carriers.c.id).with_for_update()
    transaction.sql.execute(lock).all()
    places = {f"source_uuids[{place}]": source for place, source in enumerate(sources)}
    return references.require(REFERENCE, {**places, "target_uuid": target}, transaction)


def _drop_surplus_assignments(
    target: UUID, sources: list[UUID], call: Call, transaction: Transaction
) -> None:
    """Archives carrier-level assignments of the sources that would overlap one that stays."""
    table = fee_schedule_assignments
    statement = select(table).where(
        table.c.carrier_uuid.in_([target, *sources]),
        table.c.insurance_plan_uuid.is_(None),
        table.c.deleted_at.is_(None),
    )
    statement = statement.order_by(table.c.created_at, table.c.id).with_for_update()
    rows = transaction.sql.execute(statement).mappings().all()
    kept = [assigned_of(row) for row in rows if row["carrier_uuid"] == target]
    order = {source: place for place, source in enumerate(sources)}
    others = [row for row in rows if row["carrier_uuid"] in order]
    moving = sorted(others, key=lambda row: order[row["carrier_uuid"]])
    dropped = surplus(kept, map(assigned_of, moving))
    if dropped:
        # They move too, which raises their version: together it is one change.
        now = call.clock.now()
        transaction.sql.execute(update(table).where(table.c.id.in_(dropped)).values(deleted_at=now))
        change = Change(NAMES[table], {}, {"deleted_at": now})
        audit_all(transaction, call, {str(identity): change for identity in dropped})


def _move(table: Table, target: UUID, sources: list[UUID], call: Call, transaction: Transaction) -> int:
    """Lets the rows of the sources name the target; how many did."""
    name = COLUMNS.get(table, "carrier_uuid")
    old = select(table.c.id, table.c[name]).where(table.c[name].in_(sources)).with_for_update().cte("old")
    values: dict[str, Any] = {name: target, "updated_at": call.clock.now()}
    if "version" in table.c:
        values["version"] = table.c.version + 1
    statement = update(table).where(table.c.id == old.c.id).values(values).returning(old.c.id, old.c[name])
    moved = transaction.sql.execute(statement).all()
    changes = {
        str(identity): Change(NAMES[table], {name: source}, {name: target}) for identity, source in moved
    }
    audit_all(transaction, call, changes)
    return len(moved)


def _move_allowed_fees(
    before: dict[Any, Row], target: UUID, sources: list[UUID], call: Call, transaction: Transaction
) -> None:
    """Books keep what they say of a carrier. Where they say it of the target too, that stays alone."""
    fee, stays = allowed_fees.c, allowed_fees.alias("stays").c
    new, now = before[target]["surrogate"], call.clock.now()
    key = (fee.estimate_book_uuid, fee.procedure_code_uuid, fee.group_number)
    taken = select(stays.id).where(
        stays.resolution_scope_type == fee.resolution_scope_type,
        stays.resolution_scope_identifier == new,
        *(stays[column.name].is_not_distinct_from(column) for column in key),
    )
    old = (
        select(fee.id, fee.resolution_scope_identifier)
        .ext(distinct_on(*key))
        .where(
            fee.resolution_scope_type == "insurance_carrier",
            fee.resolution_scope_identifier.in_([before[source]["surrogate"] for source in sources]),
            ~taken.exists(),
        )
        .order_by(*key, fee.estimate_book_run_uuid.is_not(None), fee.created_at, fee.id)
        .cte("old")
    )
    statement = update(allowed_fees).where(fee.id == old.c.id)
    statement = statement.values(resolution_scope_identifier=new, updated_at=now).returning(*old.c)
    name = fee.resolution_scope_identifier.name
    changes = {
        str(identity): Change("allowed fee", {name: number}, {name: new})
        for identity, number in transaction.sql.execute(statement)
    }
    audit_all(transaction, call, changes)
    of_groups = update(allowed_fees).where(fee.group_carrier_uuid.in_(sources))
    transaction.sql.execute(of_groups.values(group_carrier_uuid=target, updated_at=now))


def _close(target: UUID, sources: list[UUID], call: Call, transaction: Transaction) -> dict[Any, Row]:
    """Archives the sources; the target has changed too."""
    now = call.clock.now()
    statement = (
        update(carriers)
        .where(carriers.c.id.in_([target, *sources]))
        .values(
            updated_at=now,
            version=carriers.c.version + 1,
            deleted_at=case((carriers.c.id == target, None), else_=now),
        )
    )
    rows = transaction.sql.execute(statement.returning(carriers)).mappings()
    return {row["id"]: row for row in rows}
