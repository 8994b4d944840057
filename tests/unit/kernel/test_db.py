"""The unit of work on a real PostgreSQL: effect, event and audit row commit together, or none does."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from allowable.identity.v1 import api_keys_pb2
from services.kernel import outbox
from services.kernel.call import Call
from services.kernel.db import Database, Tenant
from tests.harness.calls import FakeClock, make_call, policy_of, principal_of

EVENT = "INSERT INTO outbox (org_id, livemode, type, payload) VALUES (%s, %s, %s, '{}')"


@pytest.fixture
def call(database: Database, request: pytest.FixtureRequest) -> Call:
    """A call of a tenant of the test's own."""
    policy = policy_of(api_keys_pb2.DESCRIPTOR, "CreateApiKey")
    return make_call(policy, database, FakeClock(), principal_of(request.node.name[:60]))


def seen(call: Call, table: str) -> list[tuple[Any, ...]]:
    """What the tenant sees in a table."""
    with call.transaction() as transaction:
        return transaction.driver.execute(f"SELECT livemode FROM {table}".encode()).fetchall()  # noqa: S608


def test_event_and_audit_row_are_written_with_the_transaction(call: Call) -> None:
    with call.transaction() as transaction:
        outbox.publish(transaction, call, "thing.happened", {"id": "thing_1"})
        outbox.audit(transaction, call, "thing_1")
    assert (len(seen(call, "outbox")), len(seen(call, "audit_log"))) == (1, 1)


def test_a_block_that_raises_leaves_nothing(call: Call) -> None:
    with suppress(KeyError), call.transaction() as transaction:
        outbox.publish(transaction, call, "thing.happened", {"id": "thing_1"})
        outbox.audit(transaction, call, "thing_1")
        raise KeyError
    assert (seen(call, "outbox"), seen(call, "audit_log")) == ([], [])


def test_a_call_has_one_transaction_however_often_it_asks(call: Call) -> None:
    with call.transaction() as outer, call.transaction(write_only=True) as inner:
        assert inner is outer


@pytest.mark.parametrize("rows", [1, 3])
def test_what_is_only_written_is_sent_at_the_end(call: Call, rows: int) -> None:
    """A statement that carries its tenant itself; one goes alone, several go in one transaction."""
    org_id = call.caller.tenant.org_id
    statement = (
        "WITH tenant AS MATERIALIZED (SELECT set_config('app.org_id', %s, true) AS org,"
        " set_config('app.livemode', 'false', true))"
        " INSERT INTO outbox (org_id, livemode, type, payload) SELECT org, false, 'x', '{}' FROM tenant"
    )
    with call.transaction(write_only=True) as transaction:
        for _ in range(rows):
            transaction.write(statement, (org_id,))
        assert seen_by_owner(call, org_id) == 0
    assert seen_by_owner(call, org_id) == rows


def test_a_write_only_block_that_raises_sends_nothing(call: Call) -> None:
    with suppress(KeyError), call.transaction(write_only=True) as transaction:
        transaction.write(EVENT, (call.caller.tenant.org_id, False, "x"))
        raise KeyError
    assert seen_by_owner(call, call.caller.tenant.org_id) == 0


def test_a_write_only_transaction_reads_nothing(call: Call) -> None:
    with pytest.raises(RuntimeError, match="reads nothing"), call.transaction(write_only=True) as transaction:
        transaction.driver.execute("SELECT 1")


def test_another_tenant_and_the_other_mode_see_nothing(call: Call, database: Database) -> None:
    with call.transaction() as transaction:
        outbox.publish(transaction, call, "thing.happened", {})
    for tenant in (
        Tenant("somebody-else", livemode=False),
        Tenant(call.caller.tenant.org_id, livemode=True),
        None,
    ):
        with database.transaction(tenant) as transaction:
            assert transaction.driver.execute("SELECT 1 FROM outbox").fetchall() == []


def test_a_row_of_another_tenant_cannot_be_written(call: Call) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), call.transaction() as transaction:
        transaction.driver.execute(EVENT, ("somebody-else", False, "x"))


def test_a_connection_that_the_server_closed_is_replaced(call: Call, database_url: str) -> None:
    assert seen(call, "outbox") == []
    with psycopg.connect(database_url, autocommit=True) as owner:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        owner.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
        while owner.execute(f"SELECT 1 {others}".encode()).fetchone():
            time.sleep(0.01)
    assert seen(call, "outbox") == []


def seen_by_owner(call: Call, org_id: str) -> int:
    """Rows of a tenant, counted on a connection of their own."""
    with call.database.transaction(Tenant(org_id, livemode=False)) as transaction:
        row = transaction.driver.execute("SELECT count(*) FROM outbox").fetchone()
    assert row is not None
    return int(row[0])
