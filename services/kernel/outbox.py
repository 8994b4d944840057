"""Events and audit rows, written in the caller's own transaction: both happen, or neither."""

from __future__ import annotations

import json
from collections.abc import Mapping

from services.kernel.call import Call
from services.kernel.db import Transaction

_EVENT = "INSERT INTO outbox (org_id, livemode, type, payload) VALUES (%s, %s, %s, %s)"
_AUDIT = (
    "INSERT INTO audit_log (org_id, livemode, actor, action, object, outcome, request_id)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


def publish(transaction: Transaction, call: Call, event: str, payload: Mapping[str, str]) -> None:
    """Queues an event for webhooks. The payload is thin: type and ids, never patient data."""
    tenant = call.caller.tenant
    transaction.driver.execute(_EVENT, (tenant.org_id, tenant.livemode, event, json.dumps(payload)))


def audit(transaction: Transaction, call: Call, target: str) -> None:
    """Records who did what to which object (an id of ours)."""
    tenant = call.caller.tenant
    transaction.driver.execute(
        _AUDIT,
        (tenant.org_id, tenant.livemode, call.caller.actor, call.policy.name, target, "ok", call.request_id),
    )
