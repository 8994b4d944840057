"""The database door: one engine, and a unit of work with the tenant set for row-level security.

Families use SQLAlchemy Core through `Transaction.sql`; the hot path uses plain psycopg through
`Transaction.driver`. Both are the same connection and the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

APP_ROLE = "allowable_app"
STATEMENT_LIMIT_MS = 10_000
_SET_TENANT = "SELECT set_config('app.org_id', %s, true), set_config('app.livemode', %s, true)"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose rows a transaction sees: one organization, in test or in live mode."""

    org_id: str
    livemode: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction, seen through SQLAlchemy Core or through psycopg."""

    sql: Connection
    driver: psycopg.Connection[tuple[Any, ...]]
    tenant: Tenant | None


class Database:
    """Connections to one PostgreSQL, as the role that row-level security binds."""

    def __init__(self, url: str, *, connections: int) -> None:
        self.engine: Engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=connections,
            max_overflow=4,
            pool_timeout=5,
            connect_args={
                "options": f"-c role={APP_ROLE} -c statement_timeout={STATEMENT_LIMIT_MS} -c timezone=UTC",
                "connect_timeout": 5,
            },
        )
        event.listen(self.engine, "checkout", _refuse_dead_connection)

    @contextmanager
    def transaction(self, tenant: Tenant | None = None, *, pipeline: bool = False) -> Iterator[Transaction]:
        """Commits at the end of the block, rolls back when it raises.

        Without a tenant no tenant's row is visible. With `pipeline`, statements are sent without
        waiting for one another, all of them in one round trip when no result is read in between.
        """
        with self.engine.connect() as sql:
            driver = cast("psycopg.Connection[tuple[Any, ...]]", sql.connection.driver_connection)
            if pipeline:
                with driver.pipeline():
                    yield from _run(sql, driver, tenant)
            else:
                yield from _run(sql, driver, tenant)

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self.transaction() as transaction:
            transaction.driver.execute("SELECT 1").fetchone()

    def close(self) -> None:
        """Closes the pool."""
        self.engine.dispose()


def _run(
    sql: Connection, driver: psycopg.Connection[tuple[Any, ...]], tenant: Tenant | None
) -> Iterator[Transaction]:
    try:
        if tenant is not None:
            driver.execute(_SET_TENANT, (tenant.org_id, "true" if tenant.livemode else "false"))
        yield Transaction(sql, driver, tenant)
        driver.commit()
    except BaseException:
        if not driver.closed:
            driver.rollback()
        raise


def _refuse_dead_connection(connection: Any, _record: object, _proxy: object) -> None:
    """Costs no round trip: a server that went away has closed its end of the socket by now."""
    try:
        connection.pgconn.consume_input()
    except psycopg.OperationalError as error:
        raise DisconnectionError("the database closed this connection") from error
