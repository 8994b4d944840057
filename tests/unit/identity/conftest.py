"""Tenants and credentials in the module's database, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg
import pytest

from services.identity.credentials import Credentials
from services.identity.domain.keys import Mint
from services.identity.provisioning import NewClient, NewKey, Operator
from services.identity.signing_keys import PURPOSE, SigningKeys
from services.identity.token_rpcs import Tokens
from services.kernel.db import Database
from services.kernel.seal import Sealer
from tests.harness.calls import FakeClock

MASTER_KEY = bytes(range(32))
ISSUER = "https://api.allowable.example"
NUMBERS = count(1)


@dataclass
class World:
    """One operator and what servers are made of."""

    operator: Operator
    database: Database
    clock: FakeClock
    mint: Mint
    sealer: Sealer
    keys: SigningKeys
    credentials: Credentials
    tokens: Tokens
    url: str
    numbers: Iterator[int] = field(default_factory=lambda: NUMBERS)

    def tenant(self, plan: str = "payer") -> str:
        """A new tenant's organization id."""
        number = next(self.numbers)
        return self.operator.create_tenant(f"Tenant {number}", f"tenant-{number}", plan)

    def client(self, org_id: str, *, livemode: bool = False, **more: Any) -> NewClient:
        return self.operator.create_client(org_id, "test", livemode=livemode, **more)

    def key(self, org_id: str, plan: str = "pro", *, livemode: bool = False, **more: Any) -> NewKey:
        return self.operator.create_key(org_id, "test", plan, livemode=livemode, **more)

    def another_process(self) -> Credentials:
        """What a second server process would have: nothing remembered."""
        keys = SigningKeys(self.database, self.sealer, self.clock)
        return Credentials(self.database, keys, self.mint, ISSUER, self.clock)


@pytest.fixture
def world(database: Database, database_url: str) -> Iterator[World]:
    clock = FakeClock()
    mint, sealer = Mint("cl", b"d" * 32), Sealer(MASTER_KEY, PURPOSE)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM signing_keys")
        keys = SigningKeys(database, sealer, clock)
        yield World(
            operator=Operator(connection, mint, clock),
            database=database,
            clock=clock,
            mint=mint,
            sealer=sealer,
            keys=keys,
            credentials=Credentials(database, keys, mint, ISSUER, clock),
            tokens=Tokens(database, keys, mint, ISSUER),
            url=database_url,
        )
