"""The books table in the module's database, and somebody who calls the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.schema import CreateTable

from services.kernel.db import Database
from tests.harness.calls import FakeClock, make_call, principal_of
from tests.unit.crud import shelf

TENANT_POLICY = """
    org_id = current_setting('app.org_id', true)
    AND livemode = (current_setting('app.livemode', true) = 'true')
"""
NUMBERS = count()


class Librarian:
    """Calls the service as one tenant, with one shelf."""

    def __init__(self, database: Database, clock: FakeClock, org_id: str = "") -> None:
        self.database = database
        self.clock = clock
        self.principal = principal_of(org_id or f"org_{next(NUMBERS)}")
        self.shelf_uuid = self.new_shelf()

    def new_shelf(self) -> str:
        """One more shelf of this tenant."""
        identity, tenant = uuid4(), self.principal.tenant
        row = {"id": identity, "org_id": tenant.org_id, "livemode": tenant.livemode}
        with self.database.transaction(tenant) as transaction:
            transaction.sql.execute(insert(shelf.shelves).values(row))
        return str(identity)

    def __call__(self, name: str, kind: str = "", /, **fields: Any) -> Any:
        """One call; `kind` is its request message, the method's own when not given."""
        request = shelf.message(kind or name)(**{"shelf_uuid": self.shelf_uuid, **fields})
        call = make_call(shelf.policy(name), self.database, self.clock, self.principal)
        return shelf.RPCS[name](request, call)

    def add(self, title: str, **fields: Any) -> Any:
        return self("CreateBook", title=title, **fields)

    def get(self, book: Any) -> Any:
        return self("GetBook", "BookKey", book_uuid=book.id)


@pytest.fixture(scope="module")
def shelves(database: Database, database_url: str) -> Database:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in (shelf.shelves, shelf.books):
            ddl = str(CreateTable(table).compile(dialect=database.engine.dialect))
            # Titles are unique per tenant, as natural keys are.
            ddl = ddl.replace("UNIQUE (title)", "UNIQUE (org_id, title)")
            connection.execute(ddl.encode())
            connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY".encode())
            connection.execute(f"CREATE POLICY tenant ON {table} USING ({TENANT_POLICY})".encode())
            connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO allowable_app".encode())
    return database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def librarian(shelves: Database, clock: FakeClock) -> Librarian:
    return Librarian(shelves, clock)


@pytest.fixture
def audit(database_url: str, librarian: Librarian) -> Iterator[Any]:
    """Reads the tenant's audit entries as (action, object)."""
    with psycopg.connect(database_url, autocommit=True) as connection:

        def entries() -> list[tuple[str, str]]:
            rows = connection.execute(
                "SELECT action, object FROM audit_log WHERE org_id = %s ORDER BY id",
                (librarian.principal.tenant.org_id,),
            )
            return [(str(action), str(target)) for action, target in rows]

        yield entries


def faults(info: pytest.ExceptionInfo[Any]) -> list[tuple[str, str]]:
    """Fields and codes of a refusal; its texts are checked not to quote anything odd."""
    assert "\x00" not in json.dumps([fault.message for fault in info.value.faults])
    return [(fault.field, fault.code) for fault in info.value.faults]
