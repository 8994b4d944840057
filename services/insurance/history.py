"""What happened to records: their audit entries, newest first, in the form the insurance routes print.

    entries(kind, request, call, transaction, target=None, actions=None) -> (list of AuditEntry, total)

`kind` is the resource's name (`Resource.name`, with `history=True`); `target` narrows to one record. `limit`
(20 when not sent) and `offset` are taken from the request. `actions` says what a call is to be named where
the first word of its RPC would mislead, e.g. {"CreateFee": "update"} in the history of a schedule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from allowable.insurance.v1 import references_pb2 as pb
from services.insurance.actors import actor_uuid
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.db import Transaction

USUAL_LIMIT = 20
NAMED = 4
"""Changed fields that a summary names; more are counted."""
_ENTRIES = UUID("0b6f8f3e-5d2c-5c55-9d7e-7a0a6b1f2f44")
_WHERE = "org_id = %s AND livemode = %s AND kind = %s AND (%s::text IS NULL OR object = %s)"
_COUNT = f"SELECT count(*) FROM audit_log WHERE {_WHERE}"  # noqa: S608 - texts of this file
_PAGE = f"""
    SELECT id, action, object, actor, changes, created_at FROM audit_log WHERE {_WHERE}
    ORDER BY id DESC LIMIT %s OFFSET %s
"""  # noqa: S608 - texts of this file
_VERB = re.compile(r"(?:Bulk)?([A-Z][a-z]+)").match


def entries(
    kind: str,
    request: Any,
    call: Call,
    transaction: Transaction,
    target: UUID | None = None,
    actions: Mapping[str, str] | None = None,
) -> tuple[list[pb.AuditEntry], int]:
    """The entries that the request asks for, and how many there are in all."""
    tenant = call.caller.tenant
    wanted = None if target is None else str(target)
    where = (tenant.org_id, tenant.livemode, kind, wanted, wanted)
    window = (request.limit or USUAL_LIMIT, request.offset)
    total = transaction.driver.execute(_COUNT, where).fetchone()
    rows = transaction.driver.execute(_PAGE, (*where, *window)).fetchall()
    shown = [_entry(tenant.org_id, row, actions or {}) for row in rows]
    return shown, 0 if total is None else total[0]


def _entry(org_id: str, row: tuple[Any, ...], actions: Mapping[str, str]) -> pb.AuditEntry:
    number, name, target, actor, changes, created_at = row
    action = actions.get(name) or verb(name)
    if action != "create" and (changes or {}).get("deleted_at", {}).get("after") is not None:
        action = "archive"
    entry = pb.AuditEntry(
        id=str(uuid5(_ENTRIES, str(number))),
        action=action,
        entity_uuid=target,
        actor_uuid=str(actor_uuid(org_id, actor)),
        summary=summary(action, changes or {}),
        created_at=rfc3339(created_at),
    )
    entry.changes.update(changes or {})
    return entry


def verb(rpc: str) -> str:
    """`ArchiveFeeSchedule` → `archive`; `BulkCreateAssignments` → `create`."""
    found = _VERB(rpc)
    return found[1].lower() if found else rpc


def summary(action: str, changes: Mapping[str, Any]) -> str:
    """`update: name, notes`."""
    named = ", ".join(list(changes)[:NAMED])
    more = len(changes) - NAMED
    return f"{action}: {named}" + (f" and {more} more" if more > 0 else "") if named else action
