"""The keys that sign access tokens: kept sealed in the database, shared by all processes.

Only the private key is stored, sealed under the master key; the public part is derived from it. Who can
write to the database but does not have the master key cannot plant a key of their own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from joserfc.jwk import ECKey

from services.identity import store
from services.identity.domain import rotation
from services.identity.domain.rotation import KeyTimes
from services.identity.store import SealedKey
from services.kernel.clock import Clock
from services.kernel.db import Database, Transaction
from services.kernel.errors import DomainError
from services.kernel.seal import Sealer

READ_AGAIN = timedelta(seconds=5)
PURPOSE = "signing keys"
CURVE = "P-256"


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read last, and when."""

    at: datetime
    times: tuple[KeyTimes, ...] = ()
    keys: Mapping[str, ECKey] = field(default_factory=dict)


class SigningKeys:
    """The signing keys as this process knows them; at most a few seconds old."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._lock = threading.Lock()
        self._read: _Read | None = None

    def signing(self) -> ECKey:
        """The key that signs now. Makes the very first one."""
        read = self._current()
        kid = rotation.signing(read.times, self._clock.now())
        if kid is None:
            self._make_first()
            self._read = None
            read = self._current()
            kid = rotation.signing(read.times, self._clock.now())
        if kid is None:
            raise DomainError("UNAVAILABLE", retry_after=1)
        return read.keys[kid]

    def published(self) -> list[ECKey]:
        """Keys that tokens may be signed with, oldest first."""
        if not self._current().times:
            self.signing()
        read = self._current()
        return [read.keys[kid] for kid in rotation.published(read.times, self._clock.now())]

    def find(self, kid: str) -> ECKey | None:
        """The published key of this id."""
        read = self._current()
        return read.keys[kid] if kid in rotation.published(read.times, self._clock.now()) else None

    def _current(self) -> _Read:
        read = self._read
        if read is not None and self._is_fresh(read):
            return read
        with self._lock:
            # Of the threads that wait here, the first has read for all.
            if self._read is None or not self._is_fresh(self._read):
                self._read = self._read_anew(self._read)
            return self._read

    def _is_fresh(self, read: _Read) -> bool:
        # The distance, not the age: a clock that was set back must not freeze the keys.
        return abs(self._clock.now() - read.at) < READ_AGAIN

    def _read_anew(self, before: _Read | None) -> _Read:
        now = self._clock.now()
        with self._database.transaction() as transaction:
            stored = store.signing_keys(transaction)
        known = before.keys if before else {}
        keys = {
            key.times.kid: known[key.times.kid] if key.times.kid in known else unseal(self._sealer, key)
            for key in stored
        }
        return _Read(now, tuple(key.times for key in stored), keys)

    def _make_first(self) -> None:
        with self._database.transaction() as transaction:
            store.lock_signing_keys(transaction)
            if not store.signing_keys(transaction):
                store.add_signing_key(transaction, new_key(self._sealer, [], self._clock.now()))


def rotate(transaction: Transaction, sealer: Sealer, now: datetime) -> SealedKey:
    """Adds the next key: published at once, signing when everybody has had time to see it."""
    store.lock_signing_keys(transaction)
    times = [key.times for key in store.signing_keys(transaction)]
    if rotation.rotating(times, now):
        raise DomainError("INVALID_STATE", "A new key waits for its start already; try again when it signs.")
    key = new_key(sealer, times, now)
    store.add_signing_key(transaction, key)
    return key


def new_key(sealer: Sealer, others: list[KeyTimes], now: datetime) -> SealedKey:
    """A fresh key, sealed, with the time from which it signs."""
    key = ECKey.generate_key(CURVE, private=True, auto_kid=True)
    kid = key.kid
    assert kid is not None  # noqa: S101 - auto_kid
    content = json.dumps(key.as_dict(private=True)).encode()
    return SealedKey(KeyTimes(kid, rotation.next_start(others, now)), sealer.seal(content, kid), now)


def unseal(sealer: Sealer, key: SealedKey) -> ECKey:
    """The key itself. Fails when the stored one was changed or moved to another id."""
    return ECKey.import_key(json.loads(sealer.open(key.sealed, key.times.kid)))
