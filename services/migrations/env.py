"""What alembic runs: revisions on the connection that run.py hands over, one transaction each."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection


def _run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
