"""The family as servers use it: complete tables, known scopes and meters, work in the background."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import allowable
from services.config import Settings
from services.identity.domain.quota import METERS, PLANS
from services.identity.domain.scopes import SCOPES
from services.identity.family import open_identity
from services.kernel.background import Ticker
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.policy import MethodPolicy, method_policy
from services.kernel.rpc import check_table
from tests.harness.calls import principal_of


def policies() -> Iterator[MethodPolicy]:
    """Of every method of the contract."""
    for module in pkgutil.walk_packages(allowable.__path__, "allowable."):
        if module.name.endswith("_pb2"):
            file: Any = importlib.import_module(module.name).DESCRIPTOR
            for service in file.services_by_name.values():
                yield from (method_policy(method) for method in service.methods)


def test_every_scope_and_meter_of_the_contract_is_known() -> None:
    found = list(policies())
    assert len(found) > 10
    assert {policy.scope for policy in found} - {""} <= set(SCOPES)
    assert {policy.meter for policy in found} - {""} <= set(METERS)
    assert {meter for plan in PLANS.values() for meter in plan.limits} <= set(METERS)


def test_tables_are_complete_and_closing_writes_what_was_gathered(database: Database, tmp_path: Path) -> None:
    environ = {"ALLOWABLE_STATE_DIR": str(tmp_path), "ALLOWABLE_MASTER_KEY": "A" * 43 + "="}
    identity = open_identity(Settings.from_environment(environ), database, Clock())
    for service in identity.services:
        check_table(service)
    assert (identity.auth.name, identity.quota.name) == ("auth", "quota")
    identity.start()
    caller = principal_of("org_family", plan="payer")
    identity.usage.settle(identity.usage.reserve(caller, "reviews", 3))
    identity.close()
    with database.transaction(caller.tenant) as transaction:
        assert transaction.driver.execute("SELECT used FROM usage_counters").fetchall() == [(3,)]


def test_a_ticker_survives_failures_and_tells_their_type_only(caplog: pytest.LogCaptureFixture) -> None:
    runs, done = [], threading.Event()

    def job() -> None:
        runs.append(time.monotonic())
        if len(runs) == 1:
            raise ValueError("quoted data")
        done.set()

    ticker = Ticker("test", 0.01, job)
    with caplog.at_level(logging.ERROR):
        ticker.start()
        assert done.wait(5)
        ticker.close()
    assert "ValueError" in caplog.text
    assert "quoted data" not in caplog.text
    before = len(runs)
    time.sleep(0.05)
    assert len(runs) == before
