"""The database itself keeps tenants apart, also for a program that asks in plain SQL."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from services.identity.quota import Quota
from services.kernel.db import Tenant
from tests.harness.calls import principal_of
from tests.unit.identity.conftest import World

NEW_KEY = "INSERT INTO api_keys (id, org_id, livemode, name, scopes, plan, prefix, secret_digest) VALUES"
TABLES = ["orgs", "oauth_clients", "api_keys", "usage_counters", "audit_log"]


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """Two tenants with a row in every table, in both modes."""
    orgs = (world.tenant(), world.tenant())
    quota = Quota(world.database, world.clock)
    for org in orgs:
        for livemode in (False, True):
            world.client(org, livemode=livemode)
            world.key(org, livemode=livemode)
            quota.reserve(principal_of(org, plan="pro", livemode=livemode), "reviews")
    return orgs


def about(statement: str, table: str) -> sql.Composed:
    """The statement with the table and its tenant column in their places."""
    return sql.SQL(statement).format(sql.Identifier(table), sql.Identifier("org_id"))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("mode", ["test", "live"])
def test_only_own_rows_of_the_own_mode_are_visible(
    world: World, two: tuple[str, str], table: str, mode: str
) -> None:
    livemode = mode == "live"
    own, other = two
    with world.database.transaction(Tenant(own, livemode)) as transaction:
        statement = "SELECT {1} FROM {0}" if table == "orgs" else "SELECT {1}, livemode FROM {0}"
        rows = set(transaction.driver.execute(about(statement, table)).fetchall())
        foreign = about("SELECT count(*) FROM {0} WHERE {1} = %s", table)
        found = transaction.driver.execute(foreign, (other,)).fetchone()
    assert rows == ({(own,)} if table == "orgs" else {(own, livemode)})
    assert found == (0,)


@pytest.mark.parametrize("table", TABLES)
def test_without_a_tenant_nothing_is_visible(world: World, two: tuple[str, str], table: str) -> None:
    assert two
    with world.database.transaction() as transaction:
        assert transaction.driver.execute(about("SELECT {1} FROM {0}", table)).fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE api_keys SET name = 'stolen' WHERE org_id = %(other)s",
        "UPDATE usage_counters SET used = 0 WHERE org_id = %(other)s",
    ],
)
def test_foreign_rows_cannot_be_changed(world: World, two: tuple[str, str], statement: str) -> None:
    with world.database.transaction(Tenant(two[0], livemode=False)) as transaction:
        assert transaction.driver.execute(statement.encode(), {"other": two[1]}).rowcount == 0


@pytest.mark.parametrize(
    "statement",
    [
        f"{NEW_KEY} ('key_planted', %(other)s, false, '', '{{}}', '', '', 'x')",
        f"{NEW_KEY} ('key_planted', %(own)s, true, '', '{{}}', '', '', 'x')",
        "UPDATE api_keys SET org_id = %(other)s",
        "UPDATE api_keys SET livemode = true",
        "DELETE FROM api_keys",
        "INSERT INTO orgs (org_id, name, host, plan) VALUES ('org_new', '', 'new', '')",
        "UPDATE orgs SET plan = 'payer'",
        "UPDATE oauth_clients SET scopes = '{}'",
        "UPDATE signing_keys SET signs_from = now()",
        "DELETE FROM signing_keys",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = ''",
    ],
)
def test_the_app_cannot_reach_beyond_its_tenant_and_its_rights(
    world: World, two: tuple[str, str], statement: str
) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        world.database.transaction(Tenant(two[0], livemode=False)) as transaction,
    ):
        transaction.driver.execute(statement.encode(), {"own": two[0], "other": two[1]})


@pytest.mark.parametrize(
    "call",
    [
        "SELECT 1 FROM find_client('x')",
        "SELECT 1 FROM find_api_key('x')",
        "SELECT touch_api_keys('{}', '{}')",
    ],
)
def test_look_ups_before_the_tenant_is_known_are_for_the_app_only(world: World, call: str) -> None:
    run = world.operator.connection.execute
    run("DROP ROLE IF EXISTS somebody")
    run("CREATE ROLE somebody")
    run("GRANT somebody TO CURRENT_USER")
    run("SET ROLE somebody")
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(call.encode())
    finally:
        run("RESET ROLE")
        run("DROP ROLE somebody")
    with world.database.transaction() as transaction:
        transaction.driver.execute(call.encode())


def test_those_functions_cannot_be_led_astray(world: World) -> None:
    """They run as the owner: a search path of the caller's must not choose their tables."""
    run = world.operator.connection.execute
    rows = run(
        "SELECT proname, prosecdef, proconfig FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    ).fetchall()
    assert {row[0] for row in rows} >= {"find_client", "find_api_key", "touch_api_keys"}
    for _, _, configuration in rows:
        assert any(entry.startswith("search_path=public") for entry in configuration)
