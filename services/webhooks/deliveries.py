"""The delivery log of an endpoint, and sending again what it missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update

from allowable.webhooks.v1 import endpoints_pb2 as pb
from services.crud import codec
from services.crud.operations import Get, List
from services.crud.resource import Parent, Resource, Row, Values
from services.crud.steps import find, message_of
from services.kernel import outbox
from services.kernel.call import Call
from services.kernel.rpc import Handler
from services.webhooks import tables
from services.webhooks.endpoints import sendable

MOST_AT_ONCE = 10_000

_MISSED = """
    INSERT INTO webhook_deliveries (org_id, livemode, webhook_endpoint_id, event_id, event_type)
    SELECT event.org_id, event.livemode, %(endpoint)s, event.id, event.type
    FROM events event LEFT JOIN webhook_deliveries delivery
        ON delivery.event_id = event.id AND delivery.webhook_endpoint_id = %(endpoint)s
    WHERE event.timestamp >= %(since)s AND event.timestamp < %(until)s
    AND %(types)s && ARRAY['*', event.type] AND event.type <> 'webhook.ping'
    AND coalesce(delivery.status, 'failed') = 'failed'
    ORDER BY event.position LIMIT %(most)s
    ON CONFLICT (event_id, webhook_endpoint_id) DO UPDATE
        SET status = 'pending', attempt = 0, next_attempt_at = now()
        WHERE webhook_deliveries.status = 'failed'
"""


def derive(row: Row, _call: Call) -> Values:
    """The attempts as messages; no next attempt where there is none."""
    waits = row["next_attempt_at"] if row["status"] == "pending" else None
    return {"attempts": [pb.DeliveryAttempt(**entry) for entry in row["attempts"]], "next_attempt_at": waits}


DELIVERY = Resource(
    "delivery",
    tables.webhook_deliveries,
    pb.Delivery,
    key="delivery_id",
    parents=(Parent("webhook_endpoint_id", tables.webhook_endpoints, "webhook endpoint"),),
    filters=("status",),
    archived="",
    derive=derive,
)


def redeliver(request: pb.RedeliverEventRequest, call: Call) -> pb.Delivery:
    """One delivery from the start; of one that waits, the next attempt now."""
    table, now = tables.webhook_deliveries, call.clock.now()
    with call.transaction() as transaction:
        sendable(request, transaction)
        row = find(DELIVERY, request, transaction, lock=True)
        again: dict[str, Any] = {"next_attempt_at": now}
        if row["status"] != "pending":
            again |= {"status": "pending", "attempt": 0}
        transaction.sql.execute(update(table).where(table.c.id == row["id"]).values(again))
        outbox.audit(transaction, call, row["id"])
        message: pb.Delivery = message_of(DELIVERY, {**row, **again}, call)
    return message


def redeliver_missed(
    request: pb.RedeliverMissedEventsRequest, call: Call
) -> pb.RedeliverMissedEventsResponse:
    """Every event of the time that the endpoint subscribes to, has not taken and does not wait for."""
    since = _moment(request.since, "since")
    until = _moment(request.until, "until") if request.HasField("until") else call.clock.now()
    with call.transaction() as transaction:
        endpoint = sendable(request, transaction)
        values = {
            "endpoint": endpoint["id"],
            "types": endpoint["event_types"],
            "since": since,
            "until": until,
            "most": MOST_AT_ONCE,
        }
        queued = transaction.driver.execute(_MISSED, values).rowcount
        outbox.audit(transaction, call, endpoint["id"])
    return pb.RedeliverMissedEventsResponse(queued=queued)


def _moment(text: str, field: str) -> datetime:
    moment: datetime = codec.read(tables.events.c.timestamp, text, field)
    return moment


RPCS: dict[str, Handler] = {
    "ListDeliveries": List(DELIVERY),
    "GetDelivery": Get(DELIVERY),
    "RedeliverEvent": redeliver,
    "RedeliverMissedEvents": redeliver_missed,
}
