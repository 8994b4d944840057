"""The usual fees (UCR) of an organization: those of the office schedule that most locations use.

    usual_fees(transaction, on) -> {code: amount} | None

A location uses the schedule that is assigned to it as `ucr` on the day; of several schedules with as many
locations the oldest counts. Fees of a clinic or provider are no usual fees. None: no location has a schedule.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from services.insurance.assignment_reading import in_force
from services.insurance.fee_choice import applying
from services.insurance.tables.assignments import fee_schedule_assignments
from services.insurance.tables.fees import fee_schedules
from services.kernel.db import Transaction


def usual_fees(transaction: Transaction, on: date) -> dict[UUID, Decimal] | None:
    """The usual fee of every code that has one."""
    assigned, schedule = fee_schedule_assignments.c, fee_schedules.c
    most = (
        select(schedule.id)
        .join(fee_schedule_assignments, assigned.fee_schedule_uuid == schedule.id)
        .where(
            assigned.assignment_kind == "ucr",
            assigned.deleted_at.is_(None),
            schedule.purpose == "office",
            in_force(on),
        )
        .group_by(schedule.id)
        .order_by(func.count(assigned.location_uuid.distinct()).desc(), schedule.created_at, schedule.id)
        .limit(1)
    )
    found = transaction.sql.execute(most).scalar_one_or_none()
    return None if found is None else global_fees(transaction, found, on)


def global_fees(transaction: Transaction, schedule: UUID, on: date) -> dict[UUID, Decimal]:
    """The fees of a schedule that are for no clinic or provider."""
    rows = applying(transaction, [schedule], None, None, None, on)
    return {code: row["amount"] for (_, code), row in rows.items()}
