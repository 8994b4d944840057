"""Real PostgreSQL for tests: one server per run, started from the installed package, ended with the run.

Every test module gets a database of its own, copied from one that has all migrations.
"""

from __future__ import annotations

import itertools
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from deploy.local import postgres
from deploy.local.console import StackError
from deploy.local.layout import Layout
from services.kernel.db import Database
from services.migrations.run import upgrade

TEMPLATE = "allowable_template"
OWNER = "allowable"
# The data of a test run survives nothing, so nothing has to reach the disk.
FAST = ("--fsync=off", "--full_page_writes=off", "--shared_buffers=64MB")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL server of this test run."""

    layout: Layout
    numbers: Iterator[int]

    def url(self, database: str, user: str = OWNER) -> str:
        """URL of one of its databases."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.layout.postgres_sockets))}"

    def create(self, template: str = TEMPLATE) -> str:
        """URL of a new database; as its owner, who is not a superuser."""
        name = f"test_{next(self.numbers)}"
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}".encode())
        return self.url(name)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of the run, with a migrated template database."""
    # Not below pytest's folder: its paths can be too long for a socket, and closed to the database's account.
    state = Path(tempfile.mkdtemp(prefix="allowable-test-"))
    layout = Layout.from_environment(
        {"ALLOWABLE_STATE_DIR": str(state), "ALLOWABLE_MASTER_KEY": "A" * 43 + "="}
    )
    layout.logs.mkdir(parents=True)
    server: subprocess.Popen[bytes] | None = None
    try:
        postgres.prepare(layout)
        server = _start(layout)
        _wait(layout, server)
        postgres.create_roles(layout)
        running = Cluster(layout, itertools.count(1))
        with psycopg.connect(running.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}".encode())
        upgrade(running.url(TEMPLATE))
        yield running
    finally:
        if server is not None:
            server.send_signal(2)  # fast shutdown: does not wait for open connections
            server.wait(timeout=30)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def database_url(cluster: Cluster) -> str:
    """A fresh, migrated database for one test module."""
    return cluster.create()


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    """The module's database as the servers open it: as the role that row-level security binds."""
    opened = Database(database_url, connections=8)
    yield opened
    opened.close()


def _start(layout: Layout) -> subprocess.Popen[bytes]:
    account = postgres.account()
    with (layout.logs / "postgres.log").open("wb") as log:
        return subprocess.Popen(
            [*postgres.command(layout), *FAST],
            user=account,
            group=pwd.getpwnam(account).pw_gid if account else None,
            extra_groups=[] if account else None,
            cwd=layout.postgres_data,
            stdout=log,
            stderr=log,
        )


def _wait(layout: Layout, server: subprocess.Popen[bytes]) -> None:
    def check() -> None:
        if server.poll() is not None:
            raise StackError((layout.logs / "postgres.log").read_text(errors="replace")[-2000:])

    postgres.wait_ready(layout, check)
