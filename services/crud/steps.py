"""What the operations are made of, for functions of a resource's own.

Every step that writes adds its audit entry in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    TableValuedAlias,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from services.crud import codec, query, references
from services.crud.natural_keys import guarded
from services.crud.resource import OURS, Resource, Row, Values
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError, invalid, not_found
from services.kernel.outbox import Change, audit_all

Respond = Callable[[Row, Call], Any]
_NUMBERED = frozenset({"page", "page_size", "total"})


def find(resource: Resource, request: Message, transaction: Transaction, *, lock: bool = False) -> Row:
    """The row that the request names by key and parents, of this tenant; NOT_FOUND otherwise."""
    statement = select(resource.table).where(*identity(resource, request))
    if lock:
        statement = statement.with_for_update()
    row = transaction.sql.execute(statement).mappings().first()
    if row is None:
        raise not_found(resource.name)
    return row


def identity(resource: Resource, request: Message) -> list[ColumnElement[bool]]:
    """WHERE of one row. An id that cannot exist is simply not found."""
    above = {parent.column: parent.field or parent.column for parent in resource.parents}
    columns = {"id": resource.key, **above}
    try:
        return [
            resource.column(column) == codec.from_wire(resource.column(column), getattr(request, field))
            for column, field in columns.items()
        ]
    except codec.FaultError:
        raise not_found(resource.name) from None


def add(resource: Resource, values: Values, call: Call, transaction: Transaction) -> Row:
    """Inserts the row and its audit entry."""
    statement = insert(resource.table).values(_whole(resource, values, call))
    with guarded(resource, [values], transaction):
        row = _one(statement.returning(resource.table), transaction)
    assert row is not None  # noqa: S101 - an INSERT without conflict clause returns its row
    record(resource, {}, row, call, transaction)
    return row


def add_all(resource: Resource, rows: Sequence[Values], call: Call, transaction: Transaction) -> list[Row]:
    """Inserts the rows and their audit entries in one statement each; the rows as stored, in order.

    All rows name the same columns.
    """
    if not rows:
        return []
    whole = [_whole(resource, values, call) for values in rows]
    statement = insert(resource.table).returning(resource.table)
    with guarded(resource, rows, transaction):
        stored = {row["id"]: row for row in transaction.sql.execute(statement, whole).mappings()}
    added: list[Row] = [stored[values["id"]] for values in whole]
    record_all(resource, [({}, row) for row in added], call, transaction)
    return added


def add_unless(
    resource: Resource, rows: Sequence[Values], constraint: str, call: Call, transaction: Transaction
) -> list[Row | None]:
    """As `add_all`, but a row that breaks this constraint is left out: None stands in its place.

    Each row counts for itself, as if in a savepoint of its own; rows that come first win.
    """
    if not rows:
        return []
    whole = [_whole(resource, values, call) for values in rows]
    statement = postgresql.insert(resource.table).values(whole).on_conflict_do_nothing(constraint=constraint)
    written = transaction.sql.execute(statement.returning(resource.table)).mappings()
    stored: dict[Any, Row] = {row["id"]: row for row in written}
    record_all(resource, [({}, row) for row in stored.values()], call, transaction)
    return [stored.get(values["id"]) for values in whole]


def _whole(resource: Resource, values: Values, call: Call) -> Values:
    """A new row: what no request sets comes with it."""
    tenant, now = call.caller.tenant, call.clock.now()
    own = {"id": resource.new_id(call), "org_id": tenant.org_id, "livemode": tenant.livemode}
    times = {name: now for name in ("created_at", "updated_at") if name in resource.table.c}
    version = {"version": 1} if resource.versioned else {}
    return {**values, **own, **times, **version}


def base_version(resource: Resource, row: Row, request: Any) -> int | None:
    """The version the caller builds on, when the resource has versions; STALE_VERSION when not current."""
    if not resource.versioned:
        return None
    base = int(request.base_version)
    if base < 1:
        raise invalid("base_version", "required", "must be the version this change builds on")
    if base != row["version"]:
        raise _stale(row)
    return base


def change(
    resource: Resource, row: Row, values: Values, base: int | None, call: Call, transaction: Transaction
) -> Row:
    """Writes what differs, guarded by the version inside the UPDATE; an equal row stays as it is."""
    different = {name: value for name, value in values.items() if row[name] != value}
    if not different:
        return row
    statement = update(resource.table).where(resource.column("id") == row["id"])
    if base is not None:
        statement = statement.where(resource.column("version") == base)
    if resource.archived:
        statement = statement.where(resource.column(resource.archived).is_(None))
    statement = statement.values({**different, **_bump(resource, call)})
    with guarded(resource, [{**row, **different}], transaction, written=different):
        changed = _one(statement.returning(resource.table), transaction)
    if changed is None:
        raise _lost(resource, row, transaction)
    record(resource, row, changed, call, transaction)
    return changed


def change_all(
    resource: Resource, changes: Sequence[tuple[Row, Values]], call: Call, transaction: Transaction
) -> list[Row]:
    """Writes what differs of rows that the caller has locked, in one statement; the rows as they are then."""
    different = [
        (row, values) for row, values in changes if any(row[name] != new for name, new in values.items())
    ]
    if not different:
        return [row for row, _ in changes]
    columns = [resource.column(name) for name in dict.fromkeys(name for _, new in different for name in new)]
    new = _as_table(
        [resource.column("id"), *columns],
        [(row["id"], *[values.get(c.name, row[c.name]) for c in columns]) for row, values in different],
    )
    statement = update(resource.table).where(resource.column("id") == new.c.id)
    statement = statement.values({c.name: new.c[c.name] for c in columns} | _bump(resource, call))
    rows = transaction.sql.execute(statement.returning(resource.table)).mappings()
    stored: dict[Any, Row] = {row["id"]: row for row in rows}
    record_all(resource, [(row, stored[row["id"]]) for row, _ in different], call, transaction)
    return [stored.get(row["id"], row) for row, _ in changes]


def _as_table(columns: Sequence[Column[Any]], rows: Sequence[tuple[Any, ...]]) -> TableValuedAlias:
    """The rows as a table of a statement: one array per column, so the text is the same for any number."""
    arrays = [
        literal(list(values), ARRAY(c.type))
        for c, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    named = [column(c.name, c.type) for c in columns]
    return func.unnest(*arrays).table_valued(*named).render_derived(name="new")


def archive(resource: Resource, row: Row, call: Call, transaction: Transaction) -> Row:
    """Sets the archive time unless it is set; of two at once, one does it."""
    marker = resource.column(resource.archived)
    statement = update(resource.table).where(resource.column("id") == row["id"], marker.is_(None))
    statement = statement.values({resource.archived: call.clock.now(), **_bump(resource, call)})
    changed = _one(statement.returning(resource.table), transaction)
    if changed is None:
        return _current(resource, row, transaction)
    record(resource, row, changed, call, transaction)
    return changed


def remove(resource: Resource, row: Row, call: Call, transaction: Transaction) -> None:
    """Deletes the row for good; of two at once, the second finds nothing."""
    statement = delete(resource.table).where(resource.column("id") == row["id"])
    if _one(statement.returning(resource.column("id")), transaction) is None:
        raise not_found(resource.name)
    record(resource, row, {}, call, transaction)


def record(resource: Resource, before: Row, after: Row, call: Call, transaction: Transaction) -> None:
    """The audit entry of one write: before is empty for a new row, after for one that is gone."""
    record_all(resource, [(before, after)], call, transaction)


def record_all(
    resource: Resource, writes: Sequence[tuple[Row, Row]], call: Call, transaction: Transaction
) -> None:
    """The audit entries of many writes of one call, in one round trip."""
    changes = {
        str((after or before)["id"]): change_of(resource, before, after) if resource.history else None
        for before, after in writes
    }
    audit_all(transaction, call, changes)


def change_of(resource: Resource, before: Row, after: Row) -> Change:
    """What the history keeps of one write; version and times say nothing of their own."""
    kept = [column.name for column in resource.table.c if column.name not in OURS]
    return Change(
        resource.name,
        {name: before[name] for name in kept if before and before[name] is not None},
        {name: after[name] for name in kept if after and after[name] is not None},
    )


def refuse_archived(resource: Resource, row: Row) -> None:
    """Archived rows take no changes."""
    if resource.archived and row[resource.archived] is not None:
        state = resource.archived.removesuffix("_at")
        raise DomainError("INVALID_STATE", f"The {resource.name} is {state}.", context={"status": state})


def answer(resource: Resource, row: Row, call: Call, respond: Respond | None = None) -> Any:
    """`respond`'s message, else the row as the resource's message, else the method's empty message."""
    if respond is not None:
        return respond(row, call)
    if call.policy.output_type is not resource.message:
        return call.policy.output_type()
    return message_of(resource, row, call)


