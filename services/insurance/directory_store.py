"""Records of the directory, many at once: added, changed where they differ, or left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import cast, column, select, update, values

from services.crud.resource import Row, Values
from services.crud.steps import add_all, record_all
from services.insurance.directory_rows import KINDS, Kind
from services.kernel.call import Call, Principal
from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant, Transaction
from services.kernel.policy import method_policy

BATCH = 2000
"""Records of one statement; a statement has at most 65,535 values."""


@dataclass(slots=True)
class Counts:
    """What became of the records."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def operator_call(database: Database, tenant: Tenant, kind: str) -> Call:
    """The operator's call in the name of a tenant; the audit log keeps it as the RPC that adds one record."""
    request = KINDS[kind].request.DESCRIPTOR
    service = request.file.services_by_name["DirectoryService"]
    policy = method_policy(service.methods_by_name[request.name.removesuffix("Request")])
    principal = Principal(tenant, "", "", frozenset(), "operator:load_directory")
    return Call(policy, {}, Clock(), database, principal=principal)


def store(kind: Kind, rows: Sequence[Values], call: Call, *, preview: bool = False) -> Counts:
    """All records or none. In a preview they are only counted."""
    counts = Counts()
    with call.transaction() as transaction:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            there = _stored(kind, [row[kind.key] for row in batch], transaction)
            new = [row for row in batch if row[kind.key] not in there]
            known = [(there[row[kind.key]], row) for row in batch if row[kind.key] in there]
            changed = [
                (row, wanted) for row, wanted in known if any(row[name] != wanted[name] for name in wanted)
            ]
            if not preview:
                add_all(kind.resource, new, call, transaction)
                _change(kind, changed, call, transaction)
            counts.added += len(new)
            counts.changed += len(changed)
            counts.unchanged += len(known) - len(changed)
    return counts


def _stored(kind: Kind, keys: Sequence[Any], transaction: Transaction) -> dict[Any, Row]:
    table = kind.resource.table
    statement = select(table).where(table.c[kind.key].in_(keys), table.c.deleted_at.is_(None))
    found = transaction.sql.execute(statement.order_by(table.c.id).with_for_update()).mappings()
    return {row[kind.key]: row for row in found}


def _change(kind: Kind, pairs: Sequence[tuple[Row, Values]], call: Call, transaction: Transaction) -> None:
    if not pairs:
        return
    table = kind.resource.table
    names = list(pairs[0][1])
    new = values(*(column(name, table.c[name].type) for name in ("id", *names)), name="new")
    new = new.data([(row["id"], *(wanted[name] for name in names)) for row, wanted in pairs])
    written: dict[str, Any] = {name: cast(new.c[name], table.c[name].type) for name in names}
    written |= {"version": table.c.version + 1, "updated_at": call.clock.now()}
    statement = update(table).where(table.c.id == new.c.id).values(written).returning(table)
    after = {row["id"]: row for row in transaction.sql.execute(statement).mappings()}
    record_all(kind.resource, [(row, after[row["id"]]) for row, _change in pairs], call, transaction)
