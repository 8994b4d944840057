"""What the sender asks of the database: taking work over tenants, and writing down what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.kernel import outbox
from services.kernel.clock import rfc3339
from services.kernel.db import Database, Tenant, Transaction
from services.webhooks.domain import schedule
from services.webhooks.domain.types import DISABLED
from services.webhooks.transport import Outcome

HTTP_GONE = 410

_FINISH = """
    UPDATE webhook_deliveries SET status = %s, next_attempt_at = coalesce(%s, next_attempt_at),
        attempts = CASE WHEN jsonb_array_length(attempts) < 20 THEN attempts ELSE attempts - 0 END
            || %s::jsonb
    WHERE id = %s AND status = 'pending' AND attempt = %s
"""
_SUCCEEDS = "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = %s AND failing_since IS NOT NULL"
_FAILS = "UPDATE webhook_endpoints SET failing_since = %s WHERE id = %s AND failing_since IS NULL"
_DISABLE = """
    UPDATE webhook_endpoints
    SET enabled = false, disabled_reason = %(reason)s, version = version + 1, updated_at = %(now)s
    WHERE id = %(id)s AND enabled AND deleted_at IS NULL AND (%(gone)s OR failing_since <= %(failing_before)s)
    RETURNING disabled_reason
"""
# What a crash of the database forgets is sent again; reviews need not wait for the disk on account of it.
_MAY_BE_LOST = "SET LOCAL synchronous_commit = off"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process is to send now."""

    delivery_id: str
    org_id: str
    livemode: bool
    attempt: int
    event_id: str
    event_type: str
    timestamp: datetime
    data: dict[str, str]
    endpoint_id: str
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_expires_at: datetime | None

    @property
    def tenant(self) -> Tenant:
        """Whose it is."""
        return Tenant(self.org_id, self.livemode)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a claim."""

    claim: Claim
    at: datetime
    outcome: Outcome
    milliseconds: int

    def as_json(self) -> str:
        """For the delivery's log. What the receiver answered beside its status is not kept."""
        entry = {"at": rfc3339(self.at), "outcome": self.outcome.word, "duration_ms": self.milliseconds}
        status = self.outcome.http_status
        return json.dumps([entry if status is None else {**entry, "http_status": status}])


def seal_context(tenant: Tenant) -> str:
    """What a sealed secret is bound to: it opens for no other tenant."""
    return f"{tenant.org_id}/{tenant.livemode}"


def relay(database: Database, most: int) -> int:
    """Makes events and deliveries of what stands in the outbox; how many rows were taken."""
    # Across tenants: only through the functions that the owner of the schema made for it.
    with database.transaction() as transaction:
        row = transaction.driver.execute("SELECT relay_events(%s)", (most,)).fetchone()
    return int(row[0]) if row else 0


def claim(database: Database, most: int, busy: list[str], lease: timedelta) -> list[Claim]:
    """Deliveries that are due, of endpoints that are not busy; nobody else gets them during the lease."""
    with database.transaction() as transaction:
        transaction.driver.execute(_MAY_BE_LOST)
        claimed = "SELECT * FROM claim_deliveries(%s, %s, %s)"
        rows = transaction.driver.execute(claimed, (most, busy, lease)).fetchall()
    return [Claim(*row) for row in rows]


def forget_old(database: Database, most: int = 20_000) -> None:
    """Forgets events older than 30 days."""
    with database.transaction() as transaction:
        transaction.driver.execute("SELECT forget_old_events(%s)", (most,))


def finish(database: Database, attempt: Attempt, jitter: int) -> None:
    """Writes the attempt down and decides what follows: done, another attempt, the end of the endpoint."""
    claim_, outcome, now = attempt.claim, attempt.outcome, attempt.at
    with database.transaction(claim_.tenant) as transaction:
        driver = transaction.driver
        driver.execute(_MAY_BE_LOST)
        if outcome.word == "delivered":
            status, again = "delivered", None
            driver.execute(_SUCCEEDS, (claim_.endpoint_id,))
        else:
            gone = outcome.http_status == HTTP_GONE
            asked = schedule.retry_after(outcome.retry_after, now)
            again = None if gone else schedule.next_attempt(claim_.attempt, now, jitter, asked)
            status = "failed" if again is None else "pending"
            driver.execute(_FAILS, (now, claim_.endpoint_id))
            _disable_if_due(transaction, claim_, now, gone=gone)
        driver.execute(_FINISH, (status, again, attempt.as_json(), claim_.delivery_id, claim_.attempt))


def _disable_if_due(transaction: Transaction, claim_: Claim, now: datetime, *, gone: bool) -> None:
    values = {
        "id": claim_.endpoint_id,
        "gone": gone,
        "reason": "gone" if gone else "failing",
        "now": now,
        "failing_before": now - schedule.GIVEN_UP_AFTER,
    }
    row = transaction.driver.execute(_DISABLE, values).fetchone()
    if row is not None:
        payload = {"webhook_endpoint_id": claim_.endpoint_id, "reason": row[0]}
        outbox.publish_for(transaction, claim_.tenant, DISABLED, payload)
