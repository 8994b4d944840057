"""WebhookEndpointService: made, changed, given a second secret, pinged and ended by their tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from allowable.webhooks.v1 import endpoints_pb2 as pb
from services.crud import codec
from services.crud.operations import Archive, Get, List, Update
from services.crud.resource import Resource, Row, Values
from services.crud.steps import add, change, find, message_of, refuse_archived
from services.kernel import outbox
from services.kernel.call import Call
from services.kernel.db import Transaction
from services.kernel.errors import DomainError
from services.kernel.rpc import Handler
from services.kernel.seal import Sealer
from services.webhooks import tables
from services.webhooks.domain import signature, target, types
from services.webhooks.store import seal_context

MOST_ENDPOINTS = 20
DEFAULT_OVERLAP_SECONDS = 86_400


def derive(row: Row, call: Call) -> Values:
    """Status in a word; a previous secret whose time is over is not shown."""
    ends = row["previous_secret_expires_at"]
    return {
        "status": "enabled" if row["enabled"] else "disabled",
        "previous_secret_expires_at": ends if ends and call.clock.now() < ends else None,
    }


ENDPOINT = Resource(
    "webhook endpoint",
    tables.webhook_endpoints,
    pb.WebhookEndpoint,
    key="webhook_endpoint_id",
    id_prefix="whe",
    derive=derive,
)


class Endpoints:
    """The calls that need more than a table."""

    def __init__(self, sealer: Sealer, *, development: bool) -> None:
        self._sealer = sealer
        self._development = development

    def create(self, request: pb.CreateWebhookEndpointRequest, call: Call) -> pb.WebhookEndpoint:
        """An endpoint with its first secret."""
        values = self._checked(codec.sent(ENDPOINT, request))
        secret = signature.new_secret()
        with call.transaction() as transaction:
            _refuse_too_many(call, transaction)
            row = add(ENDPOINT, {**values, "secret_sealed": self._seal(secret, call)}, call, transaction)
        return _with_secret(row, secret, call)

    def check_update(self, row: Row, values: Values, _call: Call) -> Values:
        """What is sent is checked as for a new endpoint; a new address and enabling start afresh."""
        values = self._checked(values)
        if values.get("url", row["url"]) != row["url"]:
            values["failing_since"] = None
        if "enabled" in values:
            reason = None if values["enabled"] else "requested"
            values |= {"disabled_reason": reason, "failing_since": None}
        return values

    def rotate(self, request: pb.RotateWebhookEndpointSecretRequest, call: Call) -> pb.WebhookEndpoint:
        """A second secret; never three at once."""
        overlap = DEFAULT_OVERLAP_SECONDS
        if request.HasField("overlap_seconds"):
            overlap = request.overlap_seconds
        secret, now = signature.new_secret(), call.clock.now()
        with call.transaction() as transaction:
            row = find(ENDPOINT, request, transaction, lock=True)
            refuse_archived(ENDPOINT, row)
            ends = row["previous_secret_expires_at"]
            if ends and now < ends:
                raise DomainError("INVALID_STATE", "The webhook endpoint has two working secrets already.")
            values = {
                "secret_sealed": self._seal(secret, call),
                "previous_sealed": row["secret_sealed"],
                "previous_secret_expires_at": now + timedelta(seconds=overlap),
            }
            row = change(ENDPOINT, row, values, None, call, transaction)
        return _with_secret(row, secret, call)

    def _checked(self, values: Values) -> Values:
        if "url" in values:
            target.read(values["url"], development=self._development)
        if "event_types" in values:
            types.check_known(values["event_types"])
        return values

    def _seal(self, secret: str, call: Call) -> bytes:
        tenant = call.caller.tenant
        return self._sealer.seal(secret.encode(), seal_context(tenant))


def sendable(request: Any, transaction: Transaction) -> Row:
    """The endpoint that the request names; INVALID_STATE when nothing is sent to it."""
    row = find(ENDPOINT, request, transaction)
    refuse_archived(ENDPOINT, row)
    if not row["enabled"]:
        raise DomainError(
            "INVALID_STATE", "The webhook endpoint is disabled.", context={"status": "disabled"}
        )
    return row


def ping(request: pb.PingWebhookEndpointRequest, call: Call) -> pb.PingWebhookEndpointResponse:
    """An event for this endpoint alone, on the way that all events go."""
    with call.transaction() as transaction:
        row = sendable(request, transaction)
        outbox.publish(transaction, call, types.PING, {"webhook_endpoint_id": row["id"]})
        outbox.audit(transaction, call, row["id"])
    return pb.PingWebhookEndpointResponse()


def _refuse_too_many(call: Call, transaction: Transaction) -> None:
    """Counted under a lock of the tenant's: two calls at once do not both take the last place."""
    tenant, endpoints = call.caller.tenant, tables.webhook_endpoints
    name = f"webhook endpoints of {tenant.org_id} {tenant.livemode}"
    transaction.sql.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    living = select(func.count()).select_from(endpoints).where(endpoints.c.deleted_at.is_(None))
    if transaction.sql.execute(living).scalar_one() >= MOST_ENDPOINTS:
        raise DomainError("LIMIT_EXCEEDED", f"There may be {MOST_ENDPOINTS} webhook endpoints.")


def _with_secret(row: Row, text: str, call: Call) -> pb.WebhookEndpoint:
    message: pb.WebhookEndpoint = message_of(ENDPOINT, row, call)
    message.secret = text
    # Shown once; no cache on the way may show it again.
    call.headers.append(("cache-control", "no-store"))
    return message


def rpcs(sealer: Sealer, *, development: bool) -> dict[str, Handler]:
    """The table of the service, but for deliveries."""
    endpoints = Endpoints(sealer, development=development)
    return {
        "ListWebhookEndpoints": List(ENDPOINT),
        "GetWebhookEndpoint": Get(ENDPOINT),
        "CreateWebhookEndpoint": endpoints.create,
        "UpdateWebhookEndpoint": Update(ENDPOINT, check=endpoints.check_update),
        "DeleteWebhookEndpoint": Archive(ENDPOINT),
        "RotateWebhookEndpointSecret": endpoints.rotate,
        "PingWebhookEndpoint": ping,
    }
