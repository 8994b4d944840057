"""A repeated idempotency key gets its first answer again, and never a second effect.

The handler's effect and its stored answer commit in one transaction, behind an advisory lock on the
key. A server that dies in between leaves neither, so a retry is always safe.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from google.protobuf.message import Message

from services.kernel.call import Call
from services.kernel.db import Database, Transaction
from services.kernel.errors import DomainError, FieldFault
from services.kernel.interceptors.chain import Handler, Interceptor
from services.kernel.policy import MethodPolicy, only_validates
from services.kernel.seal import Sealer

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
_FIND = """
    SELECT fingerprint, response, http_status FROM idempotency_keys
    WHERE operation = %s AND key = %s AND created_at > now() - interval '24 hours'
"""
_KEEP = """
    INSERT INTO idempotency_keys (org_id, livemode, operation, key, fingerprint, response, http_status)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (org_id, livemode, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, response = excluded.response,
        http_status = excluded.http_status, created_at = now()
"""
_FORGET = "SELECT forget_old_idempotency_keys()"
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}").fullmatch


def interceptor(sealer: Sealer) -> Interceptor:
    """Stored answers are sealed: one of them may hold a secret that is shown only once."""

    def wrap(policy: MethodPolicy, handler: Handler) -> Handler:
        if not policy.takes_idempotency_key:
            return handler

        def once(request: Message, call: Call) -> Any:
            key = "" if only_validates(request) else call.metadata.get("idempotency-key", "")
            if not key:
                if policy.requires_idempotency_key:
                    raise DomainError("IDEMPOTENCY_KEY_REQUIRED")
                return handler(request, call)
            return answer_once(sealer, key, request, call, handler)

        return once

    return Interceptor("idempotency", ("auth", "tenancy", "validation"), wrap)


def forget_old(database: Database) -> None:
    """Deletes answers that are no longer given again."""
    with database.transaction() as transaction:
        transaction.driver.execute(_FORGET)


def answer_once(sealer: Sealer, key: str, request: Message, call: Call, handler: Handler) -> Any:
    """The stored answer of this key, or the handler's answer, stored."""
    policy = call.policy
    if not _VISIBLE(key):
        fault = FieldFault("Idempotency-Key", "idempotency_key", "must be 1 to 255 visible ASCII characters")
        raise DomainError("INVALID_REQUEST", faults=[fault])
    fingerprint = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    with call.transaction() as transaction:
        tenant = call.caller.tenant
        operation = operation_of(request, policy)
        lock = f"{tenant.org_id}/{tenant.livemode}/{operation}/{key}"
        _take_lock(transaction, lock)
        stored = transaction.driver.execute(_FIND, (operation, key)).fetchone()
        if stored is not None:
            return _replay(sealer, lock, stored, fingerprint, call)
        response = handler(request, call)
        answer = sealer.seal(response.SerializeToString(), lock)
        transaction.driver.execute(
            _KEEP,
            (
                tenant.org_id,
                tenant.livemode,
                operation,
                key,
                fingerprint,
                answer,
                policy.success_status,
            ),
        )
        return response


def operation_of(request: Message, policy: MethodPolicy) -> str:
    """What a key belongs to: the method, and the record that the path names."""
    names = [str(getattr(request, name)) for name in policy.path_fields if name != "org_id"]
    return "/".join([policy.full_name, *names])


def is_answered(transaction: Transaction, policy: MethodPolicy, key: str) -> bool:
    """Whether a call with this key has been answered: repeating it costs nothing and has no effect."""
    return transaction.driver.execute(_FIND, (policy.full_name, key)).fetchone() is not None


def _take_lock(transaction: Transaction, name: str) -> None:
    row = transaction.driver.execute(_LOCK, (name,)).fetchone()
    if row is None or not row[0]:
        raise DomainError("IDEMPOTENCY_KEY_IN_USE", retry_after=1)


def _replay(sealer: Sealer, name: str, stored: tuple[Any, ...], fingerprint: bytes, call: Call) -> Message:
    if bytes(stored[0]) != fingerprint:
        raise DomainError("IDEMPOTENCY_KEY_REUSED")
    call.replayed = True
    # The answer may hold a secret, and the handler that marks it so does not run.
    call.headers.append(("cache-control", "no-store"))
    return call.policy.output_type.FromString(sealer.open(bytes(stored[1]), name))
