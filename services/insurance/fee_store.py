"""A fee schedule and its fees as resources, and writing many of its fees at once.

Whoever writes fees locks their schedule first: edits of one schedule follow each other, so that raising all
fees, copying them or importing a file never meets half of another edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, text

from allowable.insurance.v1 import fee_schedules_pb2, fees_pb2
from services.crud.resource import Parent, Reference, Resource, Row, Unique, Values
from services.crud.steps import find, record_all, refuse_archived
from services.insurance.references import CLINIC, FEE_SCHEDULE, PROVIDER, procedure_code_brief
from services.insurance.tables import directory, fees
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.outbox import Change, audit

PROCEDURE_CODE = Reference(
    "procedure_code_uuid",
    directory.procedure_codes,
    "procedure code",
    "procedure_code",
    procedure_code_brief,
)
UNDER_SCHEDULE = (Parent("fee_schedule_uuid", fees.fee_schedules, "fee schedule"),)

_USAGE = text("""
    SELECT s.id,
        (SELECT count(*) FROM fee_schedule_notes n WHERE n.fee_schedule_uuid = s.id) AS notes_count,
        (SELECT count(*) FROM fee_schedule_assignments a WHERE a.fee_schedule_uuid = s.id
            AND a.deleted_at IS NULL AND (a.effective_end IS NULL OR a.effective_end >= :today)
        ) AS assignment_count
    FROM fee_schedules s WHERE s.id = ANY(:ids)
""")


def state(row: Row, _call: Call) -> Values:
    """Archived is what has been put away; there is no other state."""
    return {"status": "active" if row["deleted_at"] is None else "archived"}


def usage(rows: Sequence[Row], call: Call) -> list[Values]:
    """How many notes each schedule has, and how many assignments use it today or later."""
    values = {"today": call.clock.today(), "ids": [row["id"] for row in rows]}
    with call.transaction() as transaction:
        counted = {row["id"]: row for row in transaction.sql.execute(_USAGE, values).mappings()}
    return [{name: counted[row["id"]][name] for name in ("notes_count", "assignment_count")} for row in rows]


SCHEDULE = Resource(
    "fee schedule",
    fees.fee_schedules,
    fee_schedules_pb2.FeeSchedule,
    key="fee_schedule_uuid",
    search=("name",),
    indexed=True,
    sort=("name",),
    order="name",
    filters=("fee_sched_type", "purpose"),
    derive=state,
    attach=usage,
    history=True,
)
IN_ANY_STATE = replace(SCHEDULE, archived="")
"""The same for who lists archived schedules or takes one back out."""

FEE = Resource(
    "fee",
    fees.fees,
    fees_pb2.Fee,
    key="fee_uuid",
    parents=UNDER_SCHEDULE,
    references=(PROCEDURE_CODE, CLINIC, PROVIDER, FEE_SCHEDULE),
    unique=(
        Unique(
            "fees_slot",
            (
                "fee_schedule_uuid",
                "procedure_code_uuid",
                "clinic_uuid",
                "provider_uuid",
                "date_effective",
            ),
        ),
    ),
    archived="",
    history=True,
)


def opened(request: Any, transaction: Transaction) -> Row:
    """The schedule that the path names, locked for an edit of its fees; INVALID_STATE when archived."""
    schedule = find(SCHEDULE, request, transaction, lock=True)
    refuse_archived(SCHEDULE, schedule)
    return schedule


def fees_of(schedule: Row, transaction: Transaction) -> Sequence[Row]:
    """Every fee of the schedule, in a fixed order."""
    statement = select(fees.fees).where(fees.fees.c.fee_schedule_uuid == schedule["id"])
    return transaction.sql.execute(statement.order_by(fees.fees.c.id)).mappings().all()


def remove_all(rows: Sequence[Row], call: Call, transaction: Transaction) -> None:
    """Deletes these fees in one statement."""
    if rows:
        transaction.sql.execute(delete(fees.fees).where(fees.fees.c.id.in_([row["id"] for row in rows])))
        record_all(FEE, [(row, {}) for row in rows], call, transaction)


def edited(schedule: Row, call: Call, transaction: Transaction, **numbers: int) -> None:
    """One entry in the history of the schedule, for all fees that a call added, changed or removed.

    Before and after of each fee stand in the audit log too, under the fee.
    """
    done = {f"fees_{name}": number for name, number in numbers.items() if number}
    if done:
        audit(transaction, call, str(schedule["id"]), Change(SCHEDULE.name, {}, done))
