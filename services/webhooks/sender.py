"""Sends what is due, in every server process: a ticker that relays, claims, sends and writes down.

Processes share the work by claiming; a claim ends by itself, so that what a killed process had in hand is
sent by another one a little later. Hence at least once, under an id that stays the same.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from prometheus_client import Counter

from services.kernel.background import Ticker
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.seal import Sealer
from services.webhooks import store
from services.webhooks.domain import signature
from services.webhooks.domain.schedule import JITTER_PARTS
from services.webhooks.domain.types import body_of
from services.webhooks.store import Attempt, Claim
from services.webhooks.transport import Transport

ATTEMPTS = Counter("allowable_webhook_attempts_total", "Webhook attempts by outcome.", ["outcome"])

TICK_SECONDS = 0.5
SLOTS = 16
"""Messages under way at a time in one process."""
RELAYED_AT_ONCE = 500
LEASE = timedelta(seconds=30)
"""Longer than an attempt takes; what a process does not report in this time is sent again."""
_PAUSE_SECONDS = 0.2
_DRAIN_SECONDS = 3


class Sender:
    """The work of one process."""

    def __init__(self, database: Database, clock: Clock, sealer: Sealer, transport: Transport) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._transport = transport
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="webhook")
        self._under_way: dict[Future[Attempt], Claim] = {}
        self._closing = False
        self._ticker = Ticker("webhooks", TICK_SECONDS, self.run)

    def start(self) -> None:
        """Starts the thread; once per process, after any fork."""
        self._ticker.start()

    def close(self) -> None:
        """Takes nothing more, writes down what ends within moments, and leaves the rest to its lease."""
        self._closing = True
        self._ticker.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(self) -> None:
        """One tick: as long as there is something to do.

        The outbox is relayed in batches, twice a second: row by row would cost a commit each.
        """
        relay_at = 0.0
        while not self._closing:
            relayed = 0
            if time.monotonic() >= relay_at:
                relayed = store.relay(self._database, RELAYED_AT_ONCE)
                relay_at = time.monotonic() + TICK_SECONDS
            if relayed == RELAYED_AT_ONCE:
                relay_at = 0.0
            elif not (self._begin() + self._end(_PAUSE_SECONDS)):
                return
        wait(self._under_way, timeout=_DRAIN_SECONDS)
        self._end(0)

    def _begin(self) -> int:
        """Claims as much as there are free slots, of endpoints that have nothing under way here."""
        free = SLOTS - len(self._under_way)
        if not free:
            return 0
        busy = sorted({claim.endpoint_id for claim in self._under_way.values()})
        claims = store.claim(self._database, free, busy, LEASE)
        for claim in claims:
            self._under_way[self._pool.submit(self._send, claim)] = claim
        return len(claims)

    def _end(self, seconds: float) -> int:
        """Writes down what has ended, waiting a moment for it."""
        if not self._under_way:
            return 0
        done, _ = wait(self._under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            # Forgotten first: what cannot be written down is sent again when its lease ends.
            del self._under_way[future]
            attempt = future.result()
            ATTEMPTS.labels(attempt.outcome.word).inc()
            store.finish(self._database, attempt, secrets.randbelow(JITTER_PARTS + 1))
        return len(done)

    def _send(self, claim: Claim) -> Attempt:
        now, started = self._clock.now(), time.monotonic()
        body = body_of(claim.event_id, claim.event_type, claim.timestamp, claim.data, livemode=claim.livemode)
        sealed = [claim.secret]
        if claim.previous_secret and claim.previous_expires_at and now < claim.previous_expires_at:
            sealed.append(claim.previous_secret)
        keys = [self._sealer.open(key, store.seal_context(claim.tenant)).decode() for key in sealed]
        headers = signature.headers(keys, claim.event_id, int(now.timestamp()), body)
        outcome = self._transport.post(claim.url, headers, body)
        elapsed = int((time.monotonic() - started) * 1000)
        return Attempt(claim, now, outcome, elapsed)
