"""The database door: one engine, and a unit of work with the tenant set for row-level security.

Families use SQLAlchemy Core through `Transaction.sql`; the hot path uses plain psycopg through
`Transaction.driver`. Both are the same connection and the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

Driver = psycopg.Connection[tuple[Any, ...]]

APP_ROLE = "allowable_app"
STATEMENT_LIMIT_MS = 10_000
_CONNECT: dict[str, Any] = {
    "options": f"-c role={APP_ROLE} -c statement_timeout={STATEMENT_LIMIT_MS} -c timezone=UTC",
    "connect_timeout": 5,
}
_SET_TENANT = "SELECT set_config('app.org_id', %s, true), set_config('app.livemode', %s, true)"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose rows a transaction sees: one organization, in test or in live mode."""

    org_id: str
    livemode: bool


class Transaction:
    """One open transaction, seen through SQLAlchemy Core or through psycopg.

    `write` is for statements whose results nobody reads: they are kept and sent together at the end,
    before the commit. A write-only transaction has nothing but them.
    """

    def __init__(self, tenant: Tenant | None, sql: Connection | None = None) -> None:
        self.tenant = tenant
        self._sql = sql
        self.pending: dict[str, list[tuple[Any, ...]]] = {}
        """Rows to be written, by statement."""

    @property
    def sql(self) -> Connection:
        """The view of SQLAlchemy Core."""
        if self._sql is None:
            raise RuntimeError("a write-only transaction reads nothing")
        return self._sql

    @property
    def driver(self) -> Driver:
        """The view of psycopg."""
        return cast("Driver", self.sql.connection.driver_connection)

    def write(self, statement: str, row: tuple[Any, ...]) -> None:
        """Sends the statement before the commit."""
        self.pending.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Sends what is pending, so that what follows can read it."""
        _send(self.driver, self.pending)
        self.pending.clear()


class Database:
    """Connections to one PostgreSQL, as the role that row-level security binds."""

    def __init__(self, url: str, *, connections: int) -> None:
        self.engine: Engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=connections,
            max_overflow=4,
            pool_timeout=5,
            connect_args=_CONNECT,
        )
        event.listen(self.engine, "checkout", _refuse_dead_connection)
        self._url = url
        self._alone = threading.local()
        self._owned: set[Driver] = set()

    @contextmanager
    def transaction(self, tenant: Tenant | None = None) -> Iterator[Transaction]:
        """Commits at the end of the block, rolls back when it raises.

        Without a tenant no tenant's row is visible.
        """
        with self.engine.connect() as sql:
            transaction = Transaction(tenant, sql)
            driver = transaction.driver
            try:
                if tenant is not None:
                    driver.execute(_SET_TENANT, (tenant.org_id, "true" if tenant.livemode else "false"))
                yield transaction
                transaction.flush()
                driver.commit()
            except BaseException:
                if not driver.closed:
                    driver.rollback()
                raise

    @contextmanager
    def write_only(self, tenant: Tenant) -> Iterator[Transaction]:
        """A transaction of `write` statements alone, sent when the block ends.

        Its statements set the tenant themselves. A single one needs no BEGIN and COMMIT of its own and
        costs one round trip.
        """
        transaction = Transaction(tenant)
        yield transaction
        if sum(map(len, transaction.pending.values())) == 1:
            ((statement, (row,)),) = transaction.pending.items()
            self._own_connection().execute(statement.encode(), row, prepare=True)
        elif transaction.pending:
            with self.transaction(tenant) as whole:
                whole.pending = transaction.pending

    def ask(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of one statement that sets the tenant itself, a transaction of its own: one round trip."""
        return self._own_connection().execute(statement.encode(), values, prepare=True).fetchall()

    def _own_connection(self) -> Driver:
        """The thread's own connection for single statements: no pool, no BEGIN, no reset on the hot path."""
        known: Driver | None = getattr(self._alone, "connection", None)
        if known is None or _is_dead(known):
            if known is not None:
                self._owned.discard(known)
                known.close()
            known = psycopg.connect(self._url, autocommit=True, **_CONNECT)
            self._owned.add(known)
            self._alone.connection = known
        return known

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self.transaction() as transaction:
            transaction.driver.execute("SELECT 1").fetchone()

    def close(self) -> None:
        """Closes every connection."""
        for connection in list(self._owned):
            connection.close()
        self.engine.dispose()


def _send(driver: Driver, pending: dict[str, list[tuple[Any, ...]]]) -> None:
    """The rows of one statement travel in one pipeline."""
    for statement, rows in pending.items():
        with driver.cursor() as cursor:
            cursor.executemany(statement.encode(), rows)


def _refuse_dead_connection(connection: Driver, _record: object, _proxy: object) -> None:
    if _is_dead(connection):
        raise DisconnectionError("the database closed this connection")


def _is_dead(connection: Driver) -> bool:
    """Costs no round trip: a server that went away has closed its end of the socket by now."""
    if connection.closed:
        return True
    try:
        # Twice: a server that shuts down sends a last word before it closes its end.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.broken
