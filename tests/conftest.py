"""Fixtures that every folder of tests may use."""

from __future__ import annotations

from tests.harness.postgres import cluster, database, database_url
from tests.harness.running import presented, stack

__all__ = ["cluster", "database", "database_url", "presented", "stack"]
