"""Events and audit rows, written in the caller's own transaction: both happen, or neither."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.kernel.call import Call
from services.kernel.db import Tenant, Transaction

_EVENT = "INSERT INTO outbox (org_id, livemode, type, payload) VALUES (%s, %s, %s, %s)"
_AUDIT = """
    INSERT INTO audit_log (org_id, livemode, actor, action, outcome, request_id, object, kind, changes)
    SELECT %s, %s, %s, %s, 'ok', %s, object, kind, changes::jsonb
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS entry (object, kind, changes)
"""


def publish(transaction: Transaction, call: Call, event: str, payload: Mapping[str, str]) -> None:
    """Queues an event for webhooks. The payload is thin: type and ids, never patient data."""
    publish_for(transaction, call.caller.tenant, event, payload)


def publish_for(transaction: Transaction, tenant: Tenant, event: str, payload: Mapping[str, str]) -> None:
    """The same for what happens in the background."""
    transaction.driver.execute(_EVENT, (tenant.org_id, tenant.livemode, event, json.dumps(payload)))


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did to one record: its kind, and before and after of each field that differs."""

    kind: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def as_json(self) -> str:
        """`{"name": {"before": …, "after": …}}`, every value as JSON can hold it."""
        names = dict.fromkeys([*self.before, *self.after])
        fields = {
            name: {"before": self.before.get(name), "after": self.after.get(name)}
            for name in names
            if self.before.get(name) != self.after.get(name)
        }
        return json.dumps(fields, default=str)


def audit(transaction: Transaction, call: Call, target: str, change: Change | None = None) -> None:
    """Records who did what to which object (an id of ours), and what changed where a history is kept."""
    audit_all(transaction, call, {target: change})


def audit_all(transaction: Transaction, call: Call, changes: Mapping[str, Change | None]) -> None:
    """The same for many objects of one call, in one statement."""
    tenant = call.caller.tenant
    rows = [
        (target, *(("", None) if change is None else (change.kind, change.as_json())))
        for target, change in changes.items()
    ]
    if rows:
        about = (tenant.org_id, tenant.livemode, call.caller.actor, call.policy.name, call.request_id)
        transaction.driver.execute(_AUDIT, (*about, *map(list, zip(*rows, strict=True))))
