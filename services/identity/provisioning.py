"""Making tenants, clients and keys as the operator: across tenants, as the owner of the schema.

Partners manage their keys through ApiKeyService; this is what happens before they have one. Every change
leaves an audit entry of the actor `operator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from services.identity.domain.keys import Mint, check_expiry
from services.identity.domain.quota import PLANS
from services.identity.domain.scopes import SCOPES, check_known
from services.kernel.clock import Clock
from services.kernel.errors import DomainError, invalid, not_found

_TENANT = "INSERT INTO orgs (org_id, name, host, plan) VALUES (%s, %s, %s, %s)"
_CLIENT = """
    INSERT INTO oauth_clients (client_id, org_id, livemode, name, scopes, secret_digest)
    VALUES (%s, %s, %s, %s, %s, %s)
"""
_KEY = """
    INSERT INTO api_keys (id, org_id, livemode, name, scopes, plan, prefix, secret_digest, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_AUDIT = """
    INSERT INTO audit_log (org_id, livemode, actor, action, object, outcome, request_id)
    VALUES (%s, %s, 'operator', %s, %s, 'ok', %s)
"""
_SUSPEND = "UPDATE orgs SET suspended_at = %s WHERE org_id = %s AND (suspended_at IS NULL) = %s"
_REVOKE_CLIENT = """
    UPDATE oauth_clients SET revoked_at = now() WHERE client_id = %s AND revoked_at IS NULL
    RETURNING org_id, livemode
"""
_REVOKE_KEY = """
    UPDATE api_keys SET revoked_at = now(), updated_at = now(), version = version + 1
    WHERE id = %s AND revoked_at IS NULL RETURNING org_id, livemode
"""
_TENANTS = "SELECT org_id, name, host, plan, created_at, suspended_at FROM orgs ORDER BY created_at, org_id"
_KEYS = """
    SELECT id, org_id, livemode, name, plan, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
    FROM api_keys WHERE org_id = %s ORDER BY created_at, id
"""


@dataclass(frozen=True, slots=True)
class NewClient:
    """An OAuth client's credentials, shown once."""

    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """An API key, shown once."""

    id: str
    secret: str


class Operator:
    """One connection of the operator, inside one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], mint: Mint, clock: Clock) -> None:
        self.connection = connection
        self.mint = mint
        self._clock = clock

    def create_tenant(self, name: str, host: str, plan: str, org_id: str = "") -> str:
        """A new tenant; its organization id."""
        _check_plan(plan)
        org_id = org_id or self._clock.new_id("org")
        try:
            self.connection.execute(_TENANT, (org_id, name, host, plan))
        except psycopg.errors.UniqueViolation:
            raise DomainError("ALREADY_EXISTS", "There is a tenant with this id or host already.") from None
        except psycopg.errors.CheckViolation:
            raise invalid(
                "host", "host", "must be a DNS label: lower-case letters, digits, hyphens"
            ) from None
        self._record(org_id, "CreateTenant", org_id)
        return org_id

    def suspend_tenant(self, org_id: str, *, suspended: bool = True) -> None:
        """Stops all credentials of the tenant within 60 seconds, or lets them work again."""
        self._require_tenant(org_id)
        self.connection.execute(_SUSPEND, (self._clock.now() if suspended else None, org_id, suspended))
        self._record(org_id, "SuspendTenant" if suspended else "ResumeTenant", org_id)

    def create_client(
        self, org_id: str, name: str, *, livemode: bool, scopes: Sequence[str] = SCOPES
    ) -> NewClient:
        """A new OAuth client."""
        self._require_tenant(org_id)
        check_known(scopes)
        client_id = f"m2m-client-{'live' if livemode else 'test'}-{uuid4()}"
        secret = self.mint.client_secret()
        values = (client_id, org_id, livemode, name, sorted(scopes), secret.digest)
        self.connection.execute(_CLIENT, values)
        self._record(org_id, "CreateClient", client_id, livemode=livemode)
        return NewClient(client_id, secret.text)

    def revoke_client(self, client_id: str) -> None:
        """The client gets no more tokens; those it has stop within 60 seconds."""
        self._revoke(_REVOKE_CLIENT, client_id, "OAuth client", "RevokeClient")

    def create_key(
        self,
        org_id: str,
        name: str,
        plan: str,
        *,
        livemode: bool,
        scopes: Sequence[str] = SCOPES,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """A new API key."""
        self._require_tenant(org_id)
        check_known(scopes)
        _check_plan(plan)
        check_expiry(expires_at, self._clock.now())
        key_id, secret = self._clock.new_id("key"), self.mint.api_key(livemode=livemode)
        values = (
            key_id,
            org_id,
            livemode,
            name,
            sorted(scopes),
            plan,
            secret.shown,
            secret.digest,
            expires_at,
        )
        self.connection.execute(_KEY, values)
        self._record(org_id, "CreateApiKey", key_id, livemode=livemode)
        return NewKey(key_id, secret.text)

    def revoke_key(self, key_id: str) -> None:
        """The key stops within 60 seconds."""
        self._revoke(_REVOKE_KEY, key_id, "API key", "DeleteApiKey")

    def tenants(self) -> list[dict[str, Any]]:
        """All tenants, oldest first."""
        return self._rows(_TENANTS)

    def keys(self, org_id: str) -> list[dict[str, Any]]:
        """All keys of a tenant, oldest first, without secrets."""
        self._require_tenant(org_id)
        return self._rows(_KEYS, org_id)

    def _rows(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        return self.connection.cursor(row_factory=dict_row).execute(statement, arguments).fetchall()

    def _revoke(self, statement: str, identity: str, what: str, action: str) -> None:
        row = self.connection.execute(statement, (identity,)).fetchone()
        if row is None:
            raise not_found(f"active {what}")
        self._record(row[0], action, identity, livemode=row[1])

    def _require_tenant(self, org_id: str) -> None:
        if not self.connection.execute("SELECT 1 FROM orgs WHERE org_id = %s", (org_id,)).fetchone():
            raise not_found("tenant")

    def _record(self, org_id: str, action: str, target: str, *, livemode: bool = False) -> None:
        values = (org_id, livemode, action, target, self._clock.new_id("req"))
        self.connection.execute(_AUDIT, values)


def _check_plan(plan: str) -> None:
    if plan not in PLANS:
        raise invalid("plan", "plan", f"must be one of {', '.join(PLANS)}")
