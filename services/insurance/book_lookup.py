"""What an estimate book says a plan allows: many codes in one statement.

    allowed_by_book(transaction, plan, codes, book=None) -> {code: fee row}

`plan`, `codes` and `book` are ids; where no book is given it is the active one closest to the plan: of the
plan, else of its carrier, else of the tenant, the oldest of several. Of the fees of a code the closest to the
plan counts, pinned or computed: at the plan, at its group, at its carrier, at the book's own scope. A draft
or archived book says nothing. Rows are those of `tables.books.allowed_fees`: `allowed_fee` is a Decimal,
`confidence` and `sample_count` say what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, case, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.crud.resource import Row
from services.insurance.tables.books import allowed_fees, estimate_books
from services.insurance.tables.coverage import carriers, insurance_plans
from services.kernel.db import Transaction


def allowed_by_book(
    transaction: Transaction, plan: UUID, codes: Iterable[UUID], book: UUID | None = None
) -> dict[UUID, Row]:
    """The fee of each code that the book has one for; other codes have no entry."""
    fee, of_plan, of_carrier = allowed_fees.c, insurance_plans.c, carriers.c
    wanted = estimate_books.c.id == book if book is not None else estimate_books.c.id == _closest(plan)
    scope, number = fee.resolution_scope_type, fee.resolution_scope_identifier
    closeness = case(
        (and_(scope == "insurance_plan", number == of_plan.surrogate), 1),
        (
            and_(
                scope == "group_number",
                fee.group_number == of_plan.group_number,
                or_(fee.group_carrier_uuid.is_(None), fee.group_carrier_uuid == of_plan.carrier_uuid),
            ),
            2,
        ),
        (and_(scope == "insurance_carrier", number == of_carrier.surrogate), 3),
        (and_(scope != "group_number", number.is_(None)), 4),
    )
    statement = (
        select(allowed_fees)
        .ext(distinct_on(fee.procedure_code_uuid))
        .join(estimate_books, estimate_books.c.id == fee.estimate_book_uuid)
        .join(insurance_plans, of_plan.id == plan)
        .join(carriers, of_carrier.id == of_plan.carrier_uuid)
        .where(
            wanted,
            estimate_books.c.status == "active",
            fee.procedure_code_uuid.in_(set(codes)),
            closeness.is_not(None),
        )
        .order_by(fee.procedure_code_uuid, closeness, fee.id)
    )
    return {row["procedure_code_uuid"]: row for row in transaction.sql.execute(statement).mappings()}


def _closest(plan: UUID) -> ScalarSelect[Any]:
    """The active book of the plan, of its carrier, or of the tenant."""
    book, of_plan = estimate_books.c, insurance_plans.c
    closeness = case(
        (and_(book.scope_type == "plan", book.insurance_plan_uuid == of_plan.id), 1),
        (and_(book.scope_type == "carrier", book.carrier_uuid == of_plan.carrier_uuid), 2),
        (book.scope_type == "tenant", 3),
    )
    return (
        select(book.id)
        .join(insurance_plans, of_plan.id == plan)
        .where(book.status == "active", closeness.is_not(None))
        .order_by(closeness, book.created_at, book.id)
        .limit(1)
        .scalar_subquery()
    )