def message_of(resource: Resource, row: Row, call: Call) -> Any:
    """The row as the resource's message, derived fields included."""
    return messages_of(resource, [row], call)[0]


def messages_of(resource: Resource, rows: Sequence[Row], call: Call) -> list[Any]:
    """The rows as messages. What they refer to is looked up for all of them at once."""
    extras: list[Values] = [resource.derive(row, call) if resource.derive else {} for row in rows]
    if rows and resource.references:
        with call.transaction() as transaction:
            for extra, shown in zip(extras, references.shown(resource, rows, transaction), strict=True):
                extra.update(shown)
    if rows and resource.attach:
        for extra, attached in zip(extras, resource.attach(rows, call), strict=True):
            extra.update(attached)
    return [codec.to_message(resource, row, extra) for row, extra in zip(rows, extras, strict=True)]


def page_message(resource: Resource, page: query.Page, call: Call) -> Any:
    """The list response: its repeated field of this message, and what it says about paging."""
    response: Any = call.policy.output_type()
    for field in response.DESCRIPTOR.fields:
        if field.is_repeated and field.message_type is resource.message.DESCRIPTOR:
            getattr(response, field.name).extend(messages_of(resource, page.rows, call))
        elif field.name in _NUMBERED and page.page:
            setattr(response, field.name, getattr(page, field.name))
        elif field.name == "next_page_token" and page.next_page_token:
            setattr(response, field.name, page.next_page_token)
    return response


def _bump(resource: Resource, call: Call) -> Values:
    values: Values = {"version": resource.column("version") + 1} if resource.versioned else {}
    if "updated_at" in resource.table.c:
        values["updated_at"] = call.clock.now()
    return values


def _one(statement: Any, transaction: Transaction) -> Row | None:
    row: Row | None = transaction.sql.execute(statement).mappings().first()
    return row


def _current(resource: Resource, row: Row, transaction: Transaction) -> Row:
    found = transaction.sql.execute(select(resource.table).where(resource.column("id") == row["id"]))
    current = found.mappings().first()
    if current is None:
        raise not_found(resource.name)
    return current


def _lost(resource: Resource, row: Row, transaction: Transaction) -> DomainError:
    """Why a guarded UPDATE found nothing: somebody was faster."""
    current = _current(resource, row, transaction)
    refuse_archived(resource, current)
    return _stale(current)


def _stale(row: Row) -> DomainError:
    return DomainError("STALE_VERSION", context={"current_version": str(row["version"])})
