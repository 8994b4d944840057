"""Tenants with endpoints in the module's database, and a sender whose receivers are functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, cast

import psycopg
import pytest
from google.protobuf.message_factory import GetMessageClass

from allowable.webhooks.v1 import endpoints_pb2 as pb
from allowable.webhooks.v1 import events_pb2
from services.kernel import outbox
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.policy import method_policy
from services.kernel.seal import Sealer
from services.webhooks import deliveries, endpoints, events
from services.webhooks.sender import Sender
from services.webhooks.transport import Outcome, Transport
from tests.harness.calls import make_call, principal_of

NUMBERS = count(1)
METHODS = {
    method.name: method
    for file in (pb, events_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
TAKEN = Outcome("delivered", 200)
DOWN = Outcome("refused", 500)


@dataclass
class Sent:
    """One request to a receiver."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receivers:
    """Stands where the network would be: what was sent, and what each URL answers."""

    answers: dict[str, Callable[[], Outcome]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        self.sent.append(Sent(url, headers, body))
        return self.answers.get(url, lambda: TAKEN)()


class OwnClock(Clock):
    """The system's clock, ahead by what a test says."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class World:
    """Everything but the network."""

    database: Database
    url: str
    receivers: Receivers
    clock: OwnClock
    sealer: Sealer
    sender: Sender

    def call(self, org: str, method: str = "CreateWebhookEndpoint", *, livemode: bool = False) -> Call:
        policy = method_policy(METHODS[method])
        return make_call(policy, self.database, self.clock, principal_of(org, livemode=livemode))

    def run(self, org: str, method: str, **request: Any) -> Any:
        """A call of the family by a tenant."""
        table: dict[str, Any] = {
            **endpoints.rpcs(self.sealer, development=False),
            **deliveries.RPCS,
            **events.RPCS,
        }
        message = GetMessageClass(METHODS[method].input_type)
        return table[method](message(**request), self.call(org, method))

    def endpoint(self, org: str, *types: str) -> pb.WebhookEndpoint:
        """A new endpoint at a URL of its own."""
        url = f"https://receiver-{next(NUMBERS)}.example.com/"
        made = self.run(org, "CreateWebhookEndpoint", url=url, event_types=types or ("*",))
        return cast("pb.WebhookEndpoint", made)

    def publish(self, org: str, kind: str = "review.completed", number: int = 1, **data: str) -> None:
        call = self.call(org)
        with call.transaction() as transaction:
            for _ in range(number):
                outbox.publish(transaction, call, kind, data or {"review_id": "rv_1"})

    def deliveries(self, org: str, endpoint: pb.WebhookEndpoint, **request: Any) -> list[pb.Delivery]:
        """Oldest first."""
        page = self.run(org, "ListDeliveries", webhook_endpoint_id=endpoint.id, **request)
        return list(reversed(page.deliveries))

    def due(self, org: str) -> None:
        """The waiting deliveries of a tenant become due, as after their time."""
        self.owner("UPDATE webhook_deliveries SET next_attempt_at = now() WHERE org_id = %s", org)

    def owner(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), values)


@pytest.fixture
def org() -> str:
    return f"org_{next(NUMBERS)}"


@pytest.fixture
def world(database: Database, database_url: str) -> Iterator[World]:
    receivers, clock, sealer = Receivers(), OwnClock(), Sealer(bytes(32), "webhook secrets")
    sender = Sender(database, clock, sealer, cast("Transport", receivers))
    made = World(database, database_url, receivers, clock, sealer, sender)
    yield made
    sender.close()
    made.owner("UPDATE webhook_deliveries SET status = 'failed' WHERE status = 'pending'")
