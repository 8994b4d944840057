"""Joins the family: what a server process needs of webhooks, from one call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from allowable.webhooks.v1 import endpoints_pb2, events_pb2
from services.config import Settings
from services.kernel.background import Ticker
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.rpc import Service
from services.kernel.seal import Sealer
from services.webhooks import deliveries, endpoints, events, store
from services.webhooks.sender import Sender
from services.webhooks.transport import Transport

PURPOSE = "webhook secrets"
FORGET_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Services and background work of the family."""

    services: list[Service]
    work: tuple[Sender | Ticker, ...]

    def start(self) -> None:
        """Starts the background threads; once per process, after any fork."""
        for part in self.work:
            part.start()

    def close(self) -> None:
        """Stops them. Call it while the database is still open."""
        for part in self.work:
            part.close()


def open_webhooks(settings: Settings, database: Database, clock: Clock) -> Webhooks:
    """The family, ready to be wired; nothing runs before `start`."""
    sealer = Sealer(settings.master_key, PURPOSE)
    table = {**endpoints.rpcs(sealer, development=settings.development), **deliveries.RPCS}
    return Webhooks(
        services=[
            Service(endpoints_pb2.DESCRIPTOR.services_by_name["WebhookEndpointService"], table),
            Service(events_pb2.DESCRIPTOR.services_by_name["EventService"], events.RPCS),
        ],
        work=(
            Sender(database, clock, sealer, Transport(settings.development)),
            Ticker("old events", FORGET_SECONDS, partial(store.forget_old, database)),
        ),
    )
