"""Natural keys: the database says that one is taken, this finds the record that has it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from sqlalchemy import and_, literal, or_, select
from sqlalchemy.exc import IntegrityError

from services.crud.resource import Resource, Row, Unique
from services.kernel.db import Transaction
from services.kernel.errors import DomainError


@contextmanager
def guarded(
    resource: Resource,
    rows: Sequence[Row],
    transaction: Transaction,
    *,
    written: Container[str] | None = None,
) -> Iterator[None]:
    """Around a write after which the rows would be like these; `written` are the columns that change.

    Error: ALREADY_EXISTS, with `existing_id`.
    """
    keyed = any(
        (written is None or any(name in written for name in unique.columns))
        and any(row.get(name) is not None for name in unique.columns for row in rows)
        for unique in resource.unique
    )
    try:
        # A write that fails must not take the transaction along, which is to find who has the key.
        with transaction.sql.begin_nested() if keyed else nullcontext():
            yield
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        index = error.orig.diag.constraint_name
        taken = [
            _holder(resource, unique, rows, transaction)
            for unique in resource.unique
            if unique.index == index
        ]
        context = {"existing_id": str(taken[0])} if taken and taken[0] is not None else {}
        raise DomainError(
            "ALREADY_EXISTS", f"There is such a {resource.name} already.", context=context
        ) from None


def _holder(resource: Resource, unique: Unique, rows: Sequence[Row], transaction: Transaction) -> Any:
    """The id of the stored record that has the key of one of these rows; None: two of them share it."""
    columns = [resource.column(name) for name in unique.columns]
    same = [
        and_(
            *(
                unique.folded(column).is_not_distinct_from(
                    unique.folded(literal(row.get(column.name), column.type))
                )
                for column in columns
            )
        )
        for row in rows
    ]
    statement = select(resource.column("id")).where(or_(*same))
    if resource.archived:
        statement = statement.where(resource.column(resource.archived).is_(None))
    return transaction.sql.execute(statement).scalars().first()
