"""From the credentials of a call to who calls.

The answer for one pair of headers is kept for at most 30 seconds, so that a call on a warm server costs
one digest and one look into a dictionary, and a revocation still works everywhere within 60 seconds.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity import store
from services.identity.domain import tokens
from services.identity.domain.keys import Mint
from services.identity.domain.tokens import AccessClaims, TokenRejectedError
from services.identity.signing_keys import SigningKeys
from services.identity.store import Client, Key
from services.kernel.call import Principal
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import DomainError

log = logging.getLogger("allowable.identity")

KEPT = timedelta(seconds=30)
MAX_KEPT = 20_000
_SKEW = timedelta(seconds=tokens.SKEW_SECONDS)


@dataclass(frozen=True, slots=True)
class Identified:
    """Who calls by one pair of headers, what they sent, and until when this may be believed."""

    principal: Principal
    by_token: bool
    key_id: str
    """Empty when no API key was sent."""
    until: datetime


class LastUsed:
    """When which key was used, gathered in memory and written once in a while, to the minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}

    def mark(self, key_id: str, now: datetime) -> None:
        """Part of every call: no lock, one store. A mark lost to a flush comes again with the next call."""
        self._seen[key_id] = now

    def flush(self) -> None:
        """Writes what is new by at least a minute."""
        with self._lock:
            seen, self._seen = self._seen, {}
            minutes = {key: now.replace(second=0, microsecond=0) for key, now in list(seen.items())}
            new = {key: minute for key, minute in minutes.items() if self._written.get(key) != minute}
            if new:
                store.touch_keys(self._database, new)
                self._written = minutes


class Credentials:
    """Identifies callers by access token, API key, or both."""

    def __init__(self, database: Database, keys: SigningKeys, mint: Mint, issuer: str, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._mint = mint
        self._issuer = issuer
        self._clock = clock
        self._known: dict[bytes, Identified] = {}
        self._lock = threading.Lock()
        self.last_used = LastUsed(database)

    def identify(self, authorization: str, api_key: str) -> Identified:
        """Who sends these two headers; UNAUTHENTICATED or API_KEY_REJECTED when they do not hold."""
        # Keyed by a digest, so that memory holds no second copy of the secrets. "\n" is in no header.
        pair = hashlib.sha256(f"{authorization}\n{api_key}".encode()).digest()
        found, now = self._known.get(pair), self._clock.now()
        if found is None or now >= found.until:
            found = self._identify(authorization, api_key, now)
            self._keep(pair, found)
        if found.key_id:
            self.last_used.mark(found.key_id, now)
        return found

    def _keep(self, pair: bytes, found: Identified) -> None:
        with self._lock:
            self._known.pop(pair, None)
            while len(self._known) >= MAX_KEPT:
                del self._known[next(iter(self._known))]
            self._known[pair] = found

    def _identify(self, authorization: str, api_key: str, now: datetime) -> Identified:
        scheme, _, bearer = authorization.partition(" ")
        bearer = bearer.strip()
        if authorization and (scheme.lower() != "bearer" or not bearer):
            raise DomainError("UNAUTHENTICATED")
        if bearer and not self._mint.is_api_key(bearer):
            return self._by_token(bearer, api_key, now)
        if bearer and api_key and bearer != api_key:
            raise DomainError("UNAUTHENTICATED", "Two different API keys were sent.")
        return self._by_key(bearer or api_key, now)

    def _by_token(self, token: str, api_key: str, now: datetime) -> Identified:
        claims = self._verified(token, now)
        client = store.find_client(self._database, claims.client_id)
        if client is None or not client.active or _mode(client) != (claims.org_id, claims.livemode):
            raise DomainError("UNAUTHENTICATED")
        until = min(now + KEPT, claims.expires_at + _SKEW)
        actor = f"client:{client.client_id}"
        if not api_key:
            principal = Principal(client.tenant, client.host, client.plan, claims.scopes, actor)
            return Identified(principal, by_token=True, key_id="", until=until)
        key, key_until = self._key(api_key, now)
        if key is None or key.tenant != client.tenant:
            raise DomainError("API_KEY_REJECTED")
        principal = Principal(client.tenant, client.host, key.plan, claims.scopes & key.scopes, actor)
        return Identified(principal, by_token=True, key_id=key.id, until=min(until, key_until))

    def _by_key(self, api_key: str, now: datetime) -> Identified:
        key, until = self._key(api_key, now)
        if key is None:
            raise DomainError("UNAUTHENTICATED")
        principal = Principal(key.tenant, key.host, key.plan, key.scopes, f"key:{key.id}")
        return Identified(principal, by_token=False, key_id=key.id, until=until)

    def _key(self, text: str, now: datetime) -> tuple[Key | None, datetime]:
        """The key of this secret if it works now, and until when that may be believed."""
        if not self._mint.well_formed(text):
            return None, now
        digest = self._mint.digest(text)
        key = store.find_key(self._database, digest)
        if key is None or not key.tenant_active or not key.state.accepts(digest, now):
            return None, now
        ends = key.state.works_until(digest, now)
        return key, min(now + KEPT, ends) if ends else now + KEPT

    def _verified(self, token: str, now: datetime) -> AccessClaims:
        try:
            return tokens.verify(token, self._keys.find, self._issuer, now)
        except TokenRejectedError as error:
            log.info("access token rejected: %s", error)
            raise DomainError("UNAUTHENTICATED") from None


def _mode(client: Client) -> tuple[str, bool]:
    return client.tenant.org_id, client.tenant.livemode
