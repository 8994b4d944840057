"""The stored fees that apply: many codes of many schedules in one statement.

    applying(transaction, schedules, codes, clinic, provider, on) -> {(schedule, code): fee row}

`schedules` and `codes` are ids; `codes=None` means every code. Where no fee applies there is no entry. Rows
are those of `tables.fees.fees`: `amount` and `patient_amount` are Decimals. Archived schedules resolve like
others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from services.crud.resource import Row
from services.insurance.domain.fee_resolution import choose
from services.insurance.tables.fees import fees
from services.kernel.db import Transaction


def applying(
    transaction: Transaction,
    schedules: Iterable[UUID],
    codes: Iterable[UUID] | None,
    clinic: UUID | None,
    provider: UUID | None,
    on: date,
) -> dict[tuple[UUID, UUID], Row]:
    """The fee of each schedule and code that applies here, to this provider, on this day."""
    column = fees.c
    statement = select(fees).where(
        column.fee_schedule_uuid.in_(set(schedules)),
        or_(column.clinic_uuid.is_(None), column.clinic_uuid == clinic),
        or_(column.provider_uuid.is_(None), column.provider_uuid == provider),
        or_(column.date_effective.is_(None), column.date_effective <= on),
    )
    if codes is not None:
        statement = statement.where(column.procedure_code_uuid.in_(set(codes)))
    candidates: dict[tuple[UUID, UUID], list[Row]] = defaultdict(list)
    for row in transaction.sql.execute(statement).mappings():
        candidates[row["fee_schedule_uuid"], row["procedure_code_uuid"]].append(row)
    chosen = {place: choose(rows, clinic, provider, on) for place, rows in candidates.items()}
    return {place: row for place, row in chosen.items() if row is not None}
