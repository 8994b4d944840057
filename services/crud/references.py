"""Records that refer to other records: the ids are checked on the way in, the others shown on the way out.

Whatever the number of rows, a kind of reference costs one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Table, select

from services.crud import codec
from services.crud.resource import Reference, Resource, Row, Values
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, FieldFault, not_found


def require_parents(resource: Resource, request: Message, transaction: Transaction) -> None:
    """The records that the path names above this one exist; NOT_FOUND otherwise."""
    for parent in resource.parents:
        if not _found(parent.table, [parent_id(resource, parent.column, request)], transaction):
            raise not_found(parent.name)


def parent_id(resource: Resource, column: str, request: Message) -> Any:
    """The id that the path names for this column. One that cannot exist is simply not found."""
    parent = next(parent for parent in resource.parents if parent.column == column)
    try:
        return codec.from_wire(resource.column(column), getattr(request, parent.field or column))
    except codec.FaultError:
        raise not_found(parent.name) from None


def check(resource: Resource, values: Values, transaction: Transaction, place: str = "") -> None:
    """Every id among the values is a record of this tenant that is not archived.

    `place` stands before the field in the error, e.g. `fees[3].`. Errors: NOT_FOUND, ARCHIVED_REFERENCE.
    """
    check_all(resource, {place: values}, transaction)


def check_all(resource: Resource, rows: Mapping[str, Values], transaction: Transaction) -> None:
    """The same for the rows of a bulk request by their places: one statement per kind of reference."""
    for reference in resource.references:
        wanted = {f"{place}{reference.column}": row.get(reference.column) for place, row in rows.items()}
        wanted = {field: identity for field, identity in wanted.items() if identity is not None}
        if not wanted:
            continue
        # Held until the end against those who lock them for good, as carriers that are combined away are.
        found = require(reference, wanted, transaction, hold=True)
        for place, row in rows.items() if reference.within else ():
            field = f"{place}{reference.column}"
            if field in wanted and found[wanted[field]][reference.within] != row[reference.within]:
                raise _unknown(reference, field)


def require(
    reference: Reference,
    wanted: dict[str, Any],
    transaction: Transaction,
    *,
    archived_too: bool = False,
    hold: bool = False,
) -> dict[Any, Row]:
    """The records by id, given where the request names each; the first that is missing is the error.

    A question may be about archived records too; what is stored refers to none.
    """
    found = _found(reference.table, wanted.values(), transaction, hold=hold)
    for field, identity in wanted.items():
        row = found.get(identity)
        if row is None:
            raise _unknown(reference, field)
        if row.get("deleted_at") is not None and not archived_too:
            raise _fault("ARCHIVED_REFERENCE", field, f"this {reference.name} is archived")
    return found


def shown(resource: Resource, rows: Sequence[Row], transaction: Transaction) -> list[Values]:
    """For each row, the message fields that show what it refers to."""
    values: list[Values] = [{} for _ in rows]
    for reference in resource.references:
        if reference.show is None:
            continue
        found = _found(reference.table, [row[reference.column] for row in rows], transaction)
        for row, fields in zip(rows, values, strict=True):
            other = found.get(row[reference.column])
            if other is not None:
                fields[reference.field] = reference.show(other)
    return values


def _found(
    table: Table, ids: Iterable[Any], transaction: Transaction, *, hold: bool = False
) -> dict[Any, Row]:
    wanted = {identity for identity in ids if identity is not None}
    if not wanted:
        return {}
    statement = select(table).where(table.c.id.in_(wanted))
    if hold:
        statement = statement.with_for_update(read=True, key_share=True)
    rows = transaction.sql.execute(statement).mappings()
    return {row["id"]: row for row in rows}


def _unknown(reference: Reference, field: str) -> DomainError:
    return _fault("NOT_FOUND", field, f"there is no such {reference.name}")


def _fault(reason: str, field: str, message: str) -> DomainError:
    return DomainError(reason, faults=[FieldFault(field, reason.lower(), message)])
