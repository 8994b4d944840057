"""Calls without a server: a clock that tests set, policies, principals, and calls made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import FileDescriptor

from services.identity.domain.scopes import SCOPES
from services.kernel.call import Call, Principal
from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant
from services.kernel.errors import DomainError
from services.kernel.policy import MethodPolicy, method_policy

START = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
CURSOR_KEY = b"k" * 32


class FakeClock(Clock):
    """Stands still until a test moves it."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


def principal_of(
    org_id: str, *, livemode: bool = False, plan: str = "payer", scopes: Iterable[str] = SCOPES
) -> Principal:
    return Principal(Tenant(org_id, livemode), "host", plan, frozenset(scopes), f"client:of-{org_id}")


def policy_of(file: FileDescriptor, name: str) -> MethodPolicy:
    """Policy of the method of this name in a proto file."""
    methods = [m for service in file.services_by_name.values() for m in service.methods if m.name == name]
    return method_policy(methods[0])


def make_call(
    policy: MethodPolicy,
    database: Database,
    clock: Clock,
    principal: Principal | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Call:
    call = Call(policy, metadata or {}, clock, database, request_id="req_test", cursor_key=CURSOR_KEY)
    call.principal = principal
    return call


def refused(reason: str) -> Any:
    """Around a block that must raise this reason of the catalog."""
    return pytest.raises(DomainError, match=f"^{reason}: ")
