"""One call in flight: who calls, with what, and what is to be said beside the answer.

Handlers get the request message and a `Call`; they never see gRPC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant, Transaction
from services.kernel.policy import MethodPolicy


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as the credentials say. Nothing of it comes from the request itself."""

    tenant: Tenant
    host: str
    """The tenant's host label, e.g. `acme` of `acme.localhost`."""
    plan: str
    scopes: frozenset[str]
    actor: str
    """`client:<id>` or `key:<id>`, for the audit log."""


@dataclass(slots=True)
class Call:
    """One call. The interceptors fill it on the way in; handlers read it and may set headers."""

    policy: MethodPolicy
    metadata: Mapping[str, str]
    clock: Clock
    database: Database
    request_id: str = ""
    principal: Principal | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Response headers, lower case; they leave as initial metadata."""
    replayed: bool = False
    """True when an idempotency key brought back an earlier answer."""
    outcome: str = "OK"
    """gRPC status name for metrics and the log."""
    http_status: int = 200
    cursor_key: bytes = b""
    """Signs the page tokens of lists."""
    _open: Transaction | None = None

    @property
    def caller(self) -> Principal:
        """The principal of a call that is not public."""
        if self.principal is None:
            raise RuntimeError("a public method asked who calls")
        return self.principal

    @contextmanager
    def transaction(self, *, write_only: bool = False) -> Iterator[Transaction]:
        """The call's unit of work: one transaction with the tenant set.

        Joins the one already open (an idempotency key opens it, so that effect and stored answer
        commit together). `write_only` is for effects that read nothing first: they cost one round trip.
        """
        if self._open is not None:
            yield self._open
            return
        with self._begin(write_only=write_only) as transaction:
            self._open = transaction
            try:
                yield transaction
            finally:
                self._open = None

    def ask(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of one statement that sets the tenant itself.

        In the transaction already open; else it is one of its own, and costs one round trip.
        """
        if self._open is not None:
            return self._open.driver.execute(statement.encode(), values).fetchall()
        return self.database.ask(statement, values)

    def _begin(self, *, write_only: bool) -> AbstractContextManager[Transaction]:
        if write_only:
            return self.database.write_only(self.caller.tenant)
        return self.database.transaction(self.principal.tenant if self.principal else None)

    def for_item(self, policy: MethodPolicy, idempotency_key: str) -> Call:
        """The call as one item of its stream sees it: same caller and transaction, a key of its own."""
        item = Call(policy, {"idempotency-key": idempotency_key}, self.clock, self.database, self.request_id)
        item.principal = self.principal
        item._open = self._open
        return item
