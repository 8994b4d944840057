"""SQL of the hot path and of the token endpoint: look-ups, last use, usage counters, signing keys.

Look-ups happen before the tenant is known and go through functions of the schema's owner; counters
are the tenant's own rows, under row-level security.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from services.identity.domain.keys import KeyState
from services.identity.domain.rotation import KeyTimes
from services.kernel.db import Database, Tenant, Transaction

_FIND_CLIENT = "SELECT * FROM find_client(%s)"
_FIND_KEY = "SELECT * FROM find_api_key(%s)"
_TOUCH = "SELECT touch_api_keys(%s, %s)"
# A counter lost in a crash favours the caller, and sparing the flush makes the call several times faster.
_NO_FLUSH = "SET LOCAL synchronous_commit = off"
_RESERVE = """
    INSERT INTO usage_counters AS c (org_id, livemode, plan, meter, month, used)
    VALUES (%(org_id)s, %(livemode)s, %(plan)s, %(meter)s, %(month)s, %(count)s)
    ON CONFLICT (org_id, livemode, plan, meter, month)
    DO UPDATE SET used = c.used + excluded.used WHERE c.used + excluded.used <= %(limit)s
    RETURNING used
"""
_ADD = """
    INSERT INTO usage_counters AS c (org_id, livemode, plan, meter, month, used)
    VALUES (%(org_id)s, %(livemode)s, %(plan)s, %(meter)s, %(month)s, %(count)s)
    ON CONFLICT (org_id, livemode, plan, meter, month) DO UPDATE SET used = c.used + excluded.used
"""
_GIVE_BACK = """
    UPDATE usage_counters SET used = greatest(used - %(count)s, 0)
    WHERE org_id = %(org_id)s AND livemode = %(livemode)s AND plan = %(plan)s
      AND meter = %(meter)s AND month = %(month)s
"""
_USED = "SELECT meter, used FROM usage_counters WHERE plan = %s AND month = %s"
_SIGNING_KEYS = "SELECT kid, sealed, created_at, signs_from FROM signing_keys ORDER BY signs_from, kid"
_ADD_SIGNING_KEY = "INSERT INTO signing_keys (kid, sealed, created_at, signs_from) VALUES (%s, %s, %s, %s)"
# One maker of signing keys at a time, in all processes.
_LOCK_SIGNING_KEYS = "SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))"


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client and its tenant. `active`: neither is revoked or suspended."""

    client_id: str
    tenant: Tenant
    host: str
    plan: str
    scopes: frozenset[str]
    secret_digest: bytes
    active: bool


@dataclass(frozen=True, slots=True)
class Key:
    """An API key and its tenant. `tenant_active`: the tenant is not suspended."""

    id: str
    tenant: Tenant
    host: str
    plan: str
    scopes: frozenset[str]
    state: KeyState
    tenant_active: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """One usage counter."""

    tenant: Tenant
    plan: str
    meter: str
    month: date


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A signing key as stored."""

    times: KeyTimes
    sealed: bytes
    created_at: datetime


def find_client(database: Database, client_id: str) -> Client | None:
    """The client with this id."""
    row = _one(database, _FIND_CLIENT, client_id)
    if row is None:
        return None
    return Client(
        client_id=row.client_id,
        tenant=Tenant(row.org_id, row.livemode),
        host=row.host,
        plan=row.plan,
        scopes=frozenset(row.scopes),
        secret_digest=bytes(row.secret_digest),
        active=row.active,
    )


def find_key(database: Database, digest: bytes) -> Key | None:
    """The API key one of whose secrets has this digest."""
    row = _one(database, _FIND_KEY, digest)
    if row is None:
        return None
    return Key(
        id=row.id,
        tenant=Tenant(row.org_id, row.livemode),
        host=row.host,
        plan=row.plan,
        scopes=frozenset(row.scopes),
        state=KeyState(
            secret_digest=bytes(row.secret_digest),
            previous_digest=None if row.previous_digest is None else bytes(row.previous_digest),
            previous_expires_at=row.previous_expires_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        ),
        tenant_active=row.active,
    )


def touch_keys(database: Database, used: Mapping[str, datetime]) -> None:
    """Notes when keys were last used; never moves a time back."""
    with database.transaction() as transaction:
        transaction.driver.execute(_NO_FLUSH)
        transaction.driver.execute(_TOUCH, (list(used), list(used.values())))


def reserve(database: Database, counter: Counter, count: int, limit: int) -> int | None:
    """Raises the counter unless that passes the limit; the new count, or None."""
    if count > limit:
        return None
    with database.transaction(counter.tenant) as transaction:
        transaction.driver.execute(_NO_FLUSH)
        row = transaction.driver.execute(_RESERVE, {**_values(counter, count), "limit": limit}).fetchone()
    return None if row is None else int(row[0])


def give_back(database: Database, counter: Counter, count: int) -> None:
    """Lowers the counter by what was reserved and not used."""
    _count(database, _GIVE_BACK, counter, count)


def add(database: Database, counter: Counter, count: int) -> None:
    """Raises the counter of a plan without limit."""
    _count(database, _ADD, counter, count)


def used(transaction: Transaction, plan: str, month: date) -> dict[str, int]:
    """What the transaction's tenant has used of each meter."""
    return dict(transaction.driver.execute(_USED, (plan, month)).fetchall())


def signing_keys(transaction: Transaction) -> list[SealedKey]:
    """Every signing key still stored."""
    rows = transaction.driver.execute(_SIGNING_KEYS).fetchall()
    return [
        SealedKey(KeyTimes(kid, signs_from), bytes(sealed), made) for kid, sealed, made, signs_from in rows
    ]


def lock_signing_keys(transaction: Transaction) -> None:
    """Keeps every other maker of signing keys out until the transaction ends."""
    transaction.driver.execute(_LOCK_SIGNING_KEYS)


def add_signing_key(transaction: Transaction, key: SealedKey) -> None:
    """Stores a signing key."""
    values = (key.times.kid, key.sealed, key.created_at, key.times.signs_from)
    transaction.driver.execute(_ADD_SIGNING_KEY, values)


def _one(database: Database, statement: str, argument: object) -> Any:
    with database.transaction() as transaction:
        cursor: psycopg.Cursor[Any] = transaction.driver.cursor(row_factory=namedtuple_row)
        return cursor.execute(statement, (argument,)).fetchone()


def _count(database: Database, statement: str, counter: Counter, count: int) -> None:
    with database.transaction(counter.tenant) as transaction:
        transaction.driver.execute(_NO_FLUSH)
        transaction.driver.execute(statement, _values(counter, count))


def _values(counter: Counter, count: int) -> dict[str, Any]:
    tenant = counter.tenant
    return {
        "org_id": tenant.org_id,
        "livemode": tenant.livemode,
        "plan": counter.plan,
        "meter": counter.meter,
        "month": counter.month,
        "count": count,
    }
