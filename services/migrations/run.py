"""Brings the database schema up to date. Safe to repeat and to start twice at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from services.config import Settings

HERE = Path(__file__).resolve().parent

# Any number will do, as long as nobody else in this database takes it.
ADVISORY_LOCK = 4_201_100_001

# Programs keep working on the tables while we change them: better to fail here than to queue everybody.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "300s"

HELP = """\
Applies the revisions in services/migrations/versions that the database does not have yet.
The database is the one DATABASE_URL names, else the embedded one of the state folder
(ALLOWABLE_STATE_DIR), which must be running: make up does all of it.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    argparse.ArgumentParser("python -m services.migrations.run", description=HELP).parse_args(arguments)
    url = Settings.from_environment().database_url
    if not url:
        sys.exit("there is no database: set DATABASE_URL, or start the embedded one with make up")
    upgrade(url)


def upgrade(database_url: str, revision: str = "head") -> None:
    """Applies what is missing up to the revision; of several starters one works, the others wait."""
    engine = create_engine(driver_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        try:
            # After the advisory lock, which may take as long as the other starter needs.
            connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
            connection.commit()
            command.upgrade(configuration(connection), revision)
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()
    engine.dispose()


def configuration(connection: Connection | None = None) -> Config:
    """Configuration of alembic, without a file; env.py works on the given connection."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def driver_url(database_url: str) -> str:
    """The libpq URL with the driver that SQLAlchemy needs to know."""
    for scheme in ("postgresql://", "postgres://"):
        if database_url.startswith(scheme):
            return "postgresql+psycopg://" + database_url.removeprefix(scheme)
    return database_url


if __name__ == "__main__":
    main()
