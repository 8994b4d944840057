"""Assignments out of the database, for the rules: one statement for many locations and plans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from services.insurance.domain.assignment_rules import Assignment, Assignments
from services.insurance.tables.assignments import fee_schedule_assignments as table
from services.kernel.db import Transaction

_COLUMNS = (
    table.c.id,
    table.c.location_uuid,
    table.c.carrier_uuid,
    table.c.insurance_plan_uuid,
    table.c.assignment_kind,
    table.c.fee_schedule_uuid,
    table.c.effective_start,
    table.c.effective_end,
    table.c.estimate_book_uuid,
)


def known_at(
    transaction: Transaction,
    *,
    locations: Iterable[UUID],
    kinds: Iterable[str],
    owners: Iterable[UUID | None],
    day: date,
) -> Assignments:
    """What is in force on the day at these locations, of these kinds (see `schedule_kinds`).

    `owners` are plans and carriers; what belongs to the locations themselves is always read.
    """
    owner = func.coalesce(table.c.insurance_plan_uuid, table.c.carrier_uuid)
    return Assignments(
        read(
            transaction,
            table.c.location_uuid.in_(list(locations)),
            table.c.assignment_kind.in_(sorted(kinds)),
            or_(owner.is_(None), owner.in_({one for one in owners if one is not None})),
            in_force(day),
        )
    )


def in_force(day: date) -> ColumnElement[bool]:
    """Both ends belong to the range, no end is open."""
    return (table.c.effective_start <= day) & not_ended(day)


def not_ended(day: date) -> ColumnElement[bool]:
    """In force on the day, or later."""
    return or_(table.c.effective_end.is_(None), table.c.effective_end >= day)


def read(transaction: Transaction, *conditions: Any) -> list[Assignment]:
    """The assignments that are not archived and meet the conditions."""
    statement = select(*_COLUMNS).where(table.c.deleted_at.is_(None), *conditions)
    return [Assignment(*row) for row in transaction.sql.execute(statement)]
